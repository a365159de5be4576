"""Drivers with the app in a real browser, over a running server whose offers the test makes."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.web.api.running import SEOUL, Person, Running

from daeri.accounts import api as accounts
from daeri.accounts.api import DemoPerson
from daeri.accounts.model import AccountKind, ChallengeId
from daeri.bootstrap import Program
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Considered, Decision
from daeri.dispatch.plan import Outcome, Reason
from daeri.drivers import api as drivers
from daeri.kernel.ids import CallId, CompanyId, DriverId

SMALL = {"width": 360, "height": 740}
NEAR = {"latitude": 37.5012, "longitude": 127.0396, "accuracy": 12}
COMPANY = "hanbit"
_numbers = itertools.count(4_001)


@dataclass
class DriverPhone:
    """A driver and their browser; `person` speaks for them over the API where a test needs it."""

    running: Running
    id: UUID
    number: str
    context: BrowserContext
    page: Page
    person: Person
    problems: list[str] = field(default_factory=list)

    @property
    def company(self) -> CompanyId:
        return self.running.ours

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.running.url}/drive{path}")
        expect(self.page.locator("#drive-tabs nav")).to_be_visible()
        return self.page

    def go_on_duty(self) -> None:
        """In whatever language. The phone finds out first where it is, which takes a busy machine its time."""
        self.page.locator("[data-duty-on]").click()
        expect(self.page.locator("[data-duty-on]")).to_have_count(0)

    def offer(self, call_id: str) -> str:
        return self.running.offer(call_id, self.person)

    def take_offer(self, call_id: str) -> None:
        """Offer this call, and accept it on the phone."""
        self.offer(call_id)
        self.page.locator("[data-accept]").click()
        expect(self.page.locator(".drive-trip")).to_be_visible()

    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = self.person.get("/driver").json()
        return found


def call_of(customer: Person, **changes: Any) -> dict[str, Any]:
    """A call that the customer asks for."""
    trip = {"origin": SEOUL, "destination": {"lat": 37.5133, "lon": 127.1002, "name": "잠실역"}} | changes
    answer = customer.command("/calls", trip)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def state_of(customer: Person, call: dict[str, Any]) -> str:
    return str(customer.get(f"/calls/{call['id']}").json()["state"])


def passed_by(running: Running, phone: DriverPhone, call: dict[str, Any], reason: Reason, metres: int = 900) -> None:
    """A decision that this driver was near to."""
    other = running.driver()

    async def decide(program: Program) -> None:
        now = program.parts.clock.now()
        considered = (
            Considered(DriverId(other.id), 400, Reason.CHOSEN, None),
            Considered(DriverId(phone.id), metres, reason, None, 41 if reason is Reason.STALE_POSITION else 0),
        )
        made = Decision(
            CallId(UUID(call["id"])), running.ours, now, Outcome.OFFERED, 1_500, None, considered, {}, policy_version=0
        )
        async with program.parts.database.transaction() as tx:
            await dispatch.prepare_days(tx, now.date())
            await dispatch.apply(tx, (), (), [made], now=now)

    running.ask(decide)


def until(page: Page, holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for something that no page shows, while `page` goes on."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to be"
        page.wait_for_timeout(100)


@contextmanager
def phones(running: Running, browser: Browser) -> Iterator[Callable[..., DriverPhone]]:
    """Opens a browser of its own for a fresh driver, signed in; `approved=False` for one who has just applied."""
    opened: list[DriverPhone] = []

    def open_phone(*, approved: bool = True, path: str = "", **options: Any) -> DriverPhone:
        number = accounts.demo_phone(next(_numbers))
        person = running.ask(lambda program: _driver(program, running, number, approved=approved))
        phone = _browse(running, browser, person, number, options)
        opened.append(phone)
        phone.open(path)
        return phone

    yield open_phone
    for phone in opened:
        phone.context.close()
    assert [problem for phone in opened for problem in phone.problems] == []


def second_device(phone: DriverPhone, browser: Browser) -> DriverPhone:
    """The same driver on another telephone."""
    other = _browse(phone.running, browser, phone.person, phone.number, {})
    other.open()
    return other


def _browse(running: Running, browser: Browser, person: Person, number: str, options: dict[str, Any]) -> DriverPhone:
    settings = {
        "viewport": SMALL,
        "locale": "ko-KR",
        "color_scheme": "dark",
        "has_touch": True,
        "geolocation": NEAR,
        "permissions": ["geolocation"],
    }
    context = browser.new_context(**(settings | options))
    context.add_cookies([_cookie(running, number)])
    page = context.new_page()
    phone = DriverPhone(running, person.id, number, context, page, person)
    page.on("pageerror", lambda error: phone.problems.append(str(error)))
    page.on("console", lambda message: _listen(phone, message.type, message.text))
    return phone


def _listen(phone: DriverPhone, kind: str, text: str) -> None:
    """A policy that stops a script or a style is a fault; a network that is away is part of the night."""
    if kind == "error" and "Content Security Policy" in text:
        phone.problems.append(text)


async def _driver(program: Program, running: Running, number: str, *, approved: bool) -> Person:
    moment, gate = program.context.moment(), program.parts.gate
    async with program.parts.database.transaction() as tx:
        (made,) = await accounts.create_demo_accounts(
            tx, gate, running.ours, AccountKind.DRIVER, [DemoPerson("박서준", number)], moment=moment
        )
        if approved:
            await drivers.enrol(tx, [made], running.ours, now=moment.now)
    async with program.parts.database.transaction() as tx:
        (issued,) = await accounts.issue_demo_tokens(tx, gate, running.ours, [made], moment=moment)
    token = issued.access_token
    return Person(made, running.ours, token, running.client(authorization=f"Bearer {token}"))


def _cookie(running: Running, number: str) -> Any:
    """A page session of this number, as the app's own sign-in opens one."""
    address = f"127.0.{next(_numbers) % 200 + 20}.80"  # of its own, whose limits no other uses up
    with running.client(address, **{"x-daeri-app": "driver"}) as client:
        asked = client.post("/auth/codes", json={"phone": number, "role": "driver", "company": COMPANY})
        challenge = asked.json()["challenge_id"]
        code = running.program.codes.code_for(ChallengeId(UUID(challenge)))
        answer: httpx.Response = client.post("/auth/sessions", json={"challenge_id": challenge, "code": code})
        assert answer.status_code == 201, answer.text
        return {"name": "daeri_driver", "value": client.cookies["daeri_driver"], "url": running.url}
