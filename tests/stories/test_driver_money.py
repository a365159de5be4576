"""A driver's money on the phone: what made the balance, a top-up by card, a withdrawal, a balance that is too low."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import LOOKS, NARROWEST, look_at
from tests.stories.driver_phones import DriverPhone, call_of, phones, until
from tests.web.api.conftest import start_running
from tests.web.api.running import Person, Running

from daeri.bootstrap import Program
from daeri.companies import api as companies
from daeri.companies.model import BankDetails, CompanySettings
from daeri.infra.settings import CardsKind, Role
from daeri.kernel.terms import SYSTEM
from daeri.payments.model import BalancePolicy
from daeri.policies import api as policies

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.xdist_group("stories-driver")]
OpenPhone = Callable[..., DriverPhone]
PROVIDER_MS = 20_000
ACCOUNT = {"bank": "088", "number": "110-123-456789", "holder": "박서준"}


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    settings = {"cards": CardsKind.SANDBOX, "roles": frozenset({Role.WEB, Role.WORKER})}
    with start_running(server_dsn, template, "driver_money_story", **settings) as server:
        server.ask(lambda program: _set_up(program, server))
        yield server


@pytest.fixture(scope="module")
def staff(running: Running) -> Person:
    return running.staff()


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[OpenPhone]:
    with phones(running, browser) as opener:
        yield opener


async def _set_up(program: Program, running: Running) -> None:
    """New calls need 20,000 won, and the company has a bank."""
    parts, now = program.parts, program.parts.clock.now()
    async with parts.database.transaction() as tx:
        policy = BalancePolicy(minimum_won=20_000, warn_below_won=10_000)
        await policies.write(tx, running.ours, policy, now=now, ids=parts.ids)
        settings = CompanySettings(top_up_bank=BankDetails(bank="신한은행", number="140-012-345678", holder="한빛대리"))
        seen = await companies.get(tx, running.ours)
        await companies.change_settings(tx, seen, settings, now=now, ids=parts.ids, actor=SYSTEM)
        await parts.shelf.refresh(tx)


def fill(staff: Person, phone: DriverPhone, amount: int) -> None:
    body = {"amount": amount, "reference": uuid4().hex}
    assert staff.command(f"/console/drivers/{phone.id}/top-ups", body).status_code == 201


def drive(running: Running, phone: DriverPhone, payment: str) -> None:
    """A ride from the card to its end, and what it left on the balance."""
    before = phone.person.get("/driver/balance").json()["balance"]
    call = call_of(running.customer(has_card=True), payment=payment)
    assert phone.person.command("/driver/duty", {"on": True}).is_success
    offer = phone.offer(call["id"])
    for step in (f"offers/{offer}/accept", *(f"calls/{call['id']}/{step}" for step in ("arrive", "start", "complete"))):
        assert phone.person.command(f"/driver/{step}").is_success
    until(phone.page, lambda: phone.person.get("/driver/balance").json()["balance"] != before)


def register_card(page: Page, outcome: str = "approved") -> None:
    """In the provider's own window, and back."""
    page.locator("[data-add-card]").click()
    page.locator(f"button[name=card][value='{outcome}']").click()
    page.wait_for_url("**/drive/top-up")


def test_every_line_of_the_balance_is_explained(running: Running, staff: Person, open_phone: OpenPhone) -> None:
    phone = open_phone()
    fill(staff, phone, 60_000)
    drive(running, phone, "cash")
    page = phone.open("/balance")
    left = phone.person.get("/driver/balance").json()["balance"]
    expect(page.locator("[data-balance] strong")).to_have_text(f"{left:,}원")
    day = page.locator("[data-statement] > li").first
    expect(day.locator(".drive-move")).to_have_count(3)
    fare = day.locator("[data-what=fare]")
    expect(fare).to_contain_text("수수료 20%")
    expect(fare).to_contain_text("보험료")
    expect(day.locator("[data-what=cash]")).to_contain_text("현금으로 받으신")
    expect(day.locator("[data-what=top_up_bank]")).to_contain_text("+60,000원")


def test_a_balance_that_is_too_low_is_told_where_the_driver_waits(
    running: Running, staff: Person, open_phone: OpenPhone
) -> None:
    phone = open_phone()
    fill(staff, phone, 22_000)
    phone.open()
    phone.go_on_duty()
    notice = phone.page.locator("[data-money]")
    expect(notice).to_have_attribute("data-money", "low")
    _look(phone, "", "home-low", "ko-dark-360")
    drive(running, phone, "cash")
    phone.open()
    expect(phone.page.locator("[data-money]")).to_have_attribute("data-money", "short")
    expect(phone.page.get_by_text("콜을 기다리는 중")).to_have_count(0)
    _look(phone, "", "home-short", "ko-dark-360")
    phone.page.locator("[data-money] a").click()
    expect(phone.page.get_by_text("140-012-345678")).to_be_visible()


