"""Staff and money that leaves: a file for the bank, what the bank said, a top-up, statements, a business's month."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import LOOKS, look_at
from tests.stories.operators import Desk, sit_down
from tests.web.api.conftest import start_running
from tests.web.api.running import TRIP, Person, Running

from daeri.bootstrap import Program
from daeri.customers import api as customers
from daeri.customers.model import BusinessId, Payer
from daeri.infra.settings import Role
from daeri.kernel.ids import CustomerId
from daeri.kernel.terms import SYSTEM
from daeri.payments.model import BalancePolicy
from daeri.policies import api as policies

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("stories-operators-payouts")]
ACCOUNT = {"bank": "088", "number": "110-123-456789", "holder": "김민준"}


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    roles = frozenset({Role.WEB, Role.WORKER})
    with start_running(server_dsn, template, "operators_payouts", roles=roles) as server:
        yield server


@pytest.fixture(scope="module")
def staff(running: Running) -> Person:
    return running.staff()


@pytest.fixture(scope="module")
def desk(running: Running, browser: Browser) -> Iterator[Desk]:
    desk = sit_down(running, browser)
    yield desk
    assert desk.problems == []


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    with desk.page() as page:
        yield page


def driver_with(running: Running, staff: Person, amount: int, *, asks: int = 0) -> Person:
    """A driver with so much on their balance, of which they withdraw some."""
    driver = running.driver()
    body = {"amount": amount, "reference": uuid4().hex[:12]}
    assert staff.command(f"/console/drivers/{driver.id}/top-ups", body).is_success
    headers = {"idempotency-key": uuid4().hex}
    assert driver.http.put("/driver/bank-account", json=ACCOUNT, headers=headers).is_success
    if asks:
        assert driver.command("/driver/payouts", {"amount": asks}).is_success
    return driver


def ride(running: Running, customer: Person, driver: Person, page: Page, **wish: Any) -> None:
    """A ride to its end, and its money in the books."""
    call = customer.command("/calls", {**TRIP, **wish}).json()
    assert driver.command("/driver/duty", {"on": True}).is_success
    offer = running.offer(call["id"], driver)
    steps = (f"offers/{offer}/accept", *(f"calls/{call['id']}/{step}" for step in ("arrive", "start", "complete")))
    assert all(driver.command(f"/driver/{step}").is_success for step in steps)
    for _ in range(100):
        lines = [line for day in driver.get("/driver/statement").json()["days"] for line in day["lines"]]
        if any(line["number"] == call["number"] for line in lines):
            return
        page.wait_for_timeout(100)
    pytest.fail("the ride was not settled")


def business(running: Running, customer: Person, name: str) -> UUID:
    async def open_account(program: Program) -> UUID:
        parts, now = program.parts, program.parts.clock.now()
        async with parts.database.transaction() as tx:
            made = await customers.open_business(
                tx, running.ours, name, Payer.COMPANY, SYSTEM, now=now, ids=parts.ids
            )  # fmt: skip -- one call
            await customers.add_member(
                tx, running.ours, BusinessId(made.id), CustomerId(customer.id), SYSTEM, now=now, ids=parts.ids
            )
        return made.id

    return running.ask(open_account)


def test_what_waits_goes_to_the_bank_and_each_of_it_ends(running: Running, staff: Person, page: Page) -> None:
    paid, returned = (driver_with(running, staff, 90_000, asks=amount) for amount in (41_000, 32_000))
    page.goto(f"{running.url}/console/payouts")
    page.get_by_role("button", name="이체 파일 만들기").click()
    expect(page.get_by_role("dialog")).to_contain_text("한 파일에 담습니다")
    page.get_by_role("dialog").get_by_role("button", name="이체 파일 만들기").click()
    files = page.locator("[data-part=files]")
    expect(files).to_be_visible()
    with page.expect_download() as saved:
        files.get_by_role("link", name="CSV").first.click()
    content = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    assert content.count("110123456789") >= 2
    row = page.get_by_role("row").filter(has_text="41,000원")
    row.get_by_role("button", name="입금 완료").click()
    say(page, "B-20261128-1", "입금 완료")
    expect(row.get_by_text("입금 완료")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="32,000원")
    row.get_by_role("button", name="반환").click()
    say(page, "예금주 불일치", "반환")
    expect(row).to_contain_text("예금주 불일치")
    assert [one.get("/driver/balance").json()["balance"] for one in (paid, returned)] == [49_000, 90_000]


def say(page: Page, reference: str, yes: str) -> None:
    """The bank's word, in the question that is open."""
    dialog = page.get_by_role("dialog")
    dialog.locator("input[name=reference]").fill(reference)
    dialog.get_by_role("button", name=yes).click()
    expect(dialog).to_be_hidden()


