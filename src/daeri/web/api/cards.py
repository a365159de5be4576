"""Cards of customers and of drivers: registered in the provider's own window, whose key alone is kept."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from daeri.accounts.model import AccountKind, Principal
from daeri.infra.database import Tx
from daeri.kernel.errors import Invalid
from daeri.payments import api as payments
from daeri.payments.charge_model import Card, CardNotFound, CardRefused, CardsUnreachable
from daeri.payments.ports import RegisteredCard
from daeri.web.api.documented import PREFIX, Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.money import cards_of
from daeri.web.principals import WhoAsks, customer_of, driver_of
from daeri.web.wire import NO_NUL

log = structlog.get_logger(__name__)

MOST_PER_MINUTE: Final = 20  # what one person may ask the provider for
_BASES: Final = {AccountKind.CUSTOMER: "/app", AccountKind.DRIVER: "/drive"}
_PATH: Final = re.compile(r"(/[A-Za-z0-9_-]+)+")

Req = Request[Any, Any, Any]
Owner = NamedDependency[UUID]
Key = Annotated[str, Meta(min_length=1, max_length=300, pattern=NO_NUL)]


class WindowIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`return_path` is a page of the app that asks: the window leads back there with what `POST` of a card takes."""

    return_path: Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]


class WindowOut(msgspec.Struct, frozen=True):
    """`url` is the provider's; `customer_key` is what it knows the owner by, for this one window."""

    url: str
    customer_key: str


class RegisterCardIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the window came back with, as `authKey` and `customerKey`."""

    auth_key: Key
    customer_key: Key


class OwnCardOut(msgspec.Struct, frozen=True):
    """A card as its owner knows it; the default one is charged."""

    id: UUID
    issuer: str
    number_masked: str
    is_default: bool
    registered_at: datetime


class OwnCardsOut(msgspec.Struct, frozen=True):
    """The default card first; `can_register` is false where no provider is set."""

    items: tuple[OwnCardOut, ...]
    can_register: bool


class ReturnElsewhere(Invalid):
    """The window leads back to a page of the app that asks, and nowhere else. Facts: base."""

    code = "return_elsewhere"


@get("/")
async def list_cards(context: Context, principal: WhoAsks, owner: Owner) -> OwnCardsOut:
    """One's own cards."""
    async with context.database.snapshot() as tx:
        return await _read(tx, context, principal, owner)


@post("/window", status_code=200, operation_class=Command, responses=answers(200, WindowOut))
async def open_card_window(
    request: Req, context: Context, principal: WhoAsks, owner: Owner, data: JSONBody[WindowIn]
) -> Response[bytes]:
    """Where to type a card: the provider's own page, which leads back to `return_path`."""
    provider = cards_of(context)
    return_url = _origin(request, context) + _checked_path(principal, data.return_path)

    async def work(tx: Tx) -> WindowOut:
        await payments.check_room_for_card(tx, principal.company_id, owner)
        key = payments.customer_key(context.gate.ring, owner, context.ids.new())
        return WindowOut(provider.window(key, return_url), key)

    return await context.commands.run(request, principal, work)


@post("/", status_code=201, operation_class=Command, responses=answers(201, OwnCardOut))
async def register_card(
    request: Req, context: Context, principal: WhoAsks, owner: Owner, data: JSONBody[RegisterCardIn]
) -> Response[bytes]:
    """Keep the card that was typed in the window; the first one becomes the default."""
    provider, ring, company_id = cards_of(context), context.gate.ring, principal.company_id
    payments.check_customer_key(ring, owner, data.customer_key)

    async def ask() -> RegisteredCard | None:
        context.card_limit.count(owner, MOST_PER_MINUTE)
        async with context.database.reading() as tx:
            if await payments.known_card(tx, company_id, owner, data.customer_key) is not None:
                return None
        return await provider.register(data.auth_key, data.customer_key)

    async def work(tx: Tx, registered: RegisteredCard | None) -> OwnCardOut:
        known = await payments.known_card(tx, company_id, owner, data.customer_key)
        if known is None and registered is not None:
            known = await payments.keep_card(
                tx,
                ring,
                company_id,
                owner,
                registered=registered,
                known_as=data.customer_key,
                now=context.clock.now(),
                ids=context.ids,
            )
        if known is None:  # removed meanwhile
            raise CardNotFound()
        return card_out(known)

    return await context.commands.run_after(request, principal, ask, work, status=201)


@post("/{card_id:uuid}/default", status_code=200, operation_class=Command, responses=answers(200, OwnCardsOut))
async def prefer_card(
    request: Req, context: Context, principal: WhoAsks, owner: Owner, card_id: FromPath[UUID]
) -> Response[bytes]:
    """Charge this card from now on."""

    async def work(tx: Tx) -> OwnCardsOut:
        await payments.prefer_card(tx, owner, card_id)
        return await _read(tx, context, principal, owner)

    return await context.commands.run(request, principal, work)


@delete("/{card_id:uuid}", status_code=200, operation_class=Command, responses=answers(204, None))
async def remove_card(
    request: Req, context: Context, principal: WhoAsks, owner: Owner, card_id: FromPath[UUID]
) -> Response[bytes]:
    """Forget a card, here and then at the provider."""
    removed: list[tuple[Card, str]] = []

    async def work(tx: Tx) -> None:
        removed[:] = [await payments.remove_card(tx, context.gate.ring, owner, card_id, now=context.clock.now())]

    answer = await context.commands.run(request, principal, work)
    for card, billing_key in removed:
        await _forget(context, card, billing_key)
    return answer


async def _forget(context: WebContext, card: Card, billing_key: str) -> None:
    """A registration that the provider keeps is of no use to anybody without what was deleted here."""
    if context.cards is None:
        return
    try:
        await context.cards.forget(billing_key, card.customer_key)
    except (CardRefused, CardsUnreachable) as problem:
        log.warning("card_not_forgotten", card=str(card.id), provider=context.cards.name, problem=problem.code)


async def _read(tx: Tx, context: WebContext, principal: Principal, owner: UUID) -> OwnCardsOut:
    own = await payments.cards(tx, principal.company_id, owner)
    return OwnCardsOut(tuple(map(card_out, own)), context.cards is not None)


def card_out(card: Card) -> OwnCardOut:
    return OwnCardOut(card.id, card.issuer, card.number_masked, card.is_default, card.registered_at)


def _origin(request: Req, context: WebContext) -> str:
    """Where whoever asks has found us: a process without a public address has none of its own to tell."""
    if context.settings.public_url is not None:
        return context.settings.web_url
    return f"{request.url.scheme}://{request.url.netloc}"


def _checked_path(principal: Principal, path: str) -> str:
    base = _BASES[principal.kind]
    if not _PATH.fullmatch(path) or not (path == base or path.startswith(f"{base}/")):
        raise ReturnElsewhere(base=base)
    return path


async def _customer(principal: WhoAsks) -> UUID:
    return customer_of(principal)


async def _driver(principal: WhoAsks) -> UUID:
    return driver_of(principal)


def _router(path: str, owner: Callable[..., Any], tag: str, prefix: str) -> Router:
    return Router(
        path=path,
        route_handlers=[list_cards, open_card_window, register_card, prefer_card, remove_card],
        dependencies={"owner": Provide(owner)},
        opt={PREFIX: prefix},
        tags=[tag],
    )


router = _router("/me/cards", _customer, "customer", "")
driver_router = _router("/driver/cards", _driver, "driver", "driver")
