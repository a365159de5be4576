"""The door of dispatch: offers go out, drivers answer, calls begin and end their engagement.

Every command locks in one order, so that two at the same instant wait for each other and never deadlock:
the calls, the drivers, the offers, the engagements, the listings; several of one kind in the order of their ids.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from daeri.calls.model import Call
from daeri.dispatch import (
    announcing,
    arriving,
    decision_store,
    engagement_store,
    grounding,
    listing_store,
    meeting_store,
    moving,
    offer_store,
    signals,
    store,
    taking,
)
from daeri.dispatch.announcing import announce, announce_closed
from daeri.dispatch.model import (
    Decision,
    DriverEngaged,
    DriverState,
    Knowledge,
    Listed,
    NewListing,
    NewOffer,
    Offer,
    Slot,
    Waiting,
    Why,
)
from daeri.dispatch.searching import SearchSoFar, search_so_far
from daeri.dispatch.why import explain, newest_of_each
from daeri.drivers import api as drivers
from daeri.drivers.model import Driver, Duty
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId, DriverId, Ids
from daeri.kernel.terms import Actor
from daeri.policies.model import DispatchPolicy

OFFER_ENDED_TOPIC = announcing.OFFER_ENDED_TOPIC
accept = taking.accept
decline = taking.decline
take = taking.take
assign_by_hand = taking.assign_by_hand
arrive = moving.arrive
start = moving.start
complete = moving.complete
no_show = moving.no_show
cancel = moving.cancel
cancel_by_driver = moving.cancel_by_driver
release = moving.release
change_fare = moving.change_fare
expire_calls = moving.expire_calls
suspend = grounding.suspend
shortage = signals.shortage
waiting_areas = signals.waiting_areas
weather_now = signals.weather_now
say_weather = signals.say_weather
save_free_drivers = signals.save_free_drivers
attend_drivers = grounding.attend_drivers
arrival = arriving.arrival


async def expire_offers(tx: Tx, *, now: datetime, limit: int = 1_000) -> list[Offer]:
    """Close the offers whose time ran out: their drivers ignored them."""
    ignored = await offer_store.ignore_expired(tx, now, limit)
    announce_closed(tx, ignored)
    return ignored


async def withdraw_from_short(tx: Tx, driver_ids: Sequence[DriverId], *, now: datetime) -> list[Offer]:
    """Withdraw what is offered to those of these drivers whose balance has become too low for new calls."""
    withdrawn = await offer_store.withdraw_of_short(tx, driver_ids, now)
    announce_closed(tx, withdrawn)
    return withdrawn


async def set_duty(
    tx: Tx, driver_id: DriverId, company_id: CompanyId, duty: Duty, actor: Actor, *, now: datetime, ids: Ids
) -> Driver:
    """Put a driver on or off duty. Off duty withdraws a live offer, and is refused while a call is to be finished."""
    driver = await drivers.set_duty(tx, driver_id, company_id, duty, actor, now=now, ids=ids)
    if duty is Duty.OFF:
        if await engagement_store.calls_of_drivers(tx, [driver_id]):
            raise DriverEngaged()
        announce_closed(tx, await offer_store.withdraw_of_driver(tx, driver_id, now))
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
        announce(tx, await listing_store.put_listing(tx, listing, now))
    await decision_store.write(tx, decisions)
    announce(tx, [offer.driver_id for offer in written])
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
    return await engagement_store.calls_of_drivers(tx, driver_ids)


async def engaged(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, dict[Slot, CallId]]:
    """The calls of each of these drivers by slot: under way, and the one that follows it; who has none is left out."""
    return await engagement_store.engaged(tx, driver_ids)


async def never_to_meet(tx: Tx, call_ids: Sequence[UUID]) -> dict[CallId, tuple[DriverId, ...]]:
    """The drivers whom each call's customer shall never meet (I-006); calls without any are left out."""
    return await meeting_store.never_to_meet(tx, call_ids)


async def knowledge(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, Knowledge]:
    """By ids and versions, what these drivers should know; who has neither call nor offer is left out."""
    return await store.knowledge(tx, driver_ids)


async def live_offers(tx: Tx, driver_ids: Sequence[UUID]) -> list[Offer]:
    """The offers that these drivers may answer now."""
    return await offer_store.live_of_drivers(tx, driver_ids)


async def offers_by_id(tx: Tx, offer_ids: Sequence[UUID]) -> list[Offer]:
    """Offers in whatever state, for those who hold their ids."""
    return await offer_store.offers_by_id(tx, offer_ids)


async def offers_of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Offer]:
    """Everyone who was offered the call, first to last."""
    return await offer_store.offers_of_call(tx, company_id, call_id)


async def open_lists(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, list[Listed]]:
    """The open-list calls that each of these drivers sees now, nearest first; who sees none is left out."""
    return await listing_store.listed_of_drivers(tx, driver_ids)


async def open_list(tx: Tx, driver_id: UUID) -> list[Listed]:
    """The open-list calls that the driver sees now, nearest first."""
    return (await listing_store.listed_of_drivers(tx, [driver_id])).get(driver_id, [])


async def decisions_of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Decision]:
    """What was decided about the call and why, oldest first."""
    return await decision_store.of_call(tx, company_id, call_id)


async def search_of(tx: Tx, call: Call, policy: DispatchPolicy, *, now: datetime) -> SearchSoFar:
    """What has been done so far to find a driver for the call (R-052, I-038)."""
    offers = await offer_store.offers_of_call(tx, call.company_id, call.id)
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
    return await offer_store.next_expiry(tx)


async def prepare_days(tx: Tx, today: date) -> None:
    """Make the decision log's partitions for today and the days ahead."""
    await decision_store.prepare_days(tx, today)


async def drop_decisions_before(tx: Tx, oldest: date) -> int:
    """Drop the decision log's days before `oldest`; how many there were."""
    return await decision_store.drop_before(tx, oldest)


async def delete_offers_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    """Retention: offers of the company's ended calls from before then; how many."""
    return await offer_store.delete_offers_before(tx, company_id, before, limit)


async def count_overlaps(tx: Tx, company_id: UUID) -> int:
    """How many engagements overlap another of the same driver or call: none, as long as the database is right."""
    return await engagement_store.overlaps(tx, company_id)


async def _offer(tx: Tx, offers: Sequence[NewOffer], now: datetime) -> list[Offer]:
    await store.lock_drivers(tx, [offer.driver_id for offer in offers])
    return await offer_store.offer_planned(tx, offers, now)
