"""Signing in and out: customers and drivers with a code to their telephone, staff with password and TOTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody
from msgspec import Meta

from daeri.accounts import api as accounts
from daeri.accounts.api import AnswerCode, RequestCode, StaffCredentials
from daeri.accounts.model import (
    AccountKind,
    ChallengeId,
    Denied,
    Device,
    SessionKind,
    SignedIn,
    WrongKind,
)
from daeri.companies import api as companies
from daeri.customers import api as customers
from daeri.drivers import api as drivers
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.web.api.documented import ANYBODY, answers
from daeri.web.context import Context, WebContext
from daeri.web.principals import App, WhoAsks, app_of, driver_of
from daeri.web.wire import NO_NUL
from daeri.web.words import Language, choose_language

Req = Request[Any, Any, Any]
Short = Annotated[str, Meta(max_length=64, pattern=NO_NUL)]
Secret = Annotated[str, Meta(min_length=1, max_length=256, pattern=NO_NUL)]
Digits = Annotated[str, Meta(min_length=1, max_length=16, pattern=NO_NUL)]


class CodeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`company` is a slug; it may be left out where the program has only one company, or a default one."""

    phone: Annotated[str, Meta(min_length=3, max_length=32, pattern=NO_NUL)]
    role: AccountKind
    company: Short | None = None


class ChallengeOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """`code` is there in a demo only, where nobody's telephone rings."""

    challenge_id: UUID
    expires_at: datetime
    code: str | None = None


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    challenge_id: UUID
    code: Digits


class StaffIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Secret
    password: Secret
    totp: Digits
    company: Short | None = None


class RefreshIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: Secret


class AccountOut(msgspec.Struct, frozen=True):
    id: UUID
    role: AccountKind
    company_id: UUID
    name: str


class SessionOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """A program gets tokens. A browser's app gets a cookie that no script can read, and the token of its commands."""

    access_token: str | None
    access_expires_at: datetime
    refresh_token: str | None
    account: AccountOut
    csrf: str | None = None


class HereOut(msgspec.Struct, frozen=True):
    """Who is signed in; `csrf` goes with every command of a browser's app, and programs need none."""

    account: AccountOut
    csrf: str | None
    language: Language


class TicketOut(msgspec.Struct, frozen=True):
    """The token for the hello of the socket at `url`."""

    token: str
    expires_at: datetime
    url: str


@post("/auth/codes", status_code=202, security=ANYBODY)
async def request_code(request: Req, context: Context, data: JSONBody[CodeIn]) -> ChallengeOut:
    """Send a one-time code; the answer is the same whether the number is known or not."""
    async with context.database.transaction() as tx:
        slug = context.settings.default_company if data.company is None else data.company
        company = await companies.resolve(tx, slug)
        command = RequestCode(company.id, data.role, data.phone, device_of(request))
        answer = await accounts.request_code(tx, context.gate, command, moment=context.moment())
    requested = accounts.granted(answer)
    await context.code_sender.send_code(requested.message)
    challenge = requested.challenge
    return ChallengeOut(challenge.id, challenge.expires_at, context.shown_code(challenge.id))


@post("/auth/sessions", status_code=201, security=ANYBODY, responses=answers(201, SessionOut))
async def answer_code(request: Req, context: Context, data: JSONBody[AnswerIn]) -> Response[SessionOut]:
    """A session for whoever holds the telephone; the first one makes the account.

    A browser's app says X-Daeri-App, and its session is a cookie.
    """
    app = app_of(request)
    kind = SessionKind.APP if app is None else SessionKind.PAGE
    command = AnswerCode(ChallengeId(data.challenge_id), data.code, device_of(request), kind)
    async with context.database.transaction() as tx:
        answer = await accounts.sign_in_with_code(tx, context.gate, command, moment=context.moment())
        if not isinstance(answer, Denied):
            if app is not None and answer.account.kind is not app.kind:
                raise WrongKind(kind=answer.account.kind)
            await _welcome(tx, context, answer)
    signed_in = accounts.granted(answer)
    if app is None:
        return Response(_session(signed_in), status_code=201)
    csrf = accounts.csrf_token(context.gate.ring, signed_in.session_id)
    shown = SessionOut(None, signed_in.access_expires_at, None, _account(signed_in), csrf)
    return Response(shown, status_code=201, cookies=[_cookie(context, app, signed_in)])


