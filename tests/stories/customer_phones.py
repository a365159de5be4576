"""Customers with the app in a real browser, over a running server; drivers who come speak over the API."""

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.web.api.running import Person, Running

from daeri.accounts import api as accounts
from daeri.accounts.model import ChallengeId

SMALL = {"width": 360, "height": 740}
GANGNAM = {"latitude": 37.4979, "longitude": 127.0276, "accuracy": 10}
COMPANY = "hanbit"
CALL_SCREEN = re.compile(r"/app/calls/[0-9a-f-]{36}$")
_numbers = itertools.count(6_001)


@dataclass
class CustomerPhone:
    """A customer and their browser."""

    running: Running
    number: str
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)

    def sign_in(self) -> None:
        """As a person does: the number, then the code that came."""
        self.page.goto(f"{self.running.url}/app?company={COMPANY}")
        self.page.get_by_label("휴대폰 번호").fill(self.number)
        with self.page.expect_response("**/auth/codes") as asked:
            self.page.keyboard.press("Enter")
        challenge = ChallengeId(UUID(asked.value.json()["challenge_id"]))
        code = self.running.program.codes.code_for(challenge)
        assert code is not None
        self.page.get_by_label("인증번호").fill(code)
        expect(self.page.locator("[data-where]")).to_be_visible()

    def go(self, path: str = "") -> Page:
        self.page.goto(f"{self.running.url}/app{path}")
        return self.page

    def choose(self, destination: str = "잠실역") -> None:
        """Search for where to go, from where one stands, and come to the request."""
        page = self.page
        page.locator("[data-where]").click()
        search(page, destination)
        if not page.url.endswith("/request"):
            search(page, "강남역")
        page.wait_for_url("**/app/request")
        expect(page.locator("[data-request]")).to_be_enabled()

    def option(self, name: str) -> None:
        """Open what else may be asked for."""
        self.page.locator("details.option summary", has_text=name).click()

    def request(self, destination: str = "잠실역") -> str:
        """A call, asked for on the phone; its id."""
        self.choose(destination)
        self.page.locator("[data-request]").click()
        self.page.wait_for_url(CALL_SCREEN)
        return self.page.url.rsplit("/", 1)[1]

    def api(self, path: str) -> Any:
        """What the customer's own session reads."""
        answer = self.context.request.get(f"{self.running.api}{path}", headers={"x-daeri-app": "customer"})
        assert answer.ok, answer.text()
        return answer.json()

    def state_of(self, call_id: str) -> str:
        return str(self.api(f"/calls/{call_id}")["state"])

    def title(self, words: str | re.Pattern[str]) -> None:
        """The screen says this now; changes must come within a second or two."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words, timeout=4_000)


def search(page: Page, words: str) -> None:
    page.get_by_role("combobox").fill(words)
    found = page.get_by_role("option").first
    expect(found).to_contain_text(words)
    page.get_by_role("combobox").press("Enter")


@contextmanager
def phones(running: Running, browser: Browser) -> Iterator[Callable[..., CustomerPhone]]:
    """Opens a browser of its own for a new customer, who signs in. What the pages complain of fails the test."""
    opened: list[CustomerPhone] = []

    def open_phone(**options: Any) -> CustomerPhone:
        settings = {
            "viewport": SMALL,
            "locale": "ko-KR",
            "geolocation": GANGNAM,
            "permissions": ["geolocation"],
            "reduced_motion": "reduce",
        }
        context = browser.new_context(**(settings | options))
        phone = CustomerPhone(running, accounts.demo_phone(next(_numbers)), context, context.new_page())
        phone.page.on("pageerror", lambda error: phone.problems.append(str(error)))
        opened.append(phone)
        phone.sign_in()
        return phone

    yield open_phone
    for phone in opened:
        phone.context.close()
    assert [problem for phone in opened for problem in phone.problems] == []


@dataclass
class Coming:
    """A driver who takes a call and drives it, over the API."""

    running: Running
    person: Person

    def accept(self, call_id: str) -> None:
        offer_id = self.running.offer(call_id, self.person)
        self._step(f"/driver/offers/{offer_id}/accept")

    def arrive(self, call_id: str) -> None:
        self._step(f"/driver/calls/{call_id}/arrive")

    def start(self, call_id: str) -> None:
        self._step(f"/driver/calls/{call_id}/start")

    def complete(self, call_id: str) -> None:
        self._step(f"/driver/calls/{call_id}/complete")

    def drive(self, call_id: str) -> None:
        """From the card to the end."""
        self.accept(call_id)
        self.arrive(call_id)
        self.start(call_id)
        self.complete(call_id)

    def cancel(self, call_id: str) -> None:
        self._step(f"/driver/calls/{call_id}/cancel", {"reason": "차가 고장났어요"})

    def _step(self, path: str, body: dict[str, Any] | None = None) -> None:
        answer = self.person.command(path, body, key=uuid4().hex)
        assert answer.status_code == 200, answer.text


def somebody_on_duty(running: Running) -> Coming:
    """A fresh driver who waits for calls near Gangnam."""
    person = running.driver()
    position = {"lat": 37.5012, "lon": 127.0396}
    answer = person.command("/driver/duty", {"on": True, "position": position})
    assert answer.status_code == 200, answer.text
    return Coming(running, person)
