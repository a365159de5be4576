"""The door of dispatch: offers go out, drivers answer, calls begin and end their engagement.

Every command locks in one order, so that two at the same instant wait for each other and never deadlock:
the calls, the drivers, the offers, the engagements, the listings; several of one kind in the order of their ids.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call, CallNotFound, Change, IllegalMove, State
from daeri.calls.request_model import NewFare
from daeri.customers import api as customers
from daeri.dispatch import announcing, arriving, decision_store, grounding, signals, store
from daeri.dispatch.announcing import announce as _announce
from daeri.dispatch.announcing import announce_closed as _announce_closed
from daeri.dispatch.model import (
    AlreadyTaken,
    BalanceTooLow,
    CallBarred,
    Decision,
    DriveFirst,
    DriverEngaged,
    DriverOffDuty,
    DriverState,
    Knowledge,
    Listed,
    NewListing,
    NewOffer,
    NotEligible,
    NotListed,
    Offer,
    OfferClosed,
    OfferNotFound,
    OfferState,
    Slot,
    Waiting,
    Why,
)
from daeri.dispatch.plan import Mode
from daeri.dispatch.searching import SearchSoFar, search_so_far
from daeri.dispatch.why import explain, newest_of_each
from daeri.drivers import api as drivers
from daeri.drivers.model import Driver, Duty
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId, DriverId, Ids, OfferId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind, Source
from daeri.policies.model import DispatchPolicy
from daeri.pricing.model import WaitingPolicy

OFFER_ENDED_TOPIC = announcing.OFFER_ENDED_TOPIC
suspend = grounding.suspend
shortage = signals.shortage
waiting_areas = signals.waiting_areas
weather_now = signals.weather_now
say_weather = signals.say_weather
save_free_drivers = signals.save_free_drivers
attend_drivers = grounding.attend_drivers
arrival = arriving.arrival


async def accept(
    tx: Tx, offer_id: OfferId, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids
) -> Call:
    """Take the offered call, for after the drive where one is under way.

    OfferClosed when it is too late, AlreadyTaken when the call is gone, CallBarred where they shall not meet (I-006),
    BalanceTooLow.
    """
    offer = await _live_offer(tx, offer_id, driver_id, now)
    try:
        call = await _assign(tx, offer.call_id, driver_id, company_id, now=now, ids=ids)
    except AlreadyTaken:
        mine = await store.get_offer(tx, offer_id, driver_id)
        if mine is not None and mine.state is OfferState.ACCEPTED:  # on another telephone, this instant
            raise OfferClosed(state=mine.state) from None
        raise
    saw = await store.accept(tx, offer_id, driver_id, now)
    if saw is None:
        if not await customers.may_meet(tx, call.customer_id, driver_id):
            raise CallBarred()
        raise await _closed(tx, offer_id, driver_id)
    tx.hint(OFFER_ENDED_TOPIC, OfferState.ACCEPTED.encode())
    _announce(tx, saw)
    return call


async def decline(tx: Tx, offer_id: OfferId, driver_id: DriverId, *, now: datetime) -> Offer:
    """Say no; the call goes to the next driver."""
    offer = await store.close(tx, offer_id, driver_id, OfferState.DECLINED, now)
    if offer is None:
        raise await _closed(tx, offer_id, driver_id)
    _announce_closed(tx, [offer])
    return offer


async def take(tx: Tx, call_id: CallId, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids) -> Call:
    """Take a call of the open list; the first wins, the others hear AlreadyTaken."""
    listed = await store.listed(tx, company_id, driver_id, call_id)
    call = await _assign(tx, call_id, driver_id, company_id, now=now, ids=ids)
    if listed is None:
        raise NotListed(call_id=str(call_id))
    if listed.is_barred:
        raise CallBarred()
    await store.engage(
        tx,
        ids.new(),
        company_id,
        call_id=call_id,
        driver_id=driver_id,
        metres=listed.metres,
        mode=Mode.OPEN_LIST,
        slot=None,
        now=now,
    )
    _announce_closed(tx, await store.withdraw_beside(tx, call_id, driver_id, now))
    await _unlist(tx, call_id)
    return call


async def assign_by_hand(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    change: Change,
    *,
    now: datetime,
    ids: Ids,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """Staff give a waiting call to a driver of their choice; live offers of both are withdrawn.

    AlreadyTaken, DriverOffDuty, BalanceTooLow, NotEligible, CallBarred or DriverEngaged when it cannot be.
    """
    call = await _assign(tx, call_id, driver_id, company_id, now=now, ids=ids, change=change)
    driver = await drivers.get(tx, company_id, driver_id)
    if call.service not in driver.services:
        raise NotEligible(service=call.service)
    if not await customers.may_meet(tx, call.customer_id, driver_id):
        raise CallBarred()
    _announce_closed(tx, await store.withdraw_beside(tx, call_id, driver_id, now))
    if await store.engaged(tx, [driver_id]):
        raise DriverEngaged()
    await store.engage(
        tx,
        ids.new(),
        company_id,
        call_id=call_id,
        driver_id=driver_id,
        metres=0,
        mode=Mode.BY_HAND,
        slot=Slot.NOW,
        now=now,
    )
    await _unlist(tx, call_id)
    return call


async def arrive(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    waiting: WaitingPolicy | None = None,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The driver stands before the customer; DriveFirst while another drive of theirs is under way.

    They wait by `waiting`. Staff in the driver's place say who they are and why by `change`.
    """
    call = await calls.arrive(tx, call_id, company_id, driver_id, now=now, ids=ids, waiting=waiting, change=change)
    if await store.slot_of_call(tx, call_id) is Slot.NEXT:
        raise DriveFirst()
    return call


