"""Requests over HTTP: every option of R-005, plans, corrections, progress and receipts, and every wrong wish."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.web.api.running import JAMSIL, SEOUL, TRIP, Person, Running, refused

from daeri.bootstrap import Program
from daeri.customers import api as customers
from daeri.customers.model import CarDetails, CustomerLimits, Payer
from daeri.dispatch.model import Decision
from daeri.dispatch.plan import Outcome
from daeri.kernel.ids import CallId, CompanyId, CustomerId
from daeri.kernel.terms import SYSTEM, Service
from daeri.policies import api as policies
from daeri.policies.model import DispatchPolicy, ReservationPolicy, Scope
from daeri.pricing.model import FarePlan, WaitingPolicy
from daeri.pricing.plan_model import FarePlanPolicy

RIDERS = [
    {"phone": "010-0000-1001", "name": "이수민", "car": {"plate": "12 가 3456"}},
    {"phone": "010-0000-1002", "name": "박서준"},
    {"phone": "+821000001003"},
]
NOBODY = "00000000-0000-7000-8000-000000000000"
CAR = {"plate": "34나5678", "model": "은색 세단", "transmission": "manual", "note": "지하 2층"}


@pytest.fixture
def company(running: Running) -> CompanyId:
    """Where nobody but the test waits for drivers: how short they are is part of every fare."""
    return running.company()


@pytest.fixture
def customer(running: Running, company: CompanyId) -> Person:
    return running.customer(company)


def requested(person: Person, **more: Any) -> dict[str, Any]:
    answer = person.command("/calls", {**TRIP, **more})
    assert answer.status_code == 201, answer.text
    call: dict[str, Any] = answer.json()
    return call


def quoted(person: Person, **more: Any) -> dict[str, Any]:
    answer = person.http.post("/quotes", json={**TRIP, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def business(running: Running, company: CompanyId, member: Person | None, payer: Payer = Payer.COMPANY) -> str:
    """A new business account of the company, with that member."""

    async def work(program: Program) -> str:
        now, ids = program.parts.clock.now(), program.parts.ids
        async with program.parts.database.transaction() as tx:
            name = f"한빛상사 {uuid4().hex[:8]}"
            made = await customers.open_business(tx, company, name, payer, SYSTEM, now=now, ids=ids)
            if member is not None:
                whose = CustomerId(member.id)
                await customers.add_member(tx, company, made.id, whose, SYSTEM, now=now, ids=ids)
        return str(made.id)

    return running.ask(work)


def own_car(running: Running, person: Person) -> str:
    async def work(program: Program) -> str:
        now, ids = program.parts.clock.now(), program.parts.ids
        async with program.parts.database.transaction() as tx:
            details = CarDetails("56다7890", "검은 차")
            whose = CustomerId(person.id)
            limits = CustomerLimits()
            return str((await customers.add_car(tx, whose, person.company, details, limits, now=now, ids=ids)).id)

    return running.ask(work)


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.mark.rule("R-005")
def test_several_cars_are_a_call_each(running: Running) -> None:
    customer = running.customer()
    first = requested(customer, options=["multi"], riders=RIDERS, car=CAR)
    assert first["group"]["size"] == 3
    assert first["group"]["calls"][0]["id"] == first["id"]
    calls = [customer.get(f"/calls/{member['id']}").json() for member in first["group"]["calls"]]
    assert [call["rider"] for call in calls] == [
        {"name": "이수민", "phone_masked": "010-****-1001"},
        {"name": "박서준", "phone_masked": "010-****-1002"},
        {"name": "", "phone_masked": "010-****-1003"},
    ]
    assert [call["car"]["plate"] for call in calls] == ["12가3456", "34나5678", "34나5678"]
    assert {call["group"]["id"] for call in calls} == {first["group"]["id"]}
    assert all("multi" in call["label"]["tags"] for call in calls)
    assert len(customer.get("/calls").json()["items"]) == 3


@pytest.mark.rule("R-005")
def test_one_command_for_several_cars_repeated_calls_them_once(running: Running) -> None:
    customer, key = running.customer(), uuid4().hex
    body = {**TRIP, "options": ["multi"], "riders": RIDERS}
    answers = [customer.command("/calls", body, key=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(customer.get("/calls").json()["items"]) == 3


@pytest.mark.rule("R-005")
def test_for_another_reserved_via_and_business_stand_on_the_call(running: Running) -> None:
    customer = running.customer()
    account = business(running, running.ours, customer)
    call = requested(
        customer,
        options=["for_another", "business"],
        riders=RIDERS[:1],
        vias=[JAMSIL],
        destination=SEOUL,
        reserved_for=tomorrow(),
        business_account_id=account,
        payment="cash",
    )
    assert set(call["label"]["tags"]) == {"reserved", "for_another", "business", "via"}
    assert (call["state"], call["rider"]["phone_masked"]) == ("reserved", "010-****-1001")
    assert (call["business"]["id"], call["business"]["payer"], call["payment"]) == (account, "company", "card")
    assert call["can"] == ["cancel", "correct_rider"]


@pytest.mark.rule("R-005")
def test_the_member_pays_where_the_accounts_setting_says_so(running: Running) -> None:
    customer = running.customer()
    account = business(running, running.ours, customer, Payer.CUSTOMER)
    call = requested(customer, options=["business"], business_account_id=account, payment="cash")
    assert (call["business"]["payer"], call["payment"]) == ("customer", "cash")


@pytest.mark.rule("R-003", "R-005")
def test_a_vehicle_is_delivered_to_its_receiver(running: Running) -> None:
    customer = running.customer()
    call = requested(customer, service="delivery", car_id=own_car(running, customer), riders=RIDERS[1:2])
    assert (call["service"], call["car"]["plate"], call["rider"]["name"]) == ("delivery", "56다7890", "박서준")
    assert "delivery" in call["label"]["tags"]


MANY_VIAS = [{**JAMSIL, "lat": 37.5 + n / 1_000} for n in range(30)]
MANY_RIDERS = [{"phone": f"010-0000-{n:04}"} for n in range(20)]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"destination": SEOUL}, 422, "round_trip_needs_via"),
        ({"vias": MANY_VIAS}, 422, "too_many_vias"),
        ({"reserved_for": "2020-01-01T00:00:00Z"}, 422, "reserved_in_the_past"),
        ({"fare_amount": 0}, 422, "fare_out_of_range"),
        ({"fare_amount": -1}, 422, "fare_out_of_range"),
        ({"fare_amount": 10**12}, 422, "fare_out_of_range"),
        ({"fare_plan": "typed"}, 422, "fare_not_typed"),
        ({"fare_plan": "meter"}, 422, "fare_plan_not_offered"),
        ({"fare_plan": "recommended", "fare_amount": 5_001}, 409, "fare_moved"),
        ({"note": "🚗" * 201}, 422, "note_too_long"),
        ({"note": "a" * 10_240}, 422, "note_too_long"),
        ({"options": ["multi"], "riders": RIDERS[:1]}, 422, "riders_mismatch"),
        ({"options": ["multi"], "riders": MANY_RIDERS}, 422, "riders_mismatch"),
        ({"options": ["multi"]}, 422, "riders_mismatch"),
        ({"options": ["multi"], "riders": [RIDERS[0], RIDERS[0]]}, 422, "rider_phone_repeated"),
        ({"options": ["for_another"], "riders": RIDERS[:2]}, 422, "riders_mismatch"),
        ({"options": ["for_another"], "riders": [{"phone": "no number"}]}, 422, "rider_phone_invalid"),
        ({"options": ["for_another", "multi"], "riders": RIDERS}, 422, "options_exclude"),
        ({"riders": RIDERS[:1]}, 422, "riders_unexpected"),
        ({"service": "delivery"}, 422, "delivery_needs_car"),
        ({"car": {"plate": "no plate"}}, 422, "plate_invalid"),
        ({"car_id": NOBODY}, 404, "car_not_found"),
        ({"car": CAR, "car_id": NOBODY}, 422, "car_twice"),
        ({"options": ["business"]}, 422, "business_needs_account"),
        ({"options": ["business"], "business_account_id": NOBODY}, 404, "business_account_not_found"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_wrong_wish_has_its_own_answer_and_leaves_nothing(
    more: dict[str, Any], status: int, code: str, running: Running, customer: Person
) -> None:
    before = running.rows()
    for accept in ("ko", "en"):
        refused(customer.command("/calls", {**TRIP, **more}, **{"accept-language": accept}), status, code)
    assert running.rows() == before


def test_words_in_any_script_are_kept_as_they_are(running: Running) -> None:
    note = "🚗 은색 차, 지하 2층 \\ '정문' 100% 👨‍👩‍👧"
    assert requested(running.customer(), note=note)["note"] == note


@pytest.mark.rule("R-005")
def test_nobody_calls_on_an_account_that_is_not_theirs(running: Running) -> None:
    customer = running.customer()
    of_others = business(running, running.ours, running.customer())
    stranger = running.customer(running.theirs)
    of_another_company = business(running, running.theirs, stranger)
    for account in (of_others, of_another_company):
        body = {**TRIP, "options": ["business"], "business_account_id": account}
        refused(customer.command("/calls", body), 404, "business_account_not_found")


def test_nobody_is_driven_in_a_car_that_is_not_theirs(running: Running) -> None:
    car = own_car(running, running.customer())
    refused(running.customer().command("/calls", {**TRIP, "car_id": car}), 404, "car_not_found")


@pytest.mark.rule("R-054", "R-055")
def test_a_quote_has_the_plans_side_by_side_and_the_way(customer: Person) -> None:
    quote = quoted(customer)
    plans = {plan["plan"]: plan for plan in quote["plans"]}
    assert list(plans) == ["recommended", "calculator", "typed"]
    assert plans["calculator"]["amount"] == plans["recommended"]["amount"] == quote["amount"]
    assert (plans["typed"]["amount"], plans["recommended"]["is_default"]) == (None, True)
    assert (
        quote["typed"]["floor_won"] < quote["typed"]["low_below_won"] < quote["amount"] < quote["typed"]["ceiling_won"]
    )
    assert quote["route"] == [[SEOUL["lat"], SEOUL["lon"]], [JAMSIL["lat"], JAMSIL["lon"]]]
    assert quote["shortage"] == "none"
    assert sum(line["amount"] for line in quote["lines"]) == quote["amount"]


def test_a_quote_for_later_is_at_the_fare_of_that_hour(customer: Person) -> None:
    noon = (datetime.now(UTC) + timedelta(days=2)).replace(hour=3, minute=0)
    midnight = noon.replace(hour=15)
    by_day, by_night = (quoted(customer, reserved_for=at.isoformat()) for at in (noon, midnight))
    assert by_day["amount"] < by_night["amount"]
    agreed = {"fare_plan": "recommended", "fare_amount": by_night["amount"]}
    call = requested(customer, reserved_for=midnight.isoformat(), **agreed)
    assert call["fare"]["amount"] == by_night["amount"]


def test_a_round_trip_is_quoted_only_with_a_stop_and_back_to_its_origin(customer: Person) -> None:
    for wrong, code in (
        ({**TRIP, "round_trip": True}, "round_trip_ends_elsewhere"),
        ({"origin": SEOUL, "destination": SEOUL, "round_trip": True}, "round_trip_needs_via"),
        ({"origin": SEOUL, "destination": SEOUL}, "round_trip_needs_via"),
    ):
        refused(customer.http.post("/quotes", json=wrong), 422, code)
    assert quoted(customer, destination=SEOUL, vias=[JAMSIL], round_trip=True)["distance_m"] > 0


@pytest.mark.rule("R-055")
@pytest.mark.parametrize("plan", ["recommended", "calculator", "typed"])
def test_a_call_keeps_the_plan_that_was_chosen(plan: str, customer: Person) -> None:
    quote = quoted(customer)
    amount = quote["typed"]["low_below_won"] if plan == "typed" else quote["amount"]
    call = requested(customer, fare_plan=plan, fare_amount=amount)
    assert (call["fare"]["plan"], call["fare"]["amount"], call["fare_amount"]) == (plan, amount, amount)
    assert sum(line["amount"] for line in call["fare"]["lines"]) == amount
    assert (call["route_m"], call["route_s"]) == (quote["distance_m"], quote["duration_s"])


def test_an_old_clients_request_still_means_what_it_meant(running: Running) -> None:
    plain, typed = requested(running.customer()), requested(running.customer(), fare_amount=20_000)
    assert (plain["fare_plan"], typed["fare_plan"], typed["fare_amount"]) == ("calculator", "typed", 20_000)


def test_by_meter_nobody_knows_the_fare_before_the_end(running: Running, company: CompanyId, customer: Person) -> None:
    async def offer_meter(program: Program) -> None:
        now = program.parts.clock.now()
        async with program.parts.database.transaction() as tx:
            policy = FarePlanPolicy(has_meter=True, default_plan=FarePlan.METER)
            await policies.write(tx, company, policy, now=now, ids=program.parts.ids, scope=Scope())
        async with program.parts.database.transaction() as tx:
            await program.context.shelf.refresh(tx)

    running.ask(offer_meter)
    meter = quoted(customer)["plans"][-1]
    assert (meter["plan"], meter["amount"], meter["is_default"]) == ("meter", None, True)
    call = requested(customer, fare_plan="meter")
    assert (call["fare"]["amount"], call["fare"]["estimate"], call["fare_plan"]) == (None, call["fare_amount"], "meter")


def test_a_quote_tells_the_rules_before_anything_is_asked_for(
    running: Running, company: CompanyId, customer: Person
) -> None:
    async def change_rules(program: Program) -> None:
        now, ids = program.parts.clock.now(), program.parts.ids
        async with program.parts.database.transaction() as tx:
            for policy in (
                ReservationPolicy(min_minutes_ahead=55, max_days_ahead=9),
                WaitingPolicy(free_min=7, per_min_won=300, no_show_after_min=12, no_show_fee_won=8_000),
            ):
                await policies.write(tx, company, policy, now=now, ids=ids, scope=Scope(service=Service.DELIVERY))
        async with program.parts.database.transaction() as tx:
            await program.context.shelf.refresh(tx)

    assert quoted(customer)["reservation"] == {"min_minutes_ahead": 40, "max_days_ahead": 14}
    running.ask(change_rules)
    found = quoted(customer, service="delivery")
    assert found["reservation"] == {"min_minutes_ahead": 55, "max_days_ahead": 9}
    assert found["waiting"] == {
        "free_min": 7,
        "per_min_won": 300,
        "no_show_after_min": 12,
        "no_show_fee_won": 8_000,
    }


@pytest.mark.rule("R-056")
def test_a_waiting_call_is_raised_and_goes_on_waiting(running: Running, customer: Person) -> None:
    call = requested(customer)
    floor, higher = quoted(customer)["typed"]["floor_won"], call["fare_amount"] + 5_000
    for body, code in (
        ({"plan": "typed", "amount": floor - 1}, "fare_out_of_range"),
        ({"plan": "typed"}, "fare_not_typed"),
        ({"plan": "meter"}, "fare_plan_not_offered"),
    ):
        refused(customer.command(f"/calls/{call['id']}/fare", body), 422, code)
    changed = customer.command(f"/calls/{call['id']}/fare", {"plan": "typed", "amount": higher}).json()
    assert (changed["state"], changed["fare"]["plan"], changed["fare"]["amount"]) == ("requested", "typed", higher)
    assert changed["can"] == ["cancel", "change_fare"]
    stranger = running.customer(customer.company)
    refused(stranger.command(f"/calls/{call['id']}/fare", {"plan": "calculator"}), 404, "call_not_found")


def test_an_assigned_calls_fare_stands(running: Running) -> None:
    customer, driver = running.customer(), running.driver()
    call_id, offer_id = running.offered(customer, driver)
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    problem = refused(customer.command(f"/calls/{call_id}/fare", {"plan": "recommended"}), 409, "fare_fixed")
    assert problem["facts"] == {"state": "assigned"}
    assert customer.get(f"/calls/{call_id}").json()["can"] == ["cancel_warned", "never_meet"]


@pytest.mark.rule("R-059", "R-060")
def test_who_wanted_to_cancel_before_assignment_does_not_after_it(running: Running) -> None:
    customer, driver = running.customer(), running.driver()
    call_id, offer_id = running.offered(customer, driver)
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    only = {"unassigned_only": True}
    refused(customer.command(f"/calls/{call_id}/cancel", only), 409, "call_assigned")
    assert customer.get(f"/calls/{call_id}").json()["state"] == "assigned"
    assert customer.get("/customer/cancellations").json()["count"] == 0
    other = running.customer()
    waiting = requested(other)
    assert other.command(f"/calls/{waiting['id']}/cancel", only).json()["state"] == "cancelled_before_assignment"
    assert customer.command(f"/calls/{call_id}/cancel", {}).json()["state"] == "cancelled_after_assignment"


@pytest.mark.rule("I-058")
def test_only_the_caller_corrects_a_riders_number(running: Running, staff: Person) -> None:
    customer = running.customer()
    call = requested(customer, options=["for_another"], riders=[{"phone": "010-0000-7771", "name": "이수민"}])
    path, body = f"/calls/{call['id']}/rider", {"phone": "010-0000-7772"}
    for stranger in (running.customer(), running.customer(running.theirs)):
        refused(stranger.command(path, body), 404, "call_not_found")
    refused(customer.command(path, {"phone": "no number"}), 422, "rider_phone_invalid")
    answer = customer.command(path, body)
    assert answer.json()["rider"] == {"name": "이수민", "phone_masked": "010-****-7772"}
    assert "00007772" not in answer.text.replace("-", "")
    timeline = staff.get(f"/console/calls/{call['id']}").text
    assert "call.rider_corrected" in timeline
    assert "7771" not in timeline.replace("****-7771", "")
    plain = requested(customer)
    assert refused(customer.command(f"/calls/{plain['id']}/rider", body), 409, "rider_fixed")["facts"] == {
        "reason": "no_rider"
    }
    customer.command(f"/calls/{call['id']}/cancel", {})
    assert refused(customer.command(path, body), 409, "rider_fixed")["facts"] == {"reason": "ended"}


@pytest.mark.rule("I-058")
def test_staff_find_a_call_by_its_riders_number(running: Running, staff: Person) -> None:
    call = requested(running.customer(), options=["for_another"], riders=[{"phone": "010-0000-8642"}])
    for text in ("010-0000-8642", "8642"):
        found = staff.get("/console/calls", params={"q": text}).json()["items"]
        assert [row["id"] for row in found] == [call["id"]]
    elsewhere = running.staff(running.theirs)
    assert elsewhere.get("/console/calls", params={"q": "8642"}).json()["items"] == []


@pytest.mark.rule("R-005")
def test_staff_see_every_option_on_the_call(running: Running, staff: Person) -> None:
    customer = running.customer()
    account = business(running, running.ours, customer)
    first = requested(
        customer,
        options=["multi", "business"],
        riders=RIDERS[:2],
        business_account_id=account,
        service="delivery",
        car=CAR,
    )
    page = staff.get(f"/console/calls/{first['id']}").json()
    assert (page["rider"], page["car"]) == ("이수민 · 010-****-1001", "12가3456")
    assert (page["business"], page["payer"]) == (first["business"]["name"], "company")
    assert [other["id"] for other in page["group"]] == [first["group"]["calls"][1]["id"]]
    assert page["fare_plan"] == "calculator"


@pytest.mark.rule("R-052", "R-056", "I-038")
def test_progress_tells_what_the_rows_say(running: Running, company: CompanyId, customer: Person) -> None:
    driver = running.driver(company)
    call = requested(customer)
    path = f"/calls/{call['id']}/progress"
    fresh = customer.get(path).json()
    assert (fresh["asked"], fresh["nearest_m"], fresh["expected_s"], fresh["reason"], fresh["raise"]) == (
        0,
        None,
        None,
        None,
        None,
    )
    assert fresh["shortage"] == {"level": "none", "reason": None}
    assert driver.command("/driver/duty", {"on": True}).status_code == 200
    running.offer(call["id"], driver)
    asked = customer.get(path).json()
    assert (asked["asked"], asked["expected_s"]) == (1, 150)
    _decide(running, company, call["id"], Outcome.ALL_BUSY)
    unmet = customer.get(path).json()
    assert (unmet["reason"], unmet["is_fare_low"], unmet["nearest_m"]) == ("all_busy", False, None)
    assert unmet["raise"] is None  # the first radius is still being searched
    _wait(running, call["id"], DispatchPolicy().radius_step_every_s + 1)
    unmet = customer.get(path).json()
    assert unmet["raise"]["amount"] > call["fare_amount"]
    raised = customer.command(f"/calls/{call['id']}/fare", unmet["raise"])
    assert raised.json()["fare"]["amount"] == unmet["raise"]["amount"]
    refused(running.customer(company).get(path), 404, "call_not_found")


def test_a_fare_that_keeps_drivers_away_is_said_to(running: Running, company: CompanyId, customer: Person) -> None:
    low = quoted(customer)["typed"]["floor_won"]
    call = requested(customer, fare_plan="typed", fare_amount=low)
    _decide(running, company, call["id"], Outcome.ALL_ASKED)
    told = customer.get(f"/calls/{call['id']}/progress").json()
    assert told["is_fare_low"]
    assert told["raise"] == {"plan": "recommended", "amount": quoted(customer)["amount"]}


def test_a_completed_drive_has_a_receipt_whose_lines_add_up(running: Running) -> None:
    customer, driver = running.customer(), running.driver()
    call_id, offer_id = running.offered(customer, driver)
    problem = refused(customer.get(f"/calls/{call_id}/receipt"), 409, "no_receipt")
    assert problem["facts"] == {"state": "requested"}
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    for verb in ("arrive", "start", "complete"):
        assert driver.command(f"/driver/calls/{call_id}/{verb}").status_code == 200
    call, receipt = customer.get(f"/calls/{call_id}").json(), customer.get(f"/calls/{call_id}/receipt").json()
    assert receipt["total"] == sum(line["amount"] for line in receipt["lines"]) == call["final_amount"]
    assert (receipt["number"], receipt["payment"], receipt["payer"]) == (call["number"], "cash", "customer")
    assert (receipt["driver_name"], receipt["distance_m"]) == ("김민준", call["route_m"])
    assert set(call["can"]) == {"rate", "never_meet", "lost_item", "request_again"}
    refused(running.customer().get(f"/calls/{call_id}/receipt"), 404, "call_not_found")


def _wait(running: Running, call_id: str, seconds: int) -> None:
    """As if it had been asked for so long ago."""

    async def work(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            earlier = "UPDATE calls SET dispatch_at = dispatch_at - make_interval(secs => $2) WHERE id = $1"
            await tx.execute(earlier, UUID(call_id), seconds)

    running.ask(work)


def _decide(running: Running, company: CompanyId, call_id: str, outcome: Outcome) -> None:
    """As the engine would have logged it."""

    async def work(program: Program) -> None:
        decision = Decision(
            call_id=CallId(UUID(call_id)),
            company_id=company,
            decided_at=program.parts.clock.now(),
            outcome=outcome,
            radius_m=1_500,
            beaten_by=None,
            considered=(),
            rest={},
            policy_version=0,
        )
        await running.night(company).apply(decisions=[decision])

    running.ask(work)
