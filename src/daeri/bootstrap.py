"""The composition root: builds the parts of a process from its settings and runs them until told to stop."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
import uvicorn
from litestar.types import ControllerRouterHandler

from daeri import reactions
from daeri.accounts.api import Authenticator, Gate
from daeri.accounts.model import SignInTerms
from daeri.adapters.bus.memory import MemoryBus
from daeri.adapters.maps.osrm import open_osrm
from daeri.adapters.maps.straight import StraightLineRouter
from daeri.adapters.maps.valhalla import open_valhalla
from daeri.adapters.sms.screen import ScreenCodeSender
from daeri.dispatch.fleet import LiveFleet
from daeri.engine import loop
from daeri.engine.engine import Engine, Keeping
from daeri.engine.stepper import EngineStepper
from daeri.infra import events
from daeri.infra.database import Database, open_database
from daeri.infra.jobs import Worker
from daeri.infra.keys import create_ring, load_ring
from daeri.infra.metrics import Metrics, new_metrics, watch_loop
from daeri.infra.settings import Role, RouterKind, Settings
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Service
from daeri.kernel.time import Clock, SteppedClock, SystemClock
from daeri.policies import api as policies
from daeri.policies.api import PolicyShelf
from daeri.policies.model import DispatchPolicy, PositionPolicy, Versioned
from daeri.pricing.ports import Router
from daeri.regions import api as regions
from daeri.regions.api import RegionIndex
from daeri.web.app import build_app
from daeri.web.commands import Commands
from daeri.web.context import WebContext
from daeri.web.live.driver_listener import DriverListener
from daeri.web.live.gateways import Gateways
from daeri.web.live.replay_inbox import ReplayInbox
from daeri.web.names import NameBook
from daeri.web.problems import Problems
from daeri.web.words import Language, read_words

log = structlog.get_logger(__name__)

_REFRESH_S = 5.0  # how often what is kept in memory is read again, hints or not
_REPLAY_TICK = timedelta(seconds=2)
_REPLAY_KEEPING = Keeping(timedelta(minutes=1), shares=1)  # hints are not lost within one process


@dataclass(frozen=True, slots=True)
class Parts:
    """What every role of a process is built from."""

    settings: Settings
    database: Database
    bus: MemoryBus
    clock: Clock
    wall: SystemClock
    ids: Ids
    gate: Gate
    metrics: Metrics
    shelf: PolicyShelf
    regions: RegionIndex
    fleet: LiveFleet


@dataclass(slots=True)
class Program:
    """A built process, before anything runs."""

    parts: Parts
    engine: Engine
    worker: Worker
    context: WebContext
    codes: ScreenCodeSender
    is_draining: bool = False


@asynccontextmanager
async def open_parts(settings: Settings, dsn: str, *, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Connect and read what a process keeps in memory. The database must be migrated."""
    wall = SystemClock()
    business = clock or wall
    bus = MemoryBus()
    path = settings.keys_path
    ring = load_ring(path) if path.exists() else create_ring(path)
    ids = Ids(business, secrets.token_bytes)
    terms = SignInTerms(access_lives=timedelta(minutes=settings.access_token_minutes))
    async with open_database(dsn, bus, connections=settings.database_connections) as database:
        async with database.transaction() as tx:
            await regions.seed(tx)
            index = await regions.load_index(tx)
            shelf = PolicyShelf(await policies.load_books(tx), bus)
        metrics = new_metrics()
        metrics.watch_pool(database.pool)
        gate = Gate(ring, ids, secrets.token_bytes, terms)
        yield Parts(settings, database, bus, business, wall, ids, gate, metrics, shelf, index, LiveFleet())


def clock_of(settings: Settings) -> Clock:
    """Real time, or the stepped time of a replay."""
    return SystemClock() if settings.replay_from is None else SteppedClock(settings.replay_from)


@asynccontextmanager
async def build_program(parts: Parts) -> AsyncIterator[Program]:
    """Put the roles together; nothing runs yet."""
    async with AsyncExitStack() as stack:
        engine = _engine(parts)
        worker = Worker(parts.database, reactions.handlers(), parts.wall)
        codes = ScreenCodeSender()
        authenticator = Authenticator(parts.database, parts.bus, parts.gate.ring, parts.wall)
        stack.callback(authenticator.close)
        router = await stack.enter_async_context(_router(parts.settings))
        problems = Problems({language: read_words(language) for language in Language})
        context = WebContext(
            settings=parts.settings,
            database=parts.database,
            bus=parts.bus,
            clock=parts.clock,
            wall=parts.wall,
            ids=parts.ids,
            gate=parts.gate,
            authenticator=authenticator,
            code_sender=codes,
            shelf=parts.shelf,
            regions=parts.regions,
            outline=regions.outline(parts.regions),
            router=router,
            fallback_router=StraightLineRouter(),
            fleet=parts.fleet,
            gateways=Gateways(parts.fleet),
            metrics=parts.metrics,
            problems=problems,
            commands=Commands(parts.database, parts.wall, problems),
            names=NameBook(parts.wall),
            is_ready=lambda: not program.is_draining,
            stepper=None,
        )
        program = Program(parts, engine, worker, context, codes)
        yield program


