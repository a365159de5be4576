"""What stands around the use cases: a wall clock that the test moves, and a transaction for each request."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from daeri.accounts import api
from daeri.accounts.model import AccountKind, Device, Moment, SignedIn
from daeri.infra.database import Database, Tx
from daeri.kernel.ids import CompanyId
from daeri.kernel.time import SteppedClock

Answer = TypeVar("Answer")
PHONE = "010-0000-1234"
E164 = "+821000001234"
DEVICE = Device("192.0.2.7", "test")


class SteppedWallClock:
    """Wall time that moves when the test says so."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 22, 15, 0, 5, tzinfo=UTC)

    def wall_now(self) -> datetime:
        return self.instant

    def advance(self, by: timedelta) -> None:
        self.instant += by


class Desk:
    """What the web does around the use cases: a transaction each, commit, then the refusal."""

    def __init__(self, database: Database, gate: api.Gate, clock: SteppedClock, wall: SteppedWallClock) -> None:
        self.database, self.gate, self.clock, self.wall = database, gate, clock, wall

    @property
    def moment(self) -> Moment:
        return Moment(self.clock.now(), self.wall.wall_now())

    async def do(self, use_case: Callable[[Tx], Awaitable[Answer]]) -> Answer:
        async with self.database.transaction() as tx:
            answer = await use_case(tx)
        return api.granted(answer)

    async def ask(self, company_id: CompanyId, kind=AccountKind.CUSTOMER, phone=PHONE, device=DEVICE):
        command = api.RequestCode(company_id, kind, phone, device)
        return await self.do(lambda tx: api.request_code(tx, self.gate, command, moment=self.moment))

    async def answer(self, challenge_id, code: str, device=DEVICE) -> SignedIn:
        command = api.AnswerCode(challenge_id, code, device)
        return await self.do(lambda tx: api.sign_in_with_code(tx, self.gate, command, moment=self.moment))

    async def sign_in(self, company_id: CompanyId, kind=AccountKind.CUSTOMER, phone=PHONE) -> SignedIn:
        asked = await self.ask(company_id, kind, phone)
        return await self.answer(asked.challenge.id, asked.message.code)

    async def refresh(self, token: str) -> SignedIn:
        return await self.do(lambda tx: api.refresh(tx, self.gate, token, moment=self.moment))
