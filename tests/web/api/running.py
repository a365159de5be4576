"""A real server in a thread: bootstrap's parts on ephemeral ports, two companies, and clients with tokens."""

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from argon2 import PasswordHasher
from tests.dispatch.factories import Night
from tests.payments.factories import Till
from tests.ports import free_port

from daeri.accounts import api as accounts
from daeri.accounts.api import DemoPerson, NewStaff
from daeri.accounts.model import AccountKind, PasswordHash, Role
from daeri.bootstrap import Program, build_program, clock_of, open_parts, serve
from daeri.companies import api as companies
from daeri.companies.model import CreateCompany
from daeri.customers import api as customers
from daeri.drivers import api as drivers
from daeri.infra import settings as process
from daeri.infra.settings import Settings
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.terms import SYSTEM

PATIENCE_S = 30.0
PASSWORD = "a-long-passphrase-of-nobody"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SEOUL = {"lat": 37.4979, "lon": 127.0276, "name": "강남역"}
JAMSIL = {"lat": 37.5133, "lon": 127.1002, "name": "잠실역"}
TRIP = {"origin": SEOUL, "destination": JAMSIL}
# What a refusal may leave behind: its own answer under the key, and the count that limits its repetition.
_KEPT_OF_REFUSALS = {"idempotency_keys", "rate_limits", "sign_in_challenges", "sign_in_hits"}

Done = TypeVar("Done")


