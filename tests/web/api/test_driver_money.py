"""Drivers' money over HTTP: balance, statement, withdrawal, file, the bank's notices, and every way to get it wrong."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from tests.web.api.conftest import start_running
from tests.web.api.running import Person, Running, refused

from daeri.accounts.model import Role
from daeri.bootstrap import Program
from daeri.companies import api as companies
from daeri.companies.model import BankDetails, CompanySettings
from daeri.kernel.terms import SYSTEM
from daeri.payments.model import BalancePolicy
from daeri.policies import api as policies
from daeri.web.api.webhooks import SIGNATURE_HEADER, sign

SECRET = "the-bank-and-we-know-it"
ACCOUNT = {"bank": "088", "number": "110-123-456789", "holder": "김민준"}
PAYOUTS = "/webhooks/payouts"


@pytest.fixture(scope="module")
def server(server_dsn: str, template: str) -> Iterator[Running]:
    """One whose bank has a secret, and whose rows nobody else counts."""
    with start_running(server_dsn, template, "bank", payout_webhook_secret=SECRET) as running:
        yield running


@pytest.fixture(scope="module")
def staff(server: Running) -> Person:
    return server.staff()


@pytest.fixture
def driver(server: Running, staff: Person) -> Person:
    """A driver with 50,000 won and a bank account."""
    person = server.driver()
    top_up(staff, person, 50_000)
    assert put(person, "/driver/bank-account", ACCOUNT).is_success
    return person


def put(person: Person, path: str, body: Any) -> httpx.Response:
    return person.http.put(path, json=body, headers={"idempotency-key": uuid4().hex})


def top_up(staff: Person, driver: Person, amount: int, reference: str = "") -> dict[str, Any]:
    body = {"amount": amount, "reference": reference or uuid4().hex}
    answer = staff.command(f"/console/drivers/{driver.id}/top-ups", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def withdraw(driver: Person, amount: int = 30_000) -> dict[str, Any]:
    answer = driver.command("/driver/payouts", {"amount": amount})
    assert answer.status_code == 201, answer.text
    return answer.json()


def make_file(staff: Person) -> dict[str, Any]:
    answer = staff.command("/console/payouts/file")
    assert answer.status_code == 201, answer.text
    return answer.json()


def balance(driver: Person) -> dict[str, Any]:
    return driver.get("/driver/balance").json()


def tell(
    server: Running, notice: dict[str, Any], *, secret: str = SECRET, age_s: float = 0, header: str | None = None
) -> httpx.Response:
    """What the bank's program sends, or somebody who would like to be it."""
    body = msgspec.json.encode(notice)
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    signature = sign(secret, body, at) if header is None else header
    return server.anybody.post(PAYOUTS, content=body, headers={SIGNATURE_HEADER: signature})


def notice_of(payout: dict[str, Any], outcome: str = "paid", **changes: Any) -> dict[str, Any]:
    return {"payout_id": payout["id"], "outcome": outcome, "amount": payout["amount"], "reference": "B-1"} | changes


def audited(server: Running, action: str) -> int:
    async def count(program: Program) -> int:
        async with program.parts.database.reading() as tx:
            return int(await tx.value("SELECT count(*) FROM audit_log WHERE action = $1", action))

    return server.ask(count)


def test_a_withdrawal_from_the_balance_to_the_bank(server: Running, staff: Person, driver: Person) -> None:
    assert balance(driver) | {"account": None, "payout": None, "top_ups": []} == {
        "balance": 50_000,
        "minimum": None,
        "is_short": False,
        "is_low": False,
        "payable": 50_000,
        "payout_minimum": 10_000,
        "account": None,
        "held_until": None,
        "payout": None,
        "top_ups": [],
        "top_up_floor": 1_000,
        "top_up_ceiling": 1_000_000,
        "can_top_up_by_card": False,
        "transfer_to": None,
    }
    payout = withdraw(driver)
    assert (payout["state"], payout["number_masked"]) == ("requested", "********6789")
    assert (balance(driver)["balance"], balance(driver)["payout"]["id"]) == (20_000, payout["id"])
    file = make_file(staff)
    row = next(row for row in staff.get("/console/payouts?state=sent").json()["items"] if row["id"] == payout["id"])
    assert (row["driver_name"], row["file_id"]) == ("김민준", file["id"])
    assert any(each["id"] == file["id"] for each in staff.get("/console/payout-files").json()["items"])
    paid = staff.command(f"/console/payouts/{payout['id']}/paid", {"reference": "B-7"})
    assert (paid.json()["state"], paid.json()["reference"]) == ("paid", "B-7")
    (shown,) = driver.get("/driver/payouts").json()["items"]
    assert (shown["state"], shown["reference"]) == ("paid", "B-7")
    refused(staff.command(f"/console/payouts/{payout['id']}/returned", {"reference": "x"}), 409, "payout_ended")


