"""Calls as the console shows them: the list, and the page of one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Permission
from daeri.calls import api as calls
from daeri.calls.model import Call, CallFilter, CallNotFound, EventKind, State
from daeri.calls.model import Place as CallPlace
from daeri.customers.model import Payer
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Offer
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.ids import AccountId, CompanyId, parse_call_number
from daeri.kernel.terms import ActorKind, Service
from daeri.web.console.live import Place
from daeri.web.console.reads import (
    CallPage,
    CallQuery,
    CallRow,
    CallRows,
    GroupRow,
    OfferOutcome,
    OfferRow,
    TimelineEntry,
    Viewer,
)
from daeri.web.console_rows.cover_rows import read_cover
from daeri.web.console_rows.moves import moves_of
from daeri.web.console_rows.viewers import permitted
from daeri.web.context import WebContext

_PEOPLE = (AccountKind.CUSTOMER, AccountKind.DRIVER)
_NAMED_ACTORS = (ActorKind.DRIVER, ActorKind.STAFF)
_BEGINNINGS = (EventKind.REQUESTED, EventKind.RESERVED, EventKind.CAME_DUE)
_OFFER_MADE = "offer.made"
UNKNOWN = "–"


async def search(context: WebContext, viewer: Viewer, query: CallQuery) -> CallRows:
    """The company's calls that fit, newest first."""
    company_id = permitted(viewer, Permission.CALLS_READ)
    async with context.database.snapshot() as tx:
        wanted = await _filter(tx, context, company_id, query)
        if wanted is None:
            return CallRows([])
        page = await calls.search(tx, wanted, before=read_cursor(query.cursor), limit=query.limit)
        people = await _people(tx, context, company_id, page.calls)
    items = [_row(call, people) for call in page.calls]
    return CallRows(items, None if page.next_before is None else str(page.next_before))


async def page(context: WebContext, viewer: Viewer, call_id: UUID) -> CallPage | None:
    """Everything about one call of the company; None when there is no such call there."""
    company_id = permitted(viewer, Permission.CALLS_READ)
    async with context.database.snapshot() as tx:
        try:
            call = await calls.get(tx, company_id, call_id)
        except CallNotFound:
            return None
        events = await calls.timeline(tx, company_id, call_id)
        offers = await dispatch.offers_of_call(tx, company_id, call_id)
        people = await _people(tx, context, company_id, [call])
        people |= await context.names.of(tx, company_id, _mentioned(events, offers))
        cover = await read_cover(tx, context, company_id, call)
    shown = _page(call, people, _timeline(events, offers, people), [_offer(offer, people) for offer in offers])
    return msgspec.structs.replace(
        shown, moves=[str(move) for move in moves_of(viewer, call)], cover=cover if cover.course else None
    )


def read_cursor(text: str | None) -> UUID | None:
    """The id that a list goes on after; the beginning when it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def _filter(tx: Tx, context: WebContext, company_id: CompanyId, query: CallQuery) -> CallFilter | None:
    """None when the words name a number or a person that are not there."""
    number = people = rider_hash = None
    if query.q:
        number = parse_call_number(query.q)
        if number is None:
            people = await accounts.find_by_phone(tx, context.gate, company_id, query.q, kinds=_PEOPLE)
            rider_hash = calls.rider_hash(context.gate.vault, company_id, query.q)
            if not people and rider_hash is None:
                return None
    return CallFilter(
        company_id,
        states=[State(query.state)] if query.state else (),
        services=[Service(query.service)] if query.service else (),
        number=number,
        people=people,
        rider_hash=rider_hash,
        since=query.since,
        until=query.until,
    )


async def _people(tx: Tx, context: WebContext, company_id: CompanyId, found: Sequence[Call]) -> dict[UUID, str]:
    """What the calls' drivers and customers are shown as: a name, or a masked number where there is no name."""
    ids = {person for call in found for person in (call.driver_id, call.customer_id) if person is not None}
    people = {key: name for key, name in (await context.names.of(tx, company_id, ids)).items() if name}
    nameless = [AccountId(key) for key in ids if key not in people]
    if nameless:
        masked: Mapping[Any, str] = await accounts.masked_phones(tx, context.gate, company_id, nameless)
        people.update(masked)
    return people