@dataclass(frozen=True)
class Person:
    """An account with a token and a client that uses it."""

    id: UUID
    company: CompanyId
    token: str
    http: httpx.Client

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(path, **options)

    def remove(self, path: str) -> httpx.Response:
        """DELETE with a fresh idempotency key."""
        return self.http.delete(path, headers={"idempotency-key": uuid4().hex})

    def command(self, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> httpx.Response:
        """POST with an idempotency key, a fresh one unless given."""
        sent = {"idempotency-key": key or uuid4().hex, **headers}
        return self.http.post(path, json=body, headers=sent) if body is not None else self.http.post(path, headers=sent)


class Running:
    """The server, and ways into its database that a test needs."""

    def __init__(self, dsn: str, folder: Path, **overrides: Any) -> None:
        self.settings = Settings(
            port=free_port(),
            driver_port=free_port(),
            data_folder=folder,
            drain_seconds=0.2,
            log_level=process.LogLevel.ERROR,
            **{"roles": frozenset({process.Role.WEB}), **overrides},
        )  # fmt: skip -- one setting of a test beside the other
        self.url = self.settings.web_url
        self.api = f"{self.url}/api/v1"
        self.anybody = self.client()
        self._dsn = dsn
        self._numbers = itertools.count(1)
        self._ready = threading.Event()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.program: Program
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self.ours: CompanyId
        self.theirs: CompanyId

    def start(self) -> "Running":
        self._thread.start()
        assert self._ready.wait(PATIENCE_S), "the server did not come up"
        if self._ended.done():
            self._ended.result()
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)

    def client(self, address: str | None = None, **headers: str) -> httpx.Client:
        """A client of the API; from another `address` (127.x.y.z) it has other limits."""
        # Reading the authorities' certificates, which nobody here asks for, would cost every client 20 ms.
        transport = httpx.HTTPTransport(local_address=address, verify=False)
        return httpx.Client(base_url=self.api, headers=headers, timeout=PATIENCE_S, transport=transport)

    def ask(self, work: Callable[[Program], Awaitable[Done]]) -> Done:
        """Do `work` in the server's own loop."""

        async def run() -> Done:
            return await work(self.program)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_S)

    def night(self, company: CompanyId | None = None) -> Night:
        """Commands of dispatch that no route gives: offers and lists."""
        parts = self.program.parts
        return Night(parts.database, company or self.ours, parts.clock, parts.ids)

    def company(self) -> CompanyId:
        """A company of the test's own: nobody calls, drives or writes policies there but for it."""
        slug = f"company{next(self._numbers)}"
        return self.ask(lambda program: _company(program, slug, slug))

    def customer(self, company: CompanyId | None = None, *, has_card: bool = False) -> Person:
        """Somebody new, who pays in cash unless they have a card."""
        person = self.ask(lambda program: self._person(program, AccountKind.CUSTOMER, company or self.ours))
        if has_card:
            self.ask(lambda _: Till(self.night(person.company)).card(person.id))
        return person

    def driver(self, company: CompanyId | None = None) -> Person:
        return self.ask(lambda program: self._person(program, AccountKind.DRIVER, company or self.ours))

    def staff(self, company: CompanyId | None = None, role: Role = Role.ADMIN) -> Person:
        return self.ask(lambda program: self._staff(program, company or self.ours, role))

    def gateway(self, company: CompanyId | None = None) -> Person:
        return self.ask(lambda program: self._gateway(program, company or self.ours))

    def rows(self) -> dict[str, int]:
        """How many rows every table has that a refusal must leave alone."""
        return self.ask(_count_rows)

    def offered(self, customer: Person, driver: Person) -> tuple[str, str]:
        """A call of the customer and its live offer to the driver, who goes on duty: their ids."""
        assert driver.command("/driver/duty", {"on": True}).status_code == 200
        answer = customer.command("/calls", TRIP)
        assert answer.status_code == 201, answer.text
        call_id = answer.json()["id"]
        return call_id, self.offer(call_id, driver)

    def offer(self, call_id: str, driver: Person) -> str:
        night = self.night(driver.company)
        return str(self.ask(lambda _: night.offer(UUID(call_id), driver.id)).id)

    def _live(self) -> None:
        try:
            self._ended.set_result(asyncio.run(self._run()))
        except BaseException as error:  # noqa: BLE001 -- it is raised again in the test's own thread
            self._ended.set_exception(error)
        self._ready.set()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with (
            open_parts(self.settings, self._dsn, clock=clock_of(self.settings)) as parts,
            build_program(parts) as program,
        ):
            self.program = program
            self.ours = await _company(program, "hanbit", "한빛대리")
            self.theirs = await _company(program, "saebyeok", "새벽대리")
            async with asyncio.TaskGroup() as group:
                group.create_task(serve(program, self._stop))
                await self._until_ready()
                self._ready.set()

    async def _until_ready(self) -> None:
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient() as client:
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.url}/readyz")).is_success:
                        return
                await asyncio.sleep(0.02)

    async def _person(self, program: Program, kind: AccountKind, company: CompanyId) -> Person:
        moment, gate = program.context.moment(), program.parts.gate
        person = DemoPerson("김민준", accounts.demo_phone(next(self._numbers)))
        async with program.parts.database.transaction() as tx:
            (made,) = await accounts.create_demo_accounts(tx, gate, company, kind, [person], moment=moment)
            if kind is AccountKind.DRIVER:
                await drivers.enrol(tx, [made], company, now=moment.now)
            else:
                await customers.ensure(tx, made, company, now=moment.now)
        return await self._with_token(program, company, made)

    async def _staff(self, program: Program, company: CompanyId, role: Role) -> Person:
        gate = program.parts.gate
        email = f"staff{next(self._numbers)}@hanbit.example"
        new = NewStaff(company, email, "관제", password_hash(), [role], TOTP)
        async with program.parts.database.transaction() as tx:
            made = await accounts.create_staff(tx, gate, new, actor=SYSTEM, moment=program.context.moment())
        return await self._with_token(program, company, made.account.id)

    async def _gateway(self, program: Program, company: CompanyId) -> Person:
        gate, moment = program.parts.gate, program.context.moment()
        async with program.parts.database.transaction() as tx:
            made = await accounts.create_gateway(tx, gate, company, "gateway", actor=SYSTEM, moment=moment)
        return await self._with_token(program, company, made.id)

    async def _with_token(self, program: Program, company: CompanyId, account: AccountId) -> Person:
        async with program.parts.database.transaction() as tx:
            (issued,) = await accounts.issue_demo_tokens(
                tx, program.parts.gate, company, [account], moment=program.context.moment()
            )
        token = issued.access_token
        return Person(account, company, token, self.client(authorization=f"Bearer {token}"))


@cache
def password_hash() -> PasswordHash:
    """That of PASSWORD, which everybody of staff has: making one takes a sixth of a second."""
    return PasswordHash(PasswordHasher().hash(PASSWORD))


async def _company(program: Program, slug: str, name: str) -> CompanyId:
    parts = program.parts
    async with parts.database.transaction() as tx:
        made = await companies.create(tx, CreateCompany(slug, name, slug.title()), now=parts.clock.now(), ids=parts.ids)
    return made.id


async def _count_rows(program: Program) -> dict[str, int]:
    async with program.parts.database.reading() as tx:
        names = [row["name"] for row in await tx.rows(_TABLES)]
        wanted = [name for name in names if name not in _KEPT_OF_REFUSALS and not name.startswith("pgqueuer")]
        counts = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS n FROM {name}" for name in wanted)
        return {row["name"]: row["n"] for row in await tx.rows(counts)}


_TABLES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


def refused(answer: httpx.Response, status: int | None = None, code: str | None = None) -> dict[str, Any]:
    """The problem of a refusal, which must be complete: a 4xx with a stable code and a sentence."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:daeri:problem:{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["detail"] != f"problem.{problem['code']}", "a code without a sentence"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert status is None or answer.status_code == status, problem
    assert code is None or problem["code"] == code, problem
    return problem
