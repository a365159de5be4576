"""Dispatchers over a running night: two browsers see the same board, a call is found and explained."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from tests.stories.conftest import Demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("stories")]
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
def test_two_browsers_see_the_same_board(demo: Demo, sign_in: Callable[[], Page]) -> None:
    pages = [sign_in(), sign_in()]
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


def test_a_call_is_found_by_its_number_and_explained(demo: Demo, sign_in: Callable[[], Page]) -> None:
    call = request_lonely_call(demo, 1)
    page = sign_in()
    page.goto(f"{demo.url}/console/calls?q={call['number'].lower()}")
    page.get_by_text(call["number"]).first.click()
    page.wait_for_url(re.compile(rf"/console/calls/{call['id']}"))
    expect(page.get_by_role("heading", name=call["number"])).to_be_visible()
    expect(page.get_by_text("동도 선착장").first).to_be_visible()
    expect(page.get_by_text("반경 안에 기사 없음").first).to_be_visible(timeout=15_000)
    cancel(demo, 1, call["id"])
    expect(page.get_by_text("취소").first).to_be_visible(timeout=5_000)


def test_another_companys_call_does_not_exist(demo: Demo, sign_in: Callable[[], Page]) -> None:
    page = sign_in()
    answer = page.goto(f"{demo.url}/console/calls/{uuid4()}")
    assert answer is not None
    assert answer.status == 404
