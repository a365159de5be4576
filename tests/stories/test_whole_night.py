"""Both sides of the night at once: a customer's and a driver's browser, one program with its own dispatcher between.

Staff approve the driver and write policies over the API; everything else is pressed on one of the two telephones.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.stories import customer_phones, driver_phones
from tests.stories.customer_phones import CustomerPhone
from tests.stories.driver_phones import DriverPhone, second_device
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

from daeri.accounts import api as accounts
from daeri.accounts.model import ChallengeId
from daeri.bootstrap import Program
from daeri.infra.settings import Role
from daeri.kernel.time import KST

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
OpenCustomer = Callable[..., CustomerPhone]
OpenDriver = Callable[..., DriverPhone]
NEW_DRIVER = accounts.demo_phone(8_801)
NEAR = {"latitude": 37.4990, "longitude": 127.0300, "accuracy": 8}
NEARER = {"latitude": 37.4982, "longitude": 127.0283, "accuracy": 8}
SOON_MS = 6_000  # what one side does is seen by the other within seconds, also on a busy machine
PAPER = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000"
    "1ff89993d1d0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    """A whole program: pages, dispatcher and worker."""
    with start_running(server_dsn, template, "whole_night", roles=frozenset(Role)) as server:
        yield server


@pytest.fixture
def open_customer(running: Running, browser: Browser) -> Iterator[OpenCustomer]:
    """Customers, each with a browser; what still waits for a driver when the test ends is cancelled."""
    opened: list[CustomerPhone] = []
    with customer_phones.phones(running, browser) as opener:

        def open_phone(**options: Any) -> CustomerPhone:
            phone: CustomerPhone = opener(**options)
            opened.append(phone)
            return phone

        yield open_phone
        for phone in opened:
            _give_up(phone)


@pytest.fixture
def open_driver(running: Running, browser: Browser) -> Iterator[OpenDriver]:
    """Drivers, each with a browser, on duty near the customers; they go home when the test ends."""
    opened: list[DriverPhone] = []
    with driver_phones.phones(running, browser) as opener:

        def open_phone() -> DriverPhone:
            phone: DriverPhone = opener(geolocation=NEAR)
            opened.append(phone)
            phone.go_on_duty()
            return phone

        yield open_phone
        for phone in opened:
            _go_home(phone)


@pytest.fixture
def customer(open_customer: OpenCustomer) -> CustomerPhone:
    return open_customer()


@pytest.fixture
def driver(open_driver: OpenDriver) -> DriverPhone:
    return open_driver()


@pytest.mark.rule("R-051")
def test_a_new_driver_and_a_new_customer_from_sign_up_to_the_rating(
    running: Running, browser: Browser, customer: CustomerPhone
) -> None:
    with _signed_up(running, browser) as page:
        page.locator("[data-duty-on]").click()
        expect(page.get_by_text("콜을 기다리는 중")).to_be_visible()
        customer.choose("잠실역")
        fare = customer.page.locator("[data-request]").inner_text().split("·")[1].strip()
        customer.page.locator("[data-request]").click()

        card = _card(page)
        for words in ("강남역", "잠실역", "자사콜", "현금", "내 수입", fare.removesuffix("원")):
            expect(card).to_contain_text(words)
        expect(card.get_by_role("timer")).to_be_visible()
        page.locator("[data-accept]").click()
        expect(page.get_by_role("heading", name="고객에게 가는 중")).to_be_visible()

        _told(customer, "기사님이 오고 있어요")
        expect(customer.page.locator("[data-driver]")).to_contain_text("한서준 기사님")
        before = _away(customer)
        page.context.set_geolocation(NEARER)
        expect(customer.page.locator("[data-approach]")).not_to_contain_text(before, timeout=15_000)

        page.locator("[data-do=arrive]").click()
        _told(customer, "기사님이 도착했어요")
        page.locator("[data-do=start]").click()
        _told(customer, "운행 중이에요")
        _finish(page)
        expect(page.get_by_role("heading", name="수고하셨습니다")).to_be_visible()
        expect(page.locator(".drive-ended")).to_contain_text(fare)
        _told(customer, "잘 도착했어요")
        expect(customer.page.locator("[data-receipt]")).to_contain_text(fare)
        customer.page.get_by_role("radio", name="5").click()
        customer.page.locator("[data-rate]").click()
        expect(customer.page.get_by_text("평가해 주셔서 고마워요")).to_be_visible()
        page.locator("[data-put-away]").click()
        page.locator("[data-duty-off]").click()
        page.locator("dialog.sheet [data-yes]").click()
        expect(page.locator("[data-duty-on]")).to_be_visible()


def test_cash_that_the_driver_received_is_on_both_bills(customer: CustomerPhone, driver: DriverPhone) -> None:
    customer.choose()
    customer.option("결제")
    customer.page.get_by_role("radio", name="현금").check()
    customer.page.locator("[data-request]").click()
    _accept(driver, customer)
    _drive_off(driver, customer)
    driver.page.locator(".drive-foot [data-do=complete]").click()
    expect(driver.page.locator("dialog.sheet")).to_contain_text("현금")
    driver.page.locator("[data-choice=yes]").click()
    expect(driver.page.locator(".drive-ended")).to_contain_text("현금")
    _told(customer, "잘 도착했어요")
    expect(customer.page.locator("[data-receipt]")).to_contain_text("현금")


@pytest.mark.rule("R-059")
def test_a_cancel_before_assignment_takes_the_card_away(customer: CustomerPhone, driver: DriverPhone) -> None:
    customer.request()
    expect(driver.page.locator("[data-accept]")).to_be_visible(timeout=SOON_MS)
    customer.page.locator("[data-cancel]").click()
    customer.page.locator("[data-cancel-yes]").click()
    expect(driver.page.locator("[data-reason=cancelled]")).to_be_visible(timeout=SOON_MS)
    customer.title("호출을 취소했어요")
    assert customer.api("/customer/cancellations")["count"] == 0
    driver.page.locator("[data-lost-close]").click()
    expect(driver.page.get_by_text("콜을 기다리는 중")).to_be_visible()


@pytest.mark.rule("R-060")
@pytest.mark.rule("R-061")
def test_a_cancel_after_assignment_is_warned_of_and_told_to_the_driver_at_once(
    customer: CustomerPhone, driver: DriverPhone
) -> None:
    customer.request()
    _accept(driver, customer)
    _cancel_after_assignment(customer)
    expect(driver.page.get_by_role("heading", name="고객이 콜을 취소했습니다")).to_be_visible(timeout=SOON_MS)
    assert customer.api("/customer/cancellations")["count"] == 1
    driver.page.locator("[data-put-away]").click()
    expect(driver.page.get_by_text("콜을 기다리는 중")).to_be_visible()


@pytest.mark.rule("I-053")
def test_a_drivers_cancel_while_driving_is_told_and_not_counted(customer: CustomerPhone, driver: DriverPhone) -> None:
    customer.request()
    _accept(driver, customer)
    _drive_off(driver, customer)
    driver.page.locator("[data-cancel]").click()
    sheet = driver.page.locator("dialog.sheet")
    expect(sheet).to_contain_text("안전한 곳")
    sheet.get_by_label("차량 문제").check()
    sheet.locator("[data-yes]").click()
    expect(driver.page.get_by_role("heading", name="콜을 취소했습니다")).to_be_visible()
    expect(customer.page.get_by_text("기사님이 취소했어요")).to_be_visible(timeout=SOON_MS)
    expect(customer.page.get_by_text("취소 횟수에 들어가지 않아요")).to_be_visible()
    assert customer.api("/customer/cancellations")["count"] == 0


@pytest.mark.rule("R-062")
@pytest.mark.rule("I-008")
def test_at_the_limit_the_reason_and_the_end_of_the_restriction_are_told(
    running: Running, customer: CustomerPhone, driver: DriverPhone
) -> None:
    with _policy(running, "cancellation", {"limit": 2, "length_hours": 3}):
        for _ in range(2):
            customer.request()
            _accept(driver, customer)
            _cancel_after_assignment(customer)
            driver.page.locator("[data-put-away]").click()
            customer.go()
        until = datetime.fromisoformat(customer.api("/customer/cancellations")["restricted_until"]).astimezone(KST)
        bar = customer.page.locator("[data-kind=bad]")
        expect(bar).to_contain_text("까지 호출할 수 없어요")
        expect(bar).to_contain_text(f"{until:%M}")
        bar.click()
        told = customer.page.locator("[data-restricted]")
        expect(told).to_contain_text("2번")
        expect(told).to_contain_text(f"{until:%M}")
        customer.go()
        customer.page.locator("[data-where]").click()
        customer_phones.search(customer.page, "잠실역")
        customer.page.wait_for_url("**/app/request")
        expect(customer.page.locator("[data-request]")).to_be_disabled()


@pytest.mark.rule("I-006")
@pytest.mark.parametrize("who", ["customer", "driver"])
def test_who_wished_never_to_meet_again_does_not(
    who: str, customer: CustomerPhone, driver: DriverPhone, open_driver: OpenDriver
) -> None:
    customer.request()
    _accept(driver, customer)
    _drive_off(driver, customer)
    _finish(driver.page)
    _told(customer, "잘 도착했어요")
    if who == "customer":
        customer.page.locator("[data-never]").click()
        customer.page.locator("[data-never-yes]").click()
        expect(customer.page.get_by_text("앞으로 이 기사님은 배정되지 않아요")).to_be_visible()
    else:
        driver.page.locator("[data-never-meet]").click()
        driver.page.locator("dialog.sheet [data-yes]").click()
        expect(driver.page.get_by_text("앞으로 이 고객의 콜은")).to_be_visible()
    driver.page.locator("[data-put-away]").click()
    expect(driver.page.get_by_text("콜을 기다리는 중")).to_be_visible()
    customer.go()
    call_id = customer.request()
    other = open_driver()
    _accept(other, customer)
    assert customer.api(f"/calls/{call_id}")["driver"]["id"] == str(other.id)
    expect(driver.page.locator("dialog.drive-card")).to_be_hidden()
    assert driver.truth()["offers"] == []
    driver.open("/why")
    assert "만나지" not in driver.page.locator("#main").inner_text()


def test_a_drive_goes_on_while_the_driver_is_in_a_tunnel(customer: CustomerPhone, driver: DriverPhone) -> None:
    customer.request()
    _accept(driver, customer)
    _drive_off(driver, customer)
    driver.context.set_offline(True)
    expect(driver.page.locator("[data-link=offline]")).to_be_visible()
    _finish(driver.page)
    expect(driver.page.locator("[data-pending=complete]")).to_be_visible()
    customer.title("운행 중이에요")
    driver.context.set_offline(False)
    _told(customer, "잘 도착했어요", within_ms=20_000)
    expect(driver.page.get_by_role("heading", name="수고하셨습니다")).to_be_visible(timeout=20_000)


@pytest.mark.rule("R-051")
def test_two_drivers_press_for_the_same_call_of_the_list(
    running: Running, customer: CustomerPhone, open_driver: OpenDriver
) -> None:
    drivers = [open_driver(), open_driver()]
    with _policy(running, "dispatch", {"mode": "open_list"}):
        call_id = customer.request()
        for driver in drivers:
            driver.page.get_by_role("link", name="목록").first.click()
            expect(driver.page.locator("[data-take]")).to_be_visible(timeout=10_000)
        for driver in drivers:
            driver.page.locator("[data-take]").evaluate("button => setTimeout(() => button.click(), 50)")
        won = [_took(driver) for driver in drivers]
    assert sorted(won) == [False, True]
    winner, loser = drivers[won.index(True)], drivers[won.index(False)]
    _told(customer, "기사님이 오고 있어요")
    assert customer.api(f"/calls/{call_id}")["driver"]["id"] == str(winner.id)
    expect(loser.page.get_by_text("다른 기사님이 먼저 받았어요").first).to_be_visible()
    assert loser.truth()["call"] is None


def test_a_customer_who_does_not_come_is_told_the_fee(
    running: Running, customer: CustomerPhone, driver: DriverPhone
) -> None:
    rules = {"free_min": 0, "no_show_after_min": 1, "no_show_fee_won": 7_000}
    with _policy(running, "waiting", rules):
        call_id = customer.request()
        _accept(driver, customer)
        driver.page.locator("[data-do=arrive]").click()
        _told(customer, "기사님이 도착했어요")
    expect(driver.page.locator("[data-no-show]")).to_be_disabled()
    expect(customer.page.locator("[data-arrived]")).to_contain_text(
        "500원"
    )  # as the driver reads it, from the first minute on
    _waited(running, call_id, timedelta(minutes=2))
    driver.open()
    driver.page.locator("[data-no-show]").click()
    driver.page.locator("[data-yes]").click()
    expect(driver.page.get_by_text("고객에게 청구된 금액 7,000원")).to_be_visible()
    ended = customer.page.locator("[data-ended]")
    expect(ended).to_contain_text("7,000원", timeout=SOON_MS)
    expect(ended).not_to_contain_text("기사님이 취소했어요")


def test_two_telephones_of_one_driver_accept_at_once(
    browser: Browser, customer: CustomerPhone, driver: DriverPhone
) -> None:
    other = second_device(driver, browser)
    other.context.set_geolocation(NEAR)
    call_id = customer.request()
    both = (driver, other)
    for phone in both:
        expect(phone.page.locator("[data-accept]")).to_be_visible(timeout=SOON_MS)
    for phone in both:
        phone.page.locator("[data-accept]").evaluate("button => setTimeout(() => button.click(), 50)")
    for phone in both:
        expect(phone.page.get_by_role("heading", name="고객에게 가는 중")).to_be_visible(timeout=SOON_MS)
        expect(phone.page.locator("dialog.drive-card")).to_be_hidden()
        expect(phone.page.locator("[data-reason]")).to_have_count(0)
    _told(customer, "기사님이 오고 있어요")
    other.page.locator("[data-do=arrive]").click()
    expect(driver.page.locator("[data-do=start]")).to_be_visible(timeout=SOON_MS)
    _told(customer, "기사님이 도착했어요")
    assert customer.state_of(call_id) == "arrived"
    other.context.close()


@contextmanager
def _signed_up(running: Running, browser: Browser) -> Iterator[Page]:
    """A telephone that nobody knew: its number, its code, its papers; staff approve, and it is ready for duty."""
    context = browser.new_context(
        viewport=driver_phones.SMALL, locale="ko-KR", geolocation=NEAR, permissions=["geolocation"], has_touch=True
    )
    page = context.new_page()
    page.goto(f"{running.url}/drive?company={driver_phones.COMPANY}")
    page.get_by_label("휴대폰 번호").fill(NEW_DRIVER)
    with page.expect_response("**/auth/codes") as asked:
        page.keyboard.press("Enter")
    code = running.program.codes.code_for(ChallengeId(UUID(asked.value.json()["challenge_id"])))
    assert code is not None
    page.get_by_label("인증번호").fill(code)
    page.get_by_role("link", name="가입 신청서 보기").click()
    _apply(page)
    staff = running.staff()
    (found,) = staff.get("/console/drivers", params={"status": "applied", "q": "한서준"}).json()["items"]
    approved = staff.command(f"/console/drivers/{found['id']}/approve")
    assert approved.status_code == 200, approved.text
    page.goto(f"{running.url}/drive")
    try:
        yield page
    finally:
        # However the story ends, no later one's card goes to this driver.
        staff.command(f"/console/drivers/{found['id']}/suspend", {"reason": "the story is over"})
        context.close()


def _apply(page: Page) -> None:
    for kind in ("licence", "insurance"):
        paper = {"name": f"{kind}.png", "mimeType": "image/png", "buffer": PAPER}
        page.locator(f"[data-document={kind}] input").set_input_files(files=[paper])
        expect(page.locator(f"[data-document={kind}][data-state=sent]")).to_be_visible()
    ends = (datetime.now(KST).date() + timedelta(days=300)).isoformat()
    page.get_by_label("이름").fill("한서준")
    page.get_by_label("면허 번호").fill("11-20-123456-78")
    page.get_by_label("면허 종류").select_option("second_normal")
    page.locator("[name=licence_ends]").fill(ends)
    page.get_by_label("보험사").fill("한결손해보험")
    page.get_by_label("증권 번호").fill("A-100-200")
    page.locator("[name=insurance_ends]").fill(ends)
    page.get_by_role("button", name="신청서 보내기").click()
    expect(page.locator("[data-status=open]")).to_be_visible()


@contextmanager
def _policy(running: Running, name: str, value: dict[str, Any]) -> Iterator[None]:
    """What staff write holds for the length of a story."""
    staff = running.staff()
    written = staff.command(f"/console/policies/{name}", {"value": value})
    assert written.status_code in (200, 201), written.text
    yield
    staff.command(f"/console/policies/{name}", {"value": None}).raise_for_status()


def _card(page: Page) -> Locator:
    card = page.locator("dialog.drive-card")
    expect(card.locator("[data-accept]")).to_be_visible(timeout=SOON_MS)
    return card


def _accept(driver: DriverPhone, customer: CustomerPhone) -> None:
    """The card that dispatch sent is accepted, and the customer hears of it."""
    _card(driver.page).locator("[data-accept]").click()
    expect(driver.page.locator(".drive-trip")).to_be_visible()
    _told(customer, "기사님이 오고 있어요")


def _drive_off(driver: DriverPhone, customer: CustomerPhone) -> None:
    driver.page.locator("[data-do=arrive]").click()
    driver.page.locator("[data-do=start]").click()
    _told(customer, "운행 중이에요")


def _finish(page: Page) -> None:
    page.locator(".drive-foot [data-do=complete]").click()
    page.locator("[data-choice=yes]").click()  # a customer without a card pays in cash


def _cancel_after_assignment(customer: CustomerPhone) -> None:
    customer.page.locator("[data-cancel]").click()
    expect(customer.page.get_by_role("dialog")).to_contain_text("신중하게")
    expect(customer.page.locator("[data-cancel-count]")).to_be_visible()
    customer.page.locator("[data-cancel-yes]").click()
    customer.title("배정 후 취소됐어요")


def _told(customer: CustomerPhone, words: str, within_ms: int = SOON_MS) -> None:
    expect(customer.page.get_by_role("heading", level=1)).to_have_text(words, timeout=within_ms)


def _away(customer: CustomerPhone) -> str:
    """How far the driver is, as the customer reads it."""
    hint = customer.page.locator("[data-approach] .hint").first
    expect(hint).to_contain_text(" m")
    return hint.inner_text()


def _took(driver: DriverPhone) -> bool:
    driver.page.locator(".drive-trip, [data-reason], [data-gone]").first.wait_for(timeout=10_000)
    return driver.page.locator(".drive-trip").count() == 1


def _waited(running: Running, call_id: str, more: timedelta) -> None:
    """The arrival lies further back: no story waits for minutes."""

    async def shift(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            sql = "UPDATE calls SET arrived_at = arrived_at - $2::interval WHERE id = $1"
            await tx.execute(sql, UUID(call_id), more)

    running.ask(shift)


def _give_up(phone: CustomerPhone) -> None:
    session = phone.api("/session")
    headers = {"x-daeri-app": "customer", "x-csrftoken": session["csrf"]}
    for call in phone.api("/calls")["items"]:
        if call["state"] in ("requested", "assigned", "arrived"):
            headers["idempotency-key"] = f"give-up-{call['id']}"
            phone.context.request.post(f"{phone.running.api}/calls/{call['id']}/cancel", headers=headers)


def _go_home(phone: DriverPhone) -> None:
    call = phone.truth()["call"]
    if call:
        phone.person.command(f"/driver/calls/{call['id']}/cancel", {"reason": "other"})
    phone.person.command("/driver/duty", {"on": False})
