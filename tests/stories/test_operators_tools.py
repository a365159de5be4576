"""An operator's evening: a policy with its instant, a call with memo and fare, its status changed for a reason."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from tests.stories.conftest import Demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("stories")]


@pytest.mark.rule("I-008")
def test_a_policy_is_changed_for_a_region_and_its_record_says_by_whom(sign_in: Callable[[], Page]) -> None:
    page = sign_in()
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
def test_a_waiting_call_is_noted_priced_and_cancelled_for_a_reason(demo: Demo, sign_in: Callable[[], Page]) -> None:
    call = _call_far_from_every_driver(demo)
    page = sign_in()
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
