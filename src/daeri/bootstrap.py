"""The composition root: builds the parts of a process from its settings and runs them until told to stop."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import structlog
import uvicorn
from asyncpg import InterfaceError, PostgresError

from daeri import reactions, tallies
from daeri.accounts import api as accounts
from daeri.accounts.api import Authenticator, Gate
from daeri.accounts.model import CodeMessage, KeysForeign, SignInTerms
from daeri.adapters.bus.memory import MemoryBus
from daeri.adapters.cards.sandbox import open_sandbox
from daeri.adapters.cards.sandbox_server import serve_sandbox
from daeri.adapters.cards.toss import open_toss
from daeri.adapters.maps.osrm import open_osrm
from daeri.adapters.maps.straight import StraightLineRouter
from daeri.adapters.maps.valhalla import open_valhalla
from daeri.adapters.places.gazetteer import Gazetteer, open_gazetteer
from daeri.adapters.places.vworld import VWorldFinder, open_vworld
from daeri.adapters.sms.screen import ScreenCodeSender
from daeri.dispatch.fleet import LiveFleet
from daeri.engine import loop
from daeri.engine.engine import Engine, Keeping
from daeri.engine.stepper import EngineStepper
from daeri.infra import events, garbage, jobs, retention
from daeri.infra.database import Database, Tx, open_database
from daeri.infra.jobs import Worker
from daeri.infra.keys import create_ring, load_ring
from daeri.infra.metrics import Metrics, new_metrics, watch_loop
from daeri.infra.settings import CardsKind, Role, RouterKind, Settings
from daeri.infra.tracing import Tracer, open_tracer
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Service
from daeri.kernel.time import Clock, SteppedClock, SystemClock
from daeri.payments import api as payments
from daeri.payments.api import Collector
from daeri.payments.ports import Cards
from daeri.policies import api as policies
from daeri.policies.api import PolicyShelf
from daeri.policies.model import DispatchPolicy, PositionPolicy, Versioned
from daeri.pricing.ports import Router
from daeri.regions import api as regions
from daeri.regions.api import RegionIndex
from daeri.upkeep import retention_rules
from daeri.web.app import build_app
from daeri.web.commands import Commands
from daeri.web.context import WebContext
from daeri.web.limits import PersonLimit
from daeri.web.live.gateways import Gateways
from daeri.web.live.replay_inbox import ReplayInbox
from daeri.web.mounting import build_rooms
from daeri.web.names import NameBook
from daeri.web.problems import Problems
from daeri.web.report_protocol import report_protocol
from daeri.web.words import Language, read_words

log = structlog.get_logger(__name__)

_REFRESH_S = 30.0  # how often what is kept in memory is read again, hints or not
_REFRESH_RETRY_S = 1.0
_TICKED_WITHIN_S = 10.0  # a leading engine whose last good tick is older makes the process not ready
_HINT_POLL_S = 0.3  # how soon after a hint
_HOUSEKEEPING_FIRST_S = 60.0  # after the start, which has enough to do
_HOUSEKEEPING_S = 3_600.0
_BALANCES_S = 30.0
_REPLAY_SEED = 1
_REPLAY_TICK = timedelta(seconds=2)
_REPLAY_KEEPING = Keeping(timedelta(minutes=1), shares=1)  # hints are not lost within one process


@dataclass(slots=True)
class Parts:
    """What every role of a process is built from; `regions` is replaced when boundaries were imported."""

    settings: Settings
    database: Database
    bus: MemoryBus
    clock: Clock
    wall: SystemClock
    ids: Ids
    gate: Gate
    metrics: Metrics
    tracer: Tracer
    shelf: PolicyShelf
    regions: RegionIndex
    boundaries_mark: str
    fleet: LiveFleet


@dataclass(slots=True)
class Program:
    """A built process, before anything runs."""

    parts: Parts
    engine: Engine
    worker: Worker
    collector: Collector
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
    is_new = not path.exists()
    ring = create_ring(path) if is_new else load_ring(path)
    # Calls that tie are ordered by id, so a replay that is to repeat needs the same ids again.
    randomness = secrets.token_bytes if settings.replay_from is None else Random(_REPLAY_SEED).randbytes
    ids = Ids(business, randomness)
    terms = SignInTerms(access_lives=timedelta(minutes=settings.access_token_minutes))
    gate = Gate(ring, ids, secrets.token_bytes, terms)
    metrics = new_metrics()
    waited = metrics.database_wait_seconds.observe
    async with open_database(dsn, bus, connections=settings.database_connections, waited=waited) as database:
        async with database.transaction() as tx:
            await _check_keys(tx, gate, settings, is_new=is_new)
            await regions.seed(tx)
            # Before the index: an import in between is then seen as a change.
            mark = await regions.boundaries_mark(tx)
            index = await regions.load_index(tx)
            shelf = PolicyShelf(await policies.load_books(tx), bus)
        metrics.watch_pool(database.pool)
        tracer = open_tracer(settings.otlp_endpoint)
        stop_counting = tallies.count(bus, metrics)
        try:
            fleet = LiveFleet()
            yield Parts(
                settings, database, bus, business, wall, ids, gate, metrics, tracer, shelf, index, mark, fleet
            )  # fmt: skip -- one line of parts
        finally:
            stop_counting()
            tracer.close()


async def _check_keys(tx: Tx, gate: Gate, settings: Settings, *, is_new: bool) -> None:
    """Refuse keys of another database; a file that was made just now does not stay to be taken for the right one."""
    try:
        await accounts.check_keys(tx, gate)
    except KeysForeign:
        if is_new:
            settings.keys_path.unlink()
        raise


def clock_of(settings: Settings) -> Clock:
    """Real time, or the stepped time of a replay."""
    return SystemClock() if settings.replay_from is None else SteppedClock(settings.replay_from)


@asynccontextmanager
async def build_program(
    parts: Parts, *, show_code: Callable[[CodeMessage], None] | None = None, is_demo: bool = False
) -> AsyncIterator[Program]:
    """Put the roles together; nothing runs yet.

    `show_code` is told of the one-time codes that nobody sends; in a demo, whoever asks for one is shown it too.
    """
    async with AsyncExitStack() as stack:
        engine = _engine(parts)
        worker = Worker(parts.database, reactions.handlers(), parts.wall, ended=parts.metrics.job_ended)
        codes = ScreenCodeSender(show=show_code)
        authenticator = Authenticator(parts.database, parts.bus, parts.gate.ring, parts.wall)
        stack.callback(authenticator.close)
        router = await stack.enter_async_context(_router(parts.settings))
        cards = await stack.enter_async_context(_cards(parts.settings))
        gazetteer = open_gazetteer()
        places = await stack.enter_async_context(_places(parts.settings, gazetteer))
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
            places=places,
            fallback_places=gazetteer,
            place_limit=PersonLimit("places", parts.wall),
            fleet=parts.fleet,
            gateways=Gateways(parts.fleet),
            metrics=parts.metrics,
            tracer=parts.tracer,
            problems=problems,
            commands=Commands(parts.database, parts.wall, problems),
            names=NameBook(parts.wall),
            is_ready=lambda: _is_ready(program),
            stepper=None,
            cards=cards,
        )
        if is_demo:
            context.shown_code = codes.code_for
        program = Program(parts, engine, worker, _collector(parts, cards), context, codes)
        yield program


def _is_ready(program: Program) -> bool:
    """Not while it drains, nor while its engine leads and gets no tick done; one that waits to lead is ready."""
    ticked_at = program.engine.ticked_at if program.parts.settings.replay_from is None else None
    stands_still = ticked_at is not None and time.monotonic() - ticked_at > _TICKED_WITHIN_S
    return not program.is_draining and not stands_still


async def serve(program: Program, stop: asyncio.Event) -> None:
    """Run the process's roles until `stop` is set, then drain: no new work, open work finished, rows written."""
    parts, settings = program.parts, program.parts.settings
    if parts.settings.replay_from is not None:
        await _prepare_replay(program)
    async with parts.database.transaction() as tx:
        await events.register_handlers(tx, reactions.registrations())
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        background = [
            group.create_task(watch_loop(parts.metrics)),
            group.create_task(garbage.keep_pauses_short(parts.wall)),
            group.create_task(_refresh(program, end)),
        ]
        if settings.replay_from is None:  # which is to give the same answers throughout
            background.append(group.create_task(_watch_regions(program, end)))
        if Role.ENGINE in settings.roles and settings.replay_from is None:
            group.create_task(loop.run(program.engine, parts.database, end, tick_s=settings.tick_ms / 1000))
        if Role.WORKER in settings.roles and settings.replay_from is None:
            group.create_task(program.worker.run())
            group.create_task(program.collector.run(end))
            background.append(group.create_task(_housekeep(program, end)))
            background.append(group.create_task(_mind_balances(program, end)))
        if Role.WEB in settings.roles:
            group.create_task(_serve_web(program, stop))
        await stop.wait()
        program.is_draining = True
        log.info("draining")
        await asyncio.sleep(0)
        end.set()
        program.worker.stop()
        for task in background:
            task.cancel()


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


