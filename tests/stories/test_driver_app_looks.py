"""Every screen of the driver's app: accessible in both themes, nothing cut off in either language at any width."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect
from tests.browsers import LOOKS, NARROW, NARROWEST, WIDE, look_at
from tests.stories.driver_phones import DriverPhone, call_of, passed_by, phones
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

from daeri.dispatch.plan import Reason
from daeri.infra.settings import Role

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OpenPhone = Callable[..., DriverPhone]
# The other theme and the other widths are looked at on the same way through the app.
WIDTHS = (NARROWEST, NARROW, WIDE)
PLACES = ("earnings", "me", "why", "standing", "notices", "application", "settings", "nowhere")
NOTED = {"payment": "cash", "note": "지하 2층 B구역입니다", "vias": [{"lat": 37.505, "lon": 127.06, "name": "삼성역"}]}


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    roles = frozenset({Role.WEB, Role.WORKER})
    with start_running(server_dsn, template, "driver_looks", roles=roles) as server:
        yield server


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[OpenPhone]:
    with phones(running, browser) as opener:
        yield opener


class Looker:
    """Goes through the app; every screen on the way is looked at. DAERI_SHOTS names a folder for pictures."""

    def __init__(self, phone: DriverPhone, look: str) -> None:
        self.phone, self.page, self.running = phone, phone.page, phone.running
        self._look = look
        self._folder = os.environ.get("DAERI_SHOTS")

    def look(self, name: str) -> None:
        expect(self.page.locator(".loading")).to_have_count(0)
        if self._folder:
            self.page.screenshot(path=Path(self._folder) / f"{name}-{self._look}.png")
        look_at(self.page, name, widths=WIDTHS)

    def new_call(self, **changes: Any) -> str:
        made: str = call_of(self.running.customer(), **changes)["id"]
        return made

    def press(self, selector: str, then: str) -> None:
        self.page.locator(selector).first.click()
        self.page.locator(then).first.wait_for()

    def wait(self) -> None:
        self.phone.open()
        self.look("home-off")
        self.press("[data-duty-on]", "[data-duty-off]")
        self.look("home-on")

    def choose(self) -> None:
        call = self.new_call(**NOTED)
        self.running.ask(lambda _: self.running.night().list_for(UUID(call), self.phone.id))
        self.phone.open("/list")
        self.press("[data-call] button", ".drive-entry-more")
        self.look("list")
        self.press(".segments button:nth-child(2)", ".sketch")
        self.look("list-map")
        self.phone.offer(call)
        self.page.locator("[data-accept]").wait_for()
        self.look("card")
        self.press("[data-accept]", "[data-do=arrive]")

    def drive(self) -> None:
        self.look("trip-assigned")
        self.press("[data-cancel]", "dialog.sheet")
        self.look("cancel")
        self.page.locator("[data-no]").click()
        self.press("[data-do=arrive]", "[data-do=start]")
        expect(self.page.locator("[data-pending]")).to_have_count(0)
        self.look("trip-arrived")
        self.phone.context.set_offline(True)
        self.press("[data-do=start]", "[data-pending]")
        self.look("trip-pending")
        self.phone.context.set_offline(False)
        expect(self.page.locator("[data-pending]")).to_have_count(0, timeout=30_000)
        following = UUID(self.new_call())
        self.running.ask(lambda _: self.running.night().offer_next(following, self.phone.id))
        self.page.locator("dialog.drive-card[data-kind=small]").wait_for()
        self.look("card-next")
        self.press("[data-decline]", "details summary")
        self.press("details summary", ".drive-details .drive-way")
        self.look("trip-driving")

    def end(self) -> None:
        self.press(".drive-foot [data-do=via]", ".drive-foot [data-do=complete]")
        self.press(".drive-foot [data-do=complete]", "[data-choice=yes]")
        self.look("finish")
        self.press("[data-choice=yes]", "[data-put-away]")
        expect(self.page.locator(".drive-ended .drive-figure")).to_be_visible()
        self.look("ended")
        self.press("[data-accident]", "dialog.sheet")
        self.look("accident")
        self.page.keyboard.press("Escape")
        self.page.locator("[data-put-away]").click()

    def lose(self) -> None:
        call = self.new_call()
        self.phone.offer(call)
        self.page.locator("[data-accept]").wait_for()
        self.running.ask(lambda _: self.running.night().cancel(UUID(call)))
        self.page.locator("[data-lost-close]").wait_for()
        self.look("card-lost")
        self.page.locator("[data-lost-close]").click()

    def read(self) -> None:
        for reason in (Reason.FARTHER, Reason.STALE_POSITION):
            passed_by(self.running, self.phone, call_of(self.running.customer()), reason)
        for path in PLACES:
            self.phone.open(f"/{path}")
            self.look(path)
        self.phone.open("/earnings")
        self.press("a.drive-row", ".drive-run")
        self.look("earnings-day")

    def stop(self) -> None:
        body = {"reason": "반복된 배정 후 취소", "evidence": "11월 20일 3건"}
        suspended = self.running.staff().command(f"/console/drivers/{self.phone.id}/suspend", body)
        assert suspended.status_code == 200, suspended.text
        self.phone.open()
        self.look("home-suspended")
        self.phone.open("/suspension")
        self.page.locator("[data-appeal]").wait_for()
        self.look("suspension")
        self.phone.context.clear_cookies(name="daeri_driver")
        self.page.goto(f"{self.running.url}/drive")
        self.page.locator("input[name=phone]").wait_for()
        self.look("sign-in")


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_every_screen(language: str, theme: str, width: int, running: Running, open_phone: OpenPhone) -> None:
    size = {"width": width, "height": 900 if width > 1_000 else 640}
    phone = open_phone(viewport=size, locale=f"{language}-KR", color_scheme=theme)
    phone.context.add_cookies([{"name": "lang", "value": language, "url": running.url}])
    looker = Looker(phone, f"{language}-{theme}-{width}")
    for part in (looker.wait, looker.choose, looker.drive, looker.end, looker.lose, looker.read, looker.stop):
        part()
