"""What customers and drivers do about one another, over HTTP: who may, what is answered, what nobody learns."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from tests.web.api.running import TRIP, Person, Running, refused

from daeri.accounts.model import Role
from daeri.policies import api as policies
from daeri.policies.model import CancellationPolicy


@pytest.fixture
def strict(running: Running) -> Iterator[None]:
    """Two cancels in a month and nothing for twelve hours, while the test runs."""
    set_rules(running, CancellationPolicy(limit=2, window_days=30, length_hours=12))
    yield
    set_rules(running, CancellationPolicy())


def set_rules(running: Running, rules: CancellationPolicy) -> None:
    parts = running.program.parts

    async def write(_: object) -> None:
        async with parts.database.transaction() as tx:
            await policies.write(tx, running.ours, rules, now=parts.clock.now(), ids=parts.ids)

    running.ask(write)


def assigned(running: Running, customer: Person, driver: Person) -> str:
    call_id, offer_id = running.offered(customer, driver)
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    return call_id


def driven(running: Running, customer: Person, driver: Person) -> str:
    call_id = assigned(running, customer, driver)
    for step in ("arrive", "start", "complete"):
        answer = driver.command(f"/driver/calls/{call_id}/{step}")
        assert answer.status_code == 200, answer.text
    return call_id


@pytest.mark.rule("R-062", "I-008")
def test_the_counter_is_shown_and_the_limit_refuses(running: Running, strict: None) -> None:
    customer, driver = running.customer(), running.driver()
    told = customer.get("/customer/cancellations").json()
    assert told == {
        "count": 0,
        "limit": 2,
        "window_days": 30,
        "length_hours": 12,
        "restricted_until": None,
        "items": [],
    }
    cancelled = []
    for _ in range(2):
        cancelled.append(assigned(running, customer, driver))
        answer = customer.command(f"/calls/{cancelled[-1]}/cancel", {})
        assert answer.json()["state"] == "cancelled_after_assignment", answer.text
    told = customer.get("/customer/cancellations").json()
    assert (told["count"], told["restricted_until"] is not None) == (2, True)
    assert [(item["call_id"], item["counts"]) for item in told["items"]] == [(c, True) for c in reversed(cancelled)]
    number = customer.get(f"/calls/{cancelled[0]}").json()["number"]
    assert told["items"][1]["number"] == number
    problem = refused(customer.command("/calls", TRIP), 409, "customer_restricted")
    assert (problem["facts"]["count"], problem["facts"]["limit"]) == (2, 2)
    until = problem["facts"]["until"]
    assert until.removesuffix("+00:00") == told["restricted_until"].removesuffix("Z")
    assert problem["facts"]["until_kst"] in problem["detail"]
    assert "2" in problem["detail"]


@pytest.mark.rule("I-009", "I-008")
def test_staff_forgive_and_lift(running: Running, staff: Person, strict: None) -> None:
    customer, driver = running.customer(), running.driver()
    cancelled = []
    for _ in range(2):
        cancelled.append(assigned(running, customer, driver))
        customer.command(f"/calls/{cancelled[-1]}/cancel", {})
    refused(customer.command("/calls", TRIP), 409, "customer_restricted")
    path = f"/console/calls/{cancelled[0]}/forgive-cancellation"
    refused(staff.command(path, {"reason": " "}), 400)
    refused(staff.command(path, {}), 400)
    refused(customer.command(path, {"reason": "me"}), 403)
    assert staff.command(path, {"reason": "잘못 누름"}).status_code == 204
    refused(staff.command(path, {"reason": "again"}), 404, "cancel_not_counted")
    told = customer.get("/customer/cancellations").json()
    assert (told["count"], told["restricted_until"]) == (1, None)
    assert [item["counts"] for item in told["items"]] == [True, False]
    call_id = assigned(running, customer, driver)
    customer.command(f"/calls/{call_id}/cancel", {})
    refused(customer.command("/calls", TRIP), 409, "customer_restricted")
    lift = f"/console/customers/{customer.id}/lift-restriction"
    assert staff.command(lift, {"reason": "단골"}).status_code == 204
    refused(staff.command(lift, {"reason": "단골"}), 409, "customer_not_restricted")
    assert customer.command("/calls", TRIP).status_code == 201
    page = staff.get(f"/console/customers/{customer.id}").json()
    assert (page["customer"]["cancels"], page["customer"]["restricted_until"]) == (2, None)
    assert [(each["lifted_as"], each["lifted_for"]) for each in page["restrictions"]] == [
        ("by_staff", "단골"),
        ("forgiven", "잘못 누름"),
    ]
    assert {each["forgiven_for"] for each in page["cancels"]} == {None, "잘못 누름"}


def test_a_drive_is_rated_by_its_customer_only(running: Running) -> None:
    customer, driver, other = running.customer(), running.driver(), running.customer()
    call_id = assigned(running, customer, driver)
    path = f"/calls/{call_id}/rating"
    refused(customer.command(path, {"stars": 5}), 409, "not_rateable")
    for step in ("arrive", "start", "complete"):
        driver.command(f"/driver/calls/{call_id}/{step}")
    refused(customer.get(path), 404, "rating_not_found")
    for stars in (0, 6, "5", 4.5, None):
        refused(customer.command(path, {"stars": stars}), 400)
    refused(customer.command(path, {"stars": 5, "tags": ["nice"]}), 400)
    refused(other.command(path, {"stars": 1}), 404, "call_not_found")
    refused(driver.command(path, {"stars": 5}), 403)
    answer = customer.command(path, {"stars": 5, "tags": ["kind", "kind"], "comment": " 좋았어요 "})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["stars"], said["tags"], said["comment"], said["never_meet"]) == (5, ["kind"], "좋았어요", False)
    assert customer.command(path, {"stars": 2, "never_meet": True}).json()["never_meet"] is True
    assert customer.get(path).json()["stars"] == 2
    assert customer.command(path, {"stars": 2, "never_meet": False}).json()["never_meet"] is False


@pytest.mark.rule("I-006")
def test_each_side_asks_and_neither_learns_of_the_other(running: Running, staff: Person) -> None:
    customer, driver = running.customer(), running.driver()
    call_id = driven(running, customer, driver)
    before = driver.get("/driver").json()
    path = f"/calls/{call_id}/never-meet"
    assert customer.get(path).json() == {"never_meet": False}
    assert customer.command(path, {"reason": "담배 냄새"}).json() == {"never_meet": True}
    assert customer.get(path).json() == {"never_meet": True}
    refused(running.customer().get(path), 404, "call_not_found")
    assert customer.command(path).json() == {"never_meet": True}
    seen = driver.get("/driver")
    assert seen.json() == before
    assert "담배" not in seen.text
    refused(running.driver().command(f"/driver{path}", {}), 404, "call_not_found")
    refused(running.customer().command(path, {}), 404, "call_not_found")
    assert driver.command(f"/driver{path}", {"reason": "폭언"}).json() == {"never_meet": True}
    assert "폭언" not in customer.get(f"/calls/{call_id}").text
    answer = customer.http.request("DELETE", path, headers={"idempotency-key": "x1"})
    assert (answer.status_code, answer.json()) == (200, {"never_meet": False})
    assert customer.get(path).json() == {"never_meet": False}  # and says nothing of the driver's wish
    items = [each for each in staff.get("/console/never-meet").json()["items"] if each["call_id"] == call_id]
    assert {(each["asked_by"], each["reason"], each["lifted_at"] is None) for each in items} == {
        ("customer", "담배 냄새", False),
        ("driver", "폭언", True),
    }
    (wish,) = [each for each in items if each["asked_by"] == "driver"]
    assert staff.command(f"/console/never-meet/{wish['id']}/lift", {"reason": "오해"}).status_code == 204
    refused(staff.command(f"/console/never-meet/{wish['id']}/lift", {"reason": "오해"}), 404, "never_meet_not_found")


def test_a_call_without_a_driver_has_nobody_to_avoid_and_nothing_to_report(running: Running) -> None:
    customer = running.customer()
    call_id = customer.command("/calls", TRIP).json()["id"]
    refused(customer.command(f"/calls/{call_id}/never-meet"), 409, "nobody_to_avoid")
    refused(customer.command(f"/calls/{call_id}/lost-item", {"what": "우산"}), 409, "nothing_to_report")


def test_lost_items_and_accidents_become_cases_that_staff_close(running: Running, staff: Person) -> None:
    customer, driver = running.customer(), running.driver()
    call_id = driven(running, customer, driver)
    lost = {"what": " 검은 우산 ", "where": "뒷좌석", "phone": "010-0000-9876"}
    answer = customer.command(f"/calls/{call_id}/lost-item", lost)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["number"].startswith("C-")
    refused(customer.command(f"/calls/{call_id}/lost-item", {"what": ""}), 400)
    refused(customer.command(f"/calls/{call_id}/lost-item", {"what": "  "}), 422, "case_text_invalid")
    refused(customer.command(f"/calls/{call_id}/lost-item", {"what": "x", "phone": "12"}), 422, "phone_invalid")
    refused(running.customer().command(f"/calls/{call_id}/lost-item", {"what": "x"}), 404)
    accident = {"what": "접촉 사고", "injured": False, "police": True}
    assert driver.command(f"/driver/calls/{call_id}/accident", accident).status_code == 201
    refused(driver.command(f"/driver/calls/{call_id}/accident", {"what": "x"}), 400)
    (own,) = customer.get("/customer/cases").json()["items"]
    assert (own["id"], own["text"], own["state"], own["facts"]) == (
        made["case_id"],
        "검은 우산",
        "open",
        {"where": "뒷좌석"},
    )
    found = staff.get(f"/console/cases?state=open&call={call_id}").json()["items"]
    assert {(each["kind"], each["opened_by_kind"]) for each in found} == {
        ("accident", "driver"),
        ("lost_item", "customer"),
    }
    (item,) = [each for each in found if each["kind"] == "lost_item"]
    assert item["phone"] == "010-****-9876"
    (crash,) = [each for each in found if each["kind"] == "accident"]
    assert crash["facts"] == {"injured": False, "police": True}
    closed = staff.command(f"/console/cases/{made['case_id']}/close", {"note": "찾아 드림"})
    assert (closed.json()["state"], closed.json()["note"]) == ("closed", "찾아 드림")
    refused(staff.command(f"/console/cases/{made['case_id']}/close", {"note": "x"}), 409, "case_closed")
    (own,) = customer.get("/customer/cases").json()["items"]
    assert own["state"] == "closed"
    assert "찾아 드림" not in customer.get("/customer/cases").text
    history = staff.get(f"/console/cases/{made['case_id']}").json()["history"]
    assert [event["kind"] for event in history] == ["case.opened", "case.closed"]


def test_staff_find_customers_by_number_only(running: Running, staff: Person) -> None:
    customer = running.customer()
    row = staff.get(f"/console/customers/{customer.id}").json()["customer"]
    assert row["phone"].startswith("010-****-")
    four = row["phone"][-4:]
    for q in (four, f"0100000{four}"):
        found = staff.get("/console/customers", params={"q": q}).json()["items"]
        assert str(customer.id) in {each["id"] for each in found}
    assert staff.get("/console/customers", params={"q": row["name"]}).json()["items"] == []
    assert staff.get("/console/customers", params={"restricted": "true"}).status_code == 200
    page = staff.get("/console/customers").json()
    assert page["items"]


def test_another_companys_people_and_things_do_not_exist(running: Running) -> None:
    customer, driver = running.customer(), running.driver()
    stranger = running.staff(running.company())
    call_id = driven(running, customer, driver)
    case = customer.command(f"/calls/{call_id}/lost-item", {"what": "우산"}).json()["case_id"]
    refused(stranger.get(f"/console/customers/{customer.id}"), 404, "customer_not_found")
    refused(stranger.command(f"/console/customers/{customer.id}/lift-restriction", {"reason": "x"}), 404)
    refused(stranger.command(f"/console/calls/{call_id}/forgive-cancellation", {"reason": "x"}), 404)
    refused(stranger.get(f"/console/cases/{case}"), 404, "case_not_found")
    refused(stranger.command(f"/console/cases/{case}/close", {"note": "x"}), 404, "case_not_found")
    refused(stranger.command(f"/console/never-meet/{UUID(int=7)}/lift", {"reason": "x"}), 404)
    assert stranger.get("/console/never-meet").json()["items"] == []
    assert stranger.get("/console/cases").json()["items"] == []
    theirs = {each["id"] for each in stranger.get("/console/customers").json()["items"]}
    assert str(customer.id) not in theirs


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.AGENCY_STAFF])
def test_who_may_not_forgive_is_told_so(running: Running, role: Role) -> None:
    staff, customer = running.staff(role=role), running.customer()
    why = {"reason": "x"}
    nobody = UUID(int=7)
    for path, body in (
        (f"/console/customers/{customer.id}/lift-restriction", why),
        (f"/console/calls/{nobody}/forgive-cancellation", why),
        (f"/console/never-meet/{nobody}/lift", why),
        (f"/console/cases/{nobody}/close", {"note": "x"}),
    ):
        refused(staff.command(path, body), 403, "not_permitted")
    assert staff.get(f"/console/customers/{customer.id}").json()["cases"] == []


def test_customers_and_drivers_see_nothing_of_the_console(running: Running) -> None:
    for person in (running.customer(), running.driver()):
        for path in ("/console/customers", "/console/never-meet", "/console/cases"):
            refused(person.get(path), 403)


def test_a_customer_sees_the_stars_and_runs_of_their_driver(running: Running) -> None:
    driver, first = running.driver(), running.customer()
    call_id = driven(running, first, driver)
    assert first.command(f"/calls/{call_id}/rating", {"stars": 4}).is_success
    customer = running.customer()
    call_id = assigned(running, customer, driver)
    shown = [customer.get(f"/calls/{call_id}").json(), *customer.get("/calls").json()["items"]]
    assert [one["driver"]["rating"] for one in shown] == [4.0, 4.0]
    assert {one["driver"]["runs"] for one in shown} <= {0, 1}  # the run is counted by the worker