async def start(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The drive begins; from near its end the driver may be offered a next call."""
    call = await calls.start(tx, call_id, company_id, driver_id, now=now, ids=ids, change=change)
    _announce(tx, [driver_id])
    return call


async def complete(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    final_amount: Won | None = None,
    cash_received: bool | None = None,
    change: Change | None = None,
) -> Call:
    """The driver finishes the drive and is free again, or has their next call before them.

    It costs `final_amount`, or what was agreed, and what waiting added.
    """
    call = await calls.complete(
        tx,
        call_id,
        company_id,
        driver_id,
        now=now,
        ids=ids,
        final_amount=final_amount,
        cash_received=cash_received,
        change=change,
    )
    await _free(tx, call_id, now, ids)
    return call


async def no_show(
    tx: Tx, call_id: CallId, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids
) -> Call:
    """Nobody came in time: the driver ends the call and is free; no cancel of the customer's (R-062, I-053)."""
    call = await calls.no_show(tx, call_id, company_id, driver_id, now=now, ids=ids)
    await _let_go(tx, call_id, now, ids)
    return call


async def cancel(tx: Tx, call_id: CallId, company_id: CompanyId, change: Change, *, now: datetime, ids: Ids) -> Call:
    """End the call unfinished; its live offer is withdrawn and its driver is free (R-059, R-060, I-053).

    A customer's own cancel of an own call after its assignment is counted with it (R-062).
    """
    call = await calls.cancel(tx, call_id, company_id, change, now=now, ids=ids)
    await _let_go(tx, call_id, now, ids)
    await _count_cancel(tx, call, change, now=now, ids=ids)
    return call


async def cancel_by_driver(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    reason: str | None,
    *,
    now: datetime,
    ids: Ids,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The driver ends the call unfinished; only the one who has it may."""
    await calls.get_for_driver(tx, company_id, call_id, driver_id)
    change = Change(Actor(ActorKind.DRIVER, driver_id), reason)
    call = await cancel(tx, call_id, company_id, change, now=now, ids=ids)
    if call.driver_id != driver_id:
        # Released to somebody else between the look and the cancel: the rollback undoes it.
        raise CallNotFound(call_id=str(call_id))
    return call


async def release(
    tx: Tx, call_id: CallId, company_id: CompanyId, change: Change, *, waits_for: timedelta, now: datetime, ids: Ids
) -> Call:
    """Take the driver off the call; it waits for another one."""
    call = await calls.release(tx, call_id, company_id, change, waits_for=waits_for, now=now, ids=ids)
    await _free(tx, call_id, now, ids)
    return call


async def change_fare(
    tx: Tx, call_id: CallId, company_id: CompanyId, wanted: NewFare, actor: Actor, *, now: datetime, ids: Ids
) -> Call:
    """Another fare for a waiting call (R-056); nobody may take it at the old one, so a card that shows it goes back."""
    call = await calls.change_fare(tx, call_id, company_id, wanted, actor, now=now, ids=ids)
    _announce_closed(tx, await store.withdraw_of_call(tx, call_id, now))
    await _unlist(tx, call_id)
    return call


async def expire_calls(tx: Tx, *, now: datetime, ids: Ids) -> list[Call]:
    """End the calls that nobody took in time, each for the reason that its last decision gave (I-038)."""
    found = await calls.stale(tx, now=now)
    reasons = await decision_store.unmet(tx, [call_id for call_id, _ in found]) if found else {}
    ended = await calls.expire(tx, found, reasons, now=now, ids=ids)
    for call in ended:
        await _let_go(tx, call.id, now, ids)
    return ended


async def expire_offers(tx: Tx, *, now: datetime, limit: int = 1_000) -> list[Offer]:
    """Close the offers whose time ran out: their drivers ignored them."""
    ignored = await store.ignore_expired(tx, now, limit)
    _announce_closed(tx, ignored)
    return ignored


async def withdraw_from_short(tx: Tx, driver_ids: Sequence[DriverId], *, now: datetime) -> list[Offer]:
    """Withdraw what is offered to those of these drivers whose balance has become too low for new calls."""
    withdrawn = await store.withdraw_of_short(tx, driver_ids, now)
    _announce_closed(tx, withdrawn)
    return withdrawn


async def set_duty(
    tx: Tx, driver_id: DriverId, company_id: CompanyId, duty: Duty, actor: Actor, *, now: datetime, ids: Ids
) -> Driver:
    """Put a driver on or off duty. Off duty withdraws a live offer, and is refused while a call is to be finished."""
    driver = await drivers.set_duty(tx, driver_id, company_id, duty, actor, now=now, ids=ids)
    if duty is Duty.OFF:
        if await store.calls_of_drivers(tx, [driver_id]):
            raise DriverEngaged()
        _announce_closed(tx, await store.withdraw_of_driver(tx, driver_id, now))
    return driver


async def apply(
    tx: Tx,
    offers: Sequence[NewOffer],
    listings: Sequence[NewListing],
    decisions: Sequence[Decision],
    *,
    now: datetime,
) -> list[Offer]:
    """Write what a tick decided; the offers that still held (a call may have ended meanwhile)."""
    if offers or listings:
        await store.lock_calls(tx, [*(offer.call_id for offer in offers), *(listing.call_id for listing in listings)])
    written = await _offer(tx, offers, now) if offers else []
    for listing in sorted(listings, key=lambda listing: listing.call_id):
        _announce(tx, await store.put_listing(tx, listing, now))
    await decision_store.write(tx, decisions)
    _announce(tx, [offer.driver_id for offer in written])
    return written


async def waiting(tx: Tx, *, limit: int = 5_000) -> list[Waiting]:
    """The calls that need a driver now, up to `limit` of each company, longest waiting first."""
    return await store.waiting(tx, limit)


async def driver_states(tx: Tx, driver_ids: Sequence[UUID]) -> list[DriverState]:
    """What the live fleet must know of these drivers."""
    return await store.states(tx, driver_ids)


async def driver_states_on_duty(tx: Tx) -> list[DriverState]:
    """What the live fleet starts from: all drivers on duty of all companies."""
    return await store.states_on_duty(tx)


async def driver_states_since(tx: Tx, revision: int, *, limit: int = 10_000) -> list[DriverState]:
    """Drivers whose duty or rights changed after that revision: what a lost hint would have told."""
    return await store.states_since(tx, revision, limit)


async def calls_of_drivers(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, CallId]:
    """The call that each of these drivers is on, where there is one."""
    return await store.calls_of_drivers(tx, driver_ids)


async def engaged(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, dict[Slot, CallId]]:
    """The calls of each of these drivers by slot: under way, and the one that follows it; who has none is left out."""
    return await store.engaged(tx, driver_ids)


async def never_to_meet(tx: Tx, call_ids: Sequence[UUID]) -> dict[CallId, tuple[DriverId, ...]]:
    """The drivers whom each call's customer shall never meet (I-006); calls without any are left out."""
    return await store.never_to_meet(tx, call_ids)


async def knowledge(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, Knowledge]:
    """By ids and versions, what these drivers should know; who has neither call nor offer is left out."""
    return await store.knowledge(tx, driver_ids)


async def live_offers(tx: Tx, driver_ids: Sequence[UUID]) -> list[Offer]:
    """The offers that these drivers may answer now."""
    return await store.live_of_drivers(tx, driver_ids)


async def offers_by_id(tx: Tx, offer_ids: Sequence[UUID]) -> list[Offer]:
    """Offers in whatever state, for those who hold their ids."""
    return await store.offers_by_id(tx, offer_ids)


async def offers_of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Offer]:
    """Everyone who was offered the call, first to last."""
    return await store.offers_of_call(tx, company_id, call_id)


async def open_lists(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, list[Listed]]:
    """The open-list calls that each of these drivers sees now, nearest first; who sees none is left out."""
    return await store.listed_of_drivers(tx, driver_ids)


async def open_list(tx: Tx, driver_id: UUID) -> list[Listed]:
    """The open-list calls that the driver sees now, nearest first."""
    return (await store.listed_of_drivers(tx, [driver_id])).get(driver_id, [])


async def decisions_of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Decision]:
    """What was decided about the call and why, oldest first."""
    return await decision_store.of_call(tx, company_id, call_id)