def test_a_card_fills_the_balance_at_once(open_phone: OpenPhone) -> None:
    phone = open_phone(path="/top-up")
    phone.page.get_by_role("link", name="카드 등록").click()
    register_card(phone.page)
    phone.page.get_by_role("button", name="50,000원", exact=True).click()
    phone.page.get_by_role("button", name="50,000원 충전").click()
    expect(phone.page.locator("[data-top-up-state=done]")).to_be_visible(timeout=PROVIDER_MS)
    assert phone.person.get("/driver/balance").json()["balance"] == 50_000
    phone.open("/balance")
    expect(phone.page.locator("[data-what=top_up_card]")).to_contain_text("+50,000원")


def test_a_card_that_says_no_says_why(open_phone: OpenPhone) -> None:
    phone = open_phone(path="/cards")
    register_card(phone.page, "insufficient")
    phone.page.get_by_role("button", name="30,000원 충전").click()
    refused = phone.page.locator("[data-top-up-state=refused]")
    expect(refused).to_contain_text("한도나 잔액이 부족", timeout=PROVIDER_MS)
    assert phone.person.get("/driver/balance").json()["balance"] == 0


def type_account(page: Page, bank: str, number: str) -> None:
    page.locator("select[name=bank]").select_option(bank)
    page.locator("input[name=number]").fill(number)
    page.locator("input[name=holder]").fill("박서준")
    page.get_by_role("button", name="계좌 저장").click()
    expect(page.locator("[data-account]")).to_contain_text(f"********{number[-4:]}")


def test_a_withdrawal_from_the_form_to_the_bank(staff: Person, open_phone: OpenPhone) -> None:
    phone = open_phone()
    fill(staff, phone, 70_000)
    page = phone.open("/withdraw")
    page.get_by_role("link", name="계좌 등록").click()
    type_account(page, "088", "110-123-456789")
    phone.open("/withdraw")
    page.locator("input[name=amount]").fill("90000")
    expect(page.get_by_text("50,000원까지 출금할 수 있습니다")).to_be_visible()
    page.get_by_role("button", name="전액").click()
    page.get_by_role("button", name="50,000원 출금").click()
    expect(page.get_by_role("dialog")).to_contain_text("끝자리 6789")
    page.locator("[data-yes]").click()
    expect(page.locator("[data-payout=requested]")).to_contain_text("50,000원")
    payout = phone.person.get("/driver/payouts").json()["items"][0]["id"]
    assert staff.command("/console/payouts/file").is_success
    assert staff.command(f"/console/payouts/{payout}/returned", {"reference": "예금주 불일치"}).is_success
    phone.open("/payouts")
    expect(page.locator("[data-payout=returned]")).to_contain_text("예금주 불일치")
    phone.open("/bank-account")
    page.get_by_role("button", name="계좌 바꾸기").click()
    expect(page.get_by_text("계좌를 바꾸면 24시간 동안 출금할 수 없습니다")).to_be_visible()
    type_account(page, "004", "999-999-999999")
    phone.open("/withdraw")
    expect(page.locator("[data-held]")).to_contain_text("직접 바꾸지 않으셨다면")
    look_at(page, "withdraw-held", widths=(360, 1440))
    phone.open("/balance")
    expect(page.locator("[data-balance]")).to_contain_text("부터 출금할 수 있는 금액 50,000원")


@pytest.mark.parametrize("how", LOOKS, ids=["-".join(map(str, look)) for look in LOOKS])
def test_every_screen_of_money_in_every_look(
    how: tuple[str, str, int], running: Running, staff: Person, open_phone: OpenPhone
) -> None:
    lang, scheme, width = how
    locale = "ko-KR" if lang == "ko" else "en-US"
    phone = open_phone(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    phone.context.add_cookies([{"name": "theme", "value": scheme, "url": running.url}])
    look = f"{lang}-{scheme}-{width}"
    for name in ("bank-account", "cards", "withdraw", "payouts"):
        _look(phone, f"/{name}", f"{name}-empty", look)
    fill(staff, phone, 60_000)
    drive(running, phone, "cash")
    drive(running, phone, "card")
    headers = {"idempotency-key": uuid4().hex}
    assert phone.person.http.put("/driver/bank-account", json=ACCOUNT, headers=headers).is_success
    _look(phone, "/withdraw", "withdraw", look)
    phone.open("/cards")
    register_card(phone.page)
    assert phone.person.command("/driver/payouts", {"amount": 20_000}).is_success
    for name in ("balance", "top-up", "cards", "bank-account", "withdraw", "payouts", "earnings"):
        _look(phone, f"/{name}", name, look)
    _look(phone, "", "home", look)


def _look(phone: DriverPhone, path: str, name: str, look: str) -> None:
    look_at(phone.open(path), f"{name}-{look}", widths=(NARROWEST,))