def test_one_key_is_one_withdrawal(driver: Person) -> None:
    key = uuid4().hex
    first = driver.command("/driver/payouts", {"amount": 10_000}, key=key)
    again = driver.command("/driver/payouts", {"amount": 10_000}, key=key)
    assert first.json() == again.json()
    assert balance(driver)["balance"] == 40_000
    refused(driver.command("/driver/payouts", {"amount": 10_000}), 409, "payout_open")


@pytest.mark.parametrize(
    ("amount", "status", "code"),
    [
        (0, 400, "validation_failed"),
        (-1, 400, "validation_failed"),
        (10**15, 400, "validation_failed"),
        (9_999, 422, "payout_too_little"),
        (50_001, 409, "payout_too_much"),
    ],
)
def test_no_other_amount_is_paid_out(server: Running, driver: Person, amount: int, status: int, code: str) -> None:
    before = server.rows()
    refused(driver.command("/driver/payouts", {"amount": amount}), status, code)
    assert server.rows() == before
    assert balance(driver)["balance"] == 50_000


def test_without_a_bank_account_nothing_goes(server: Running, staff: Person) -> None:
    poor = server.driver()
    refused(poor.command("/driver/payouts", {"amount": 10_000}), 409, "payout_too_much")
    top_up(staff, poor, 20_000)
    refused(poor.command("/driver/payouts", {"amount": 10_000}), 409, "bank_account_missing")
    assert poor.get("/driver/bank-account").json()["account"] is None
    refused(put(poor, "/driver/bank-account", ACCOUNT | {"bank": "999"}), 422, "bank_account_invalid")


OTHER = {"bank": "004", "number": "999-999-999999", "holder": "이서연"}


def test_another_account_waits_and_says_until_when(server: Running, driver: Person) -> None:
    before = audited(server, "bank_account.put")
    assert put(driver, "/driver/bank-account", ACCOUNT | {"number": "110123456789"}).is_success
    assert balance(driver)["held_until"] is None
    assert put(driver, "/driver/bank-account", OTHER).is_success
    assert audited(server, "bank_account.put") == before + 2
    assert driver.get("/driver/bank-account").json()["hold_hours"] == 24
    problem = refused(driver.command("/driver/payouts", {"amount": 10_000}), 409, "bank_account_held")
    until = datetime.fromisoformat(balance(driver)["held_until"])
    assert datetime.fromisoformat(problem["facts"]["until"]) == until
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)


def test_whoever_sends_a_file_sees_what_to_look_at_twice(server: Running, staff: Person, driver: Person) -> None:
    def row_of(payout: dict[str, Any]) -> dict[str, Any]:
        items = staff.get("/console/payouts").json()["items"]
        return next(row for row in items if row["id"] == payout["id"])

    usual = row_of(withdraw(driver))
    assert (usual["holder_differs"], usual["driver_suspended"]) == (False, False)
    other = server.driver()
    top_up(staff, other, 50_000)
    assert put(other, "/driver/bank-account", OTHER).is_success
    payout = withdraw(other)
    body = {"reason": "사고 조사"}
    assert staff.command(f"/console/drivers/{other.id}/suspend", body).is_success
    marked = row_of(payout)
    assert (marked["holder_differs"], marked["driver_suspended"]) == (True, True)


def test_the_number_is_masked_wherever_it_is_not_for_the_bank(staff: Person, driver: Person) -> None:
    payout = withdraw(driver)
    make_file(staff)
    told = [
        driver.get("/driver/bank-account"),
        driver.get("/driver/balance"),
        driver.get("/driver/payouts"),
        staff.get("/console/payouts"),
        staff.command(f"/console/payouts/{payout['id']}/paid", {"reference": "B"}),
    ]
    assert all(answer.is_success and "110123456789" not in answer.text.replace("-", "") for answer in told)


def test_a_file_for_the_bank_opens_the_numbers_and_leaves_a_trace(
    server: Running, staff: Person, driver: Person
) -> None:
    payout = withdraw(driver)
    file = make_file(staff)
    before = audited(server, "payout_file.read")
    saved = staff.get(f"/console/payout-files/{file['id']}/transfers.csv")
    assert saved.headers["content-disposition"].startswith('attachment; filename="payouts-')
    assert saved.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(saved.content.decode("utf-8-sig"))))
    (row,) = [row for row in rows if payout["id"] in row.values()]
    assert set(row.values()) >= {"088", "신한은행", "110123456789", "김민준", "30000", payout["id"]}
    book = staff.get(f"/console/payout-files/{file['id']}/transfers.xlsx")
    with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
        assert b"110123456789" in archive.read("xl/worksheets/sheet1.xml")
    assert audited(server, "payout_file.read") == before + 2
    assert audited(server, "payout_file.made") >= 1


