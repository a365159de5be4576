"""What drivers must be told: the rows of many drivers in a few reads, against what each was last told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Offer, OfferState
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, DriverId
from daeri.web.live.messages import CallChanged, Closing, OfferClosed, OfferMade, ToDriver
from daeri.web.names import NameBook
from daeri.web.wire import call_out, driver_ids_of, offer_card

_CLOSINGS = {
    State.CANCELLED_BEFORE_ASSIGNMENT: Closing.CANCELLED,
    State.CANCELLED_AFTER_ASSIGNMENT: Closing.CANCELLED,
    State.EXPIRED: Closing.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody knows of one driver: the offers to answer, and the call under way at its version."""

    offers: frozenset[UUID] = frozenset()
    call_id: UUID | None = None
    call_version: int = 0


@dataclass(frozen=True, slots=True)
class DriverRows:
    """The rows behind a set of drivers at one moment; calls also of those that drivers were told of before."""

    offers: Mapping[UUID, list[Offer]]
    engaged: Mapping[DriverId, CallId]
    calls: Mapping[UUID, Call]
    closed: Mapping[UUID, Offer]
    names: Mapping[UUID, str]


async def read_rows(tx: Tx, names: NameBook, driver_ids: Iterable[UUID], told: Iterable[Told]) -> DriverRows:
    """Everything that may have changed for these drivers, in three or four statements however many they are."""
    wanted, known = list(driver_ids), list(told)
    engaged: Mapping[DriverId, CallId] = await dispatch.calls_of_drivers(tx, wanted)
    live: defaultdict[UUID, list[Offer]] = defaultdict(list)
    for offer in await dispatch.live_offers(tx, wanted):
        live[offer.driver_id].append(offer)
    offered = [offer.call_id for offers in live.values() for offer in offers]
    still_live = {offer.id for offers in live.values() for offer in offers}
    gone = {offer_id for each in known for offer_id in each.offers} - still_live
    closed: dict[UUID, Offer] = (
        {offer.id: offer for offer in await dispatch.offers_by_id(tx, list(gone))} if gone else {}
    )
    call_ids = {
        *engaged.values(),
        *offered,
        *(offer.call_id for offer in closed.values()),
        *(each.call_id for each in known if each.call_id is not None),
    }
    found: dict[UUID, Call] = {call.id: call for call in await calls.get_many(tx, list(call_ids))} if call_ids else {}
    return DriverRows(live, engaged, found, closed, await names_of(tx, names, found.values()))


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
    """What to say so that who knew `told` knows the rows: what is over first, then the call, then new offers."""
    live = {offer.id: offer for offer in rows.offers.get(driver_id, ()) if offer.call_id in rows.calls}
    messages: list[ToDriver] = [
        OfferClosed(offer_id, _closing(driver_id, rows.closed.get(offer_id), rows))
        for offer_id in sorted(told.offers - live.keys())
    ]
    call_messages, call_id, version = _call_difference(driver_id, told, rows)
    messages += call_messages
    messages += [
        OfferMade(offer_card(offer, rows.calls[offer.call_id]))
        for offer_id, offer in sorted(live.items())
        if offer_id not in told.offers
    ]
    return messages, Told(frozenset(live), call_id, version)


def _call_difference(driver_id: UUID, told: Told, rows: DriverRows) -> tuple[list[ToDriver], UUID | None, int]:
    messages: list[ToDriver] = []
    call_id = rows.engaged.get(DriverId(driver_id))
    call = None if call_id is None else rows.calls.get(call_id)
    if told.call_id is not None and told.call_id != call_id:
        last = rows.calls.get(told.call_id)
        if last is not None:
            messages.append(CallChanged(call_out(last, _own_name(driver_id, rows))))
    if call is None:
        return messages, None, 0
    if call.id != told.call_id or call.version > told.call_version:
        messages.append(CallChanged(call_out(call, _own_name(driver_id, rows))))
    return messages, call.id, call.version


def _own_name(driver_id: UUID, rows: DriverRows) -> dict[UUID, str]:
    """A driver whose call went to another one does not hear that one's name."""
    return {driver_id: rows.names.get(driver_id, "")}


def _closing(driver_id: UUID, offer: Offer | None, rows: DriverRows) -> Closing:
    """An offer that nobody has closed yet has run out of time."""
    if offer is None or offer.state in (OfferState.LIVE, OfferState.IGNORED):
        return Closing.EXPIRED
    if offer.state is not OfferState.WITHDRAWN:
        return Closing(offer.state.value)
    return closing_of(driver_id, rows.calls.get(offer.call_id))


def closing_of(driver_id: UUID, call: Call | None) -> Closing:
    """Why this driver can have the call no more, as far as they may know."""
    if call is None or call.state is State.REQUESTED or call.driver_id == driver_id:
        return Closing.WITHDRAWN
    return _CLOSINGS.get(call.state, Closing.TAKEN)