def test_a_payout_is_turned_down_before_it_goes(running: Running, staff: Person, page: Page) -> None:
    driver = driver_with(running, staff, 60_000, asks=27_000)
    page.goto(f"{running.url}/console/payouts")
    row = page.get_by_role("row").filter(has_text="27,000원")
    row.get_by_role("button", name="반려").click()
    say(page, "계좌 확인 필요", "반환")
    expect(row.get_by_text("반환")).to_be_visible()
    assert driver.get("/driver/balance").json()["balance"] == 60_000


def test_a_top_up_is_booked_on_the_drivers_file_and_once(running: Running, staff: Person, page: Page) -> None:
    driver = driver_with(running, staff, 5_000)
    page.goto(f"{running.url}/console/drivers/{driver.id}")
    part = page.locator("[data-part=balance]")
    expect(part).to_contain_text("5,000원")
    for reference in ("R-1", "R-1"):
        part.get_by_role("button", name="입금 충전").click()
        dialog = page.get_by_role("dialog")
        dialog.locator("input[name=amount]").fill("30000")
        dialog.locator("input[name=reference]").fill(reference)
        dialog.get_by_role("button", name="입금 충전").click()
        if driver.get("/driver/balance").json()["balance"] == 5_000:
            expect(dialog).to_be_hidden()
    expect(dialog).to_contain_text("이미 처리한 입금 번호입니다")
    page.keyboard.press("Escape")
    expect(part).to_contain_text("35,000원")
    part.get_by_role("link", name="예치금 내역").click()
    expect(page.locator("[data-what=top_up_bank]")).to_have_count(2)


def test_a_business_pays_its_month(running: Running, staff: Person, page: Page) -> None:
    customer, driver = running.customer(), driver_with(running, staff, 90_000)
    account = business(running, customer, f"하늘상사 {uuid4().hex[:4]}")
    for _ in range(2):
        ride(running, customer, driver, page, options=["business"], business_account_id=str(account))
    page.goto(f"{running.url}/console/business-accounts")
    page.get_by_role("link", name="하늘상사").first.click()
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_role("button", name="입금 확인").click()
    say(page, "하늘상사 11월", "입금 확인")
    expect(page.locator("[data-part=receipts]")).to_contain_text("하늘상사 11월")
    expect(page.get_by_role("button", name="입금 확인")).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Excel").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"PK")


@pytest.fixture(scope="module")
def places(running: Running, staff: Person, desk: Desk) -> dict[str, str]:
    """Rooms with something in them."""

    async def rule(program: Program) -> None:
        parts, now = program.parts, program.parts.clock.now()
        async with parts.database.transaction() as tx:
            policy = BalancePolicy(minimum_won=20_000, warn_below_won=20_000)
            await policies.write(tx, running.ours, policy, now=now, ids=parts.ids)
            await parts.shelf.refresh(tx)

    customer, driver = running.customer(has_card=True), driver_with(running, staff, 90_000)
    account = business(running, customer, "새벽무역")
    with desk.page() as page:
        for wish in ({"payment": "cash"}, {}, {"options": ["business"], "business_account_id": str(account)}):
            ride(running, customer, driver, page, **wish)
    assert driver.command("/driver/payouts", {"amount": 70_000}).is_success
    driver_with(running, staff, 60_000, asks=50_000)
    assert staff.command("/console/payouts/file").is_success
    driver_with(running, staff, 60_000, asks=45_000)
    running.ask(rule)
    return {
        "payouts": "payouts",
        "businesses": "business-accounts",
        "month": f"business-accounts/{account}",
        "statement": f"drivers/{driver.id}/statement",
        "file": f"drivers/{driver.id}",
    }


@pytest.mark.parametrize("how", LOOKS, ids=["-".join(map(str, look)) for look in LOOKS])
def test_every_room_of_money_that_leaves_in_every_look(
    how: tuple[str, str, int], running: Running, desk: Desk, places: dict[str, str]
) -> None:
    lang, scheme, width = how
    with desk.page(lang=lang, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        for name, path in places.items():
            page.goto(f"{running.url}/console/{path}")
            page.locator("#room .card").first.wait_for()
            look_at(page, f"{name}-{lang}-{scheme}-{width}")
