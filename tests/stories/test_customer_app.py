"""A customer's nights, in a real browser against a real server; the drivers who come speak over the API."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Route, expect
from tests.stories.customer_phones import CALL_SCREEN, Coming, CustomerPhone, phones, search, somebody_on_duty
from tests.web.api.conftest import start_running
from tests.web.api.running import TRIP, Running

from daeri.bootstrap import Program

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
Phones = Callable[..., CustomerPhone]


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    with start_running(server_dsn, template, "customer_app") as server:
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


@pytest.mark.rule("R-051")
def test_a_night_from_where_to_until_the_rating(phone: CustomerPhone, driver: Coming) -> None:
    page = phone.page
    phone.choose("잠실역")
    button = page.locator("[data-request]")
    expect(button).to_have_text(re.compile(r"기사 호출하기 · [\d,]+원"))
    fare = re.search(r"[\d,]+원", button.inner_text())
    assert fare is not None
    button.click()
    page.wait_for_url(CALL_SCREEN)
    call_id = page.url.rsplit("/", 1)[1]
    phone.title("기사님을 찾고 있어요")
    expect(page.locator("[data-asked]")).to_have_text("0명")
    expect(page.locator("[data-search]")).to_contain_text("기사님을 찾기 시작했어요")  # not yet that nobody is near

    driver.accept(call_id)
    phone.title("기사님이 오고 있어요")
    expect(page.locator("[data-driver]")).to_contain_text("김민준 기사님")
    expect(page.get_by_role("button", name="전화", exact=True)).to_be_disabled()
    driver.arrive(call_id)
    phone.title("기사님이 도착했어요")
    driver.start(call_id)
    phone.title("운행 중이에요")
    expect(page.locator("[data-driving]")).to_be_visible()
    driver.complete(call_id)
    phone.title("잘 도착했어요")
    expect(page.locator("[data-receipt]")).to_contain_text(fare[0])

    page.get_by_role("radio", name=re.compile("5")).click()
    page.get_by_role("checkbox", name="운전이 편안해요").check()
    page.locator("[data-rate]").click()
    expect(page.get_by_text("평가해 주셔서 고마워요")).to_be_visible()
    rated = phone.api(f"/calls/{call_id}/rating")
    assert (rated["stars"], list(rated["tags"])) == (5, ["safe_driving"])
    page.reload()
    expect(page.get_by_text("평가해 주셔서 고마워요")).to_be_visible()


@pytest.mark.rule("R-059")
def test_a_call_is_cancelled_before_a_driver_is_assigned(phone: CustomerPhone) -> None:
    call_id = phone.request()
    phone.page.locator("[data-cancel]").click()
    expect(phone.page.get_by_role("dialog")).to_contain_text("횟수에 들어가지 않아요")
    expect(phone.page.locator("[data-cancel-count]")).to_have_count(0)
    phone.page.locator("[data-cancel-yes]").click()
    phone.title("호출을 취소했어요")
    assert phone.state_of(call_id) == "cancelled_before_assignment"
    assert phone.api("/customer/cancellations")["count"] == 0


@pytest.mark.rule("R-060")
@pytest.mark.rule("R-061", "X-11")
@pytest.mark.rule("I-008")
def test_a_cancel_after_assignment_is_at_the_top_and_warned_of(phone: CustomerPhone, driver: Coming) -> None:
    call_id = phone.request()
    driver.accept(call_id)
    phone.title("기사님이 오고 있어요")
    button = phone.page.locator("[data-cancel]")
    head = phone.page.locator(".top-bar")
    assert button.bounding_box() is not None
    expect(head.locator("[data-cancel]")).to_be_in_viewport()
    button.click()
    limit = phone.api("/customer/cancellations")["limit"]
    for words in ("피할 수 없을 때만", "신중하게"):
        expect(phone.page.get_by_role("dialog")).to_contain_text(words)
    expect(phone.page.locator("[data-cancel-count]")).to_contain_text(f"한도는 {limit}번")
    phone.page.locator("[data-keep]").click()
    assert phone.state_of(call_id) == "assigned"
    button.click()
    phone.page.locator("[data-cancel-yes]").click()
    phone.title("배정 후 취소됐어요")
    expect(phone.page.get_by_text("취소 횟수에 들어가요")).to_be_visible()
    assert phone.api("/customer/cancellations")["count"] == 1


@pytest.mark.rule("R-059", "R-060")
def test_a_driver_who_comes_while_the_question_stands_is_not_cancelled_for_nothing(
    phone: CustomerPhone, driver: Coming
) -> None:
    call_id = phone.request()
    dialog = phone.page.get_by_role("dialog")
    phone.page.locator("[data-cancel]").click()
    expect(dialog).to_contain_text("횟수에 들어가지 않아요")
    driver.accept(call_id)
    expect(dialog).to_contain_text("그사이 기사님이 배정됐어요")
    phone.page.locator("[data-cancel-yes]").click()
    expect(phone.page.locator("[data-cancel-count]")).to_be_visible()
    expect(dialog).to_contain_text("신중하게")
    assert phone.state_of(call_id) == "assigned"
    phone.page.locator("[data-keep]").click()
    driver.arrive(call_id)
    driver.start(call_id)
    phone.title("운행 중이에요")
    phone.page.locator("[data-cancel]").click()
    for words in ("운행 중이에요", "자동으로 결제되지는 않지만", "신중하게"):
        expect(dialog).to_contain_text(words)
    phone.page.locator("[data-cancel-yes]").click()
    phone.title("배정 후 취소됐어요")
    expect(phone.page.locator(".lines")).to_contain_text("청구된 요금 없음")


@pytest.mark.rule("R-062")
def test_at_the_limit_the_app_says_until_when_nothing_can_be_requested(
    phone: CustomerPhone, running: Running, driver: Coming
) -> None:
    page = phone.page
    limit = phone.api("/customer/cancellations")["limit"]
    for _ in range(limit):
        call_id = phone.request()
        driver.accept(call_id)
        phone.title("기사님이 오고 있어요")
        page.locator("[data-cancel]").click()
        expect(page.locator("[data-cancel-count]")).to_be_visible()
        page.locator("[data-cancel-yes]").click()
        phone.title("배정 후 취소됐어요")
        phone.go()
        expect(page.locator("[data-where]")).to_be_visible()
    expect(page.get_by_text("까지 호출할 수 없어요")).to_be_visible()
    page.locator("[data-where]").click()
    search(page, "잠실역")
    page.wait_for_url("**/app/request")
    expect(page.get_by_text("부터 다시 호출할 수 있어요")).to_be_visible()
    expect(page.locator("[data-request]")).to_be_disabled()
    phone.go("/cancellations")
    expect(page.locator("[data-restricted]")).to_contain_text(f"{limit}번")


@pytest.mark.rule("I-006")
def test_never_meet_again_is_explained_and_then_done(phone: CustomerPhone, driver: Coming) -> None:
    call_id = phone.request()
    driver.drive(call_id)
    phone.title("잘 도착했어요")
    phone.page.locator("[data-never]").click()
    expect(phone.page.get_by_role("dialog")).to_contain_text("앞으로 배정되지 않아요")
    with phone.page.expect_response(re.compile("never-meet")) as told:
        phone.page.locator("[data-never-yes]").click()
    assert told.value.ok, told.value.text()
    expect(phone.page.get_by_text("앞으로 이 기사님은 배정되지 않아요")).to_be_visible()
    for look_again in (False, True):  # what was asked stays to be seen, and only its contrary is offered
        if look_again:
            phone.go(f"/calls/{call_id}")
        expect(phone.page.locator("[data-never]")).to_contain_text("다시 만나지 않기로 했어요")
    phone.page.locator("[data-never]").click()
    expect(phone.page.locator("[data-never-yes]")).to_have_count(0)
    phone.page.locator("[data-never-no]").click()
    expect(phone.page.locator("[data-never]")).not_to_contain_text("다시 만나지 않기로 했어요")


def test_a_driver_whom_nobody_named_is_still_somebody(phone: CustomerPhone, running: Running) -> None:
    driver = Coming(running, running.driver())

    async def forget(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute("UPDATE accounts SET display_name = '' WHERE id = $1", driver.person.id)

    running.ask(forget)
    at = {"lat": 37.5012, "lon": 127.0396}
    assert driver.person.command("/driver/duty", {"on": True, "position": at}).status_code == 200
    call_id = phone.request()
    driver.accept(call_id)
    expect(phone.page.locator("[data-driver]")).to_contain_text("담당 기사님")
    phone.page.locator("[data-cancel]").click()
    expect(phone.page.get_by_role("dialog")).to_contain_text("담당 기사님이 이미 배정됐어요")


def test_a_reload_shows_the_running_call_at_once(phone: CustomerPhone, driver: Coming) -> None:
    call_id = phone.request()
    driver.accept(call_id)
    phone.title("기사님이 오고 있어요")
    phone.go()
    phone.page.wait_for_url(CALL_SCREEN)
    phone.title("기사님이 오고 있어요")
    phone.page.get_by_role("link", name="처음 화면으로").click()
    expect(phone.page.locator(f"[data-running='{call_id}']")).to_contain_text("기사님이 오고 있어요")


def test_what_happened_while_offline_is_shown_on_the_way_back(phone: CustomerPhone, driver: Coming) -> None:
    call_id = phone.request()
    phone.context.set_offline(True)
    expect(phone.page.locator("[data-offline]")).to_contain_text("인터넷 연결이 끊겼어요")
    driver.accept(call_id)
    phone.title("기사님을 찾고 있어요")
    phone.context.set_offline(False)
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("기사님이 오고 있어요", timeout=15_000)
    expect(phone.page.locator("[data-offline]")).to_be_hidden(timeout=15_000)


def test_pressing_twice_asks_for_one_driver(phone: CustomerPhone) -> None:
    phone.choose()
    phone.page.locator("[data-request]").dblclick()
    phone.page.wait_for_url(CALL_SCREEN)
    assert len(phone.api("/calls")["items"]) == 1


def test_an_answer_that_was_lost_is_not_a_second_call(phone: CustomerPhone) -> None:
    phone.choose()
    phone.page.route("**/api/v1/calls", _lose_the_answer, times=1)
    phone.page.locator("[data-request]").click()
    expect(phone.page.locator(".toast")).to_be_visible()
    phone.page.locator("[data-request]").click()
    phone.page.wait_for_url(CALL_SCREEN)
    assert len(phone.api("/calls")["items"]) == 1


def test_a_drivers_cancel_is_told_and_does_not_count(phone: CustomerPhone, driver: Coming) -> None:
    call_id = phone.request()
    driver.accept(call_id)
    phone.title("기사님이 오고 있어요")
    driver.cancel(call_id)
    expect(phone.page.get_by_text("기사님이 취소했어요")).to_be_visible()
    expect(phone.page.get_by_text("취소 횟수에 들어가지 않아요")).to_be_visible()
    assert phone.api("/customer/cancellations")["count"] == 0


def test_the_same_trip_again(phone: CustomerPhone, driver: Coming) -> None:
    driver.drive(phone.request())
    phone.title("잘 도착했어요")
    phone.page.locator("[data-again]").click()
    phone.page.wait_for_url("**/app/request")
    expect(phone.page.locator(".trip")).to_contain_text("잠실역")
    expect(phone.page.locator("[data-request]")).to_be_enabled()


def test_another_customers_call_does_not_exist(phone: CustomerPhone, running: Running) -> None:
    theirs = running.customer().command("/calls", TRIP).json()
    phone.go(f"/calls/{theirs['id']}")
    expect(phone.page.get_by_text("호출을 찾을 수 없어요")).to_be_visible()


def _lose_the_answer(route: Route) -> None:
    """The command arrives, its answer does not."""
    if route.request.method != "POST":
        route.continue_()
        return
    route.fetch()
    route.abort()