async def _refresh(program: Program, end: asyncio.Event) -> None:
    """Look again soon after a hint of policies, and now and then in case one was lost."""
    parts, now = program.parts, asyncio.get_running_loop().time
    due = now()
    while not end.is_set():
        await asyncio.sleep(_HINT_POLL_S)
        if parts.shelf.is_stale or now() >= due:
            try:
                await look_again(parts)
            except (PostgresError, InterfaceError, OSError):
                log.exception("not_refreshed")
                due = now()
                await asyncio.sleep(_REFRESH_RETRY_S)
                continue
            due = now() + _REFRESH_S


async def look_again(parts: Parts) -> None:
    """Read what a process keeps in memory of policies, and count the jobs that wait for a person."""
    async with parts.database.reading() as tx:
        await parts.shelf.refresh(tx)
        parts.metrics.jobs_held.set(await jobs.count_held(tx))


async def _watch_regions(program: Program, end: asyncio.Event) -> None:
    """Take in boundaries that another process imported: nobody hints across processes."""
    while not end.is_set():
        await asyncio.sleep(_REFRESH_S)
        try:
            await look_at_regions(program)
        except (PostgresError, InterfaceError, OSError):
            log.exception("regions_not_read")


async def look_at_regions(program: Program) -> None:
    """Read regions and outline again when a boundary has changed since they were read."""
    parts, context = program.parts, program.context
    async with parts.database.reading() as tx:
        mark = await regions.boundaries_mark(tx)
        if mark == parts.boundaries_mark:
            return
        index = await regions.load_index(tx)
    drawn = await asyncio.to_thread(regions.outline, index)
    parts.regions, parts.boundaries_mark = index, mark
    context.regions, context.outline = index, drawn
    log.info("regions_read", boundaries=len(index.covered))


