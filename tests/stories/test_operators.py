"""Operators at the console: who may drive, who is forgiven, who meets again, what is closed, and what is told."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import LOOKS, NARROW, WIDE, look_at
from tests.stories.driver_phones import until
from tests.stories.operators import Desk, applicant, cancelled, sit_down, strict, suspended, with_everything
from tests.web.api.conftest import start_running
from tests.web.api.running import TRIP, Person, Running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
# The other theme and the other width are looked at on the same way through the rooms.


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    with start_running(server_dsn, template, "operators") as server:
        strict(server)
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


def decide(page: Page, yes: str, **fields: str) -> None:
    """Fill the question that is open and go on; it closes once it was done."""
    dialog = page.get_by_role("dialog")
    for name, text in fields.items():
        dialog.locator(f"[name={name}]").fill(text)
    dialog.locator(".sheet-actions").get_by_role("button", name=yes, exact=True).click()
    expect(dialog).to_have_count(0)


def part(page: Page, name: str) -> Any:
    return page.locator(f"[data-part={name}]")


def test_an_application_is_approved_for_the_services_that_are_picked(running: Running, page: Page) -> None:
    driver = applicant(running)
    page.goto(f"{running.url}/console/applications")
    page.locator(f'a[href="/console/drivers/{driver.id}"]').click()
    expect(part(page, "applications")).to_contain_text("이서연")
    picture = part(page, "documents").get_by_role("img", name="운전면허증")
    expect(picture).to_be_visible()
    pictures = "() => [...document.querySelectorAll('[data-part=documents] img')].every((one) => one.naturalWidth)"
    until(page, lambda: page.evaluate(pictures))  # Playwright's own way needs an eval, which our pages forbid
    page.get_by_role("button", name="승인", exact=True).click()
    page.get_by_role("dialog").get_by_role("switch", name="VIP").click()
    decide(page, "승인")
    expect(part(page, "applications").get_by_text("승인", exact=True)).to_be_visible()
    assert driver.get("/driver/application").json()["status"] == "approved"
    assert driver.command("/driver/duty", {"on": True}).status_code == 200
    expect(page.get_by_role("button", name="거절")).to_have_count(0)


def test_an_application_is_refused_with_a_reason(running: Running, page: Page) -> None:
    driver = applicant(running)
    page.goto(f"{running.url}/console/drivers/{driver.id}")
    page.get_by_role("button", name="거절", exact=True).click()
    decide(page, "거절", reason="면허증 사진이 흐립니다")
    expect(part(page, "applications")).to_contain_text("면허증 사진이 흐립니다")
    assert driver.get("/driver/application").json()["refusal"] == "면허증 사진이 흐립니다"


@pytest.mark.rule("R-041", "I-005")
def test_a_driver_is_suspended_with_a_reason_and_the_history_is_kept(running: Running, page: Page) -> None:
    driver = running.driver()
    page.goto(f"{running.url}/console/drivers")
    page.locator(f'a[href="/console/drivers/{driver.id}"]').click()
    panel = part(page, "suspension")
    expect(panel.get_by_role("heading", name="계정정지정보")).to_be_visible()
    expect(panel).to_contain_text("정지된 적이 없습니다")
    panel.get_by_role("button", name="계정 정지").click()
    yes = page.get_by_role("dialog").locator(".sheet-actions .danger")
    expect(yes).to_be_disabled()
    page.get_by_label("사유").fill("  ")
    expect(yes).to_be_disabled()
    page.get_by_label("정지 기간").select_option("7")
    decide(page, "계정 정지", reason="배정 후 연락 두절", evidence="11월 20일 콜 두 건")
    for words in ("배정 후 연락 두절", "11월 20일 콜 두 건", "관제 담당"):
        expect(panel.locator("[data-running]")).to_contain_text(words)
    (told,) = driver.get("/driver/suspensions").json()["items"]
    assert (told["reason"], told["evidence"], told["by_hand"]) == ("배정 후 연락 두절", "11월 20일 콜 두 건", True)
    assert told["ends_at"] is not None
    panel.get_by_role("button", name="정지 해제").click()
    decide(page, "해제", reason="확인 결과 통신 장애")
    expect(panel.locator("[data-running]")).to_have_count(0)
    expect(panel.get_by_role("heading", name="정지이력 1")).to_be_visible()
    for words in ("배정 후 연락 두절", "11월 20일 콜 두 건", "확인 결과 통신 장애", "해제됨"):
        expect(panel.locator("[data-suspension=over]")).to_contain_text(words)
    assert driver.command("/driver/duty", {"on": True}).status_code == 200


@pytest.mark.rule("I-005")
def test_an_appeal_is_answered_by_a_person(running: Running, staff: Person, page: Page) -> None:
    driver = suspended(running, staff, appeals=True)
    page.goto(f"{running.url}/console/appeals")
    entry = page.locator("li").filter(has=page.locator(f'a[href="/console/drivers/{driver.id}"]'))
    expect(entry).to_contain_text("앱이 꺼져 있었습니다.")
    entry.get_by_role("button", name="답변하기").click()
    yes = page.get_by_role("dialog").locator(".sheet-actions .primary")
    page.get_by_role("dialog").locator("[name=answer]").fill("기록을 다시 확인했습니다.")
    expect(yes).to_be_disabled()
    page.get_by_role("button", name="받아들임").click()
    decide(page, "답변하기")
    expect(entry).to_have_count(0)
    (told,) = driver.get("/driver/suspensions").json()["items"]
    assert (told["appeal"]["upheld"], told["appeal"]["answer"]) == (True, "기록을 다시 확인했습니다.")
    assert told["lifted_at"] is not None


@pytest.mark.rule("I-009", "I-008")
def test_a_cancel_is_forgiven_and_the_restriction_ends(running: Running, page: Page) -> None:
    customer = running.customer()
    for _ in range(2):
        cancelled(running, customer, running.driver())
    assert customer.command("/calls", TRIP).status_code == 409
    page.goto(f"{running.url}/console/customers")
    page.get_by_role("switch", name="호출이 제한된 고객만").click()
    page.locator(f'a[href="/console/customers/{customer.id}"]').click()
    expect(part(page, "standing")).to_contain_text("2회 중 2회")
    part(page, "cancels").get_by_role("button", name="횟수에서 제외").first.click()
    decide(page, "횟수에서 제외", reason="기사 요청으로 취소")
    expect(part(page, "standing")).to_contain_text("2회 중 1회")
    expect(part(page, "cancels")).to_contain_text("기사 요청으로 취소")
    expect(part(page, "restrictions")).to_contain_text("취소 제외로 해제")
    assert customer.command("/calls", TRIP).status_code == 201


@pytest.mark.rule("I-008")
def test_a_restriction_is_lifted_and_what_was_counted_stays(running: Running, page: Page) -> None:
    customer = running.customer()
    for _ in range(2):
        cancelled(running, customer, running.driver())
    page.goto(f"{running.url}/console/customers/{customer.id}")
    page.get_by_role("button", name="호출 제한 해제").click()
    decide(page, "해제", reason="단골 고객")
    expect(part(page, "restrictions")).to_contain_text("단골 고객")
    expect(part(page, "standing")).to_contain_text("2회 중 2회")
    assert customer.command("/calls", TRIP).status_code == 201


def test_a_wish_never_to_meet_is_found_by_number_and_lifted(running: Running, staff: Person, page: Page) -> None:
    customer, driver = with_everything(running)
    (wish,) = [
        each for each in staff.get("/console/never-meet").json()["items"] if each["customer_id"] == str(customer.id)
    ]
    number = staff.get(f"/console/customers/{customer.id}").json()["customer"]["phone"][-4:]
    page.goto(f"{running.url}/console/customers")
    page.get_by_role("link", name="다시 만나지 않기").click()
    page.get_by_role("searchbox").fill(number)
    row = page.locator("tbody tr").filter(has=page.locator(f'a[href="/console/drivers/{driver.id}"]'))
    row.get_by_role("button", name="해제").click()
    decide(page, "해제", reason="고객이 요청")
    expect(row).to_contain_text("고객이 요청")
    expect(row.get_by_role("button")).to_have_count(0)
    after = staff.get("/console/never-meet").json()["items"]
    assert [each["lifted_for"] for each in after if each["id"] == wish["id"]] == ["고객이 요청"]


def test_a_case_is_opened_and_closed_with_a_note(running: Running, staff: Person, page: Page) -> None:
    customer, _ = with_everything(running)
    (case,) = staff.get(f"/console/customers/{customer.id}").json()["cases"]
    page.goto(f"{running.url}/console/cases")
    page.get_by_label("종류").select_option("lost_item")
    page.get_by_role("button", name=case["number"]).press("Enter")
    sheet = page.get_by_role("dialog")
    for words in ("검은색 가죽 지갑", "뒷좌석", "접수"):
        expect(sheet).to_contain_text(words)
    sheet.get_by_role("button", name="종결하기").click()
    decide(page, "종결하기", note="지갑을 돌려드렸습니다")
    expect(page.get_by_role("button", name=case["number"])).to_have_count(0)
    page.get_by_label("상태").select_option("closed")
    page.get_by_role("button", name=case["number"]).click()
    expect(sheet).to_contain_text("지갑을 돌려드렸습니다")


def test_a_notice_reaches_drivers_until_it_is_taken_down(running: Running, page: Page) -> None:
    driver = running.driver()
    before = driver.get("/notices").json()["items"]
    page.goto(f"{running.url}/console/notices")
    page.get_by_role("button", name="새 공지").click()
    told = {"title_ko": "눈길 운전 주의", "title_en": "Snow tonight", "body_ko": "천천히 가세요.", "body_en": "Slowly."}
    decide(page, "공지 올리기", **told)
    entry = page.locator("li[data-notice=shown]").filter(has_text="눈길 운전 주의")
    expect(entry).to_contain_text("Snow tonight")
    (heard,) = [each for each in driver.get("/notices").json()["items"] if each not in before]
    assert (heard["title"], heard["body"]) == ("눈길 운전 주의", "천천히 가세요.")
    entry.get_by_role("button", name="내리기").click()
    decide(page, "내리기")
    expect(page.locator("li[data-notice=withdrawn]").filter(has_text="눈길 운전 주의")).to_be_visible()
    assert driver.get("/notices").json()["items"] == before


def test_a_planned_notice_waits_for_its_time(running: Running, page: Page) -> None:
    driver = running.driver()
    before = driver.get("/notices").json()["items"]
    page.goto(f"{running.url}/console/notices")
    page.get_by_role("button", name="새 공지").click()
    decide(page, "공지 올리기", title_ko="정산일 변경", title_en="New pay day", shown_from="2098-01-02T09:00")
    expect(page.locator("li[data-notice=planned]").filter(has_text="정산일 변경")).to_be_visible()
    assert driver.get("/notices").json()["items"] == before


def test_a_list_that_cannot_be_read_is_asked_for_again(running: Running, page: Page) -> None:
    customer = running.customer()
    page.route("**/api/v1/console/customers?*", lambda route: route.abort())
    page.goto(f"{running.url}/console/customers")
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute("**/api/v1/console/customers?*")
    page.get_by_role("button", name="다시 시도").click()
    expect(page.locator(f'a[href="/console/customers/{customer.id}"]')).to_be_visible()
    page.get_by_role("searchbox").fill("0000000")
    expect(page.get_by_text("맞는 고객이 없습니다")).to_be_visible()


def test_a_refusal_stays_where_it_was_asked_for(running: Running, staff: Person, page: Page) -> None:
    driver = suspended(running, staff)
    page.goto(f"{running.url}/console/drivers/{driver.id}")
    page.get_by_role("button", name="정지 해제").click()
    assert staff.command(f"/console/drivers/{driver.id}/lift", {"reason": "먼저 해제"}).status_code == 200
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=reason]").fill("나중에 해제")
    dialog.get_by_role("button", name="해제", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.locator("[name=reason]")).to_have_value("나중에 해제")


def fine(page: Page, name: str) -> None:
    """Nothing that an auditor finds, nothing wider than its window."""
    look_at(page, name, widths=(NARROW, WIDE))


@pytest.mark.parametrize("width", [320, 360])
def test_no_word_of_a_phones_bar_is_broken(running: Running, desk: Desk, width: int) -> None:
    with desk.page(lang="en", viewport={"width": width, "height": 800}) as page:
        page.goto(f"{running.url}/console")
        words = page.locator(".rooms > a > span, .rooms-more > span")
        heights = words.evaluate_all("spans => spans.map((span) => span.getClientRects().length)")
        assert heights == [1] * 5
        fits = "spans => spans.every((span) => span.scrollWidth <= span.parentElement.clientWidth)"
        assert words.evaluate_all(fits)
        fine(page, f"bar-en-{width}")


def test_a_phone_reaches_every_room_through_its_bar(running: Running, desk: Desk) -> None:
    with desk.page(viewport={"width": 360, "height": 800}) as page:
        page.goto(f"{running.url}/console")
        bar = page.get_by_role("navigation", name="메뉴")
        more = bar.get_by_role("button", name="더 보기")
        expect(bar.get_by_role("link")).to_have_count(4)
        more.click()
        expect(bar.get_by_role("link")).to_have_count(10)
        fine(page, "more-rooms")  # in a wide window, where it closes by itself
        more.click()
        bar.get_by_role("link", name="공지").click()
        expect(page).to_have_url(re.compile("/console/notices$"))
        expect(more).to_have_attribute("aria-current", "true")
        more.click()
        expect(page.locator("#more-rooms:popover-open")).to_have_count(1)
        page.set_viewport_size({"width": 1440, "height": 800})
        expect(page.locator("#more-rooms:popover-open")).to_have_count(0)
        expect(bar.get_by_role("link")).to_have_count(10)
        expect(more).to_be_hidden()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_room_can_be_read(running: Running, staff: Person, desk: Desk, look: tuple[str, Any, int]) -> None:
    lang, scheme, width = look
    customer, _ = with_everything(running)
    applied, barred = applicant(running), suspended(running, staff, appeals=True)
    tell = {"audience": "all", "title_ko": "연말 정산 안내", "title_en": "Year-end pay", "body_en": "On 31 December"}
    assert staff.command("/console/notices", tell).status_code == 201
    rooms = {
        "customers": "customers",
        "customer": f"customers/{customer.id}",
        "never-meet": "never-meet",
        "drivers": "drivers",
        "applications": "applications",
        "applicant": f"drivers/{applied.id}",
        "suspended": f"drivers/{barred.id}",
        "appeals": "appeals",
        "cases": "cases",
        "notices": "notices",
    }
    size = {"width": width, "height": 900}
    with desk.page(lang=lang, viewport=size, color_scheme=scheme) as page:
        for name, path in rooms.items():
            page.goto(f"{running.url}/console/{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.locator(".skeleton")).to_have_count(0)
            fine(page, f"{name}-{lang}-{scheme}-{width}")
        page.get_by_role("button", name=re.compile("새 공지|New notice")).click()
        fine(page, f"notice-new-{lang}-{scheme}-{width}")
        page.goto(f"{running.url}/console/cases")
        page.locator("tbody button").first.click()
        expect(page.get_by_role("dialog").locator(".steps")).to_be_visible()
        fine(page, f"case-{lang}-{scheme}-{width}")
        page.goto(f"{running.url}/console/drivers/{running.driver().id}")
        page.locator("[data-part=suspension] .danger").click()
        fine(page, f"suspend-{lang}-{scheme}-{width}")
