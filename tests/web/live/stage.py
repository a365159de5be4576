"""What the live tests stand on: a context without pages, tokens for people, and a client of the driver socket."""

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
import msgspec
import pyotp
import pytest
import uvicorn
from argon2 import PasswordHasher
from tests.dispatch.factories import Night
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from daeri.accounts import api as accounts
from daeri.accounts.api import Authenticator, DemoPerson, Gate, NewStaff, StaffCredentials
from daeri.accounts.model import AccountKind, Device, Moment, PasswordHash, Role
from daeri.adapters.bus.memory import MemoryBus
from daeri.dispatch.fleet import LiveFleet
from daeri.drivers import api as drivers
from daeri.infra.database import Database
from daeri.infra.keys import KeyRing, new_keys
from daeri.infra.metrics import new_metrics
from daeri.infra.settings import Settings
from daeri.infra.tracing import open_tracer
from daeri.kernel.ids import AccountId, CompanyId, DriverId, Ids
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import SteppedClock, SystemClock
from daeri.policies import api as policies
from daeri.policies.api import PolicyShelf
from daeri.regions import api as regions
from daeri.web.commands import Commands
from daeri.web.context import WebContext
from daeri.web.live.gateways import Gateways
from daeri.web.names import NameBook
from daeri.web.principals import COOKIE
from daeri.web.problems import Problems
from daeri.web.words import Language, read_words

PATIENCE_S = 5.0


async def make_context(database: Database, bus: MemoryBus, clock: SteppedClock, ids: Ids) -> WebContext:
    """A context over the test's database; what the live rooms do not touch is absent."""
    wall = SystemClock()
    ring = KeyRing(new_keys())
    fleet = LiveFleet()
    problems = Problems({language: read_words(language) for language in Language})
    async with database.transaction() as tx:
        await regions.seed(tx)
        index = await regions.load_index(tx)
        shelf = PolicyShelf(await policies.load_books(tx), bus)
    absent = cast("Any", SimpleNamespace())
    return WebContext(
        settings=Settings(port=0, driver_port=0),
        database=database,
        bus=bus,
        clock=clock,
        wall=wall,
        ids=ids,
        gate=Gate(ring, ids, random.Random(7).randbytes),
        authenticator=Authenticator(database, bus, ring, wall),
        code_sender=absent,
        shelf=shelf,
        regions=index,
        outline=b"",
        router=absent,
        fallback_router=absent,
        places=absent,
        fallback_places=absent,
        place_limit=absent,
        fleet=fleet,
        gateways=Gateways(fleet),
        metrics=new_metrics(),
        tracer=open_tracer(None),
        problems=problems,
        commands=Commands(database, wall, problems),
        names=NameBook(wall),
        is_ready=lambda: True,
        stepper=None,
    )


async def token_of(context: WebContext, company: CompanyId, account: UUID) -> str:
    """A token for an account."""
    async with context.database.transaction() as tx:
        (issued,) = await accounts.issue_demo_tokens(
            tx, context.gate, company, [AccountId(account)], moment=moment(context)
        )
    return issued.access_token


async def make_gateway(context: WebContext, company: CompanyId) -> UUID:
    async with context.database.transaction() as tx:
        account = await accounts.create_gateway(tx, context.gate, company, "gate", actor=SYSTEM, moment=moment(context))
    return account.id


def moment(context: WebContext) -> Moment:
    return Moment(context.clock.now(), context.wall.wall_now())


