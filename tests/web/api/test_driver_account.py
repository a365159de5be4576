"""A driver's account over HTTP: sign-up, documents, suspensions, appeals, earnings, notices; and staff's side of it."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import httpx
import pytest
from tests.drivers.factories import JPEG
from tests.web.api.running import Person, Running, refused

from daeri.accounts import api as accounts
from daeri.accounts.model import Role
from daeri.bootstrap import Program
from daeri.drivers import api as drivers
from daeri.kernel.ids import DriverId
from daeri.policies import api as policies
from daeri.pricing.model import CommissionPolicy

FAR = (date.today() + timedelta(days=900)).isoformat()  # noqa: DTZ011 -- years ahead
APPLICATION = {
    "name": "이서연",
    "licence": {"number": "11-22-334455-66", "kind": "first_normal", "expires_on": FAR},
    "insurance": {"company": "한빛손해보험", "policy_number": "HB-2026-000123", "expires_on": FAR},
    "services": ["general", "vip"],
}


def _applicant(running: Running) -> Person:
    """A driver who has only signed up."""
    driver = running.driver()

    async def start_over(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute("UPDATE drivers SET status = 'applied' WHERE id = $1", driver.id)

    running.ask(start_over)
    return driver


def _put(person: Person, kind: str, content: bytes, media_type: str = "image/jpeg") -> httpx.Response:
    headers = {"idempotency-key": uuid4().hex, "content-type": media_type}
    return person.http.put(f"/driver/documents/{kind}", content=content, headers=headers)


def _suspended(running: Running, staff: Person, **more: str) -> tuple[Person, dict[str, object]]:
    driver = running.driver(staff.company)
    answer = staff.command(f"/console/drivers/{driver.id}/suspend", {"reason": "반복 취소", **more})
    assert answer.status_code == 200, answer.text
    return driver, answer.json()


def test_a_driver_signs_up_and_is_approved(running: Running) -> None:
    driver, staff = _applicant(running), running.staff()
    assert driver.get("/driver/application").json()["missing"] == ["licence", "insurance"]
    sent = driver.command("/driver/application", APPLICATION)
    assert sent.status_code == 200, sent.text
    assert (sent.json()["state"], sent.json()["licence"]["number_masked"]) == ("open", "********5566")
    refused(staff.command(f"/console/drivers/{driver.id}/approve"), 409, "documents_missing")
    for kind in ("licence", "insurance"):
        assert _put(driver, kind, JPEG).status_code == 200
    waiting = staff.get("/console/drivers", params={"application": "true"}).json()["items"]
    assert str(driver.id) in {row["id"] for row in waiting}
    approved = staff.command(f"/console/drivers/{driver.id}/approve")
    assert approved.status_code == 200, approved.text
    assert (approved.json()["status"], approved.json()["name"]) == ("approved", "이서연")
    assert driver.command("/driver/duty", {"on": True}).status_code == 200
    refused(staff.command(f"/console/drivers/{driver.id}/approve"), 409, "application_decided")


def test_a_refusal_is_told_and_the_driver_applies_again(running: Running) -> None:
    driver, staff = _applicant(running), running.staff()
    driver.command("/driver/application", APPLICATION)
    answer = staff.command(f"/console/drivers/{driver.id}/refuse", {"reason": "사진이 흐려요"})
    assert answer.json()["status"] == "refused"
    told = driver.get("/driver/application").json()
    assert (told["status"], told["refusal"]) == ("refused", "사진이 흐려요")
    again = driver.command("/driver/application", APPLICATION).json()
    assert (again["status"], again["refusal"]) == ("applied", None)


def test_documents_are_files_that_no_browser_runs(running: Running) -> None:
    driver, staff = running.driver(), running.staff()
    big = JPEG + bytes(300_000)  # beyond the limit of other bodies
    assert _put(driver, "photo", big).json()["size"] == len(big)
    for reader, path in (
        (driver, "/driver/documents/photo"),
        (staff, f"/console/drivers/{driver.id}/documents/photo"),
    ):
        answer = reader.get(path)
        assert (answer.status_code, answer.content) == (200, big)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-disposition"] == 'attachment; filename="photo.jpg"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


def test_what_is_no_picture_is_not_kept(running: Running) -> None:
    driver = running.driver()
    refused(_put(driver, "photo", b"<html><script>alert(1)</script>"), 422, "document_type_unsupported")
    refused(_put(driver, "photo", JPEG, "image/png"), 422, "document_type_unsupported")
    refused(_put(driver, "photo", JPEG + bytes(5 * 1024 * 1024)), 413, "body_too_large")
    refused(_put(driver, "passport", JPEG), 400)
    refused(driver.get("/driver/documents/photo"), 404, "document_not_found")


def test_only_permitted_staff_read_documents_and_leave_a_trace(running: Running) -> None:
    driver, staff = running.driver(), running.staff()
    _put(driver, "licence", JPEG)
    path = f"/console/drivers/{driver.id}/documents/licence"
    refused(running.staff(role=Role.DISPATCHER).get(path), 403, "not_permitted")
    refused(running.driver().get(path), 403, "wrong_account_kind")
    assert staff.get(path).status_code == 200

    async def trace(program: Program) -> list[tuple[str, object]]:
        async with program.parts.database.reading() as tx:
            rows = await tx.rows("SELECT action, actor_id FROM audit_log WHERE subject_id = $1", driver.id)
        return [(row["action"], row["actor_id"]) for row in rows]

    assert running.ask(trace) == [("driver_document.read", staff.id)]


@pytest.mark.rule("R-041", "I-005")
def test_the_suspension_panel_tells_reason_and_history(running: Running) -> None:
    staff = running.staff()
    driver, first = _suspended(running, staff, evidence="콜 3건")
    panel = first["suspension"]
    assert (panel["active"]["reason"], panel["active"]["by_hand"]) == ("반복 취소", True)  # type: ignore[index]
    assert panel["active"]["decided_by"] == "관제"  # type: ignore[index]
    problem = refused(driver.command("/driver/duty", {"on": True}), 409, "driver_suspended")
    assert problem["facts"] == {"reason": "반복 취소", "ends_at": None}
    told = driver.get("/driver").json()
    assert (told["status"], told["duty"]) == ("suspended", "off")
    assert (told["suspension"]["reason"], told["suspension"]["evidence"]) == ("반복 취소", "콜 3건")
    lifted = staff.command(f"/console/drivers/{driver.id}/lift", {"reason": "오해였어요"}).json()["suspension"]
    assert lifted["active"] is None
    assert driver.command("/driver/duty", {"on": True}).status_code == 200
    again = staff.command(f"/console/drivers/{driver.id}/suspend", {"reason": "다시"}).json()
    assert [row["reason"] for row in again["suspension"]["history"]] == ["다시", "반복 취소"]
    page = staff.get(f"/console/drivers/{driver.id}").json()
    assert page["suspension"] == again["suspension"]
    assert page["suspension"]["history"][1]["lift_reason"] == "오해였어요"


def test_a_suspension_by_hand_needs_a_reason_and_a_permission(running: Running) -> None:
    driver, staff = running.driver(), running.staff()
    path = f"/console/drivers/{driver.id}/suspend"
    for body in ({}, {"reason": ""}, {"reason": "  "}):
        refused(staff.command(path, body), 400, "validation_failed")
    refused(running.staff(role=Role.DISPATCHER).command(path, {"reason": "x"}), 403, "not_permitted")
    refused(staff.command(path, {"reason": "x", "ends_at": "2020-01-01T00:00:00Z"}), 422, "suspension_end_invalid")


def test_an_appeal_is_answered_by_a_person(running: Running) -> None:
    staff = running.staff()
    driver, _ = _suspended(running, staff)
    (item,) = driver.get("/driver/suspensions").json()["items"]
    path = f"/driver/suspensions/{item['id']}/appeal"
    appealed = driver.command(path, {"text": "그날은 쉬었어요"})
    assert appealed.status_code == 200, appealed.text
    refused(driver.command(path, {"text": "한 번 더"}), 409, "appealed_already")
    waiting = staff.get("/console/appeals").json()["items"]
    assert appealed.json()["appeal"]["id"] in {row["appeal"]["id"] for row in waiting}
    answer_path = f"/console/appeals/{appealed.json()['appeal']['id']}/answer"
    answered = staff.command(answer_path, {"upheld": True, "text": "맞아요"})
    assert answered.json()["suspension"]["active"] is None
    (item,) = driver.get("/driver/suspensions").json()["items"]
    assert (item["appeal"]["upheld"], item["appeal"]["answer"]) == (True, "맞아요")
    assert item["lifted_at"] is not None
    refused(staff.command(answer_path, {"upheld": False, "text": "아니요"}), 409, "appeal_answered")


def test_another_companys_drivers_do_not_exist(running: Running) -> None:
    staff, foreign = running.staff(), running.driver(running.theirs)
    other, _ = _suspended(running, running.staff(running.theirs))
    (item,) = other.get("/driver/suspensions").json()["items"]
    appeal = other.command(f"/driver/suspensions/{item['id']}/appeal", {"text": "x"}).json()["appeal"]["id"]
    _put(foreign, "licence", JPEG)
    before = running.rows()
    refused(staff.get(f"/console/drivers/{foreign.id}"), 404, "driver_not_found")
    refused(staff.get(f"/console/drivers/{foreign.id}/documents/licence"), 404, "document_not_found")
    for deed, body in (
        ("approve", {}),
        ("refuse", {"reason": "x"}),
        ("suspend", {"reason": "x"}),
        ("lift", {"reason": "x"}),
    ):
        refused(staff.command(f"/console/drivers/{foreign.id}/{deed}", body), 404, "driver_not_found")
    refused(staff.command(f"/console/appeals/{appeal}/answer", {"upheld": True, "text": "x"}), 404, "appeal_not_found")
    refused(running.driver().command(f"/driver/suspensions/{item['id']}/appeal", {"text": "x"}), 404)
    assert str(foreign.id) not in {row["id"] for row in staff.get("/console/drivers").json()["items"]}
    after = running.rows()
    assert {name: after[name] - before[name] for name in ("driver_suspensions", "audit_log", "driver_appeals")} == {
        "driver_suspensions": 0,
        "audit_log": 0,
        "driver_appeals": 0,
    }


def test_earnings_follow_the_policy_at_the_end_of_the_drive(running: Running) -> None:
    driver, customer = running.driver(), running.customer()
    call_id, offer_id = running.offered(customer, driver)
    driver.command(f"/driver/offers/{offer_id}/accept")
    for step in ("arrive", "start", "complete"):
        answer = driver.command(f"/driver/calls/{call_id}/{step}")
        assert answer.status_code == 200, answer.text

    async def later(program: Program) -> None:
        """The commission changes after the drive, and only then is the run written."""
        await asyncio.sleep(0.01)
        async with program.parts.database.transaction() as tx:
            now, ids = program.parts.clock.now(), program.parts.ids
            await policies.write(tx, driver.company, CommissionPolicy(percent=50), now=now, ids=ids)
        await program.worker.work_off()

    running.ask(later)
    earned = driver.get("/driver/earnings").json()
    (day,) = earned["days"]
    fare = answer.json()["final_amount"] or answer.json()["fare_amount"]
    assert (day["runs"], day["fares"]) == (1, fare)
    assert day["commission"] == pytest.approx(fare * 0.2, abs=1)
    assert day["net"] == fare - day["commission"] - day["premium"]
    assert earned["total"] == {name: day[name] for name in ("runs", "fares", "commission", "premium", "net")}
    (run,) = driver.get(f"/driver/earnings/{day['day']}").json()["calls"]
    assert (run["call_id"], run["fare"], run["net"]) == (call_id, fare, day["net"])
    assert driver.get("/driver/standing").json()["runs"] == 1
    refused(driver.get("/driver/earnings", params={"from": "2020-01-01", "to": "2026-01-01"}), 400)
    assert running.driver().get("/driver/earnings").json()["days"] == []


def test_notices_reach_their_audience_until_they_are_withdrawn(running: Running) -> None:
    staff, driver, customer = running.staff(), running.driver(), running.customer()
    title = f"점검 {uuid4().hex[:6]}"
    body = {
        "audience": "drivers",
        "title_ko": title,
        "title_en": "Maintenance",
        "body_ko": "새벽 4시",
        "body_en": "4 am",
    }
    posted = staff.command("/console/notices", body)
    assert posted.status_code == 201, posted.text
    assert title in {item["title"] for item in driver.get("/notices").json()["items"]}
    english = driver.http.get("/notices", headers={"accept-language": "en"}).json()["items"]
    assert ("Maintenance", "4 am") in {(item["title"], item["body"]) for item in english}
    assert title not in {item["title"] for item in customer.get("/notices").json()["items"]}
    assert title not in {item["title"] for item in running.driver(running.theirs).get("/notices").json()["items"]}
    path = f"/console/notices/{posted.json()['id']}"
    refused(running.staff(running.theirs).http.delete(path, headers={"idempotency-key": uuid4().hex}), 404)
    assert staff.http.delete(path, headers={"idempotency-key": uuid4().hex}).status_code == 204
    assert title not in {item["title"] for item in driver.get("/notices").json()["items"]}
    assert title in {item["title_ko"] for item in staff.get("/console/notices").json()["items"]}
    refused(running.staff(role=Role.DISPATCHER).command("/console/notices", body), 403, "not_permitted")
    refused(staff.command("/console/notices", {**body, "shown_until": "2020-01-01T00:00:00Z"}), 422, "notice_invalid")


def test_drivers_are_found_by_status_name_and_number(running: Running) -> None:
    staff = running.staff()
    driver, _ = _suspended(running, staff)

    async def tell(program: Program) -> str:
        async with program.parts.database.transaction() as tx:
            account = accounts.demo_phone(0)  # any number of the right shape
            await accounts.rename(tx, driver.company, driver.id, "도하은")  # type: ignore[arg-type]
            phone = await accounts.phone_for_delivery(tx, program.parts.gate, driver.company, driver.id)  # type: ignore[arg-type]
        return phone[-4:] if account else ""

    last4 = running.ask(tell)
    running.ask(_forget_names)
    for question in ({"q": "하은"}, {"q": last4}, {"status": "suspended"}):
        rows = staff.get("/console/drivers", params=question).json()["items"]
        assert str(driver.id) in {row["id"] for row in rows}, question
    assert staff.get("/console/drivers", params={"q": "없는사람"}).json()["items"] == []
    refused(driver.get("/console/drivers"), 403, "wrong_account_kind")


async def _forget_names(program: Program) -> None:
    program.context.names._names.clear()


def test_who_is_new_goes_by_the_name_in_the_application(running: Running) -> None:
    driver, staff = _applicant(running), running.staff()

    async def take_name_away(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await accounts.rename(tx, driver.company, driver.id, "")  # type: ignore[arg-type]

    running.ask(take_name_away)
    assert driver.command("/driver/application", {**APPLICATION, "name": "한서준"}).status_code == 200
    for kind in ("licence", "insurance"):
        assert _put(driver, kind, JPEG).status_code == 200
    for status in ("applied", "approved"):
        found = staff.get("/console/drivers", params={"status": status, "q": "한서"}).json()["items"]
        assert ("한서준", str(driver.id)) in {(row["name"], row["id"]) for row in found}
        staff.command(f"/console/drivers/{driver.id}/approve")


def test_a_driver_is_reminded_in_the_notices(running: Running) -> None:
    driver = running.driver()

    async def told(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            now = program.parts.clock.now()
            last = (now + timedelta(days=7)).date()
            await tx.execute("UPDATE drivers SET licence_expires_on = $2 WHERE id = $1", driver.id, last)
            await tx.execute(
                "INSERT INTO driver_reminders (driver_id, paper, expires_on, days, company_id, due_at)"
                " VALUES ($1, 'licence', $2, 7, $3, $4)",
                driver.id,
                last,
                driver.company,
                now,
            )
            await drivers.remind_due(tx, now=now, ids=program.parts.ids)
            known = await drivers.get(tx, driver.company, DriverId(driver.id))
            assert await drivers.expiries(tx, known, now=now)

    running.ask(told)
    titles = {item["title"] for item in driver.get("/notices").json()["items"]}
    assert "운전면허가 7일 뒤 만료됩니다" in titles
    (soon,) = driver.get("/driver").json()["expiries"]
    assert soon["what"] == "licence"