def test_who_may_not_manage_payouts_sees_and_moves_nothing(server: Running, driver: Person) -> None:
    for role in (Role.DISPATCHER, Role.SUPPORT_AGENT, Role.AGENCY_STAFF):
        other = server.staff(role=role)
        before = server.rows()
        for path in (
            "/console/payouts",
            "/console/payout-files",
            f"/console/payout-files/{uuid4()}/transfers.csv",
            f"/console/drivers/{driver.id}/statement",
            f"/console/drivers/{driver.id}/statement.xlsx",
            "/console/business-accounts",
        ):
            refused(other.get(path), 403, "not_permitted")
        body = {"amount": 10_000, "reference": "x"}
        refused(other.command(f"/console/drivers/{driver.id}/top-ups", body), 403, "not_permitted")
        refused(other.command("/console/payouts/file"), 403, "not_permitted")
        refused(other.command(f"/console/payouts/{uuid4()}/paid", {"reference": "x"}), 403, "not_permitted")
        assert server.rows() == before


def test_a_statement_on_the_page_and_as_files(server: Running, staff: Person, driver: Person) -> None:
    withdraw(driver, 20_000)
    before = audited(server, "statement.saved")
    told = driver.get("/driver/statement").json()
    (day,) = told["days"]
    assert [(line["what"], line["amount"]) for line in day["lines"]] == [("top_up_bank", 50_000), ("payout", -20_000)]
    assert (told["opening"], told["closing"], day["change"], day["closing"]) == (0, 30_000, 30_000, 30_000)
    shown = staff.get(f"/console/drivers/{driver.id}/statement").json()
    assert (shown["balance"], shown["statement"]) == (30_000, told)
    for language, word in (("ko", "출금"), ("en", "Withdrawal")):
        saved = staff.get(f"/console/drivers/{driver.id}/statement.csv", headers={"accept-language": language})
        rows = list(csv.reader(io.StringIO(saved.content.decode("utf-8-sig"))))
        assert len(rows) == 5  # a head, the balance before, two lines, the balance after
        assert word in rows[3]
        assert (rows[3][8], rows[3][9], rows[4][9]) == ("-20000", "30000", "30000")
    book = staff.get(f"/console/drivers/{driver.id}/statement.xlsx")
    assert book.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert zipfile.ZipFile(io.BytesIO(book.content)).testzip() is None
    assert audited(server, "statement.saved") == before + 3


@pytest.mark.parametrize(
    "query",
    ["from=x", "from=2026-13-01", "from=0001-01-01&to=0001-01-02", "from=2026-01-01&to=2026-12-31", "to=9999-12-31"],
)
def test_no_span_breaks_a_statement(staff: Person, driver: Person, query: str) -> None:
    refused(driver.get(f"/driver/statement?{query}"), 400, "validation_failed")
    refused(staff.get(f"/console/drivers/{driver.id}/statement?{query}"), 400, "validation_failed")
    if "12-31" not in query or "9999" in query:
        refused(staff.get(f"/console/drivers/{driver.id}/statement.csv?{query}"), 400, "validation_failed")


@pytest.mark.parametrize("month", ["x", "2026", "2026-13", "2026-1", "0001-01", "9999-12", "\0", "2026-11-01"])
def test_no_month_breaks_a_statement(staff: Person, month: str) -> None:
    answer = staff.http.get(f"/console/business-accounts/{uuid4()}/statement", params={"month": month})
    refused(answer, 400, "validation_failed")


def test_a_top_up_is_booked_once(server: Running, staff: Person, driver: Person) -> None:
    money = top_up(staff, driver, 7_000, "R-77")
    assert (money["balance"], money["driver_name"]) == (57_000, "김민준")
    body = {"amount": 7_000, "reference": "R-77"}
    refused(staff.command(f"/console/drivers/{driver.id}/top-ups", body), 409, "bank_reference_used")
    assert balance(driver)["balance"] == 57_000
    refused(driver.command("/driver/top-ups", {"amount": 10_000}), 409, "cards_off")
    assert audited(server, "driver.topped_up") >= 2