async def search_of(tx: Tx, call: Call, policy: DispatchPolicy, *, now: datetime) -> SearchSoFar:
    """What has been done so far to find a driver for the call (R-052, I-038)."""
    offers = await store.offers_of_call(tx, call.company_id, call.id)
    decisions = await decision_store.of_call(tx, call.company_id, call.id)
    return search_so_far(call, offers, decisions, policy, now=now)


async def why_not(
    tx: Tx, company_id: CompanyId, driver_id: DriverId, *, since: datetime, now: datetime, limit: int = 100
) -> list[Why]:
    """The calls that passed the driver by since then, each with the last reason, newest first."""
    return newest_of_each(await decision_store.of_driver(tx, company_id, driver_id, since=since, now=now), limit)


async def why_not_call(
    tx: Tx, company_id: CompanyId, driver_id: DriverId, call_id: UUID, *, since: datetime, now: datetime
) -> list[Why]:
    """Every decision since then that passed the driver by for this call, newest first; none where not considered."""
    found = await decision_store.of_driver(tx, company_id, driver_id, since=since, now=now, call_id=call_id)
    return [explain(passed) for passed in found]


async def index_decisions(tx: Tx) -> None:
    """Beside the ticks: make what was decided lately quick to find by driver."""
    await decision_store.clean_index(tx)


