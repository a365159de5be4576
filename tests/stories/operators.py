"""Staff with the console in a real browser, over a running server; customers and drivers speak over the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from struct import pack
from typing import Any
from uuid import uuid4
from zlib import compress, crc32

import pyotp
from playwright.sync_api import Browser, Page
from tests.web.api.running import PASSWORD, TOTP, Person, Running, password_hash

from daeri.accounts import api as accounts
from daeri.accounts.api import NewStaff
from daeri.accounts.model import Role
from daeri.bootstrap import Program
from daeri.kernel.terms import SYSTEM
from daeri.policies import api as policies
from daeri.policies.model import CancellationPolicy

WIDE = {"width": 1440, "height": 900}
APPLICATION = {
    "name": "이서연",
    "licence": {"number": "11-22-334455-66", "kind": "first_normal", "expires_on": "2099-03-31"},
    "insurance": {"company": "한빛손해보험", "policy_number": "HB-2026-000123", "expires_on": "2099-06-30"},
    "services": ["general", "vip"],
}


@dataclass
class Desk:
    """A member of staff who is signed in, and the browsers that they open; `problems` must stay empty."""

    running: Running
    browser: Browser
    cookies: list[Any]
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def page(self, *, lang: str = "ko", **options: Any) -> Iterator[Page]:
        context = self.browser.new_context(**({"viewport": WIDE, "locale": "ko-KR"} | options))
        context.add_cookies([*self.cookies, {"name": "lang", "value": lang, "url": self.running.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self._listen(message.type, message.text))
        yield page
        context.close()

    def _listen(self, kind: str, text: str) -> None:
        if kind == "error" and "Content Security Policy" in text:
            self.problems.append(text)


def sit_down(running: Running, browser: Browser) -> Desk:
    """Hire somebody, and sign them in as they do themselves."""
    email = f"{uuid4().hex[:8]}@hanbit.example"

    async def hire(program: Program) -> None:
        gate = program.parts.gate
        new = NewStaff(running.ours, email, "관제 담당", password_hash(), [Role.ADMIN], TOTP)
        async with program.parts.database.transaction() as tx:
            await accounts.create_staff(tx, gate, new, actor=SYSTEM, moment=program.context.moment())

    running.ask(hire)
    context = browser.new_context(locale="ko-KR")
    page = context.new_page()
    page.goto(f"{running.url}/console")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=totp]", pyotp.TOTP(TOTP).now())
    page.press("input[name=totp]", "Enter")
    page.wait_for_url(f"{running.url}/console")
    cookies = context.cookies()
    context.close()
    return Desk(running, browser, [cookie for cookie in cookies if cookie["name"] == "daeri_session"])


def applicant(running: Running) -> Person:
    """A driver who has applied, with both papers handed in."""
    driver = running.driver()

    async def start_over(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute("UPDATE drivers SET status = 'applied' WHERE id = $1", driver.id)

    running.ask(start_over)
    hand_in(driver)
    return driver


def hand_in(driver: Person) -> None:
    """The application, and both papers."""
    assert driver.command("/driver/application", APPLICATION).status_code == 200
    for kind in ("licence", "insurance"):
        headers = {"idempotency-key": uuid4().hex, "content-type": "image/png"}
        assert driver.http.put(f"/driver/documents/{kind}", content=picture(), headers=headers).status_code == 200


def picture() -> bytes:
    """A PNG that a browser can show: 64 by 40, one colour."""
    rows = b"".join(b"\0" + b"\x46\x82\xb4" * 64 for _ in range(40))
    parts = [(b"IHDR", pack(">IIBBBBB", 64, 40, 8, 2, 0, 0, 0)), (b"IDAT", compress(rows)), (b"IEND", b"")]
    chunks = [pack(">I", len(body)) + kind + body + pack(">I", crc32(kind + body)) for kind, body in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def suspended(running: Running, staff: Person, *, appeals: bool = False) -> Person:
    """A driver who is suspended, and who says that it is wrong."""
    driver = running.driver()
    why = {"reason": "반복 취소", "evidence": "11월 20일 콜 세 건"}
    answer = staff.command(f"/console/drivers/{driver.id}/suspend", why)
    assert answer.status_code == 200, answer.text
    if appeals:
        path = f"/driver/suspensions/{answer.json()['suspension']['active']['id']}/appeal"
        assert driver.command(path, {"text": "앱이 꺼져 있었습니다."}).status_code == 200
    return driver


def cancelled(running: Running, customer: Person, driver: Person) -> str:
    """A call that the customer cancelled after its assignment."""
    call_id, offer_id = running.offered(customer, driver)
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    answer = customer.command(f"/calls/{call_id}/cancel", {})
    assert answer.json()["state"] == "cancelled_after_assignment", answer.text
    return call_id


def driven(running: Running, customer: Person, driver: Person) -> str:
    call_id, offer_id = running.offered(customer, driver)
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    for step in ("arrive", "start", "complete"):
        answer = driver.command(f"/driver/calls/{call_id}/{step}")
        assert answer.status_code == 200, answer.text
    return call_id


def with_everything(running: Running) -> tuple[Person, Person]:
    """A customer who has cancelled too often, rated, reported and never meets a driver again; and that driver."""
    customer, driver = running.customer(), running.driver()
    call_id = driven(running, customer, driver)
    said = {"stars": 2, "tags": ["late"], "comment": "조금 늦으셨어요.", "never_meet": True}
    assert customer.command(f"/calls/{call_id}/rating", said).status_code in (200, 201)
    lost = {"what": "검은색 가죽 지갑을 두고 내린 것 같습니다.", "where": "뒷좌석"}
    assert customer.command(f"/calls/{call_id}/lost-item", lost).status_code == 201
    for _ in range(2):
        cancelled(running, customer, running.driver())
    return customer, driver


def strict(running: Running) -> None:
    """Two cancels in a month, and nothing for twelve hours."""
    parts = running.program.parts

    async def write(_: object) -> None:
        rules = CancellationPolicy(limit=2, window_days=30, length_hours=12)
        async with parts.database.transaction() as tx:
            await policies.write(tx, running.ours, rules, now=parts.clock.now(), ids=parts.ids)

    running.ask(write)
