"""Money as a customer meets it: real browsers, a real server with its worker, the sandbox provider over HTTP."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.stories.customer_phones import CALL_SCREEN, Coming, CustomerPhone, phones, somebody_on_duty
from tests.web.api.conftest import start_running
from tests.web.api.fake_cards import FakeCards, Till
from tests.web.api.running import Running

from daeri.infra.settings import CardsKind, Role

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("stories")]
Phones = Callable[..., CustomerPhone]
SETTLED_MS = 20_000
ASKED_AGAIN_MS = 50_000  # a provider that gave no answer is asked half a minute later


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    settings = {"cards": CardsKind.SANDBOX, "roles": frozenset({Role.WEB, Role.WORKER}), "cards_timeout_seconds": 1.0}
    with start_running(server_dsn, template, "customer_money_story", **settings) as server:
        yield server


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[Phones]:
    with phones(running, browser) as opener:
        yield opener


@pytest.fixture
def phone(open_phone: Phones) -> CustomerPhone:
    return open_phone()


@pytest.fixture
def driver(running: Running) -> Coming:
    return somebody_on_duty(running)


def type_card(page: Page, outcome: str) -> None:
    """In the provider's own window, which leads back."""
    page.locator(f"button[name=card][value='{outcome}']").click()


def register(phone: CustomerPhone, outcome: str = "approved") -> None:
    page = phone.go("/cards")
    page.get_by_role("button", name="카드 등록").click()
    type_card(page, outcome)
    page.wait_for_url("**/app/cards")


def money(page: Page, state: str = "paid|unpaid", within_ms: int = SETTLED_MS) -> None:
    """What the receipt says of the money, once it is so."""
    expect(page.locator("[data-receipt]")).to_have_attribute("data-money", re.compile(state), timeout=within_ms)


def test_a_card_is_registered_in_the_providers_window_chosen_and_removed(phone: CustomerPhone) -> None:
    page = phone.go("/profile")
    page.get_by_role("link", name="결제 카드").click()
    expect(page.get_by_text("등록된 카드가 없어요")).to_be_visible()
    page.get_by_role("button", name="카드 등록").click()
    type_card(page, "approved")
    page.wait_for_url("**/app/cards")
    expect(page.locator("[data-card]")).to_have_count(1)
    expect(page.get_by_text("구름시험카드 0001 카드를 등록했어요")).to_be_visible()
    assert "authKey" not in page.url
    register(phone, "insufficient")
    expect(page.locator("[data-card]")).to_have_count(2)
    expect(page.locator("[data-card]").first).to_contain_text("기본 카드")
    page.get_by_role("button", name="이슬시험카드 0003 카드를 기본 카드로").click()
    expect(page.locator("[data-card]").first).to_contain_text("이슬시험카드")
    page.get_by_role("button", name="이슬시험카드 0003 지우기").click()
    page.get_by_role("dialog").get_by_role("button", name="지우기").click()
    expect(page.locator("[data-card]")).to_have_count(1)
    expect(page.locator("[data-card]").first).to_contain_text("구름시험카드")


def test_the_way_back_without_a_card_leads_on(phone: CustomerPhone) -> None:
    page = phone.go("/cards")
    page.get_by_role("button", name="카드 등록").click()
    type_card(page, "")
    expect(page.locator("[data-card-return]")).to_have_attribute("data-card-return", "left")
    page.get_by_role("button", name="나중에 하기").click()
    page.wait_for_url("**/app/cards")
    page.goto(f"{phone.running.url}/app/cards/return?authKey=forged&customerKey=forged")
    expect(page.locator("[data-card-return]")).to_have_attribute("data-card-return", "refused")
    page.get_by_role("button", name="카드 다시 입력하기").click()
    type_card(page, "approved")
    page.wait_for_url("**/app/cards")
    expect(page.locator("[data-card]")).to_have_count(1)


