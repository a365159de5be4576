"""The console in a real browser, over made-up data: live board, keys, narrow and dark, and what an auditor finds."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browsers import NARROW, WIDE, look_at, open_browser
from tests.ports import free_port
from tests.web.console.fakes import PASSWORD, SESSION_COOKIE, TOTP, call_row

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[3]
ROOMS = ["/console/sign-in", "/console", "/console/calls", f"/console/calls/{call_row(1).id}", "/console/jobs",
         "/console/drivers"]  # fmt: skip


@dataclass
class Server:
    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def start_server(port: int) -> Server:
    process = subprocess.Popen([sys.executable, "-m", "tests.web.console.prototype", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urlopen(f"{url}/console/sign-in", timeout=1).close()  # noqa: S310 -- our own address
        except OSError:
            time.sleep(0.1)
        else:
            return Server(url, process)
    process.kill()
    raise RuntimeError("the prototype did not start")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = start_server(free_port())
    yield started
    started.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser(draws_maps=True) as opened:
        yield opened


@dataclass
class Desk:
    """A signed-in browser, and everything that its pages complained about."""

    context: BrowserContext
    server: Server
    complaints: list[str]

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.goto(self.server.url + path)
        return page


@pytest.fixture
def desk(browser: Browser, server: Server) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ko-KR")
    context.add_cookies([{"name": SESSION_COOKIE, "value": "open", "url": server.url}])
    made = Desk(context, server, [])
    yield made
    context.close()


def test_staff_sign_in_and_see_the_live_board(browser: Browser, server: Server) -> None:
    context = browser.new_context(locale="ko-KR")
    page = context.new_page()
    page.goto(f"{server.url}/console")
    page.get_by_label("이메일").fill("han@example.com")
    page.get_by_label("비밀번호").fill(PASSWORD)
    page.get_by_label("인증 번호").fill(TOTP)
    page.get_by_role("button", name="로그인").click()
    expect(page.locator("[data-connection]")).to_have_text("실시간 연결됨")
    expect(page.locator(".board-row").first).to_be_visible()
    expect(page.locator("[data-figure=on_duty] [data-value]")).to_have_text("400")
    context.close()


def test_the_board_ticks_and_the_map_is_drawn(desk: Desk) -> None:
    page = desk.open("/console")
    expect(page.locator("[data-map][data-ready]")).to_be_attached(timeout=30_000)
    wait = page.locator(".board-row [data-wait]").first
    before = wait.inner_text()
    expect(wait).not_to_have_text(before, timeout=5_000)
    assert desk.complaints == []


def test_tabs_share_one_stream(desk: Desk) -> None:
    def opened() -> int:
        with urlopen(f"{desk.server.url}/prototype/streams") as answer:  # noqa: S310 -- our own address
            return int(answer.read())

    before = opened()
    first, second = desk.open("/console"), desk.open("/console")
    for page in (first, second):
        expect(page.locator("[data-connection]")).to_have_attribute("data-status", "live")
    numbers = [page.locator(".board-row").first.get_attribute("data-id") for page in (first, second)]
    assert numbers[0] == numbers[1]
    assert opened() - before == 1


def test_a_lost_connection_is_said_honestly_and_found_again(browser: Browser) -> None:
    port = free_port()
    short_lived = start_server(port)
    context = browser.new_context(locale="ko-KR")
    context.add_cookies([{"name": SESSION_COOKIE, "value": "open", "url": short_lived.url}])
    page = context.new_page()
    page.goto(f"{short_lived.url}/console")
    connection = page.locator("[data-connection]")
    expect(connection).to_have_attribute("data-status", "live")
    short_lived.process.kill()
    short_lived.process.wait(10)
    expect(connection).to_contain_text("부터 연결 끊김", timeout=10_000)
    second_life = start_server(port)
    expect(connection).to_have_attribute("data-status", "live", timeout=20_000)
    expect(page.locator(".board-row").first).to_be_visible()
    context.close()
    second_life.stop()


def test_a_session_that_ends_is_told_apart_from_a_lost_line(browser: Browser) -> None:
    port = free_port()
    server = start_server(port)
    context = browser.new_context(locale="ko-KR")
    context.add_cookies([{"name": SESSION_COOKIE, "value": "open", "url": server.url}])
    page = context.new_page()
    page.goto(f"{server.url}/console")
    connection = page.locator("[data-connection]")
    expect(connection).to_have_attribute("data-status", "live")
    context.clear_cookies()
    server.process.kill()
    server.process.wait(10)
    second_life = start_server(port)
    expect(connection).to_have_attribute("data-status", "signed_out", timeout=20_000)
    context.close()
    second_life.stop()


def test_keys_alone_are_enough(desk: Desk) -> None:
    page = desk.open("/console/calls")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator("body").click(position={"x": 700, "y": 5})
    page.keyboard.press("/")
    search = page.get_by_label("검색")
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    numbers = page.locator("#calls a.number")
    numbers.first.focus()
    page.keyboard.press("ArrowDown")
    expect(numbers.nth(1)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(call_row(0).number)


def test_the_list_is_searched_as_one_types_and_goes_on(desk: Desk) -> None:
    page = desk.open("/console/calls")
    page.get_by_role("button", name="더 보기").click()
    expect(page.locator("#calls tbody tr a.number")).to_have_count(100)
    page.get_by_label("검색").fill("1037")
    expect(page.locator("#calls tbody tr a.number")).to_have_count(1)
    assert "q=1037" in page.url
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("콜 목록")
    assert desk.complaints == []


def test_a_held_job_is_tried_again_in_place(desk: Desk) -> None:
    page = desk.open("/console/jobs")
    jobs = page.locator(".job")
    count = jobs.count()
    page.get_by_role("button", name="다시 시도").last.click()
    expect(page.get_by_role("status")).to_have_text("작업을 다시 시작했습니다.")
    expect(jobs).to_have_count(count - 1)
    assert desk.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "dark"), (WIDE, "light")])
def test_every_room_is_accessible_and_fits(browser: Browser, server: Server, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.add_cookies([{"name": SESSION_COOKIE, "value": "open", "url": server.url}])
    for path in ROOMS:
        page = context.new_page()
        page.goto(server.url + path)
        look_at(page, path, rules=None)
        page.close()
    context.close()