async def next_due(tx: Tx) -> datetime | None:
    """When the next live offer runs out; None when none is live."""
    return await store.next_expiry(tx)


async def prepare_days(tx: Tx, today: date) -> None:
    """Make the decision log's partitions for today and the days ahead."""
    await decision_store.prepare_days(tx, today)


async def drop_decisions_before(tx: Tx, oldest: date) -> int:
    """Drop the decision log's days before `oldest`; how many there were."""
    return await decision_store.drop_before(tx, oldest)


async def delete_offers_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    """Retention: offers of the company's ended calls from before then; how many."""
    return await store.delete_offers_before(tx, company_id, before, limit)


async def count_overlaps(tx: Tx, company_id: UUID) -> int:
    """How many engagements overlap another of the same driver or call: none, as long as the database is right."""
    return await store.overlaps(tx, company_id)


async def _offer(tx: Tx, offers: Sequence[NewOffer], now: datetime) -> list[Offer]:
    await store.lock_drivers(tx, [offer.driver_id for offer in offers])
    return await store.offer_planned(tx, offers, now)


async def _assign(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    change: Change | None = None,
) -> Call:
    try:
        call = await calls.assign(
            tx, call_id, company_id, driver_id=driver_id, performer_id=company_id, now=now, ids=ids, change=change
        )
    except IllegalMove as refusal:
        raise AlreadyTaken(state=refusal.facts.get("state")) from refusal
    driver = await drivers.lock_for_work(tx, company_id, driver_id, now=now)
    if driver.duty is Duty.OFF:
        raise DriverOffDuty()
    if driver.is_short:
        raise BalanceTooLow()
    _announce(tx, [driver_id])
    return call


async def _live_offer(tx: Tx, offer_id: OfferId, driver_id: DriverId, now: datetime) -> Offer:
    offer = await store.get_offer(tx, offer_id, driver_id)
    if offer is None:
        raise OfferNotFound(offer_id=str(offer_id))
    if offer.state is not OfferState.LIVE:
        raise OfferClosed(state=offer.state)
    if offer.expires_at <= now:
        raise OfferClosed(state=OfferState.IGNORED)
    return offer


async def _closed(tx: Tx, offer_id: OfferId, driver_id: DriverId) -> OfferClosed | OfferNotFound:
    offer = await store.get_offer(tx, offer_id, driver_id)
    return OfferNotFound(offer_id=str(offer_id)) if offer is None else OfferClosed(state=offer.state)


async def _let_go(tx: Tx, call_id: CallId, now: datetime, ids: Ids) -> None:
    """Whoever has the call, was offered it or sees it in the list hears that it is gone."""
    _announce_closed(tx, await store.withdraw_of_call(tx, call_id, now))
    await _free(tx, call_id, now, ids)
    await _unlist(tx, call_id)


async def _free(tx: Tx, call_id: CallId, now: datetime, ids: Ids) -> None:
    driver_id = await store.disengage(tx, call_id, now)
    if driver_id is not None:
        await grounding.rest_if_barred(tx, driver_id, now=now, ids=ids)
        _announce(tx, [driver_id])


async def _count_cancel(tx: Tx, call: Call, change: Change, *, now: datetime, ids: Ids) -> None:
    """Before assignment, and whatever drivers, staff and the system end, nothing is counted (I-009, I-053)."""
    is_own = change.actor.kind is ActorKind.CUSTOMER and change.actor.id == call.customer_id
    if call.source is not Source.OWN or call.state is not State.CANCELLED_AFTER_ASSIGNMENT or not is_own:
        return
    if call.customer_id is not None and call.cancelled_from is not None:
        own = customers.OwnCancel(call.id, call.company_id, call.customer_id, call.cancelled_from)
        await customers.count_cancel(tx, own, change.actor, now=now, ids=ids)


async def _unlist(tx: Tx, call_id: CallId) -> None:
    _announce(tx, await store.drop_listing(tx, call_id))
