"""Requests, lists, timelines and tracks on the real rows."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from tests.dispatch.factories import GANGNAM, JAMSIL, Night, make_company, request_for

from daeri.adapters.bus.memory import MemoryBus
from daeri.calls import api
from daeri.calls.model import CallFilter, CallNotFound, Change, Kind, State, Tag
from daeri.calls.request_model import OrdererMissing, TooManyOpenCalls
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Option, Payment, Service, Source, Timing


@pytest.fixture
async def partner(night: Night) -> CompanyId:
    async with night.transaction() as tx:
        return await make_company(tx, night.ids, "dalbit")


@pytest.mark.rule("R-001")
async def test_a_partners_order_needs_its_orderer_and_an_own_call_its_own(night: Night, partner: CompanyId) -> None:
    for source, orderer in (
        (Source.OWN, partner),
        (Source.AFFILIATE, night.company),
        (Source.PHONE, night.company),
    ):
        with pytest.raises(OrdererMissing) as refusal:
            await night.request(source=source, orderer_id=orderer)
        assert refusal.value.facts == {"source": source}


async def test_a_customer_has_no_more_calls_under_way_than_the_limit(night: Night) -> None:
    customer = await night.customer()
    wanted = night.clock.now() + timedelta(hours=2)
    reserved = await night.request(customer, most_open=2, reserved_for=wanted, dispatch_at=wanted)
    await night.request(customer, most_open=2)
    with pytest.raises(TooManyOpenCalls) as refusal:
        await night.request(customer, most_open=2)
    assert refusal.value.facts == {"most": 2}
    await night.request(most_open=2)  # somebody else
    await night.cancel(reserved.id, customer)
    await night.request(customer, most_open=2)


async def test_the_limit_is_no_partners_business(night: Night, partner: CompanyId) -> None:
    customer = await night.customer()
    for _ in range(2):
        await night.request(customer, most_open=1, source=Source.PHONE, orderer_id=partner)


async def test_requests_at_once_count_each_other(crowd: Night) -> None:
    for _ in range(10):
        customer = await crowd.customer()
        answers = await asyncio.gather(
            *(crowd.request(customer, most_open=2) for _ in range(4)), return_exceptions=True
        )
        assert sorted(type(answer).__name__ for answer in answers) == [*["Call"] * 2, *["TooManyOpenCalls"] * 2]


@pytest.mark.rule("R-001")
async def test_the_database_itself_holds_source_and_orderer_together(night: Night, partner: CompanyId) -> None:
    call = await night.request()
    with pytest.raises(asyncpg.CheckViolationError):
        async with night.transaction() as tx:
            await tx.execute("UPDATE calls SET orderer_id = $2 WHERE id = $1", call.id, partner)


@pytest.mark.rule("R-001", "R-012")
async def test_one_partner_orders_in_both_grades(night: Night, partner: CompanyId) -> None:
    for source, kind in ((Source.AFFILIATE, Kind.AFFILIATE), (Source.PHONE, Kind.PHONE)):
        call = await night.get((await night.request(source=source, orderer_id=partner)).id)
        assert (call.source, call.orderer_id, api.label(call).kind) == (source, partner, kind)


@pytest.mark.rule("R-002", "R-003")
async def test_each_service_and_reservation_is_kept_and_found_by_its_type(night: Night) -> None:
    made = {service: await night.request(service=service) for service in Service}
    reserved = await night.reserve()
    async with night.database.reading() as tx:
        for service in (Service.VIP, Service.TAILORED, Service.DELIVERY):
            page = await api.search(tx, CallFilter(night.company, services=[service]))
            assert [call.id for call in page.calls] == [made[service].id]
            assert api.label(page.calls[0]).tags == (Tag(service),)
        page = await api.search(tx, CallFilter(night.company, states=[State.RESERVED]))
    assert [call.id for call in page.calls] == [reserved.id]
    assert (reserved.timing, api.label(reserved).tags) == (Timing.RESERVED, (Tag.RESERVED,))


@pytest.mark.rule("R-005")
async def test_every_option_via_and_word_is_kept(night: Night) -> None:
    asked = await night.request(
        options=tuple(Option), vias=(JAMSIL, GANGNAM), payment=Payment.CASH, note="정문 앞 '은색' 차 \\ 100%"
    )
    call = await night.get(asked.id)
    assert call == asked
    assert (call.options, call.vias, call.payment) == (tuple(Option), (JAMSIL, GANGNAM), Payment.CASH)
    assert call.note == "정문 앞 '은색' 차 \\ 100%"


async def test_the_timeline_tells_everything_in_order(night: Night) -> None:
    call, driver = await night.in_state(State.DRIVING)
    assert driver is not None
    await night.complete(call.id, driver)
    async with night.database.reading() as tx:
        timeline = await api.timeline(tx, night.company, call.id)
        of_others = await api.timeline(tx, CompanyId(night.ids.new()), call.id)
    assert [event.kind for event in timeline] == [
        "call.requested",
        "call.assigned",
        "call.arrived",
        "call.started",
        "call.completed",
    ]
    assert [event.version for event in timeline] == [1, 2, 3, 4, 5]
    assert [event.actor for event in timeline] == [
        Actor(ActorKind.CUSTOMER, call.customer_id),
        *[Actor(ActorKind.DRIVER, driver)] * 4,
    ]
    assert timeline[-1].data["fare"] == 25_000
    assert of_others == []


async def test_an_event_keeps_its_cause(night: Night) -> None:
    call, cause = await night.request(), night.ids.new()
    async with night.transaction() as tx:
        change = Change(SYSTEM, "ordered_twice", cause)
        await api.cancel(tx, call.id, night.company, change, now=night.clock.now(), ids=night.ids)
        (_, last) = await api.timeline(tx, night.company, call.id)
    assert (last.cause, last.actor, last.data["reason"]) == (cause, SYSTEM, "ordered_twice")


async def test_a_refused_command_leaves_neither_row_nor_event_nor_hint(night: Night, bus: MemoryBus) -> None:
    heard: list[str] = []
    bus.listen(api.TOPIC, lambda topic, _message: heard.append(topic))

    async def request_and_fail() -> None:
        async with night.transaction() as tx:
            command = request_for(night.company, None, night.clock)
            await api.request(tx, command, SYSTEM, now=night.clock.now(), ids=night.ids)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await request_and_fail()
    async with night.database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM calls") == 0
        assert await tx.value("SELECT count(*) FROM events WHERE aggregate = 'call'") == 0
    assert heard == []
    call = await night.request()
    assert heard == [f"call.{call.id}"]


async def test_calls_come_due_at_their_time_and_not_before(night: Night) -> None:
    soon, later = await night.reserve(timedelta(hours=1)), await night.reserve(timedelta(hours=3))
    async with night.database.reading() as tx:
        assert await api.next_due(tx) == soon.dispatch_at
    night.clock.advance_to(soon.dispatch_at - timedelta(microseconds=1))
    assert await night.come_due() == []
    night.clock.advance_to(soon.dispatch_at)
    (due,) = await night.come_due()
    assert (due.id, due.state, due.version) == (soon.id, State.REQUESTED, 2)
    assert (await night.get(later.id)).state is State.RESERVED
    assert await night.come_due() == []
    async with night.database.reading() as tx:
        assert await api.next_due(tx) == due.expires_at


async def test_nothing_is_due_in_an_empty_night(night: Night) -> None:
    async with night.database.reading() as tx:
        assert await api.next_due(tx) is None


async def test_another_companys_call_does_not_exist(night: Night, partner: CompanyId) -> None:
    call = await night.request()
    async with night.transaction() as tx:
        for attempt in (
            api.get(tx, partner, call.id),
            api.get_for_customer(tx, night.company, call.id, night.ids.new()),
            api.get_for_driver(tx, night.company, call.id, night.ids.new()),
            api.cancel(tx, call.id, partner, Change(SYSTEM), now=night.clock.now(), ids=night.ids),
        ):
            with pytest.raises(CallNotFound):
                await attempt
        assert await api.running(tx, partner) == []
        assert (await api.search(tx, CallFilter(partner))).calls == []
        assert await api.count_by_state(tx, partner, ended_since=night.clock.now()) == {}
        assert await api.track(tx, partner, call.id) == b""
    assert await night.get(call.id) == call


async def test_pages_hold_every_call_once_newest_first(night: Night) -> None:
    customer = await night.customer()
    made = []
    for _ in range(7):
        night.later(seconds=1)
        made.append((await night.request(customer)).id)
    await night.request()
    seen: list[UUID] = []
    before: UUID | None = None
    async with night.database.reading() as tx:
        for size in (3, 3, 1):
            page = await api.of_customer(tx, customer, before=before, limit=3)
            assert len(page.calls) == size
            seen += [call.id for call in page.calls]
            before = page.next_before
    assert before is None
    assert seen == made[::-1]


async def test_a_full_last_page_has_no_next(night: Night) -> None:
    for _ in range(3):
        await night.request()
    async with night.database.reading() as tx:
        page = await api.search(tx, CallFilter(night.company), limit=3)
    assert (len(page.calls), page.next_before) == (3, None)


async def test_each_field_of_the_filter_narrows(night: Night) -> None:
    old = await night.request()
    night.later(minutes=5)
    taken, driver = await night.assigned()
    between = night.clock.now() - timedelta(minutes=1)
    async with night.database.reading() as tx:

        async def found(**fields: object) -> set[UUID]:
            return {call.id for call in (await api.search(tx, CallFilter(night.company, **fields))).calls}

        assert await found() == {old.id, taken.id}
        assert await found(number=old.number) == {old.id}
        assert await found(people=[driver]) == {taken.id}
        assert await found(people=[old.customer_id]) == {old.id}
        assert await found(people=[]) == set()
        assert await found(states=[State.ASSIGNED]) == {taken.id}
        assert await found(since=between) == {taken.id}
        assert await found(until=between) == {old.id}
        assert await found(until=between, states=[State.ASSIGNED]) == set()


async def test_counts_and_running_leave_old_endings_out(night: Night) -> None:
    old, _ = await night.in_state(State.COMPLETED)
    night.later(hours=1)
    waiting, (taken, _) = await night.request(), await night.assigned()
    await night.cancel((await night.request()).id)
    async with night.database.reading() as tx:
        counts = await api.count_by_state(tx, night.company, ended_since=night.clock.now())
        running = await api.running(tx, night.company)
        many = await api.get_many(tx, [old.id, waiting.id, night.ids.new()])
    assert counts == {State.REQUESTED: 1, State.ASSIGNED: 1, State.CANCELLED_BEFORE_ASSIGNMENT: 1}
    assert {call.id for call in running} == {waiting.id, taken.id}
    assert {call.id for call in many} == {old.id, waiting.id}


async def test_a_track_is_kept_in_the_order_of_its_chunks(night: Night) -> None:
    (call, _), (other, _) = await night.assigned(), await night.assigned()
    now = night.clock.now()
    async with night.transaction() as tx:
        await api.append_track(tx, [])
        await api.append_track(tx, [(call.id, now, b"a" * 20), (other.id, now, b"x" * 20), (call.id, now, b"b" * 40)])
    async with night.transaction() as tx:
        await api.append_track(tx, [(call.id, now, b"c" * 20)])
        assert await api.track(tx, night.company, call.id) == b"a" * 20 + b"b" * 40 + b"c" * 20
        assert await api.track(tx, night.company, other.id) == b"x" * 20
