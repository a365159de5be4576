"""The drive over HTTP, in stepped business time: waiting, no-show, vias, meter, cash; and what staff do to a call."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.web.api.running import JAMSIL, SEOUL, TRIP, Person, Running, refused

from daeri.accounts.model import Role
from daeri.calls import api as calls
from daeri.kernel.ids import CallId
from daeri.policies import api as policies
from daeri.pricing.model import Tariff, WaitingPolicy
from daeri.pricing.plan_model import FarePlanPolicy
from daeri.web.live.positions import pack

VIA = {"lat": 37.5045, "lon": 127.0490, "name": "선릉역"}
METERED = TRIP | {"fare_plan": "meter"}


def later(server: Running, **duration: float) -> None:
    async def step(program) -> None:
        program.parts.clock.advance_to(program.parts.clock.now() + timedelta(**duration))

    server.ask(step)


def assigned(server: Running, body: dict[str, Any] = TRIP) -> tuple[Person, Person, str]:
    """A customer, a driver, and the call that brings them together."""
    customer, driver = server.customer(), server.driver()
    assert driver.command("/driver/duty", {"on": True}).status_code == 200
    answer = customer.command("/calls", body)
    assert answer.status_code == 201, answer.text
    call_id = answer.json()["id"]
    accepted = driver.command(f"/driver/offers/{server.offer(call_id, driver)}/accept")
    assert accepted.status_code == 200, accepted.text
    return customer, driver, call_id


def do(person: Person, call_id: str, verb: str, body: Any = None) -> dict[str, Any]:
    answer = person.command(f"/driver/calls/{call_id}/{verb}", body)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


@pytest.fixture(scope="module")
def metered(replaying: Running) -> Running:
    """The server, whose company offers the meter and has no night."""

    async def write(program) -> None:
        parts = program.parts
        async with parts.database.transaction() as tx:
            for policy in (FarePlanPolicy(has_meter=True), Tariff(night_percent=0), WaitingPolicy()):
                await policies.write(tx, replaying.ours, policy, now=parts.clock.now(), ids=parts.ids)
        async with parts.database.reading() as tx:
            await parts.shelf.refresh(tx)

    replaying.ask(write)
    return replaying


def test_waiting_is_shown_and_added(metered: Running) -> None:
    customer, driver, call_id = assigned(metered)
    arrived = do(driver, call_id, "arrive")
    waiting = arrived["waiting"]
    assert (waiting["free_s"], waiting["since"], waiting["extra_won"]) == (600, arrived["arrived_at"], 0)
    assert customer.get(f"/calls/{call_id}").json()["waiting"] == waiting
    later(metered, minutes=12)
    assert do(driver, call_id, "start")["waiting"]["extra_won"] == 1_000
    ended = do(driver, call_id, "complete", {"cash_received": True})
    assert ended["final_amount"] == ended["fare_amount"] + 1_000
    assert ended["cash_received"] is True
    receipt = customer.get(f"/calls/{call_id}/receipt").json()
    assert {"kind": "waiting", "amount": 1_000} in receipt["lines"]
    assert sum(line["amount"] for line in receipt["lines"]) == receipt["total"] == ended["final_amount"]


@pytest.mark.rule("R-062")
def test_a_no_show_waits_for_its_time_and_counts_for_nobody(metered: Running) -> None:
    customer, driver, call_id = assigned(metered)
    refused(driver.command(f"/driver/calls/{call_id}/no-show"), 409, "not_waiting")
    do(driver, call_id, "arrive")
    later(metered, minutes=14)
    problem = refused(driver.command(f"/driver/calls/{call_id}/no-show"), 409, "no_show_too_early")
    assert problem["facts"] == {"left_s": 60}
    later(metered, minutes=1)
    ended = do(driver, call_id, "no-show")
    assert (ended["state"], ended["ended_by"], ended["end_reason"], ended["no_show_fee_won"]) == (
        "cancelled_after_assignment",
        "driver",
        "no_show",
        10_000,
    )
    assert customer.get("/customer/cancellations").json()["count"] == 0
    assert driver.get("/driver").json()["call"] is None


def test_vias_are_passed(metered: Running) -> None:
    _, driver, call_id = assigned(metered, TRIP | {"vias": [VIA]})
    do(driver, call_id, "arrive")
    refused(driver.command(f"/driver/calls/{call_id}/via", {"index": 0}), 409, "illegal_move")
    do(driver, call_id, "start")
    assert do(driver, call_id, "via", {"index": 0})["vias_reached"] == [0]
    assert do(driver, call_id, "via", {"index": 0})["vias_reached"] == [0]
    refused(driver.command(f"/driver/calls/{call_id}/via", {"index": 1}), 422, "via_unknown")
    for index in (-1, 10**12, "x", None):
        refused(driver.command(f"/driver/calls/{call_id}/via", {"index": index}), 400, "validation_failed")


def drive_north(server: Running, call_id: str, seconds: int) -> None:
    """Ten metres a second, a position every five seconds, written as the engine writes them."""

    async def write(program) -> None:
        start = program.parts.clock.now()
        records = [
            pack(start + timedelta(seconds=s), 37.4979 + 10 * s / 111_195, 127.0276, 5) for s in range(0, seconds, 5)
        ]
        async with program.parts.database.transaction() as tx:
            await calls.append_track(tx, [(CallId(UUID(call_id)), start, b"".join(records))])

    server.ask(write)
    later(server, seconds=seconds)


def test_a_metered_drive_costs_what_it_was(metered: Running) -> None:
    customer, driver, call_id = assigned(metered, METERED)
    refused(driver.get(f"/driver/calls/{call_id}/meter"), 404, "no_meter")
    do(driver, call_id, "arrive")
    do(driver, call_id, "start")
    drive_north(metered, call_id, 600)
    shown = driver.get(f"/driver/calls/{call_id}/meter").json()
    assert shown["distance_m"] == pytest.approx(5_950, abs=20)
    assert (shown["duration_s"], shown["gaps"], shown["is_trusted"]) == (600, [], True)
    assert shown["amount"] == 14_100  # 10,000 for 2 km, 3.95 km at 900, 10 minutes at 50
    ended = do(driver, call_id, "complete")
    assert ended["final_amount"] == 14_100
    receipt = customer.get(f"/calls/{call_id}/receipt").json()
    assert receipt["lines"] == [{"kind": "meter", "amount": 14_100}]


def test_a_lost_track_is_told_and_costs_the_estimate(metered: Running) -> None:
    _, driver, call_id = assigned(metered, METERED)
    do(driver, call_id, "arrive")
    do(driver, call_id, "start")
    drive_north(metered, call_id, 60)
    later(metered, seconds=540)
    shown = driver.get(f"/driver/calls/{call_id}/meter").json()
    (gap,) = shown["gaps"]
    assert gap["s"] == 545
    assert not shown["is_trusted"]
    ended = do(driver, call_id, "complete")
    assert ended["final_amount"] == shown["amount"] == ended["fare"]["estimate"]


def test_another_drivers_drive_is_nothing(metered: Running) -> None:
    _, _, call_id = assigned(metered)
    stranger = metered.driver()
    for verb, body in (("arrive", None), ("no-show", None), ("via", {"index": 0}), ("complete", {})):
        refused(stranger.command(f"/driver/calls/{call_id}/{verb}", body), 404, "call_not_found")
    refused(stranger.get(f"/driver/calls/{call_id}/meter"), 404, "call_not_found")


# Staff.


def status(person: Person, call_id: str, **body: Any) -> Any:
    return person.command(f"/console/calls/{call_id}/status", body)


@pytest.mark.rule("I-036")
def test_staff_take_a_call_through_its_life_with_reasons(metered: Running) -> None:
    customer, driver, staff = metered.customer(), metered.driver(), metered.staff()
    driver.command("/driver/duty", {"on": True})
    call_id = customer.command("/calls", TRIP).json()["id"]
    page = f"/console/calls/{call_id}"
    assert staff.get(page).json()["moves"] == ["assign", "cancel"]
    refused(status(staff, call_id, move="start", reason="왜냐하면"), 409, "illegal_move")
    refused(status(staff, call_id, move="assign", reason="왜냐하면"), 422, "driver_missing")
    refused(status(staff, call_id, move="assign", reason="  ", driver_id=str(driver.id)), 422, "reason_missing")
    refused(status(staff, call_id, move="assign", driver_id=str(driver.id)), 400, "validation_failed")
    given = staff.command(f"{page}/assign", {"driver_id": str(driver.id), "reason": "고객 요청"})
    assert given.json()["driver"]["id"] == str(driver.id)
    assert staff.get(page).json()["moves"] == ["release", "arrive", "cancel"]
    refused(status(staff, call_id, move="arrive", reason="전화 확인", driver_id=str(uuid4())), 409, "call_changed")
    for move, state in (("arrive", "arrived"), ("start", "driving"), ("complete", "completed")):
        answer = status(staff, call_id, move=move, reason=f"{move} 확인")
        assert answer.json()["state"] == state, answer.text
    timeline = staff.get(page).json()["timeline"]
    told = [(entry["actor_kind"], entry["reason"]) for entry in timeline if entry["kind"] == "call.completed"]
    assert told == [("staff", "complete 확인")]
    assert staff.get(page).json()["moves"] == []
    assert driver.get("/driver").json()["call"] is None


def test_a_call_is_released_with_a_reason_only(metered: Running) -> None:
    _, driver, call_id = assigned(metered)
    staff = metered.staff()
    refused(staff.command(f"/console/calls/{call_id}/release", {}), 400, "validation_failed")
    released = staff.command(f"/console/calls/{call_id}/release", {"reason": "너무 멀어요"})
    assert (released.json()["state"], released.json()["driver"]) == ("requested", None)
    assert driver.get("/driver").json()["call"] is None


def test_a_move_needs_its_own_permission(metered: Running) -> None:
    _, _, call_id = assigned(metered)
    agent = metered.staff(role=Role.SUPPORT_AGENT)
    assert agent.get(f"/console/calls/{call_id}").json()["moves"] == ["cancel"]
    for move in ("release", "arrive"):
        refused(status(agent, call_id, move=move, reason="왜냐하면"), 403, "not_permitted")
    assert status(agent, call_id, move="cancel", reason="고객 요청").json()["state"] == "cancelled_after_assignment"


def test_memos_stay_and_link_calls(metered: Running) -> None:
    staff, customer = metered.staff(), metered.customer()
    first, second = (customer.command("/calls", TRIP).json() for _ in range(2))
    path = f"/console/calls/{first['id']}/memos"
    written = staff.command(path, {"text": " 지갑을 두고 내림 ", "links": [second["number"].lower()]})
    assert written.status_code == 201, written.text
    memo = written.json()
    assert (memo["text"], memo["author"]["name"]) == ("지갑을 두고 내림", "관제")
    assert memo["links"] == [{"call_id": second["id"], "number": second["number"]}]
    assert staff.get(path).json()["items"] == [memo]
    assert staff.get(f"/console/calls/{second['id']}/memos").json()["items"] == [memo]
    theirs = metered.customer(metered.theirs).command("/calls", TRIP).json()["number"]
    for link, code in (
        (theirs, "memo_link_unknown"),
        ("XX", "memo_link_unknown"),
        (first["number"], "memo_links_itself"),
    ):
        refused(staff.command(path, {"text": "메모", "links": [link]}), 422, code)
    refused(staff.command(path, {"text": "   "}), 422, "memo_empty")
    refused(staff.command(path, {"text": "글" * 4_001}), 400, "validation_failed")
    outsider = metered.staff(metered.theirs)
    refused(outsider.get(path), 404, "call_not_found")
    refused(outsider.command(path, {"text": "메모"}), 404, "call_not_found")


@pytest.mark.rule("I-026", "R-109")
def test_the_fare_calculator_keeps_what_it_said(metered: Running) -> None:
    staff, customer = metered.staff(), metered.customer()
    call = customer.command("/calls", TRIP).json()
    path = f"/console/calls/{call['id']}/fare-calculations"
    trip = {"origin": SEOUL, "vias": [VIA], "destination": JAMSIL}
    answers = [staff.command(path, trip) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    first, second = (answer.json() for answer in answers)
    assert first["amount"] == second["amount"] > call["fare_amount"]
    assert sum(line["amount"] for line in first["lines"]) == first["amount"]
    assert (first["by"]["name"], first["vias"][0]["name"], first["service"]) == ("관제", "선릉역", "general")
    assert staff.get(path).json()["items"] == [first, second]
    vip = staff.command(path, trip | {"service": "vip"}).json()
    assert vip["amount"] > first["amount"]
    refused(staff.command(path, {"origin": SEOUL, "destination": SEOUL}), 422, "round_trip_needs_via")
    refused(staff.command(path, trip | {"vias": [VIA] * 15}), 422, "too_many_vias")
    refused(metered.staff(metered.theirs).command(path, trip), 404, "call_not_found")
