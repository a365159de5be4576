"""Every screen of the customer's app: no barrier for anybody, nothing cut off, and the choices that a request has."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import NARROWEST, WCAG_22, WIDE, look_at
from tests.stories.customer_phones import CALL_SCREEN, Coming, CustomerPhone, phones, search, somebody_on_duty
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
Phones = Callable[..., CustomerPhone]
# How a screen may meet somebody: on the smallest phone, and on a desk.
SIZES = ({"width": NARROWEST, "height": 640}, {"width": WIDE, "height": 900})
QUIET_SCREENS = ["", "/search/destination", "/pick/destination", "/calls", "/cancellations", "/notices", "/profile"]
KEPT_SCREENS = ["/profile/cars", "/profile/places", "/profile/places/new", "/profile/business", "/nowhere"]


FILL_IN = """(known) => Object.entries(known).forEach(([name, text]) => {
  const box = document.getElementById(`f-${name}`);
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
})"""


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    with start_running(server_dsn, template, "customer_screens") as server:
        yield server


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[Phones]:
    with phones(running, browser) as opener:
        yield opener


@pytest.fixture
def driver(running: Running) -> Coming:
    return somebody_on_duty(running)


def test_no_screen_has_a_barrier(open_phone: Phones) -> None:
    phone = open_phone()
    for path in [*QUIET_SCREENS, *KEPT_SCREENS]:
        page = phone.go(path)
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        fine(page, path)


def test_no_moment_of_a_call_has_a_barrier(open_phone: Phones, driver: Coming) -> None:
    phone = open_phone()
    page = phone.page
    phone.choose()
    for summary in page.locator("details.option summary").all():
        summary.click()
    page.locator("[data-plan=typed]").click()
    fine(page, "request")
    page.locator("[data-plan=recommended]").click()
    page.locator("[data-request]").click()
    page.wait_for_url(CALL_SCREEN)
    call_id = page.url.rsplit("/", 1)[1]
    phone.title("기사님을 찾고 있어요")
    fine(page, "waiting")
    driver.accept(call_id)
    phone.title("기사님이 오고 있어요")
    fine(page, "coming")
    page.locator("[data-cancel]").click()
    expect(page.locator("[data-cancel-count]")).to_be_visible()
    fine(page, "cancel")
    page.locator("[data-keep]").click()
    driver.arrive(call_id)
    phone.title("기사님이 도착했어요")
    fine(page, "arrived")
    driver.start(call_id)
    phone.title("운행 중이에요")
    fine(page, "driving")
    driver.complete(call_id)
    phone.title("잘 도착했어요")
    page.get_by_role("radio", name=re.compile("2")).click()
    fine(page, "completed")
    phone.go(f"/calls/{call_id}/lost")
    fine(page, "lost")


@pytest.mark.rule("R-005")
def test_several_cars_are_several_calls_each_with_its_own_state(open_phone: Phones, driver: Coming) -> None:
    phone = open_phone()
    page = phone.page
    phone.choose()
    phone.option("타는 사람")
    page.get_by_role("button", name="여러 대").click()
    expect(page.locator("[data-request]")).to_be_disabled()
    # As a browser fills in what it knows: all at once, before anything is drawn again.
    known = {"rider-phone-0": "01000008101", "rider-phone-1": "01000008102", "rider-plate-0": "12가3456"}
    page.evaluate(FILL_IN, known)
    expect(page.locator("#f-rider-phone-1")).to_have_value("010-0000-8102")
    expect(page.locator("[data-request]")).to_have_text(re.compile("기사 2명 호출하기"))
    page.locator("[data-request]").click()
    page.wait_for_url(CALL_SCREEN)
    expect(page.locator("[data-car]")).to_have_count(2)
    calls = phone.api("/calls")["items"]
    assert len(calls) == 2
    assert {call["rider"]["phone_masked"][-4:] for call in calls} == {"8101", "8102"}
    other = next(call for call in calls if call["id"] != page.url.rsplit("/", 1)[1])
    driver.accept(other["id"])
    expect(page.locator(f"[data-car='{other['id']}']")).to_contain_text("배정")
    phone.title("기사님을 찾고 있어요")


@pytest.mark.rule("I-058")
def test_a_riders_wrong_number_is_corrected(open_phone: Phones, driver: Coming) -> None:
    phone = open_phone()
    page = phone.page
    phone.choose()
    phone.option("타는 사람")
    page.get_by_role("button", name="다른 사람").click()
    page.locator("#f-rider-phone-0").fill("01000008201")
    page.locator("[data-request]").click()
    page.wait_for_url(CALL_SCREEN)
    call_id = page.url.rsplit("/", 1)[1]
    driver.accept(call_id)
    phone.title("기사님이 오고 있어요")
    page.locator("[data-rider]").click()
    page.locator("#f-new-phone").fill("01000008202")
    page.locator("[data-rider-save]").click()
    expect(page.get_by_text("번호를 바꿨어요")).to_be_visible()
    assert phone.api(f"/calls/{call_id}")["rider"]["phone_masked"].endswith("8202")
    assert "8202" in page.locator(".app-main").inner_text()
    assert "01000008202" not in page.content().replace("-", "")


@pytest.mark.rule("R-005")
def test_a_reserved_call_keeps_to_the_policys_bounds(open_phone: Phones) -> None:
    phone = open_phone()
    page = phone.page
    phone.choose()
    phone.option("출발 시각")
    page.get_by_role("button", name="예약", exact=True).click()
    page.locator("[data-wheel=day] label", has_text="내일").click()
    page.locator("[data-wheel=hour] label", has_text="22시").click()
    expect(page.locator("[data-request]")).to_have_text(re.compile("내일 22:.0 예약하기"))
    page.locator("[data-request]").click()
    page.wait_for_url(CALL_SCREEN)
    phone.title("예약했어요")
    call = phone.api("/calls")["items"][0]
    ahead = datetime.fromisoformat(call["reserved_for"]) - datetime.fromisoformat(call["requested_at"])
    assert timedelta(minutes=40) <= ahead <= timedelta(days=2)


@pytest.mark.rule("R-056")
def test_a_typed_fare_says_what_it_means_and_keeps_its_bounds(open_phone: Phones) -> None:
    phone = open_phone()
    page = phone.page
    phone.choose()
    page.locator("[data-plan=typed]").click()
    fare, meaning = page.locator("#typed-fare"), page.locator("#typed-means")
    for typed in ("0", "1", "1000000000"):
        fare.fill(typed)
        expect(meaning).to_contain_text("까지 정할 수 있어요")
        expect(page.locator("[data-request]")).to_be_disabled()
    floor, ceiling = re.findall(r"([\d,]+)원", meaning.inner_text())  # dearer at night
    fare.fill(floor)
    expect(meaning).to_contain_text("잡히기 어려워요")
    fare.fill(ceiling)
    expect(meaning).to_contain_text("잘 잡히는")
    expect(page.locator("[data-request]")).to_have_text(f"기사 호출하기 · {ceiling}원")


@pytest.mark.rule("R-005")
def test_vias_are_added_moved_and_removed(open_phone: Phones) -> None:
    phone = open_phone()
    page = phone.page
    phone.choose("잠실역")
    page.locator(".trip a").last.click()
    page.locator("[data-add-via]").click()
    search(page, "서울역")
    page.wait_for_url("**/app/request")
    expect(page.locator(".trip li")).to_have_count(3)
    page.locator(".trip a").first.click()
    page.get_by_role("button", name="잠실역 한 칸 위로").click()
    expect(page.locator(".stops li").nth(1)).to_contain_text("잠실역")
    page.get_by_role("button", name="경유지 1 빼기").click()
    expect(page.locator(".stops li")).to_have_count(2)


def test_a_place_is_found_by_keyboard_alone(open_phone: Phones) -> None:
    phone = open_phone()
    page = phone.page
    page.locator("[data-where]").press("Enter")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    page.keyboard.type("잠실")
    expect(page.get_by_role("option").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_have_count(1)
    expect(chosen).to_have_id("found-1")
    expect(box).to_have_attribute("aria-activedescendant", "found-1")
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)


def test_cars_and_favourites_are_kept_for_the_next_time(open_phone: Phones) -> None:
    phone = open_phone()
    page = phone.go("/profile/cars")
    page.locator("[data-add-car-kept]").click()
    page.locator("#f-car-plate").fill("34나5678")
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_text("34나5678").or_(page.get_by_text("34나 5678")).first).to_be_visible()
    phone.go("/profile/places/new")
    page.locator("[data-pick-this]").click()
    save = page.get_by_role("button", name="저장", exact=True)
    save.click()
    expect(save).to_have_count(0)  # who leaves before has saved nothing
    phone.go()
    expect(page.get_by_role("button", name="집")).to_be_visible()
    phone.choose()
    phone.option("차량")
    page.get_by_role("radio", name=re.compile("34나 ?5678")).check()
    page.locator("[data-request]").click()
    page.wait_for_url(CALL_SCREEN)
    assert phone.api("/calls")["items"][0]["car"]["plate"].replace(" ", "") == "34나5678"


def test_a_lost_item_becomes_a_case_with_a_number(open_phone: Phones, driver: Coming) -> None:
    phone = open_phone()
    call_id = phone.request()
    driver.drive(call_id)
    page = phone.go(f"/calls/{call_id}/lost")
    page.get_by_label("무엇을 두고 내리셨나요?").fill("검은 우산")
    page.get_by_role("button", name="접수하기").click()
    expect(page.locator("[data-case]")).to_contain_text("접수했어요")
    page = phone.go(f"/calls/{call_id}/lost")
    expect(page.locator("[data-reported]")).to_contain_text("검은 우산")
    expect(page.locator("[data-reported]")).to_contain_text("확인하고 있어요")


def fine(page: Page, where: str) -> None:
    for size in SIZES:
        page.set_viewport_size(size)
        look_at(page, f"{where} at {size['width']}", rules=WCAG_22)
