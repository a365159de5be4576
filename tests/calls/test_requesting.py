"""Groups, riders, cars, business accounts and changed fares on the real rows."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from tests.dispatch.factories import CALL_EXPIRY, Night, make_company, request_for

from daeri.calls import api
from daeri.calls.model import Business, Call, CallFilter, Change, FareFixed, Kind, Label, RiderFixed, State, Tag
from daeri.calls.request_model import NewFare, NewRider, RequestCall, RiderPhoneInvalid, TooManyOpenCalls
from daeri.customers import api as customers
from daeri.customers.model import CarDetails, Payer
from daeri.infra.keys import KeyRing, new_keys
from daeri.infra.phones import PhoneVault
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Option, Service, Source
from daeri.policies.model import Versioned
from daeri.pricing.model import FarePlan, Quote
from daeri.pricing.plan_model import FareOutOfRange, FarePlanPolicy, PlanTerms, ShortageLevel

QUOTE = Quote(amount=Won(25_000), distance_m=9_000, duration_s=1_200, exact=True, lines=(), tariff_version=0)
TERMS = PlanTerms(Versioned(FarePlanPolicy(), 0), 5_000, 1_000_000, 100)
STEPS = {State.ASSIGNED: (), State.ARRIVED: ("arrive",), State.DRIVING: ("arrive", "start")}
CAR = CarDetails("12가3456", "은색 세단", note="지하 2층")


@pytest.fixture
def vault() -> PhoneVault:
    return PhoneVault(KeyRing(new_keys()))


def rider(vault: PhoneVault, night: Night, number: str, name: str = "이수민") -> NewRider:
    return NewRider(name, api.rider_phone(vault, night.company, number))


async def request_group(night: Night, commands: Sequence[RequestCall]) -> list[Call]:
    actor = Actor(ActorKind.CUSTOMER, commands[0].customer_id)
    async with night.transaction() as tx:
        return await api.request_group(tx, commands, actor, now=night.clock.now(), ids=night.ids)


async def change_fare(
    night: Night, call: Call, plan: FarePlan, amount: int | None = None, level: ShortageLevel = ShortageLevel.NONE
) -> Call:
    wanted = NewFare(plan, amount, TERMS, level, CALL_EXPIRY)
    actor = Actor(ActorKind.CUSTOMER, call.customer_id)
    async with night.transaction() as tx:
        return await api.change_fare(tx, call.id, night.company, wanted, actor, now=night.clock.now(), ids=night.ids)


async def correct(night: Night, vault: PhoneVault, call: Call, number: str, name: str | None = None) -> Call:
    phone = api.rider_phone(vault, night.company, number)
    actor = Actor(ActorKind.CUSTOMER, call.customer_id)
    async with night.transaction() as tx:
        return await api.correct_rider(
            tx, call.id, night.company, phone, name=name, actor=actor, now=night.clock.now(), ids=night.ids
        )


async def found(night: Night, **wanted: object) -> list[UUID]:
    async with night.database.reading() as tx:
        page = await api.search(tx, CallFilter(night.company, **wanted))  # type: ignore[arg-type] -- a test's fields
    return [call.id for call in page.calls]


@pytest.mark.rule("R-005")
async def test_several_cars_are_as_many_calls_tied_together(night: Night, vault: PhoneVault) -> None:
    plain = replace(request_for(night.company, await night.customer(), night.clock), options=(Option.MULTI,))
    numbers = ("010-0000-1001", "010-0000-1002", "010-0000-1003")
    commands = [replace(plain, rider=rider(vault, night, number), car=CAR) for number in numbers]
    made = await request_group(night, commands)
    assert [call.rider.phone_masked for call in made if call.rider] == [f"010-****-{n[-4:]}" for n in numbers]
    assert len({call.number for call in made}) == len({call.id for call in made}) == 3
    await night.cancel(made[1].id, plain.customer_id)
    for call in made:
        group = (await night.get(call.id)).group
        assert group is not None
        assert (group.size, [member.id for member in group.members]) == (3, [call.id for call in made])
        assert [member.state for member in group.members] == [
            State.REQUESTED,
            State.CANCELLED_BEFORE_ASSIGNMENT,
            State.REQUESTED,
        ]


async def test_a_change_tells_the_group_as_it_then_stands(night: Night) -> None:
    plain = request_for(night.company, await night.customer(), night.clock)
    first, second = await request_group(night, [plain, plain])
    cancelled = await night.cancel(first.id, plain.customer_id)
    assert cancelled.group is not None
    assert {m.id: m.state for m in cancelled.group.members} == {
        first.id: State.CANCELLED_BEFORE_ASSIGNMENT,
        second.id: State.REQUESTED,
    }


@pytest.mark.rule("R-005")
async def test_of_too_many_cars_none_is_called(night: Night) -> None:
    customer = await night.customer()
    plain = replace(request_for(night.company, customer, night.clock), most_open=3)
    await night.request(customer, most_open=3)
    with pytest.raises(TooManyOpenCalls):
        await request_group(night, [plain] * 3)
    assert len(await found(night, people=[customer])) == 1
    assert len(await request_group(night, [plain] * 2)) == 2


@pytest.mark.rule("R-005")
async def test_car_rider_and_account_stay_with_the_call(night: Night, vault: PhoneVault) -> None:
    customer = CustomerId(await night.customer())
    now, ids = night.clock.now(), night.ids
    async with night.transaction() as tx:
        account = await customers.open_business(tx, night.company, "한빛상사", Payer.COMPANY, SYSTEM, now=now, ids=ids)
    business = Business(account.id, account.name, account.payer)
    call = await night.request(
        customer, car=CAR, business=business, rider=rider(vault, night, "010-0000-1001"), quote=QUOTE
    )
    assert await night.get(call.id) == call
    assert (call.car, call.business, call.quote) == (CAR, business, QUOTE)
    assert (call.route_m, call.route_s) == (9_000, 1_200)


@pytest.mark.rule("I-058")
async def test_a_riders_number_is_kept_sealed_and_found_by_its_whole_and_its_end(
    night: Night, vault: PhoneVault
) -> None:
    call = await night.request(rider=rider(vault, night, "010-0000-1234"))
    phone = vault.normalise("010-0000-1234")
    async with night.database.reading() as tx:
        row = await tx.row("SELECT * FROM calls WHERE id = $1", call.id)
    assert row is not None
    assert vault.open(row["rider_phone_sealed"]) == phone
    assert not [column for column, value in row.items() if "00001234" in str(value).replace("-", "")]
    assert await found(night, people=[], rider_hash=vault.whole_hash(night.company, phone)) == [call.id]
    assert await found(night, people=[], rider_hash=vault.last4_hash(night.company, "1234")) == [call.id]
    assert await found(night, people=[], rider_hash=vault.last4_hash(night.company, "4321")) == []


@pytest.mark.parametrize("text", ["", "abc", "010", "0", "🚗", "١٢٣"])
def test_what_is_no_number_is_refused_without_repeating_it(text: str, night: Night, vault: PhoneVault) -> None:
    with pytest.raises(RiderPhoneInvalid) as refused:
        api.rider_phone(vault, night.company, text, rider=2)
    assert refused.value.facts["rider"] == 2
    assert not text or text not in str(refused.value)


@pytest.mark.rule("I-058")
@pytest.mark.parametrize("state", [State.REQUESTED, State.ASSIGNED, State.ARRIVED, State.DRIVING])
async def test_a_wrong_number_is_corrected_until_the_end(state: State, night: Night, vault: PhoneVault) -> None:
    call = await night.request(rider=rider(vault, night, "010-0000-1001"))
    if state is not State.REQUESTED:
        driver = await night.driver()
        call = await night.accept((await night.offer(call.id, driver)).id, driver)
        for step in {State.ASSIGNED: (), State.ARRIVED: (night.arrive,), State.DRIVING: (night.arrive, night.start)}[
            state
        ]:
            call = await step(call.id, driver)
    changed = await correct(night, vault, call, "010-0000-2002")
    assert changed.rider is not None
    assert (changed.rider.name, changed.rider.phone_masked) == ("이수민", "010-****-2002")
    assert (changed.state, changed.version) == (state, call.version + 1)
    async with night.database.reading() as tx:
        last = (await api.timeline(tx, night.company, call.id))[-1]
    assert (last.kind, last.data) == (
        "call.rider_corrected",
        {"phone_before": "010-****-1001", "phone": "010-****-2002"},
    )
    named = await correct(night, vault, changed, "010-0000-2002", "박서준")
    assert named.rider is not None
    assert named.rider.name == "박서준"


@pytest.mark.rule("I-058")
async def test_there_is_nothing_to_correct_without_a_rider_or_after_the_end(night: Night, vault: PhoneVault) -> None:
    without = await night.request()
    with pytest.raises(RiderFixed) as refused:
        await correct(night, vault, without, "010-0000-2002")
    assert refused.value.facts == {"reason": "no_rider"}
    ended = await night.request(rider=rider(vault, night, "010-0000-1001"))
    await night.cancel(ended.id, ended.customer_id)
    with pytest.raises(RiderFixed) as refused:
        await correct(night, vault, ended, "010-0000-2002")
    assert refused.value.facts == {"reason": "ended"}


@pytest.mark.rule("R-056", "I-038")
async def test_a_waiting_calls_fare_is_changed_and_it_goes_on_waiting(night: Night) -> None:
    call = await night.request(quote=QUOTE)
    night.later(seconds=60)
    changed = await change_fare(night, call, FarePlan.RECOMMENDED, level=ShortageLevel.SHORT)
    assert (changed.fare.plan, changed.fare.amount) == (FarePlan.RECOMMENDED, 32_500)
    assert changed.expires_at == night.clock.now() + CALL_EXPIRY
    kept = replace(changed, fare=call.fare, version=call.version, expires_at=call.expires_at)
    assert kept == call
    async with night.database.reading() as tx:
        last = (await api.timeline(tx, night.company, call.id))[-1]
    assert (last.kind, last.actor.kind) == ("call.fare_changed", ActorKind.CUSTOMER)
    assert last.data == {
        "plan_before": "calculator",
        "amount_before": 25_000,
        "plan": "recommended",
        "amount": 32_500,
        "shortage": "short",
    }


@pytest.mark.rule("R-055")
@pytest.mark.parametrize("amount", [0, -1, 12_400, 125_100, 10**12])
async def test_a_fare_is_not_changed_to_what_may_not_be_typed(night: Night, amount: int) -> None:
    call = await night.request(quote=QUOTE)
    with pytest.raises(FareOutOfRange):
        await change_fare(night, call, FarePlan.TYPED, amount)
    assert await night.get(call.id) == call


@pytest.mark.parametrize("state", [state for state in State if state is not State.REQUESTED])
async def test_the_fare_stands_once_the_call_does_not_wait(night: Night, state: State) -> None:
    call, _ = await night.in_state(state)
    with pytest.raises(FareFixed) as refused:
        await change_fare(night, call, FarePlan.CALCULATOR)
    assert refused.value.facts == {"state": state}


@pytest.mark.rule("I-058")
async def test_a_correction_and_an_end_at_once_come_one_after_the_other(crowd: Night, vault: PhoneVault) -> None:
    seen = set()
    for turn in range(60):
        call = await crowd.request(rider=rider(vault, crowd, "010-0000-1001"))
        corrected, ended = await asyncio.gather(
            correct(crowd, vault, call, "010-0000-2002"),
            crowd.cancel(call.id, call.customer_id),
            return_exceptions=True,
        )
        assert isinstance(ended, Call)
        assert isinstance(corrected, Call) or (isinstance(corrected, DaeriError) and corrected.code == "rider_fixed")
        last = await crowd.get(call.id)
        assert last.rider is not None
        assert last.rider.phone_masked == ("010-****-2002" if isinstance(corrected, Call) else "010-****-1001")
        assert last.version == (3 if isinstance(corrected, Call) else 2)
        seen.add(type(corrected))
        if turn >= 15 and len(seen) == 2:
            return
    pytest.fail(f"only {seen}: nothing was raced")


async def test_what_a_drive_cost_is_what_was_agreed_unless_something_else_is_said(night: Night) -> None:
    for final, cost in ((None, 25_000), (Won(31_000), 31_000)):
        call, driver = await night.in_state(State.DRIVING)
        assert driver is not None
        assert call.final_amount is None
        night.clock.advance_to(night.clock.now() + timedelta(minutes=20))
        async with night.transaction() as tx:
            done = await api.complete(
                tx, call.id, night.company, driver, final_amount=final, now=night.clock.now(), ids=night.ids
            )
        assert done.final_amount == cost


@pytest.fixture
async def partner(night: Night) -> CompanyId:
    async with night.transaction() as tx:
        return await make_company(tx, night.ids, "dalbit")


@pytest.mark.rule("R-004")
async def test_a_partners_delivery_is_another_kind_than_an_own_one(night: Night, partner: CompanyId) -> None:
    own = await night.request(service=Service.DELIVERY, car=CAR)
    theirs = await night.request(service=Service.DELIVERY, car=CAR, source=Source.AFFILIATE, orderer_id=partner)
    assert api.label(own) == Label(Kind.OWN, (Tag.DELIVERY,))
    assert api.label(theirs) == Label(Kind.AFFILIATE, (Tag.DELIVERY,))


@pytest.mark.rule("I-037")
async def test_an_own_call_is_consigned_while_a_partner_performs_it_and_for_good_once_it_ends(
    night: Night, partner: CompanyId
) -> None:
    call, driver = await night.request(), await night.driver()
    assert api.label(await _assigned_to(night, call, driver, partner)).kind is Kind.CONSIGNED
    async with night.transaction() as tx:
        await api.release(
            tx, call.id, night.company, Change(SYSTEM), waits_for=timedelta(0), now=night.clock.now(), ids=night.ids
        )
    assert api.label(await night.get(call.id)).kind is Kind.OWN
    assert api.label(await _assigned_to(night, call, driver, night.company)).kind is Kind.OWN
    consigned = await _assigned_to(night, await night.request(), driver, partner)
    ended = await night.cancel(consigned.id, consigned.customer_id)
    assert api.label(ended).kind is Kind.CONSIGNED
    with pytest.raises(asyncpg.CheckViolationError):
        async with night.transaction() as tx:
            await tx.execute("UPDATE calls SET performer_id = $2 WHERE id = $1", ended.id, night.company)


@pytest.mark.rule("I-037")
async def test_a_partners_grade_is_fixed_at_intake(night: Night, partner: CompanyId) -> None:
    call = await night.request(source=Source.AFFILIATE, orderer_id=partner)
    with pytest.raises(asyncpg.CheckViolationError):
        async with night.transaction() as tx:
            await tx.execute("UPDATE calls SET source = 'phone' WHERE id = $1", call.id)
    assert (await night.get(call.id)).source is Source.AFFILIATE


async def _assigned_to(night: Night, call: Call, driver: DriverId, performer: CompanyId) -> Call:
    async with night.transaction() as tx:
        return await api.assign(
            tx, call.id, night.company, driver_id=driver, performer_id=performer, now=night.clock.now(), ids=night.ids
        )