def _row(call: Call, people: dict[UUID, str]) -> CallRow:
    return CallRow(
        id=call.id,
        number=call.number,
        state=call.state,
        source=call.source,
        service=call.service,
        timing=call.timing,
        origin_name=call.origin.name,
        destination_name=call.destination.name,
        customer=_shown(call.customer_id, people) or UNKNOWN,
        driver_id=call.driver_id,
        driver_name=_shown(call.driver_id, people),
        requested_at=call.requested_at,
        ended_at=call.ended_at,
        fare_amount=call.fare.amount,
    )


def _page(call: Call, people: dict[UUID, str], timeline: list[TimelineEntry], offers: list[OfferRow]) -> CallPage:
    return CallPage(
        id=call.id,
        number=call.number,
        version=call.version,
        state=call.state,
        source=call.source,
        service=call.service,
        timing=call.timing,
        options=list(call.options),
        origin=place_of(call.origin),
        destination=place_of(call.destination),
        vias=[place_of(via) for via in call.vias],
        payment=call.payment,
        fare_amount=call.fare.amount,
        note=call.note or None,
        customer=_shown(call.customer_id, people) or UNKNOWN,
        driver_id=call.driver_id,
        driver_name=_shown(call.driver_id, people),
        requested_at=call.requested_at,
        reserved_for=call.reserved_for,
        assigned_at=call.assigned_at,
        ended_at=call.ended_at,
        ended_by=call.ended_by,
        timeline=timeline,
        offers=offers,
        fare_plan=call.fare.plan,
        final_amount=call.final_amount,
        rider=None if call.rider is None else _joined(call.rider.name, call.rider.phone_masked),
        car=None if call.car is None else _joined(call.car.plate, call.car.model, call.car.note),
        business=None if call.business is None else call.business.name,
        payer=Payer.CUSTOMER if call.business is None else call.business.payer,
        group=_others(call),
        end_reason=call.end_reason,
    )


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _others(call: Call) -> list[GroupRow]:
    members = () if call.group is None else call.group.members
    return [GroupRow(member.id, member.number, member.state) for member in members if member.id != call.id]


def place_of(known: CallPlace) -> Place:
    """A place as the console's shapes have it."""
    return Place(known.point.lat, known.point.lon, known.name)


def _shown(person: UUID | None, people: dict[UUID, str]) -> str | None:
    return None if person is None else people.get(person, UNKNOWN)


def _mentioned(events: Sequence[Event], offers: Sequence[Offer]) -> set[UUID]:
    """Whom a timeline names; customers go by their number on the page and by nothing in the timeline."""
    actors = {event.actor.id for event in events if event.actor.id is not None and event.actor.kind in _NAMED_ACTORS}
    befallen = {driver_id for event in events if (driver_id := _driver_in(event)) is not None}
    return actors | befallen | {offer.driver_id for offer in offers}


def _timeline(events: Sequence[Event], offers: Sequence[Offer], people: dict[UUID, str]) -> list[TimelineEntry]:
    """The call's events and its offers, oldest first."""
    entries = [_entry(event, people) for event in events]
    entries += [
        TimelineEntry(offer.offered_at, _OFFER_MADE, ActorKind.SYSTEM, about=_shown(offer.driver_id, people))
        for offer in offers
    ]
    return sorted(entries, key=lambda entry: (entry.at, _rank(entry)))


def _rank(entry: TimelineEntry) -> int:
    """At one instant, as a replay has them: a call begins to wait, is offered, and then something comes of it."""
    return 0 if entry.kind in _BEGINNINGS else 1 if entry.kind == _OFFER_MADE else 2


def _entry(event: Event, people: dict[UUID, str]) -> TimelineEntry:
    actor_id, driver_id = event.actor.id, _driver_in(event)
    reason = event.data.get("reason")
    return TimelineEntry(
        at=event.at,
        kind=event.kind,
        actor_kind=event.actor.kind,
        actor_name=_shown(actor_id, people) if event.actor.kind in _NAMED_ACTORS else None,
        about=None if driver_id in (None, actor_id) else _shown(driver_id, people),
        reason=reason if isinstance(reason, str) else None,
    )


def _driver_in(event: Event) -> UUID | None:
    driver_id = event.data.get("driver_id")
    return UUID(driver_id) if isinstance(driver_id, str) else None


def _offer(offer: Offer, people: dict[UUID, str]) -> OfferRow:
    return OfferRow(
        id=offer.id,
        driver_id=offer.driver_id,
        driver_name=_shown(offer.driver_id, people) or UNKNOWN,
        offered_at=offer.offered_at,
        pickup_m=offer.pickup_m,
        pickup_s=offer.pickup_s,
        outcome=OfferOutcome(offer.state),
        ended_at=offer.closed_at,
    )
