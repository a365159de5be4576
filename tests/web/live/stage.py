"""What the live tests stand on: a context without pages, tokens for people, and a client of the driver socket."""

import asyncio
import random
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from daeri.accounts import api as accounts
from daeri.accounts.api import Authenticator, Gate
from daeri.accounts.model import Moment
from daeri.adapters.bus.memory import MemoryBus
from daeri.dispatch.fleet import LiveFleet
from daeri.infra.database import Database
from daeri.infra.keys import KeyRing, new_keys
from daeri.infra.metrics import new_metrics
from daeri.infra.settings import Settings
from daeri.kernel.ids import AccountId, CompanyId, Ids
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import SteppedClock, SystemClock
from daeri.policies import api as policies
from daeri.policies.api import PolicyShelf
from daeri.web.commands import Commands
from daeri.web.context import WebContext
from daeri.web.live.gateways import Gateways
from daeri.web.names import NameBook
from daeri.web.problems import Problems
from daeri.web.words import Language, read_words

PATIENCE_S = 5.0


async def make_context(database: Database, bus: MemoryBus, clock: SteppedClock, ids: Ids) -> WebContext:
    """A context over the test's database; what the live rooms do not touch is absent."""
    wall = SystemClock()
    ring = KeyRing(new_keys())
    fleet = LiveFleet()
    problems = Problems({language: read_words(language) for language in Language})
    async with database.reading() as tx:
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
        regions=absent,
        outline=b"",
        router=absent,
        fallback_router=absent,
        fleet=fleet,
        gateways=Gateways(fleet),
        metrics=new_metrics(),
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