def test_too_low_a_balance_is_told_with_where_to_send_money(server: Running, staff: Person) -> None:
    async def rule(program: Program) -> None:
        parts, now = program.parts, program.parts.clock.now()
        policy = BalancePolicy(minimum_won=30_000, warn_below_won=10_000)
        async with parts.database.transaction() as tx:
            await policies.write(tx, server.theirs, policy, now=now, ids=parts.ids)
            seen = await companies.get(tx, server.theirs)
            settings = CompanySettings(top_up_bank=BankDetails(bank="신한", number="140-000", holder="새벽대리"))
            await companies.change_settings(tx, seen, settings, now=now, ids=parts.ids, actor=SYSTEM)
            await parts.shelf.refresh(tx)

    server.ask(rule)
    theirs, poor = server.staff(server.theirs), server.driver(server.theirs)
    top_up(theirs, poor, 35_000)
    told = balance(poor)
    assert (told["minimum"], told["is_short"], told["is_low"], told["payable"]) == (30_000, False, True, 5_000)
    assert told["transfer_to"] == {"bank": "신한", "number": "140-000", "holder": "새벽대리"}


def test_the_bank_pays_and_says_so(server: Running, staff: Person, driver: Person) -> None:
    payout = withdraw(driver)
    make_file(staff)
    answer = tell(server, notice_of(payout))
    assert answer.json() == {"payout_id": payout["id"], "state": "paid", "is_news": True}
    again = tell(server, notice_of(payout, reference="B-2"))
    assert again.json() == {"payout_id": payout["id"], "state": "paid", "is_news": False}
    refused(tell(server, notice_of(payout, "returned")), 409, "payout_ended")
    assert balance(driver)["balance"] == 20_000


def test_the_bank_returns_it_and_the_driver_has_it_again(server: Running, staff: Person, driver: Person) -> None:
    payout = withdraw(driver)
    make_file(staff)
    assert tell(server, notice_of(payout, "returned", reference="예금주 불일치")).json()["state"] == "returned"
    assert balance(driver)["balance"] == 50_000
    (shown,) = driver.get("/driver/payouts").json()["items"]
    assert (shown["state"], shown["reference"]) == ("returned", "예금주 불일치")


def test_notices_out_of_order_or_of_something_else_have_no_effect(
    server: Running, staff: Person, driver: Person
) -> None:
    payout = withdraw(driver)
    for outcome in ("paid", "returned"):
        refused(tell(server, notice_of(payout, outcome)), 409, "payout_not_sent")
    make_file(staff)
    refused(tell(server, notice_of(payout, amount=29_999)), 409, "payout_amount_differs")
    refused(tell(server, notice_of(payout, payout_id=str(uuid4()))), 404, "payout_not_found")
    assert balance(driver)["payout"]["state"] == "sent"
    assert tell(server, notice_of(payout)).is_success


@pytest.mark.parametrize("age_s", [301, 3_600, 10**8, -301, -3_600])
def test_a_notice_that_is_late_or_of_the_future_is_told_so(
    server: Running, staff: Person, driver: Person, age_s: int
) -> None:
    payout = withdraw(driver)
    make_file(staff)
    refused(tell(server, notice_of(payout), age_s=age_s), 410, "webhook_late")
    assert balance(driver)["payout"]["state"] == "sent"
    assert tell(server, notice_of(payout), age_s=295 if age_s > 0 else -295).is_success


def test_forged_notices_have_no_effect(server: Running, staff: Person, driver: Person) -> None:
    payout = withdraw(driver)
    make_file(staff)
    good = notice_of(payout)
    signature = sign(SECRET, msgspec.json.encode(good), datetime.now(UTC))
    seconds, _, mac = signature.partition(",v1=")
    before = server.rows()
    for header in (
        "",
        "x",
        mac,
        f"v1={mac}",
        f"{seconds},v1={'0' * 64}",
        f"{seconds},v1={mac.upper()}",
        f"{seconds},v1={mac[:-1]}",
        f"{seconds},v1={mac}0",
        f"t=1,v1={mac}",
        f"t=-1,v1={mac}",
        f"t={'9' * 40},v1={mac}",
        f"{signature},v1={mac}",
    ):
        refused(tell(server, good, header=header), 403, "webhook_forged")
    refused(tell(server, good, secret="somebody-else-s-secret"), 403, "webhook_forged")
    refused(tell(server, good | {"outcome": "returned"}, header=signature), 403, "webhook_forged")
    refused(tell(server, good | {"amount": 1}, header=signature), 403, "webhook_forged")
    assert server.rows() == before
    assert tell(server, good, header=signature).json()["is_news"] is True


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"payout_id":"x"}', b"x" * 20_000],
)
def test_a_notice_that_is_none_is_refused(server: Running, body: bytes) -> None:
    headers = {SIGNATURE_HEADER: sign(SECRET, body, datetime.now(UTC))}
    refused(server.anybody.post(PAYOUTS, content=body, headers=headers))


def test_without_a_secret_no_notice_is_heard(running: Running) -> None:
    refused(tell(running, notice_of({"id": str(uuid4()), "amount": 10_000})), 404, "webhook_off")
