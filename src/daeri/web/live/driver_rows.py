"""What drivers must be told: the rows of many drivers in a few reads, against what each was last told."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Listed, Offer, OfferState, Slot
from daeri.drivers import api as drivers
from daeri.drivers.model import AtWork
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, DriverId
from daeri.kernel.terms import ActorKind
from daeri.web.cards import WorthOf, listed_cards, offer_cards
from daeri.web.live.messages import (
    CallChanged,
    Closing,
    GoneOut,
    ListChanged,
    NextCallChanged,
    OfferClosed,
    OfferMade,
    ToDriver,
    WorkChanged,
)
from daeri.web.names import NameBook
from daeri.web.wire import CallOut, call_out, driver_ids_of

_CLOSINGS = {
    State.CANCELLED_BEFORE_ASSIGNMENT: Closing.CANCELLED,
    State.CANCELLED_AFTER_ASSIGNMENT: Closing.CANCELLED,
    State.EXPIRED: Closing.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody knows of one driver: offers to answer, calls at their versions, calls listed, whether they work."""

    offers: frozenset[UUID] = frozenset()
    call_id: UUID | None = None
    call_version: int = 0
    next_call_id: UUID | None = None
    next_call_version: int = 0
    listed: frozenset[UUID] = frozenset()
    at_work: AtWork | None = None  # None: not told yet


@dataclass(frozen=True, slots=True)
class DriverRows:
    """The rows behind a set of drivers at one moment; calls also of those that drivers were told of before."""

    offers: Mapping[UUID, list[Offer]]
    engaged: Mapping[DriverId, Mapping[Slot, CallId]]
    listed: Mapping[UUID, list[Listed]]
    calls: Mapping[UUID, Call]
    closed: Mapping[UUID, Offer]
    names: Mapping[UUID, str]
    worth: WorthOf
    at_work: Mapping[UUID, AtWork]


async def read_rows(
    tx: Tx, names: NameBook, driver_ids: Iterable[UUID], told: Iterable[Told], worth: WorthOf
) -> DriverRows:
    """Everything that may have changed for these drivers, in a few statements however many they are."""
    wanted, known = list(driver_ids), list(told)
    engaged = await dispatch.engaged(tx, wanted)
    live: defaultdict[UUID, list[Offer]] = defaultdict(list)
    for offer in await dispatch.live_offers(tx, wanted):
        live[offer.driver_id].append(offer)
    listed = await dispatch.open_lists(tx, wanted)
    still_live = {offer.id for offers in live.values() for offer in offers}
    gone = {offer_id for each in known for offer_id in each.offers} - still_live
    ended = await dispatch.offers_by_id(tx, list(gone)) if gone else []
    closed: dict[UUID, Offer] = {offer.id: offer for offer in ended}
    call_ids: set[UUID | None] = {
        *(call_id for own in engaged.values() for call_id in own.values()),
        *(offer.call_id for offers in live.values() for offer in offers),
        *(entry.call_id for entries in listed.values() for entry in entries),
        *(offer.call_id for offer in closed.values()),
        *(call_id for each in known for call_id in (each.call_id, each.next_call_id, *each.listed)),
    } - {None}
    found = await calls.get_many(tx, [each for each in call_ids if each is not None]) if call_ids else []
    by_id: dict[UUID, Call] = {call.id: call for call in found}
    shown, at_work = await names_of(tx, names, found), await drivers.at_work(tx, wanted)
    return DriverRows(live, engaged, listed, by_id, closed, shown, worth, at_work)


async def names_of(tx: Tx, names: NameBook, found: Iterable[Call]) -> dict[UUID, str]:
    """The display names of the calls' drivers, each read in the call's own company."""
    of_company: defaultdict[UUID, list[Call]] = defaultdict(list)
    for call in found:
        of_company[call.company_id].append(call)
    known: dict[UUID, str] = {}
    for members in of_company.values():
        known.update(await names.of(tx, members[0].company_id, driver_ids_of(members)))
    return known


