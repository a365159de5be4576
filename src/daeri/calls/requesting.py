"""How a call comes about: what a customer wishes is checked, and becomes a call for each car."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from daeri.calls import policy, store
from daeri.calls.announcing import announce
from daeri.calls.model import Call, Fare, Place
from daeri.calls.request_model import (
    GroupKey,
    OrdererMissing,
    RequestCall,
    RequestPolicies,
    RiderPhone,
    RiderPhoneInvalid,
    TooManyOpenCalls,
    Wish,
)
from daeri.customers import api as customers
from daeri.infra.database import Tx
from daeri.infra.phones import PhoneInvalid, PhoneVault, last_four
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Actor, Source
from daeri.pricing import api as pricing
from daeri.pricing.model import Quote
from daeri.pricing.plan_model import ShortageLevel


def build_requests(
    wish: Wish, quote: Quote, policies: RequestPolicies, *, shortage: ShortageLevel | None, now: datetime
) -> tuple[RequestCall, ...]:
    """The commands to request what a customer wishes, one for each car (R-005). Pure.

    `shortage` may be None where the wished plan does not depend on it. Raises the refusal that names what does not
    fit, of the wish or of its fare plan (R-054, R-055).
    """
    sheet = pricing.plan_sheet(quote, policies.plans, shortage or ShortageLevel.NONE)
    fare = Fare(pricing.choose(sheet, wish.plan, wish.agreed_fare), wish.plan, quote.tariff_version)
    return policy.build_requests(wish, fare, quote, policies, shortage=shortage, now=now)


def check_trip(origin: Place, destination: Place, vias: Sequence[Place]) -> None:
    """RoundTripNeedsVia where a drive would end where it began, without anything between. Pure."""
    policy.check_trip(origin, destination, vias)


def check_time(wanted: datetime | None, policies: RequestPolicies, *, now: datetime) -> None:
    """ReservedInThePast, ReservedTooEarly or ReservedTooFarAhead; None is now. Pure."""
    policy.check_time(wanted, policies.reservation, now)


def is_same(a: Place, b: Place) -> bool:
    """Whether two places are one to a driver. Pure."""
    return policy.is_same(a, b)


def rider_phone(vault: PhoneVault, company_id: CompanyId, text: str, *, rider: int = 1) -> RiderPhone:
    """A number as somebody typed it for a rider, as it is kept; RiderPhoneInvalid names which rider's it was."""
    try:
        phone = vault.normalise(text)
    except PhoneInvalid as invalid:
        raise RiderPhoneInvalid(rider=rider, problem=invalid.facts.get("problem")) from None
    return RiderPhone(
        vault.seal(phone),
        vault.whole_hash(company_id, phone),
        vault.last4_hash(company_id, phone),
        vault.mask(phone),
    )


def rider_hash(vault: PhoneVault, company_id: CompanyId, text: str) -> bytes | None:
    """What finds riders by `text`, a whole number or its last four digits; None when it is neither."""
    four = last_four(text)
    if four is not None:
        return vault.last4_hash(company_id, four)
    try:
        return vault.whole_hash(company_id, vault.normalise(text))
    except PhoneInvalid:
        return None


async def request(tx: Tx, command: RequestCall, actor: Actor, *, now: datetime, ids: Ids) -> Call:
    """Add a call that waits for a driver, or a reserved one (R-001, R-005).

    TooManyOpenCalls when the customer of an own call has `most_open` under way; requests at the same instant count
    each other.
    CustomerRestricted while new own calls of the customer are refused (R-062).
    """
    await _keep_within(tx, command, 1)
    await _check_standing(tx, command, now)
    return await _insert(tx, command, actor, now=now, ids=ids)


async def request_group(
    tx: Tx, commands: Sequence[RequestCall], actor: Actor, *, now: datetime, ids: Ids
) -> list[Call]:
    """Add the calls of one request, a call each, in the order of the commands: several are tied together (R-005).

    All or none: TooManyOpenCalls when they are too many for their customer, CustomerRestricted as for one.
    """
    if len(commands) == 1:
        return [await request(tx, commands[0], actor, now=now, ids=ids)]
    await _keep_within(tx, commands[0], len(commands))
    await _check_standing(tx, commands[0], now)
    group_id, size = ids.new(), len(commands)
    made = [
        await _insert(tx, replace(command, group=GroupKey(group_id, size, place)), actor, now=now, ids=ids)
        for place, command in enumerate(commands, 1)
    ]
    return await _in_order(tx, made)


async def _check_standing(tx: Tx, command: RequestCall, now: datetime) -> None:
    if command.source is Source.OWN and command.customer_id is not None:
        await customers.check_may_request(tx, command.company_id, command.customer_id, now=now)


async def _keep_within(tx: Tx, command: RequestCall, more: int) -> None:
    if (command.source is Source.OWN) != (command.orderer_id == command.company_id):
        raise OrdererMissing(source=command.source)
    if command.source is not Source.OWN or command.customer_id is None or command.most_open is None:
        return
    if await store.count_open_in_turn(tx, command.customer_id) + more > command.most_open:
        raise TooManyOpenCalls(most=command.most_open)


async def _insert(tx: Tx, command: RequestCall, actor: Actor, *, now: datetime, ids: Ids) -> Call:
    call = await store.insert(
        tx, command, call_id=ids.new(), event_id=ids.new(), actor_kind=actor.kind, actor_id=actor.id, now=now
    )
    announce(tx, call)
    return call


async def _in_order(tx: Tx, made: Sequence[Call]) -> list[Call]:
    """The calls as they stand now, each knowing the others."""
    found = {call.id: call for call in await store.get_many(tx, [call.id for call in made])}
    return [found[call.id] for call in made]
