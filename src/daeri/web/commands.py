"""Runs a command once however often it is sent: the answer is kept with the effects under the actor's key."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from asyncpg import DeadlockDetectedError, InterfaceError, PostgresError, SerializationError
from litestar import Request, Response

from daeri.accounts.model import Principal
from daeri.infra import idempotency
from daeri.infra.database import Database, Tx
from daeri.infra.idempotency import Answer, CommandKey, InProgress, KeyReused
from daeri.kernel.errors import Category, DaeriError
from daeri.kernel.time import WallClock
from daeri.web.problems import MEDIA_TYPE, KeyMissing, Problems

_HEADER = "idempotency-key"
_JSON = "application/json"
_NO_CONTENT = 204
_ATTEMPTS = 3
_KEY = re.compile(f"[!-~]{{1,{idempotency.MAX_KEY_LENGTH}}}")

Work = Callable[[Tx], Awaitable[msgspec.Struct | None]]
Told = TypeVar("Told")
_AnyRequest = Request[Any, Any, Any]


class Busy(DaeriError):
    """The database could not put this command in order with others; nothing was done."""

    code = "busy"
    category = Category.UNAVAILABLE


class Commands:
    """Every command of the API goes through `run`."""

    def __init__(self, database: Database, wall: WallClock, problems: Problems) -> None:
        self._database = database
        self._wall = wall
        self._problems = problems
        self._asking: set[CommandKey] = set()

    async def run(
        self, request: _AnyRequest, principal: Principal, work: Work, *, status: int = 200
    ) -> Response[bytes]:
        """Do `work` in one transaction with its answer, or give the answer that the same command got before.

        A refusal is kept too, except one that asks to try again.
        """
        command = await _key_of(request, principal)
        try:
            return _response(await self._once(command, work, status))
        except (InProgress, KeyReused):
            raise
        except DaeriError as refusal:
            if refusal.category is not Category.UNAVAILABLE:
                # A refusal that cannot be kept is still the answer; a repeated command is decided anew.
                with suppress(DaeriError, PostgresError, InterfaceError, OSError):
                    await self._remember(command, self._problems.answer(refusal, request))
            raise

    async def run_after(
        self,
        request: _AnyRequest,
        principal: Principal,
        ask: Callable[[], Awaitable[Told]],
        work: Callable[[Tx, Told], Awaitable[msgspec.Struct | None]],
        *,
        status: int = 200,
    ) -> Response[bytes]:  # fmt: skip -- the signature reads as one sentence
        """Like `run`, where somebody outside must be asked first: no transaction is open while `ask` waits.

        A command that was answered is answered again without asking; one that is being asked is InProgress. What `ask`
        refuses has written nothing and is not kept: the same command asks again.
        """
        command = await _key_of(request, principal)
        async with self._database.transaction() as tx:
            kept = await idempotency.claim(tx, command)
        if kept is not None:
            return _response(kept)
        if command in self._asking:
            raise InProgress()
        self._asking.add(command)
        try:
            told = await ask()
            return await self.run(request, principal, lambda tx: work(tx, told), status=status)
        finally:
            self._asking.discard(command)

    async def _once(self, command: CommandKey, work: Work, status: int) -> Answer:
        for _ in range(_ATTEMPTS):
            try:
                async with self._database.transaction() as tx:
                    kept = await idempotency.claim(tx, command)
                    if kept is not None:
                        return kept
                    done = await work(tx)
                    answer = Answer(status, b"") if done is None else Answer(status, msgspec.json.encode(done))
                    await idempotency.remember(tx, command, answer, wall_now=self._wall.wall_now())
                    return answer
            except (DeadlockDetectedError, SerializationError):
                continue
        raise Busy()

    async def _remember(self, command: CommandKey, answer: Answer) -> None:
        async with self._database.transaction() as tx:
            if await idempotency.claim(tx, command) is None:
                await idempotency.remember(tx, command, answer, wall_now=self._wall.wall_now())


async def _key_of(request: _AnyRequest, principal: Principal) -> CommandKey:
    key = request.headers.get(_HEADER, "")
    if not _KEY.fullmatch(key):
        raise KeyMissing()
    route = f"{request.method} {request.route_handler.handler_name}"
    body = await request.body()
    return CommandKey(principal.account_id, route, key, idempotency.fingerprint(request.url.path, body))


def _response(answer: Answer) -> Response[bytes]:
    if not answer.body:
        return Response(b"", status_code=_NO_CONTENT)
    media_type = MEDIA_TYPE if answer.status >= 400 else _JSON
    return Response(answer.body, status_code=answer.status, media_type=media_type)
