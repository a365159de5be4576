"""The console's live stream: one event stream a browser, one computation a second for each company that is watched."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from litestar import Request, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation
from litestar.response import Stream

from daeri.accounts.model import Permission, Principal, SessionId
from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.infra.database import Tx
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CompanyId
from daeri.kernel.time import to_millis
from daeri.web.console.live import Board, BoardFacts, Figures, Snapshot
from daeri.web.console_rows.store import Today
from daeri.web.context import WebContext
from daeri.web.live.call_feed import CallFeed
from daeri.web.live.console_facts import board_of, columns_of, figures_of, live_call, today_of
from daeri.web.live.driver_rows import names_of
from daeri.web.live.fleet_columns import Shown, shown_of
from daeri.web.live.outbox import Outbox, event
from daeri.web.principals import WhoAsks, principal_of, require_staff

log = structlog.get_logger(__name__)

EVERY_S = 1.0
TODAY_EVERY = 10  # seconds between two readings of the whole day
REREAD_EVERY = 30  # seconds between two readings of all running calls, for hints that were lost
SNAPSHOTS_AT_ONCE = 2  # so that a hundred browsers that come back at once do not take every connection
STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(slots=True)
class Moment:
    """What was last told to everybody who watches a company."""

    shown: Shown
    board: list[BoardFacts]
    figures: Figures


@dataclass(slots=True)
class Room:
    """The viewers of one company."""

    company_id: CompanyId
    viewers: dict[Outbox, Principal] = field(default_factory=dict)
    moment: Moment | None = None
    today: Today | None = None
    seconds: int = 0
    running: dict[UUID, int] = field(default_factory=dict)  # versions of the calls that viewers have seen
    first: asyncio.Lock = field(default_factory=asyncio.Lock)

    def tell(self, encoded: bytes) -> None:
        for outbox in self.viewers:
            outbox.put(encoded)


class ConsoleStreams:
    """All console streams of one process; works only while somebody watches."""

    def __init__(self, context: WebContext, feed: CallFeed) -> None:
        self._context = context
        self._feed = feed
        self._rooms: dict[CompanyId, Room] = {}
        self._snapshots = asyncio.Semaphore(SNAPSHOTS_AT_ONCE)
        self._task: asyncio.Task[None] | None = None
        self._stop_hearing = context.authenticator.on_revoked(self._revoked)
        self._is_draining = False

    def __len__(self) -> int:
        """Open streams."""
        return sum(len(room.viewers) for room in self._rooms.values())

    async def watch(self, request: Request[Any, Any, Any], principal: Principal) -> AsyncIterator[bytes]:
        """A snapshot, then events until the session or the process ends."""
        outbox = Outbox()
        room = self._enter(principal, outbox)
        try:
            # What changes while the rows are read waits in the outbox; applying it twice does no harm.
            async with self._snapshots:
                snapshot = await self._snapshot(room)
            yield event("snapshot", snapshot)
            async for chunk in outbox.chunks():
                if not await self._may_still(request):
                    return
                yield chunk
        finally:
            self._leave(room, outbox)

    async def drain(self) -> None:
        """End every stream; browsers come back to another process."""
        if not self._is_draining:
            self._stop_hearing()
        self._is_draining = True
        for room in self._rooms.values():
            for outbox in room.viewers:
                outbox.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- who watches

    def _enter(self, principal: Principal, outbox: Outbox) -> Room:
        room = self._rooms.setdefault(principal.company_id, Room(principal.company_id))
        room.viewers[outbox] = principal
        if self._is_draining:
            outbox.close()
        elif self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        self._context.metrics.streams.inc()
        return room

    def _leave(self, room: Room, outbox: Outbox) -> None:
        room.viewers.pop(outbox, None)
        if not room.viewers:
            self._rooms.pop(room.company_id, None)
        self._context.metrics.streams.dec()

    def _revoked(self, session_id: SessionId) -> None:
        for room in self._rooms.values():
            for outbox, principal in room.viewers.items():
                if principal.session_id == session_id:
                    outbox.close()

    async def _may_still(self, request: Request[Any, Any, Any]) -> bool:
        """Whether the session lives and still may see calls; from memory, except twice a minute."""
        try:
            principal = await principal_of(request, self._context)
        except DaeriError:
            return False
        return Permission.CALLS_READ in principal.permissions

    # --- what they see

    async def _snapshot(self, room: Room) -> Snapshot:
        context, company_id = self._context, room.company_id
        async with context.database.snapshot() as tx:
            async with room.first:
                if room.moment is None:
                    room.moment = await self._look(tx, room)
            running = await calls.running(tx, company_id)
            names = await names_of(tx, context.names, running)
            shown = room.moment.shown
            columns = await columns_of(tx, context, company_id, shown, None)
        for call in running:
            room.running.setdefault(call.id, call.version)
        return Snapshot(
            at=to_millis(context.clock.now()),
            calls=[live_call(call, names) for call in running],
            board=room.moment.board,
            drivers=columns,
            figures=room.moment.figures,
        )

    async def _look(self, tx: Tx, room: Room) -> Moment:
        context, company_id = self._context, room.company_id
        if room.today is None or room.seconds % TODAY_EVERY == 0:
            room.today = await today_of(tx, context, company_id)
        board = await board_of(tx, context, company_id)
        return Moment(shown_of(context, company_id), board, figures_of(context, company_id, board, room.today))

    async def _run(self) -> None:
        stop_following = self._feed.follow(self._calls_changed)
        try:
            while self._rooms:
                await asyncio.sleep(EVERY_S)
                for room in list(self._rooms.values()):
                    try:
                        await self._tick(room)
                    except Exception:
                        # The outermost loop of the streams: the next second looks again.
                        log.exception("console_not_told")
        finally:
            stop_following()

    async def _tick(self, room: Room) -> None:
        """Tell a company's viewers what has changed in the last second."""
        room.seconds += 1
        before = room.moment
        if before is None:
            return
        async with self._context.database.snapshot() as tx:
            now = await self._look(tx, room)
            columns = await columns_of(tx, self._context, room.company_id, now.shown, before.shown)
            if room.seconds % REREAD_EVERY == 0:
                await self._reread(tx, room)
        room.moment = now
        if columns.slots:
            room.tell(event("drivers", columns))
        if now.board != before.board:
            room.tell(event("board", Board(now.figures.at, now.board)))
        room.tell(event("figures", now.figures))

    async def _reread(self, tx: Tx, room: Room) -> None:
        """The calls whose change no hint told of."""
        running = await calls.running(tx, room.company_id)
        missing = room.running.keys() - {call.id for call in running}
        found = [*running, *(await calls.get_many(tx, list(missing)) if missing else [])]
        news = [call for call in found if call.version > room.running.get(call.id, 0)]
        self._tell_calls(room, news, await names_of(tx, self._context.names, news))

    def _calls_changed(self, changed: Sequence[Call], names: Mapping[UUID, str]) -> None:
        for room in self._rooms.values():
            self._tell_calls(room, [call for call in changed if call.company_id == room.company_id], names)

    def _tell_calls(self, room: Room, changed: Sequence[Call], names: Mapping[UUID, str]) -> None:
        for call in changed:
            if call.ended_at is None:
                room.running[call.id] = call.version
            else:
                room.running.pop(call.id, None)
            room.tell(event("call", live_call(call, names)))


Streams = SkipValidation[NamedDependency[ConsoleStreams]]


@get("/live/console", include_in_schema=False)
async def live_console(request: Request[Any, Any, Any], principal: WhoAsks, console_streams: Streams) -> Stream:
    """The live stream of the viewer's company (shapes: web/console/live.py)."""
    require_staff(principal)
    principal.require(Permission.CALLS_READ)
    return Stream(console_streams.watch(request, principal), media_type="text/event-stream", headers=STREAM_HEADERS)


def console_stream_router(streams: ConsoleStreams) -> Router:
    """The route of the stream, for the web process to mount."""
    return Router(
        path="/",
        route_handlers=[live_console],
        dependencies={"console_streams": Provide(lambda: streams, sync_to_thread=False)},
    )