class App:
    """A driver's app, as far as its socket goes."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, **message: object) -> None:
        await self.socket.send(msgspec.json.encode(message).decode())

    async def hear(self, kind: str | None = None) -> dict[str, Any]:
        """The next message; it must be of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            message = msgspec.json.decode(await self.socket.recv())
        assert kind is None or message["type"] == kind, message
        return message

    async def hear_soon(self, seconds: float = 0.2) -> dict[str, Any]:
        """The next message, or TimeoutError when it is quiet."""
        async with asyncio.timeout(seconds):
            return msgspec.json.decode(await self.socket.recv())

    async def hello(self, token: str) -> dict[str, Any]:
        await self.say(type="hello", token=token)
        return await self.hear("welcome")

    async def silence(self, seconds: float = 0.15) -> bool:
        """Whether nothing comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                message = await self.socket.recv()
        except TimeoutError:
            return True
        raise AssertionError(message)

    async def closed(self) -> tuple[int, str]:
        """The code and reason with which the server closes."""
        with pytest.raises(ConnectionClosed) as ended:
            await asyncio.wait_for(self._drop_everything(), PATIENCE_S)
        assert ended.value.rcvd is not None, "no close frame came"
        return ended.value.rcvd.code, ended.value.rcvd.reason

    async def _drop_everything(self) -> None:
        while True:
            await self.socket.recv()


@asynccontextmanager
async def app(port: int, path: str = "/live/driver"):
    async with connect(f"ws://127.0.0.1:{port}{path}", ping_interval=None, compression=None) as socket:
        yield App(socket)


async def until(condition) -> None:
    """Wait for what must become true soon."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 -- what is waited for is state, and tells nobody
            await asyncio.sleep(0.01)


PASSWORD = "a long demo password"
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(frozen=True)
class Staff:
    """A member of staff with what they type to sign in."""

    account_id: UUID
    email: str
    totp_secret: str

    def totp(self) -> str:
        return pyotp.TOTP(self.totp_secret).now()


async def hire(context: WebContext, company: CompanyId, *roles: Role, email: str = "one@hanbit.example") -> Staff:
    new = NewStaff(company, email, "민지", PasswordHash(_CHEAP), roles or (Role.ADMIN,))
    async with context.database.transaction() as tx:
        made = await accounts.create_staff(tx, context.gate, new, actor=SYSTEM, moment=moment(context))
    return Staff(made.account.id, email, made.totp_secret)


async def cookie_of(context: WebContext, staff: Staff) -> str:
    """The cookie of a new session of pages."""
    given = StaffCredentials(staff.email, PASSWORD, staff.totp(), Device("192.0.2.7", "test"))
    signed_in = await accounts.sign_in_staff(context.database, context.gate, given, moment=moment(context))
    return signed_in.access_token


async def hire_people(context: WebContext, night: Night, kind: AccountKind, *names: str, first: int = 0) -> list[UUID]:
    """Accounts with names and numbers that are never assigned; a driver's still has to apply."""
    people = [DemoPerson(name, accounts.demo_phone(first + place)) for place, name in enumerate(names)]
    async with context.database.transaction() as tx:
        made = await accounts.create_demo_accounts(
            tx, context.gate, night.company, kind, people, moment=moment(context)
        )
        if kind is AccountKind.DRIVER:
            for account in made:
                now = context.clock.now()
                await drivers.apply(tx, DriverId(account), night.company, now=now, ids=context.ids)
                await drivers.approve(tx, DriverId(account), night.company, SYSTEM, now=now, ids=context.ids)
    return list(made)


@asynccontextmanager
async def serving(app: Any):
    """`app` on a free port; its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    )
    running = asyncio.ensure_future(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


class Listening:
    """The events of one stream, as a browser's EventSource tells them."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def hear(self, *kinds: str) -> tuple[str, Any]:
        """The next event of these kinds (of any, without)."""
        async with asyncio.timeout(PATIENCE_S):
            name = ""
            async for line in self._lines:
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: ") and (not kinds or name in kinds):
                    return name, msgspec.json.decode(line[6:])
        raise EOFError("the stream has ended")


@asynccontextmanager
async def listening(address: str, path: str, *, cookie: str | None = None, token: str | None = None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    cookies = {COOKIE: cookie} if cookie else {}
    async with (
        httpx.AsyncClient(base_url=address, cookies=cookies, headers=headers, timeout=PATIENCE_S) as client,
        client.stream("GET", path) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Listening(response)
