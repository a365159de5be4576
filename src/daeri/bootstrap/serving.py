"""The roles run until they are told to stop."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta

import structlog
import uvicorn

from daeri import reactions
from daeri.bootstrap.chores import housekeep, mind_balances, refresh, watch_regions
from daeri.bootstrap.program import Program
from daeri.companies import api as companies
from daeri.companies.model import CompanyNotFound
from daeri.engine import loop
from daeri.engine.stepper import EngineStepper
from daeri.infra import events, garbage
from daeri.infra.database import Tx
from daeri.infra.metrics import watch_loop
from daeri.infra.settings import Role, Settings
from daeri.kernel.time import SteppedClock
from daeri.web.app import build_app
from daeri.web.live.replay_inbox import ReplayInbox
from daeri.web.mounting import build_rooms
from daeri.web.report_protocol import report_protocol

log = structlog.get_logger(__name__)

_REPLAY_TICK = timedelta(seconds=2)


async def serve(program: Program, stop: asyncio.Event, *, ending: Callable[[], None] = lambda: None) -> None:
    """Run the process's roles until `stop` is set, then drain: no new work, open work finished, rows written.

    `ending` is told once, when the roles are told to end or one of them has failed.
    """
    parts, settings = program.parts, program.parts.settings
    if parts.settings.replay_from is not None:
        await _prepare_replay(program)
    async with parts.database.transaction() as tx:
        await events.register_handlers(tx, reactions.registrations())
        await _warn_of_unknown_default(tx, settings)
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        background = [
            group.create_task(watch_loop(parts.metrics)),
            group.create_task(garbage.keep_pauses_short(parts.wall)),
            group.create_task(refresh(program, end)),
        ]
        if settings.replay_from is None:  # which is to give the same answers throughout
            background.append(group.create_task(watch_regions(program, end)))
        if Role.ENGINE in settings.roles and settings.replay_from is None:
            group.create_task(loop.run(program.engine, parts.database, end, tick_s=settings.tick_ms / 1000))
        if Role.WORKER in settings.roles and settings.replay_from is None:
            group.create_task(program.worker.run())
            group.create_task(program.collector.run(end))
            background.append(group.create_task(housekeep(program, end)))
            background.append(group.create_task(mind_balances(program, end)))
        if Role.WEB in settings.roles:
            group.create_task(_serve_web(program, stop))
        try:
            await stop.wait()
        finally:  # also where a task has failed, which cancels the others
            ending()
        program.is_draining = True
        log.info("draining")
        await asyncio.sleep(0)
        end.set()
        program.worker.stop()
        for task in background:
            task.cancel()


async def _warn_of_unknown_default(tx: Tx, settings: Settings) -> None:
    """No refusal: a company may be made while the program runs."""
    if settings.default_company is None:
        return
    try:
        await companies.by_slug(tx, settings.default_company)
    except CompanyNotFound:
        log.warning("default_company_unknown", slug=settings.default_company)


async def _serve_web(program: Program, stop: asyncio.Event) -> None:
    settings = program.parts.settings
    rooms = build_rooms(program.context)
    await rooms.open()
    server = _Server(
        uvicorn.Config(
            build_app(program.context, rooms.routers, rooms.missing_page),
            host=settings.host,
            port=settings.port,
            loop="none",
            http=report_protocol(program.context),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=settings.public_url is not None,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        )
    )

    async def end_when_told() -> None:
        await stop.wait()
        await rooms.drain()
        server.should_exit = True

    async with asyncio.TaskGroup() as group:
        group.create_task(end_when_told())
        await server.serve()
        stop.set()


class _Server(uvicorn.Server):
    """Signals are the command line's to catch: one handler ends all roles."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _prepare_replay(program: Program) -> None:
    """The engine does not run by itself: the step route drives it."""
    parts = program.parts
    clock = parts.clock
    if not isinstance(clock, SteppedClock):
        raise TypeError("a replay needs a stepped clock")
    await program.engine.start()

    inbox = ReplayInbox(parts.bus, program.context.names)
    program.context.stepper = EngineStepper(
        program.engine,
        clock,
        parts.database,
        work_off=program.worker.work_off,
        collect=inbox.collect,
        tick=_REPLAY_TICK,
    )
