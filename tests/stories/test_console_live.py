"""Staff over a running night: two browsers see the same board, a call is found, explained, noted and cancelled."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from tests.stories.conftest import Demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
SEEN_WITHIN_MS = 2_000  # I-043
# Out at sea: no driver of the demo is near, so the call stays on the board.
LONELY = {
    "origin": {"lat": 37.24, "lon": 131.86, "name": "동도 선착장"},
    "destination": {"lat": 37.25, "lon": 131.87, "name": "서도 선착장"},
}


def request_lonely_call(demo: Demo, place: int) -> dict[str, str]:
    with demo.customer(place) as customer:
        answer = customer.post("/calls", json=LONELY, headers={"idempotency-key": uuid4().hex})
        assert answer.status_code == 201, answer.text
        made: dict[str, str] = answer.json()
    return made


def cancel(demo: Demo, place: int, call_id: str) -> None:
    with demo.customer(place) as customer:
        answer = customer.post(f"/calls/{call_id}/cancel", headers={"idempotency-key": uuid4().hex})
        assert answer.status_code == 200, answer.text


def board_of(page: Page) -> list[str]:
    return sorted(page.locator("[data-board] [data-number]").all_inner_texts())


@pytest.mark.rule("I-043")
def test_two_browsers_see_the_same_board(demo: Demo, open_console: Callable[[], Page]) -> None:
    pages = [open_console(), open_console()]
    for page in pages:
        expect(page.locator("[data-board-loading]")).to_be_hidden(timeout=20_000)
    call = request_lonely_call(demo, 0)
    for page in pages:
        row = page.locator(f'[data-board] [data-id="{call["id"]}"]')
        expect(row).to_be_visible(timeout=SEEN_WITHIN_MS)
        expect(row).to_contain_text(call["number"])
    deadline = time.monotonic() + 20
    while board_of(pages[0]) != board_of(pages[1]):
        assert time.monotonic() < deadline, [board_of(page) for page in pages]
        time.sleep(0.2)
    cancel(demo, 0, call["id"])
    for page in pages:
        expect(page.locator(f'[data-board] [data-id="{call["id"]}"]')).to_have_count(0, timeout=SEEN_WITHIN_MS)


def test_a_call_is_found_by_its_number_and_explained(demo: Demo, open_console: Callable[[], Page]) -> None:
    call = request_lonely_call(demo, 1)
    page = open_console()
    page.goto(f"{demo.url}/console/calls?q={call['number'].lower()}")
    page.get_by_text(call["number"]).first.click()
    page.wait_for_url(re.compile(rf"/console/calls/{call['id']}"))
    expect(page.get_by_role("heading", name=call["number"])).to_be_visible()
    expect(page.get_by_text("동도 선착장").first).to_be_visible()
    expect(page.get_by_text("반경 안에 기사 없음").first).to_be_visible(timeout=15_000)
    cancel(demo, 1, call["id"])
    expect(page.get_by_text("취소").first).to_be_visible(timeout=5_000)


def test_another_companys_call_does_not_exist(demo: Demo, open_console: Callable[[], Page]) -> None:
    page = open_console()
    answer = page.goto(f"{demo.url}/console/calls/{uuid4()}")
    assert answer is not None
    assert answer.status == 404


@pytest.mark.rule("I-008")
def test_a_policy_is_changed_for_a_region_and_its_record_says_by_whom(open_console: Callable[[], Page]) -> None:
    page = open_console()
    page.goto(page.url.replace("/console", "/console/policies"))
    page.get_by_role("link", name=re.compile("배정 후 취소 제한")).click()
    page.get_by_label("제한 횟수").fill("3")
    page.get_by_label("지역").fill("11")
    page.get_by_label("이유").fill("시범 운영")
    page.get_by_role("button", name="기록하기").click()
    record = page.locator("details.record").first
    expect(record).to_contain_text("적용 중")
    record.locator("summary").click()
    expect(record).to_contain_text("시범 운영")
    page.get_by_label("제한 횟수").fill("0")
    page.get_by_role("button", name="기록하기").click()
    expect(page.get_by_role("alert")).to_contain_text("정책 값")


@pytest.mark.rule("I-043")
@pytest.mark.rule("R-052")
def test_a_waiting_call_is_noted_priced_and_cancelled_for_a_reason(
    demo: Demo, open_console: Callable[[], Page]
) -> None:
    call = _call_far_from_every_driver(demo)
    page = open_console()
    expect(page.locator("#shortage")).to_contain_text("기사 부족")
    page.goto(f"{demo.url}/console/calls/{call['id']}")
    page.get_by_label("메모", exact=True).fill("2번 출구에서 기다립니다")
    page.get_by_role("button", name="메모 남기기").click()
    expect(page.locator(".memos")).to_contain_text("2번 출구")
    page.get_by_role("button", name="계산하고 남기기").click()
    expect(page.locator(".call-tools details.record").first).to_contain_text("원")
    page.get_by_role("button", name="콜 취소").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("button", name="콜 취소")).to_be_disabled()
    sheet.get_by_label("사유").fill("고객이 전화로 요청")
    sheet.get_by_role("button", name="콜 취소").click()
    expect(page.locator(".call-main")).to_contain_text("배정 전 취소")
    expect(page.locator(".call-tools")).to_contain_text("지금 바꿀 수 있는 상태가 없습니다")


def _call_far_from_every_driver(demo: Demo) -> dict[str, str]:
    body = {
        "origin": {"lat": 35.1151, "lon": 129.0415, "name": "부산역"},
        "destination": {"lat": 35.1587, "lon": 129.1604, "name": "해운대"},
    }
    with demo.customer(-1) as customer:
        answer = customer.post("/calls", json=body, headers={"idempotency-key": uuid4().hex})
    call: dict[str, str] = answer.raise_for_status().json()
    return call