async def serve(program: Program, stop: asyncio.Event, *, rooms: Sequence[ControllerRouterHandler] = ()) -> None:
    """Run the process's roles until `stop` is set, then drain: no new work, open work finished, rows written."""
    parts, settings = program.parts, program.parts.settings
    if parts.settings.replay_from is not None:
        await _prepare_replay(program)
    async with parts.database.transaction() as tx:
        await events.register_handlers(tx, reactions.registrations())
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        background = [group.create_task(watch_loop(parts.metrics)), group.create_task(_refresh(program, end))]
        if Role.ENGINE in settings.roles and settings.replay_from is None:
            group.create_task(loop.run(program.engine, parts.database, end, tick_s=settings.tick_ms / 1000))
        if Role.WORKER in settings.roles:
            group.create_task(program.worker.run())
        if Role.WEB in settings.roles:
            group.create_task(_serve_web(program, stop, rooms))
            group.create_task(_serve_drivers(program, stop))
        await stop.wait()
        program.is_draining = True
        log.info("draining")
        await asyncio.sleep(0)
        end.set()
        program.worker.stop()
        for task in background:
            task.cancel()


async def _serve_web(program: Program, stop: asyncio.Event, rooms: Sequence[ControllerRouterHandler]) -> None:
    settings = program.parts.settings
    server = _Server(
        uvicorn.Config(
            build_app(program.context, rooms),
            host=settings.host,
            port=settings.port,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        )
    )

    async def end_when_told() -> None:
        await stop.wait()
        server.should_exit = True

    async with asyncio.TaskGroup() as group:
        group.create_task(end_when_told())
        await server.serve()
        stop.set()


async def _serve_drivers(program: Program, stop: asyncio.Event) -> None:
    listener = DriverListener(program.context)
    await listener.start()
    await stop.wait()
    await listener.drain()


class _Server(uvicorn.Server):
    """Signals are the command line's to catch: one handler ends all roles."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _refresh(program: Program, end: asyncio.Event) -> None:
    """Read policies again when a hint says so, and now and then in case one was lost."""
    parts = program.parts
    while not end.is_set():
        await asyncio.sleep(_REFRESH_S)
        async with parts.database.reading() as tx:
            await parts.shelf.refresh(tx)


async def _prepare_replay(program: Program) -> None:
    """The engine does not run by itself: the step route drives it."""
    parts = program.parts
    clock = parts.clock
    if not isinstance(clock, SteppedClock):
        raise TypeError("a replay needs a stepped clock")
    await program.engine.start()

    inbox = ReplayInbox(parts.bus, program.context.names)
    program.context.stepper = EngineStepper(program.engine, clock, parts.database, inbox.collect, tick=_REPLAY_TICK)


def _engine(parts: Parts) -> Engine:
    def dispatch_policy(
        company_id: CompanyId, region: str | None, service: Service, at: datetime
    ) -> Versioned[DispatchPolicy]:
        chain = () if region is None else (region, *(found.code for found in parts.regions.ancestors(region)))
        return parts.shelf.of(company_id).read(DispatchPolicy, at=at, region_chain=chain, service=service)

    def position_policy(at: datetime) -> PositionPolicy:
        return parts.shelf.widest(PositionPolicy, at=at)

    return Engine(
        database=parts.database,
        bus=parts.bus,
        fleet=parts.fleet,
        clock=parts.clock,
        ids=parts.ids,
        metrics=parts.metrics,
        dispatch_policy=dispatch_policy,
        position_policy=position_policy,
        keeping=Keeping() if parts.settings.replay_from is None else _REPLAY_KEEPING,
    )


@asynccontextmanager
async def _router(settings: Settings) -> AsyncIterator[Router]:
    match settings.router_kind, settings.router_url:
        case RouterKind.OSRM, str(url):
            async with open_osrm(url) as osrm:
                yield osrm
        case RouterKind.VALHALLA, str(url):
            async with open_valhalla(url) as valhalla:
                yield valhalla
        case _:
            yield StraightLineRouter()
