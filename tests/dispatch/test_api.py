"""Offers, the open list and duty on the real rows, one command after another; races are in test_races."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from tests.dispatch.factories import OFFER_LIMIT, Night, make_company

from daeri.adapters.bus.memory import MemoryBus
from daeri.calls.model import CallNotFound, State
from daeri.dispatch import api
from daeri.dispatch.model import (
    AlreadyTaken,
    DriverEngaged,
    DriverOffDuty,
    Listed,
    NotListed,
    OfferClosed,
    OfferNotFound,
    OfferState,
    PastOffer,
)
from daeri.dispatch.plan import Mode
from daeri.drivers.model import Duty
from daeri.kernel.ids import OfferId


async def test_a_whole_life(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    offer = await night.offer(call.id, driver)
    assert (offer.mode, offer.state, offer.expires_at) == (
        Mode.EXCLUSIVE,
        OfferState.LIVE,
        night.clock.now() + OFFER_LIMIT,
    )
    taken = await night.accept(offer.id, driver)
    assert (taken.state, taken.driver_id, taken.performer_id) == (State.ASSIGNED, driver, night.company)
    assert await night.engaged() == {driver: call.id}
    (kept,) = await night.offers_of(call.id)
    assert (kept.state, kept.closed_at) == (OfferState.ACCEPTED, night.clock.now())
    for step in (night.arrive, night.start, night.complete):
        await step(call.id, driver)
    assert await night.engaged() == {}
    assert (await night.get(call.id)).state is State.COMPLETED
    assert await night.overlaps() == 0


async def test_a_declined_or_ignored_call_waits_for_the_next_driver(night: Night) -> None:
    call, first, second = await night.request(), await night.driver(), await night.driver()
    offer = await night.offer(call.id, first)
    async with night.database.reading() as tx:
        assert await api.waiting(tx) == []
        assert await api.next_due(tx) == offer.expires_at
    assert (await night.decline(offer.id, first)).state is OfferState.DECLINED
    await night.offer(call.id, second)
    night.clock.advance_to(night.clock.now() + OFFER_LIMIT)
    (ignored,) = await night.expire_offers()
    assert (ignored.driver_id, ignored.state) == (second, OfferState.IGNORED)
    async with night.database.reading() as tx:
        (waiting,) = await api.waiting(tx)
        assert await api.next_due(tx) is None
    assert waiting.call_id == call.id
    assert waiting.asked == (
        PastOffer(first, OfferState.DECLINED, call.requested_at),
        PastOffer(second, OfferState.IGNORED, night.clock.now()),
    )


async def test_who_was_taken_off_a_call_counts_as_asked_from_then_on(night: Night) -> None:
    call, driver = await night.assigned()
    night.later(minutes=5)
    await night.release(call.id)
    released_at = night.clock.now()
    night.later(seconds=5)
    async with night.database.reading() as tx:
        (waiting,) = await api.waiting(tx)
    assert waiting.asked == (PastOffer(driver, OfferState.ACCEPTED, released_at),)


async def test_one_companys_crowd_does_not_hide_anothers_calls(night: Night) -> None:
    mine = []
    for _ in range(3):
        mine.append((await night.request()).id)
        night.later(seconds=1)
    async with night.transaction() as tx:
        company = await make_company(tx, night.ids, "byeolbit")
    other = await replace(night, company=company).request()
    async with night.database.reading() as tx:
        assert [one.call_id for one in await api.waiting(tx, limit=2)] == [*mine[:2], other.id]
        assert [one.call_id for one in await api.waiting(tx)] == [*mine, other.id]


async def test_an_offer_is_ignored_at_its_limit_and_not_before(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    offer = await night.offer(call.id, driver)
    night.clock.advance_to(offer.expires_at - timedelta(microseconds=1))
    assert await night.expire_offers() == []
    night.clock.advance_to(offer.expires_at)
    # Nobody has swept yet, and still it is too late.
    with pytest.raises(OfferClosed) as refusal:
        await night.accept(offer.id, driver)
    assert refusal.value.facts == {"state": OfferState.IGNORED}
    assert (await night.get(call.id)).state is State.REQUESTED
    assert len(await night.expire_offers()) == 1


async def test_an_offer_is_answered_once(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    offer = await night.offer(call.id, driver)
    await night.decline(offer.id, driver)
    for answer in (night.accept, night.decline):
        with pytest.raises(OfferClosed) as refusal:
            await answer(offer.id, driver)
        assert refusal.value.facts == {"state": OfferState.DECLINED}


async def test_somebody_elses_offer_does_not_exist(night: Night) -> None:
    call, driver, stranger = await night.request(), await night.driver(), await night.driver()
    offer = await night.offer(call.id, driver)
    for answer in (night.accept, night.decline):
        with pytest.raises(OfferNotFound):
            await answer(offer.id, stranger)
        with pytest.raises(OfferNotFound):
            await answer(OfferId(night.ids.new()), driver)
    (kept,) = await night.offers_of(call.id)
    assert kept.state is OfferState.LIVE


async def test_a_plan_is_written_as_far_as_it_still_holds(night: Night) -> None:
    busy_call, busy = await night.assigned()
    waiting, cancelled = [await night.request() for _ in range(4)], await night.cancel((await night.request()).id)
    free, other, off, held = [await night.driver() for _ in range(4)]
    await night.set_duty(off, Duty.OFF)
    await night.offer(waiting[3].id, held)
    async with night.transaction() as tx:
        foreign = await make_company(tx, night.ids, "dalbit")
    stranger = await replace(night, company=foreign).driver()
    written = await night.apply(
        [
            night.planned(waiting[0].id, free),
            night.planned(waiting[0].id, other),  # the call has its offer
            night.planned(waiting[1].id, busy),
            night.planned(waiting[1].id, off),
            night.planned(waiting[1].id, held),  # holds another offer
            night.planned(waiting[2].id, stranger),  # of another company
            night.planned(busy_call.id, other),
            night.planned(cancelled.id, other),
            night.planned(waiting[3].id, other),  # offered to somebody
        ]
    )
    assert [(offer.call_id, offer.driver_id) for offer in written] in (
        [(waiting[0].id, free)],
        [(waiting[0].id, other)],
    )
    async with night.database.reading() as tx:
        assert {one.call_id for one in await api.waiting(tx)} == {waiting[1].id, waiting[2].id}
        live = await api.live_offers(tx, [free, other, held])
    assert {offer.driver_id for offer in live} == {written[0].driver_id, held}


async def test_a_cancel_withdraws_the_live_offer_and_tells_the_driver(night: Night, bus: MemoryBus) -> None:
    call, driver = await night.request(), await night.driver()
    offer = await night.offer(call.id, driver)
    heard: list[str] = []
    for topic in ("driver", "call", "waiting"):
        bus.listen(topic, lambda name, _message: heard.append(name))
    await night.cancel(call.id, call.customer_id)
    assert set(heard) == {f"driver.{driver}", f"call.{call.id}", "waiting"}
    with pytest.raises(OfferClosed) as refusal:
        await night.accept(offer.id, driver)
    assert refusal.value.facts == {"state": OfferState.WITHDRAWN}


@pytest.mark.rule("R-060")
async def test_a_cancel_after_assignment_tells_the_driver(night: Night, bus: MemoryBus) -> None:
    call, driver = await night.assigned()
    heard: list[str] = []
    bus.listen("driver", lambda name, _message: heard.append(name))
    await night.cancel(call.id, call.customer_id)
    assert heard == [f"driver.{driver}"]


async def test_a_driver_off_duty_or_engaged_takes_nothing(night: Night) -> None:
    engaged_call, engaged = await night.assigned()
    off = await night.driver(Duty.OFF)
    call = await night.request()
    await night.list_for(call.id, engaged, off)
    with pytest.raises(DriverEngaged):
        await night.take(call.id, engaged)
    with pytest.raises(DriverOffDuty):
        await night.take(call.id, off)
    assert (await night.get(call.id)).version == 1
    assert await night.engaged() == {engaged: engaged_call.id}


async def test_off_duty_withdraws_the_offer_and_waits_for_the_end_of_a_call(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    await night.offer(call.id, driver)
    await night.set_duty(driver, Duty.OFF)
    (kept,) = await night.offers_of(call.id)
    assert kept.state is OfferState.WITHDRAWN
    await night.set_duty(driver, Duty.ON)
    offer = await night.offer(call.id, driver)
    await night.accept(offer.id, driver)
    with pytest.raises(DriverEngaged):
        await night.set_duty(driver, Duty.OFF)
    async with night.database.reading() as tx:
        (state,) = await api.driver_states(tx, [driver])
    assert (state.on_duty, state.call_id, state.offer_id) == (True, call.id, None)


async def test_the_first_to_take_a_listed_call_wins_and_the_others_hear_it(night: Night, bus: MemoryBus) -> None:
    near, far, blind = await night.driver(), await night.driver(), await night.driver()
    call, other = await night.request(), await night.request()
    await night.list_for(call.id, near, far)
    await night.list_for(other.id, far, near)
    async with night.database.reading() as tx:
        assert await api.open_list(tx, near) == [
            Listed(call.id, 100, night.clock.now()),
            Listed(other.id, 200, night.clock.now()),
        ]
        assert await api.open_list(tx, blind) == []
    with pytest.raises(NotListed):
        await night.take(call.id, blind)
    heard: list[str] = []
    bus.listen("driver", lambda name, _message: heard.append(name))
    assert (await night.take(call.id, far)).driver_id == far
    assert {f"driver.{near}", f"driver.{far}"} == set(heard)
    with pytest.raises(AlreadyTaken) as refusal:
        await night.take(call.id, near)
    assert refusal.value.facts == {"state": State.ASSIGNED}
    (record,) = await night.offers_of(call.id)
    assert (record.mode, record.state, record.pickup_m) == (Mode.OPEN_LIST, OfferState.ACCEPTED, 200)
    async with night.database.reading() as tx:
        assert await api.open_list(tx, near) == [Listed(other.id, 200, night.clock.now())]


async def test_a_listing_is_replaced_and_one_of_an_ended_call_is_not_made(night: Night) -> None:
    first, second = await night.driver(), await night.driver()
    call = await night.request()
    await night.list_for(call.id, first)
    await night.list_for(call.id, second)
    ended = await night.cancel((await night.request()).id)
    await night.list_for(ended.id, first)
    async with night.database.reading() as tx:
        assert await api.open_list(tx, first) == []
        assert await api.open_list(tx, second) == [Listed(call.id, 100, night.clock.now())]
        assert await tx.value("SELECT count(*) FROM listings") == 1


async def test_an_accepted_call_leaves_the_open_list(night: Night) -> None:
    looking, offered = await night.driver(), await night.driver()
    call = await night.request()
    await night.list_for(call.id, looking)
    offer = await night.offer(call.id, offered)
    await night.accept(offer.id, offered)
    async with night.database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM listings") == 0


async def test_a_take_withdraws_what_anybody_else_is_offered_of_the_call(night: Night) -> None:
    looking, offered = await night.driver(), await night.driver()
    call, other = await night.request(), await night.request()
    await night.list_for(call.id, looking)
    theirs, own = await night.offer(call.id, offered), await night.offer(other.id, looking)
    await night.take(call.id, looking)
    async with night.database.reading() as tx:
        closed = await api.offers_by_id(tx, [theirs.id, own.id])
    assert [offer.state for offer in closed] == [OfferState.WITHDRAWN] * 2


async def test_calls_expire_at_their_time_with_their_offers(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    night.clock.advance_to(call.expires_at - timedelta(seconds=5))
    await night.offer(call.id, driver)
    assert await night.expire_calls() == []
    night.clock.advance_to(call.expires_at)
    (expired,) = await night.expire_calls()
    assert (expired.state, expired.ended_at, expired.end_reason) == (
        State.EXPIRED,
        call.expires_at,
        "nobody_took_it",
    )
    (offer,) = await night.offers_of(call.id)
    assert offer.state is OfferState.WITHDRAWN
    assert await night.expire_calls() == []


async def test_a_reserved_call_is_offered_only_once_it_has_come_due(night: Night) -> None:
    call, driver = await night.reserve(), await night.driver()
    assert await night.apply([night.planned(call.id, driver)]) == []
    night.clock.advance_to(call.dispatch_at)
    await night.come_due()
    offer = await night.offer(call.id, driver)
    assert (await night.accept(offer.id, driver)).state is State.ASSIGNED


async def test_the_fleet_learns_who_works_and_what_changed_since(night: Night) -> None:
    idle, off = await night.driver(), await night.driver(Duty.OFF)
    call, busy = await night.assigned()
    async with night.database.reading() as tx:
        on_duty = await api.driver_states_on_duty(tx)
        assert {state.driver_id: state.call_id for state in on_duty} == {idle: None, busy: call.id}
        newest = max(state.revision for state in on_duty)
        assert await api.driver_states_since(tx, newest) == []
    await night.set_duty(off, Duty.ON)
    async with night.database.reading() as tx:
        assert [state.driver_id for state in await api.driver_states_since(tx, newest)] == [off]


async def test_waiting_calls_come_longest_first(night: Night) -> None:
    first = await night.request()
    night.later(seconds=10)
    second = await night.request()
    async with night.database.reading() as tx:
        assert [one.call_id for one in await api.waiting(tx)] == [first.id, second.id]
        assert [one.call_id for one in await api.waiting(tx, limit=1)] == [first.id]


async def test_another_companys_commands_find_nothing(night: Night) -> None:
    async with night.transaction() as tx:
        other = replace(night, company=await make_company(tx, night.ids, "dalbit"))
    (call, driver), waiting = await night.assigned(), await night.request()
    foreign = await other.driver()
    await night.list_for(waiting.id, driver, foreign)
    for attempt in (
        other.cancel(call.id),
        other.release(call.id),
        other.complete(call.id, driver),
        other.take(waiting.id, foreign),
    ):
        with pytest.raises(CallNotFound):
            await attempt
    assert await other.offers_of(call.id) == []
    async with night.database.reading() as tx:
        assert await api.open_list(tx, foreign) == []
    assert (await night.get(call.id)).state is State.ASSIGNED


@pytest.mark.rule("I-041")
async def test_the_database_itself_refuses_a_second_engagement(night: Night) -> None:
    call, driver = await night.assigned()
    other, free = await night.request(), await night.driver()
    insert = "INSERT INTO engagements (driver_id, slot, company_id, call_id, since) VALUES ($1, 'now', $2, $3, $4)"
    for who, what in ((driver, other.id), (free, call.id)):
        with pytest.raises(asyncpg.UniqueViolationError):
            async with night.transaction() as tx:
                await tx.execute(insert, who, night.company, what, night.clock.now())


async def test_overlaps_are_counted(night: Night) -> None:
    """The count that every other test trusts to be 0 is not blind."""
    call, driver = await night.assigned()
    begun = night.clock.now()
    night.later(minutes=10)
    await night.cancel(call.id)
    assert await night.overlaps() == 0
    insert = (
        "INSERT INTO past_engagements (company_id, call_id, driver_id, slot, since, until)"
        " VALUES ($1, $2, $3, 'now', $4, $5)"
    )
    minutes = [timedelta(minutes=count) for count in (10, 12, 3, 5)]
    async with night.transaction() as tx:
        other_call, other_driver = night.ids.new(), night.ids.new()
        await tx.execute(insert, night.company, other_call, driver, begun + minutes[0], begun + minutes[1])
        assert await api.count_overlaps(tx, night.company) == 0
        await tx.execute(insert, night.company, night.ids.new(), driver, begun + minutes[2], begun + minutes[3])
        assert await api.count_overlaps(tx, night.company) == 1
        await tx.execute(insert, night.company, call.id, other_driver, begun + minutes[2], begun + minutes[3])
        assert await api.count_overlaps(tx, night.company) == 2