@post("/auth/sessions/staff", status_code=201, security=ANYBODY)
async def sign_in_staff(request: Req, context: Context, data: JSONBody[StaffIn]) -> SessionOut:
    """A session for staff."""
    company_id = None
    if data.company is not None:
        async with context.database.reading() as tx:
            company_id = (await companies.resolve(tx, data.company)).id
    credentials = StaffCredentials(
        data.email, data.password, data.totp, device_of(request), SessionKind.APP, company_id
    )
    return _session(await accounts.sign_in_staff(context.database, context.gate, credentials, moment=context.moment()))


@post("/auth/sessions/refresh", status_code=200, security=ANYBODY)
async def refresh_session(context: Context, data: JSONBody[RefreshIn]) -> SessionOut:
    """New tokens for old; a refresh token that comes twice ends its session."""
    async with context.database.transaction() as tx:
        answer = await accounts.refresh(tx, context.gate, data.refresh_token, moment=context.moment())
    return _session(accounts.granted(answer))


@delete("/auth/sessions/current", status_code=204)
async def sign_out(request: Req, context: Context, principal: WhoAsks) -> Response[None]:
    """End this session, and take its cookie from the browser."""
    async with context.database.transaction() as tx:
        await accounts.sign_out(tx, context.gate, principal, moment=context.moment())
    app = app_of(request)
    return Response(None, status_code=204, cookies=[] if app is None else [_cookie(context, app, None)])


@get("/session", responses=answers(200, HereOut))
async def get_session(request: Req, context: Context, principal: WhoAsks) -> Response[HereOut]:
    """Who is signed in here; the cookie of a browser's app that is used is renewed in time."""
    app = app_of(request)
    async with context.database.transaction() as tx:
        account = await accounts.get(tx, principal.company_id, principal.account_id)
        renewed = None
        if app is not None:
            renewed = await accounts.renew_page(tx, context.gate, principal, moment=context.moment())
    is_page = principal.session_kind is SessionKind.PAGE
    shown = HereOut(
        AccountOut(account.id, account.kind, account.company_id, account.display_name),
        accounts.csrf_token(context.gate.ring, principal.session_id) if is_page else None,
        choose_language(request.cookies.get("lang"), request.headers.get("accept-language")),
    )
    return Response(shown, cookies=[] if app is None or renewed is None else [_cookie(context, app, renewed)])


@post("/driver/socket-ticket", status_code=201, tags=["driver"])
async def issue_socket_ticket(request: Req, context: Context, principal: WhoAsks) -> TicketOut:
    """A token of a minute for the hello of the driver's socket: an app in a browser cannot read its cookie."""
    driver_of(principal)
    made = accounts.ticket(context.gate, principal, moment=context.moment())
    url = context.settings.driver_socket_url_at(request.url.hostname or "")
    return TicketOut(made.token, made.expires_at, url)


def device_of(request: Req) -> Device:
    """Where the request comes from; behind a proxy uvicorn has put the client's address in place."""
    address = "" if request.client is None else request.client.host
    return Device(address, request.headers.get("user-agent", "")[:200])


async def _welcome(tx: Tx, context: WebContext, signed_in: SignedIn) -> None:
    """A new account becomes the customer or driver that it is for."""
    account, now = signed_in.account, context.clock.now()
    if account.kind is AccountKind.CUSTOMER:
        await customers.ensure(tx, account.id, account.company_id, now=now)
    elif account.kind is AccountKind.DRIVER:
        await drivers.apply(tx, DriverId(account.id), account.company_id, now=now, ids=context.ids)


def _session(signed_in: SignedIn) -> SessionOut:
    return SessionOut(signed_in.access_token, signed_in.access_expires_at, signed_in.refresh_token, _account(signed_in))


def _account(signed_in: SignedIn) -> AccountOut:
    account = signed_in.account
    return AccountOut(account.id, account.kind, account.company_id, account.display_name)


def _cookie(context: WebContext, app: App, signed_in: SignedIn | None) -> Cookie:
    """The app's cookie for as long as the session; without one, what takes it away."""
    lives_s = 0
    if signed_in is not None:
        lives_s = int((signed_in.access_expires_at - context.wall.wall_now()).total_seconds())
    return Cookie(
        app.cookie,
        value="" if signed_in is None else signed_in.access_token,
        max_age=lives_s,
        path="/",
        secure=context.settings.web_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


router = Router(
    path="/",
    route_handlers=[
        request_code,
        answer_code,
        sign_in_staff,
        refresh_session,
        sign_out,
        get_session,
        issue_socket_ticket,
    ],
    tags=["sign-in"],
)
