"""The driver's other screens: no-show, next call, why, earnings, papers, appeals, reports."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect
from tests.stories.driver_phones import DriverPhone, call_of, passed_by, phones, state_of, until
from tests.stories.operators import hand_in
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

from daeri.bootstrap import Program
from daeri.dispatch.plan import Reason
from daeri.infra.settings import Role
from daeri.kernel.time import KST

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OpenPhone = Callable[..., DriverPhone]
MAPS = {"한빛지도": "https://maps.example/?q={lat},{lon}"}
CASH = {"payment": "cash"}
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000"
    "1ff89993d1d0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    roles = frozenset({Role.WEB, Role.WORKER})  # earnings are counted by the worker
    with start_running(server_dsn, template, "driver_pages", roles=roles, navigation_links=MAPS) as server:
        yield server


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[OpenPhone]:
    with phones(running, browser) as opener:
        yield opener


def arrived(running: Running, phone: DriverPhone, waited: timedelta, **changes: Any) -> tuple[Any, dict[str, Any]]:
    """A customer whose driver has stood before them for so long."""
    customer = running.customer(has_card=True)
    call = call_of(customer, **changes)
    phone.take_offer(call["id"])
    phone.page.locator("[data-do=arrive]").click()
    expect(phone.page.locator("[data-do=start]")).to_be_visible()
    until(phone.page, lambda: state_of(customer, call) == "arrived")

    waited_longer(running, call, waited)
    phone.open()
    return customer, call


def waited_longer(running: Running, call: dict[str, Any], more: timedelta) -> None:
    """The arrival lies further back."""
    sql = "UPDATE calls SET arrived_at = arrived_at - $2::interval WHERE id = $1"

    async def shift(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute(sql, UUID(call["id"]), more)

    running.ask(shift)


def finish(phone: DriverPhone) -> None:
    phone.page.locator("[data-do=start]").click()
    phone.page.locator(".drive-foot [data-do=complete]").click()
    phone.page.locator("dialog.sheet [data-yes]").click()
    expect(phone.page.locator("[data-put-away]")).to_be_visible()


def test_a_no_show_has_its_time_and_its_fee(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    customer, call = arrived(running, phone, timedelta(minutes=12))
    button = page.locator("[data-no-show]")
    expect(button).to_be_disabled()
    expect(page.get_by_text("지금까지 대기 요금")).to_be_visible()
    waited_longer(running, call, timedelta(minutes=4))
    phone.open()
    expect(button).to_be_enabled()
    expect(page.get_by_text("10,000원이 청구")).to_be_visible()
    button.click()
    page.locator("[data-yes]").click()
    expect(page.get_by_role("heading", name="고객이 나오지 않아 끝난 콜입니다")).to_be_visible()
    expect(page.get_by_text("고객에게 청구된 금액 10,000원")).to_be_visible()
    assert customer.get(f"/calls/{call['id']}").json()["end_reason"] == "no_show"


@pytest.mark.rule("I-019")
def test_the_cash_to_take_is_what_the_ride_will_cost_with_its_waiting(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    customer = running.customer()
    call = call_of(customer, **CASH)
    phone.take_offer(call["id"])
    page.locator("[data-do=arrive]").click()
    expect(page.locator("[data-no-show]")).to_be_visible()

    async def wait_long(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute(
                "UPDATE calls SET arrived_at = arrived_at - interval '12 minutes' WHERE id = $1", call["id"]
            )

    running.ask(wait_long)
    page.locator("[data-do=start]").click()
    due = f"{call['fare_amount'] + 1_500:,}원"  # three minutes begun after the ten that are free
    expect(page.locator("[data-cash-due]")).to_contain_text(due)
    page.locator("[data-do=complete]").click()
    expect(page.locator("dialog.sheet")).to_contain_text(due)
    page.locator("[data-choice=no]").click()
    expect(page.locator("[data-cash=missing]")).to_contain_text(due)
    assert customer.get(f"/calls/{call['id']}").json()["final_amount"] == call["fare_amount"] + 1_500


def test_cash_is_collected_and_the_day_is_told(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    customer = running.customer()
    call = call_of(customer, **CASH)
    phone.take_offer(call["id"])
    page.locator("[data-do=arrive]").click()
    page.locator("[data-do=start]").click()
    page.locator("[data-do=complete]").click()
    expect(page.locator("dialog.sheet")).to_contain_text("현금")
    page.locator("[data-choice=yes]").click()
    expect(page.get_by_role("heading", name="수고하셨습니다")).to_be_visible()
    for word in ("요금", "수수료", "보험료", "내 수입"):
        expect(page.locator(".drive-ended")).to_contain_text(word)
    page.locator("[data-put-away]").click()
    until(page, lambda: phone.person.get("/driver/earnings").json()["total"]["runs"] == 1)
    page.get_by_role("link", name="수입", exact=True).click()
    expect(page.locator(".drive-bars")).to_be_visible()
    page.locator("a.drive-row").first.click()
    expect(page.locator(".drive-run")).to_contain_text(call["number"])
    expect(page.locator(".drive-run")).to_contain_text("현금")


@pytest.mark.rule("I-040")
def test_why_a_call_went_elsewhere_is_told_in_plain_words(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    for reason in (Reason.FARTHER, Reason.STALE_POSITION, Reason.NEVER_MEET):
        passed_by(running, phone, call_of(running.customer()), reason)
    phone.open("/why")
    entries = phone.page.locator(".drive-why")
    expect(entries).to_have_count(3)
    shown = " ".join(entries.all_inner_texts())
    assert "더 가까운 기사님이 있었습니다" in shown
    assert "41초 전" in shown
    assert "운영 정책" in shown
    assert "만나지" not in shown  # who asked never to meet is nobody's to guess (I-006)
    assert "{" not in shown


@pytest.mark.rule("I-005")
def test_a_suspension_is_told_with_its_reason_and_appealed(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page, staff = phone.page, running.staff()
    ends = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    body = {"reason": "반복된 배정 후 취소", "evidence": "11월 20일 3건", "ends_at": ends}
    assert staff.command(f"/console/drivers/{phone.id}/suspend", body).status_code == 200
    phone.open()
    expect(page.locator("[data-duty-on]")).to_be_disabled()
    page.get_by_role("link", name="사유 보기 · 이의 신청").click()
    expect(page.get_by_role("heading", name="반복된 배정 후 취소")).to_be_visible()
    expect(page.get_by_text("11월 20일 3건")).to_be_visible()
    page.get_by_label("이의 신청").fill("그날은 차량 고장이었습니다")
    page.locator("[data-appeal]").click()
    expect(page.locator("[data-verdict=waiting]")).to_be_visible()
    appeal = phone.person.get("/driver/suspensions").json()["items"][0]["appeal"]
    answer = {"upheld": True, "text": "확인했습니다. 정지를 해제합니다."}
    assert staff.command(f"/console/appeals/{appeal['id']}/answer", answer).status_code == 200
    phone.open("/suspension")
    expect(page.locator("[data-verdict=upheld]")).to_contain_text("정지를 해제합니다")
    phone.open()
    phone.go_on_duty()


def test_papers_are_handed_in_and_their_end_is_told(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone(approved=False, path="/application")
    page = phone.page
    for kind in ("licence", "insurance"):
        picked = {"name": f"{kind}.png", "mimeType": "image/png", "buffer": _PIXEL}
        page.locator(f"[data-document={kind}] input").set_input_files(files=[picked])
        expect(page.locator(f"[data-document={kind}][data-state=sent] img")).to_be_visible()
    page.get_by_label("이름").fill("박서준")
    page.get_by_label("면허 번호").fill("11-20-123456-78")
    page.get_by_label("면허 종류").select_option("second_normal")
    page.locator("[name=licence_ends]").fill((datetime.now(KST).date() + timedelta(days=9)).isoformat())
    page.get_by_label("보험사").fill("한결손해보험")
    page.get_by_label("증권 번호").fill("A-100-200")
    page.locator("[name=insurance_ends]").fill((datetime.now(KST).date() + timedelta(days=300)).isoformat())
    page.get_by_role("button", name="신청서 보내기").click()
    expect(page.locator("[data-status=open]")).to_be_visible()
    staff = running.staff()
    approved = staff.command(f"/console/drivers/{phone.id}/approve")
    assert approved.status_code == 200, approved.text
    phone.open()
    expect(page.get_by_text("운전면허증 만료까지")).to_be_visible()
    phone.go_on_duty()


def test_an_application_that_was_not_sent_is_not_under_review(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone(approved=False)
    page = phone.page
    expect(page.get_by_text("가입 신청서를 내고 승인을 받으면")).to_be_visible()
    phone.open("/application")
    expect(page.locator("[data-status=applied]")).not_to_contain_text("심사 중")
    expect(page.locator("[name=licence_kind]")).to_have_value("")  # nobody's licence is guessed
    expect(page.locator("[data-document=photo]")).to_contain_text("선택")
    page.get_by_label("이름").fill("박서준")
    for kind, left in (("licence", "대리운전 보험"), ("insurance", "")):
        picked = {"name": f"{kind}.png", "mimeType": "image/png", "buffer": _PIXEL}
        page.locator(f"[data-document={kind}] input").set_input_files(files=[picked])
        expect(page.locator("[data-missing]")).to_have_text(f"아직 필요한 서류: {left}" if left else "")
    expect(page.get_by_label("이름")).to_have_value("박서준")


def test_an_approval_is_told_where_the_driver_waits_for_it(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone(approved=False)
    page = phone.page
    expect(page.locator("[data-duty-on]")).to_be_disabled()
    hand_in(phone.person)
    approved = running.staff().command(f"/console/drivers/{phone.id}/approve")
    assert approved.status_code == 200, approved.text
    expect(page.get_by_text("이제 출근할 수 있습니다")).to_be_visible()
    expect(page.locator("[data-duty-on]")).to_be_enabled()


@pytest.mark.rule("I-005")
def test_a_suspension_is_told_at_once_to_who_waits_for_calls(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    staff, why = running.staff(), {"reason": "반복 취소", "evidence": "콜 세 건"}
    assert staff.command(f"/console/drivers/{phone.id}/suspend", why).status_code == 200
    expect(page.get_by_text("계정이 정지되었습니다")).to_be_visible()
    expect(page.get_by_text("콜을 기다리는 중")).not_to_be_visible()
    expect(page.get_by_role("link", name="사유 보기")).to_be_visible()
    assert staff.command(f"/console/drivers/{phone.id}/lift", {"reason": "확인 완료"}).status_code == 200
    expect(page.locator("[data-duty-on]")).to_be_enabled()


def test_an_accident_is_reported_and_a_customer_never_met_again(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    arrived(running, phone, timedelta())
    finish(phone)
    page.locator("[data-accident]").click()
    expect(page.locator("dialog.sheet")).to_contain_text("119")
    page.get_by_label("무슨 일이 있었나요?").fill("주차하다 범퍼가 닿았습니다")
    page.locator("dialog.sheet [data-yes]").click()
    expect(page.get_by_text("접수 번호")).to_be_visible()
    page.locator("[data-never-meet]").click()
    page.locator("dialog.sheet [data-yes]").click()
    expect(page.get_by_text("이 고객의 콜은 오지 않습니다")).to_be_visible()


def test_the_next_call_comes_on_a_smaller_card_while_driving(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.go_on_duty()
    arrived(running, phone, timedelta())
    page.locator("[data-do=start]").click()
    expect(page.locator("[data-do=complete]")).to_be_visible()
    until(page, lambda: phone.truth()["call"]["state"] == "driving")
    following = call_of(running.customer())
    running.ask(lambda _: running.night().offer_next(UUID(following["id"]), phone.id))
    card = page.locator("dialog.drive-card[data-kind=small]")
    expect(card).to_be_visible()
    card.locator("[data-accept]").click()
    expect(page.locator(".drive-next")).to_contain_text("강남역")
    page.locator("[data-do=complete]").click()
    page.locator("[data-yes]").click()
    page.locator("[data-put-away]").click()
    expect(page.get_by_role("heading", name="고객에게 가는 중")).to_be_visible()
    assert phone.truth()["call"]["number"] == following["number"]


def test_the_way_is_handed_over_to_the_maps_of_the_setting(running: Running, open_phone: OpenPhone) -> None:
    phone = open_phone()
    page = phone.page
    phone.context.route("https://maps.example/**", lambda route: route.fulfill(body="map"))
    phone.go_on_duty()
    phone.take_offer(call_of(running.customer())["id"])
    page.locator("[data-navigate]").click()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="한빛지도").click()
    assert opened.value.url.startswith("https://maps.example/?q=37.497900,127.027600")