def difference(driver_id: UUID, told: Told, rows: DriverRows) -> tuple[list[ToDriver], Told]:
    """What to say so that who knew `told` knows the rows: what is over first, then the calls, then what is new."""
    live = {offer.id: offer for offer in rows.offers.get(driver_id, ()) if offer.call_id in rows.calls}
    own = rows.engaged.get(DriverId(driver_id), {})
    call, following = (_running(own.get(slot), rows) for slot in (Slot.NOW, Slot.NEXT))
    listed = [entry for entry in rows.listed.get(driver_id, ()) if entry.call_id in rows.calls]
    knows = Told(
        frozenset(live),
        None if call is None else call.id,
        0 if call is None else call.version,
        None if following is None else following.id,
        0 if following is None else following.version,
        frozenset(entry.call_id for entry in listed),
        rows.at_work.get(driver_id),
    )
    messages: list[ToDriver] = [
        OfferClosed(offer_id, _closing(driver_id, rows.closed.get(offer_id), rows))
        for offer_id in sorted(told.offers - live.keys())
    ]
    messages += _call_messages(driver_id, told, call, rows)
    messages += _next_messages(driver_id, told, knows, following, rows)
    new = [offer for offer_id, offer in sorted(live.items()) if offer_id not in told.offers]
    messages += map(OfferMade, offer_cards(new, rows.calls, rows.worth))
    if knows.listed != told.listed:
        gone = sorted(told.listed - knows.listed)
        messages.append(
            ListChanged(
                tuple(listed_cards(listed, rows.calls, rows.worth)),
                tuple(GoneOut(call_id, _closing_of(driver_id, rows.calls.get(call_id))) for call_id in gone),
            )
        )
    if told.at_work is not None and knows.at_work is not None and told.at_work != knows.at_work:
        messages.append(WorkChanged(knows.at_work.status, knows.at_work.duty))
    return messages, knows


def _running(call_id: CallId | None, rows: DriverRows) -> Call | None:
    return None if call_id is None else rows.calls.get(call_id)


def _call_messages(driver_id: UUID, told: Told, call: Call | None, rows: DriverRows) -> Iterator[ToDriver]:
    if told.call_id is not None and (call is None or told.call_id != call.id):
        last = rows.calls.get(told.call_id)
        if last is not None:
            yield CallChanged(_out(driver_id, last, rows))
    if call is not None and (call.id != told.call_id or call.version > told.call_version):
        yield CallChanged(_out(driver_id, call, rows))


def _next_messages(
    driver_id: UUID, told: Told, knows: Told, following: Call | None, rows: DriverRows
) -> Iterator[ToDriver]:
    if following is not None:
        if following.id != told.next_call_id or following.version > told.next_call_version:
            yield NextCallChanged(_out(driver_id, following, rows))
    elif told.next_call_id is not None:
        gone = rows.calls.get(told.next_call_id) if told.next_call_id != knows.call_id else None
        yield NextCallChanged(None, None if gone is None else _out(driver_id, gone, rows))


def _out(driver_id: UUID, call: Call, rows: DriverRows) -> CallOut:
    return call_out(call, _own_name(driver_id, rows), viewer=ActorKind.DRIVER)


def _own_name(driver_id: UUID, rows: DriverRows) -> dict[UUID, str]:
    """A driver whose call went to another one does not hear that one's name."""
    return {driver_id: rows.names.get(driver_id, "")}


def _closing(driver_id: UUID, offer: Offer | None, rows: DriverRows) -> Closing:
    """An offer that nobody has closed yet has run out of time."""
    if offer is None or offer.state in (OfferState.LIVE, OfferState.IGNORED):
        return Closing.EXPIRED
    if offer.state is not OfferState.WITHDRAWN:
        return Closing(offer.state.value)
    closing = _closing_of(driver_id, rows.calls.get(offer.call_id))
    return Closing.WITHDRAWN if closing is Closing.ACCEPTED else closing


def _closing_of(driver_id: UUID, call: Call | None) -> Closing:
    """Why this driver can have the call no more, as far as they may know."""
    if call is None or call.state is State.REQUESTED:
        return Closing.WITHDRAWN
    if call.driver_id == driver_id:
        return Closing.ACCEPTED
    return _CLOSINGS.get(call.state, Closing.TAKEN)