async def _housekeep(program: Program, end: asyncio.Event) -> None:
    """Delete hourly what has been kept for long enough."""
    parts = program.parts
    await asyncio.sleep(_HOUSEKEEPING_FIRST_S)
    while not end.is_set():
        try:
            now, wall_now = parts.clock.now(), parts.wall.wall_now()
            rules = await retention_rules(parts.database, parts.shelf, now=now, wall_now=wall_now)
            deleted = await retention.sweep(parts.database, rules)
            log.info("housekeeping", deleted=deleted)
        except (PostgresError, InterfaceError, OSError):
            # What is not deleted now is deleted an hour later.
            log.exception("housekeeping_failed")
        await asyncio.sleep(_HOUSEKEEPING_S)


async def _mind_balances(program: Program, end: asyncio.Event) -> None:
    """A record about balances comes into force without a line in the books: drivers are judged anew now and then."""
    parts = program.parts
    while not end.is_set():
        await asyncio.sleep(_BALANCES_S)
        try:
            await payments.balances.review_all(parts.database, parts.shelf, now=parts.clock.now())
        except (PostgresError, InterfaceError, OSError):
            log.exception("balances_not_judged")


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
        tracer=parts.tracer,
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


def _collector(parts: Parts, cards: Cards | None) -> Collector:
    return Collector(
        parts.database,
        parts.bus,
        cards,
        ring=parts.gate.ring,
        ids=parts.ids,
        clock=parts.clock,
        wall=parts.wall,
    )


@asynccontextmanager
async def _cards(settings: Settings) -> AsyncIterator[Cards | None]:
    """Who moves money on cards; a sandbox without an address is one of this process's own."""
    timeout_s = settings.cards_timeout_seconds
    match settings.cards, settings.toss_secret_key:
        case CardsKind.TOSS, key if key is not None:
            async with open_toss(settings.toss_url, key.get_secret_value(), timeout_s=timeout_s) as toss:
                yield toss
        case CardsKind.SANDBOX, _ if settings.cards_sandbox_url is not None:
            async with open_sandbox(settings.cards_sandbox_url, timeout_s=timeout_s) as sandbox:
                yield sandbox
        case CardsKind.SANDBOX, _:
            async with serve_sandbox() as address, open_sandbox(address, timeout_s=timeout_s) as sandbox:
                yield sandbox
        case _:
            yield None


@asynccontextmanager
async def _places(settings: Settings, gazetteer: Gazetteer) -> AsyncIterator[Gazetteer | VWorldFinder]:
    if settings.vworld_key is None:
        yield gazetteer
        return
    async with open_vworld(settings.vworld_url, settings.vworld_key.get_secret_value()) as finder:
        yield finder