def test_a_ride_says_beforehand_what_will_be_charged_and_is_paid_by_itself(
    phone: CustomerPhone, driver: Coming
) -> None:
    register(phone)
    page = phone.go()
    phone.choose("잠실역")
    expect(page.locator(".foot-note")).to_have_text(re.compile(r"도착하면 구름시험카드 0001로 결제 · [\d,]+원"))
    page.locator("[data-request]").click()
    page.wait_for_url(CALL_SCREEN)
    call_id = page.url.rsplit("/", 1)[1]
    driver.drive(call_id)
    phone.title("잘 도착했어요")
    money(page)
    expect(page.locator("[data-receipt]")).to_contain_text("구름시험카드 0001로 결제했어요")
    page.reload()
    money(page)
    expect(page.locator("[data-receipt]")).to_have_attribute("data-money", "paid")


def test_a_refused_card_stands_against_the_next_ride_until_another_one_pays(
    phone: CustomerPhone, driver: Coming
) -> None:
    register(phone, "insufficient")
    page = phone.go()
    call_id = phone.request()
    driver.drive(call_id)
    money(page)
    expect(page.locator("[data-receipt]")).to_contain_text("카드 한도나 잔액이 모자라요")
    phone.go()
    expect(page.locator("[data-owed]")).to_contain_text("미결제")
    page.locator("[data-owed]").click()
    ride = page.locator("[data-owed-ride]")
    expect(ride).to_contain_text("강남역")
    ride.get_by_role("button", name="지금 결제").click()
    page.get_by_role("dialog").get_by_role("button", name="다른 카드 등록").click()
    type_card(page, "approved")
    page.wait_for_url("**/app/bills")
    ride.get_by_role("button", name="지금 결제").click()
    page.get_by_role("radio", name=re.compile("구름시험카드 0001")).check(force=True)
    page.get_by_role("dialog").get_by_role("button", name=re.compile(r"[\d,]+원 결제")).click()
    expect(page.get_by_text("결제할 운행이 없어요")).to_be_visible(timeout=SETTLED_MS)
    phone.go(f"/calls/{call_id}")
    money(page)
    expect(page.locator(".moves li")).to_have_count(2)
    phone.go()
    expect(page.locator("[data-owed]")).to_have_count(0)


@pytest.mark.rule("I-019")
def test_cash_is_chosen_and_said_to_the_end(phone: CustomerPhone, driver: Coming) -> None:
    page = phone.page
    phone.choose("잠실역")
    phone.option("결제")
    page.get_by_role("radio", name=re.compile("현금")).check(force=True)
    expect(page.locator(".foot-note")).to_have_text(re.compile("기사님께 현금으로"))
    page.locator("[data-request]").click()
    page.wait_for_url(CALL_SCREEN)
    call_id = page.url.rsplit("/", 1)[1]
    driver.accept(call_id)
    driver.arrive(call_id)
    driver.start(call_id)
    expect(page.locator("[data-cash-due]")).to_contain_text(re.compile(r"현금 [\d,]+원을 드려요"))
    driver.complete(call_id)
    money(page)
    expect(page.locator("[data-receipt]")).to_contain_text("기사님께 현금으로 냈어요")


def test_an_answer_that_never_came_is_waited_for_and_charged_once(phone: CustomerPhone, driver: Coming) -> None:
    register(phone, "timeout_then_approved")
    page = phone.go()
    call_id = phone.request()
    driver.drive(call_id)
    money(page, "confirming")
    money(page, "paid", ASKED_AGAIN_MS)
    expect(page.locator("[data-receipt]")).to_contain_text("결제했어요")


@pytest.mark.rule("I-057")
def test_a_reconnected_ride_is_one_ride_on_the_phone(phone: CustomerPhone, driver: Coming, running: Running) -> None:
    register(phone)
    page = phone.go()
    call_id = phone.request()
    driver.accept(call_id)
    driver.arrive(call_id)
    driver.start(call_id)
    driver.complete(call_id)
    money(page)
    drive_id = Till(running, FakeCards()).reconnect(call_id, driver.person)
    phone.title("기사님이 오고 있어요")
    driver.arrive(drive_id)
    driver.start(drive_id)
    phone.title("운행 중이에요")
    phone.go("/calls")
    expect(page.locator("[data-history] li")).to_have_count(1)
    expect(page.locator("[data-history] li")).to_contain_text("운행 중")
    driver.complete(drive_id)
    phone.go(f"/calls/{call_id}")
    phone.title("잘 도착했어요")
    money(page)
    expect(page.locator("[data-receipt]")).to_contain_text("구름시험카드 0001로 결제했어요")
