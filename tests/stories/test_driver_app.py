"""A driver's night on the phone: a card, the drive, the money, and what is told when a call goes elsewhere."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import APIResponse, Browser, Route, expect
from tests.stories.driver_phones import DriverPhone, call_of, phones, state_of, until
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
OpenPhone = Callable[..., DriverPhone]


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    with start_running(server_dsn, template, "driver_app") as server:
        yield server


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[OpenPhone]:
    with phones(running, browser) as opener:
        yield opener


def on_a_call(running: Running, phone: DriverPhone, **changes: Any) -> tuple[Any, dict[str, Any]]:
    """A customer and their call, which the phone has accepted."""
    customer = running.customer()
    call = call_of(customer, **changes)
    phone.take_offer(call["id"])
    return customer, call


def test_a_driver_signs_in_with_a_code(running: Running, browser: Browser, open_phone: OpenPhone) -> None:
    phone = open_phone()
    running.program.context.shown_code = running.program.codes.code_for  # as in a demo, where nobody's phone rings
    fresh = browser.new_context(viewport={"width": 320, "height": 568}, locale="ko-KR")
    page = fresh.new_page()
    page.goto(f"{running.url}/drive?company=hanbit")
    page.fill("input[name=phone]", phone.number)
    page.keyboard.press("Enter")
    shown = page.locator(".sign-in-form .notice").inner_text()
    page.fill("input[name=code]", "".join(c for c in shown if c.isdigit())[-6:])
    expect(page.locator("[data-duty-on]")).to_be_visible()
    fresh.close()


def test_an_older_answer_takes_no_card_away(running: Running, open_phone: OpenPhone) -> None:
    """The phone reads the truth anew when its socket is welcomed; a card that comes meanwhile is newer than that."""
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    seen: list[tuple[Route, APIResponse]] = []

    def hold_the_second(route: Route) -> None:
        seen.append((route, route.fetch()))
        if len(seen) != 2:
            route.fulfill(response=seen[-1][1])

    page.route("**/api/v1/driver", hold_the_second)
    page.reload()
    expect(page.locator("[data-link=live]")).to_be_visible()
    until(page, lambda: len(seen) == 2)
    phone.offer(call_of(running.customer())["id"])
    expect(page.locator("[data-accept]")).to_be_visible()
    held, answer = seen[1]
    held.fulfill(response=answer)
    until(page, lambda: len(seen) >= 3)
    page.locator("[data-accept]").click()
    expect(page.locator(".drive-trip")).to_be_visible()


@pytest.mark.rule("R-051")
def test_a_whole_drive(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    expect(page.locator("[data-link=live]")).to_be_visible()
    expect(page.locator("[data-gps=ok]")).to_be_visible()
    customer = running.customer(has_card=True)
    call = call_of(customer, note="지하 2층입니다", vias=[{"lat": 37.505, "lon": 127.06, "name": "삼성역"}])
    phone.offer(call["id"])
    card = page.locator("dialog.drive-card")
    for words in ("강남역", "삼성역", "잠실역", "자사콜", "경유", "카드"):
        expect(card).to_contain_text(words)
    expect(card.get_by_role("timer")).to_be_visible()
    expect(card).not_to_have_attribute("data-guarded", "")  # the tap of before is over
    page.locator("[data-accept]").click()
    expect(page.get_by_role("heading", name="고객에게 가는 중")).to_be_visible()
    expect(card).to_be_hidden()
    page.locator("[data-do=arrive]").click()
    expect(page.get_by_role("heading", name="고객을 기다리는 중")).to_be_visible()
    page.locator("[data-do=start]").click()
    expect(page.get_by_role("heading", name="운행 중")).to_be_visible()
    expect(page.get_by_text("지하 2층입니다")).to_be_visible()
    page.locator("[data-do=via]").click()
    page.locator("[data-do=complete]").click()
    page.locator("[data-yes]").click()
    expect(page.get_by_role("heading", name="수고하셨습니다")).to_be_visible()
    assert state_of(customer, call) == "completed"
    page.locator("[data-put-away]").click()
    expect(page.get_by_text("콜을 기다리는 중")).to_be_visible()


def test_a_declined_card_goes_to_nobody_here(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    phone.go_on_duty()
    customer = running.customer()
    call = call_of(customer)
    phone.offer(call["id"])
    phone.page.locator("[data-decline]").click()
    expect(phone.page.locator("dialog.drive-card")).to_be_hidden()
    expect(phone.page.get_by_text("콜을 기다리는 중")).to_be_visible()
    until(phone.page, lambda: phone.truth()["offers"] == [])
    assert state_of(customer, call) == "requested"


def test_a_card_that_ran_out_is_told_kindly(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    phone.go_on_duty()
    call = call_of(running.customer())
    phone.offer(call["id"])
    expect(phone.page.locator("[data-accept]")).to_be_visible()
    lost = phone.page.locator("[data-reason=expired]")
    expect(lost).to_be_visible(timeout=20_000)
    expect(lost).to_contain_text("시간이 지나")
    lost.locator("[data-lost-close]").click()
    expect(phone.page.locator("dialog.drive-card")).to_be_hidden()


def test_a_call_that_its_customer_cancelled_leaves_the_card(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    phone.go_on_duty()
    customer = running.customer()
    call = call_of(customer)
    phone.offer(call["id"])
    expect(phone.page.locator("[data-accept]")).to_be_visible()
    assert customer.command(f"/calls/{call['id']}/cancel").status_code == 200
    expect(phone.page.locator("[data-reason=cancelled]")).to_be_visible(timeout=5_000)


@pytest.mark.rule("I-053")
@pytest.mark.parametrize("steps", [0, 1, 2], ids=["assigned", "arrived", "driving"])
def test_the_driver_cancels_with_a_reason_and_a_warning(steps: int, running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    phone.go_on_duty()
    customer, call = on_a_call(running, phone)
    page = phone.page
    for step in ("arrive", "start")[:steps]:
        page.locator(f"[data-do={step}]").click()
        expect(page.locator(f"[data-do={step}]")).to_have_count(0)
    page.locator("[data-cancel]").click()
    sheet = page.locator("dialog.sheet")
    expect(sheet).to_contain_text("안전한 곳" if steps == 2 else "불가피할 때만")
    sheet.locator("[data-yes]").click()
    expect(sheet).to_be_visible()  # not without a reason
    sheet.get_by_label("차량 문제").check()
    sheet.locator("[data-yes]").click()
    expect(page.get_by_role("heading", name="콜을 취소했습니다")).to_be_visible()
    found = customer.get(f"/calls/{call['id']}").json()
    assert (found["state"], found["ended_by"]) == ("cancelled_after_assignment", "driver")
    assert found["cancelled_from"] == ("assigned", "arrived", "driving")[steps]


def test_the_customers_cancel_is_told_on_the_drive(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    phone.go_on_duty()
    customer, call = on_a_call(running, phone)
    assert customer.command(f"/calls/{call['id']}/cancel").status_code == 200
    expect(phone.page.get_by_role("heading", name="고객이 콜을 취소했습니다")).to_be_visible(timeout=5_000)
    phone.page.locator("[data-put-away]").click()
    expect(phone.page.get_by_text("콜을 기다리는 중")).to_be_visible()


def test_two_browsers_race_for_a_listed_call(running: Running, open_phone: OpenPhone) -> None:
    phones_ = [open_phone(), open_phone()]
    for phone in phones_:
        phone.go_on_duty()
    customer = running.customer()
    call = call_of(customer)
    running.ask(lambda _: running.night().list_for(UUID(call["id"]), *(phone.id for phone in phones_)))
    for phone in phones_:
        phone.page.get_by_role("link", name="목록").first.click()
        expect(phone.page.locator("[data-take]")).to_be_visible(timeout=10_000)
    for phone in phones_:
        phone.page.locator("[data-take]").evaluate("button => setTimeout(() => button.click(), 50)")
    winners = [phone for phone in phones_ if _took(phone)]
    assert len(winners) == 1
    (loser,) = [phone for phone in phones_ if phone is not winners[0]]
    expect(winners[0].page.locator(".drive-trip")).to_be_visible()
    expect(loser.page.get_by_text("다른 기사님이 먼저 받았어요").first).to_be_visible(timeout=5_000)
    assert loser.truth()["call"] is None


def _took(phone: DriverPhone) -> bool:
    phone.page.locator(".drive-trip, [data-reason], [data-gone]").first.wait_for(timeout=10_000)
    return phone.page.locator(".drive-trip").count() == 1


def test_going_off_duty_is_asked_and_refused_on_a_call(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    page.locator("[data-duty-off]").click()
    page.locator("[data-yes]").click()
    expect(page.locator("[data-duty-on]")).to_be_visible()
    assert phone.truth()["duty"] == "off"
    expect(page.locator("[data-gps]")).to_have_count(0)


def test_a_phone_that_never_says_where_it_is_goes_on_duty_all_the_same(open_phone: OpenPhone) -> None:
    phone = open_phone()
    phone.page.add_init_script("navigator.geolocation.getCurrentPosition = () => {}")
    phone.page.reload()
    power = phone.page.locator("[data-duty-on]")
    power.click()
    expect(phone.page.get_by_text("위치를 아직 모릅니다")).to_be_visible(timeout=20_000)
    expect(power).to_have_count(0)


def test_who_has_only_applied_cannot_go_on_duty_and_is_told_why(open_phone: OpenPhone) -> None:
    phone = open_phone(approved=False)
    expect(phone.page.locator("[data-duty-on]")).to_be_disabled()
    expect(phone.page.get_by_text("가입 신청서를 내고 승인을 받으면")).to_be_visible()
    phone.page.get_by_role("link", name="가입 신청서 보기").click()
    expect(phone.page.get_by_role("heading", name="가입 신청과 서류")).to_be_visible()
