"""How many positions one CPU second takes in: sockets as phones use them, coalesced frames, and HTTP.

The server is a process of its own: the driver listener, the HTTP application and the fleet's absorb every 100 ms, over
a real database in which every socket has signed in. The apps are another process, paced so that in the plain rounds no
two frames share a read of the server. Figures are per second of the server's CPU time, user and system, all of it.
"""

import asyncio
import multiprocessing
import resource
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from daeri.accounts import api as accounts
from daeri.accounts.api import DemoPerson, Gate
from daeri.accounts.model import AccountKind, Moment
from daeri.adapters.bus.memory import MemoryBus
from daeri.bench.sockets_clients import Apps, Posters, frame, frames, points
from daeri.bench.sockets_server import Mark, Ports, serve
from daeri.companies import api as companies
from daeri.companies.model import CreateCompany
from daeri.drivers import api as drivers
from daeri.infra.database import Tx, open_database
from daeri.infra.keys import create_ring
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.time import SystemClock

POINTS_A_FRAME = 20
COALESCED_FRAMES = 10
_POSTERS = 200
_SETTLE_S = 0.4  # a few ticks: what was sent has been read and absorbed


class Round(msgspec.Struct, frozen=True):
    """One way of reporting: what was sent in `seconds`, and what the server's CPU spent on it."""

    name: str
    sent: int  # frames or requests
    points: int  # that reached the fleet
    believed: int
    seconds: float
    cpu_s: float

    @property
    def sent_per_cpu_second(self) -> float:
        return self.sent / self.cpu_s

    @property
    def points_per_cpu_second(self) -> float:
        return self.points / self.cpu_s


class PositionFigures(msgspec.Struct, frozen=True):
    """All rates are per second of the server's CPU time."""

    sockets: int
    sign_ins_per_second: float  # of wall time
    frames_of_one: float
    points_of_frames_of_twenty: float
    coalesced_frames: float
    http_requests: float
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is sent a second in each round, well below what the server can take."""

    frames: int = 8_000
    big_frames: int = 6_000
    bursts: int = 1_500
    requests: int = 2_000


def run(dsn: str, *, sockets: int = 2_000, round_s: float = 5.0, pace: Pace | None = None) -> PositionFigures:
    """Measure on a migrated database that may keep a company of demo drivers."""
    speed = pace or Pace()
    _allow_files(2 * sockets + 1_000)
    with tempfile.TemporaryDirectory(prefix="daeri-bench-") as folder:
        tokens = asyncio.run(_make_drivers(dsn, Path(folder) / "keys.json", sockets))
        with _server(dsn, Path(folder)) as (ports, line):
            before = time.monotonic()
            apps = Apps(ports.driver, tokens)
            sign_ins = len(apps) / (time.monotonic() - before)
            posters = Posters(ports.http, tokens[:_POSTERS])
            ways = _ways(apps, posters, round_s, speed)
            rounds = tuple(_measure(line, name, round_s, send) for name, send in ways)
            apps.close()
            posters.close()
    single, twenty, coalesced, http = rounds
    return PositionFigures(
        sockets=sockets,
        sign_ins_per_second=sign_ins,
        frames_of_one=single.sent_per_cpu_second,
        points_of_frames_of_twenty=twenty.points_per_cpu_second,
        coalesced_frames=coalesced.points_per_cpu_second,
        http_requests=http.sent_per_cpu_second,
        rounds=rounds,
    )


def _ways(apps: Apps, posters: Posters, round_s: float, pace: Pace) -> list[tuple[str, Callable[[], int]]]:
    one, twenty = points(1), points(POINTS_A_FRAME)
    burst = frames(COALESCED_FRAMES, 1)
    return [
        ("frames of 1 point", lambda: apps.send_paced(round_s, pace.frames, lambda d, at: frame(0x82, one(d, at)))),
        (
            f"frames of {POINTS_A_FRAME} points",
            lambda: apps.send_paced(round_s, pace.big_frames, lambda d, at: frame(0x82, twenty(d, at))),
        ),
        (
            f"{COALESCED_FRAMES} frames of 1 point in one write",
            lambda: apps.send_paced(round_s, pace.bursts, burst) * COALESCED_FRAMES,
        ),
        ("HTTP requests of 1 point", lambda: posters.post_paced(round_s, pace.requests)),
    ]


def _measure(line: Connection, name: str, round_s: float, send: Callable[[], int]) -> Round:
    before = _mark(line)
    sent = send()
    time.sleep(_SETTLE_S)
    after = _mark(line)
    return Round(
        name=name,
        sent=sent,
        points=after.points - before.points,
        believed=after.believed - before.believed,
        seconds=round_s,
        cpu_s=after.cpu_s - before.cpu_s,
    )


def _mark(line: Connection) -> Mark:
    line.send("mark")
    return msgspec.json.decode(line.recv(), type=Mark)


@contextmanager
def _server(dsn: str, folder: Path) -> Iterator[tuple[Ports, Connection]]:
    """The server's process; it is stopped on leaving, and killed when it does not stop."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(dsn, folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield msgspec.json.decode(ours.recv(), type=Ports), ours
    finally:
        if process.is_alive():
            ours.send("stop")
        process.join(10)
        process.kill()
        ours.close()


async def _make_drivers(dsn: str, keys: Path, count: int) -> list[str]:
    """A company of its own with so many drivers, and a token for each."""
    clock = SystemClock()
    ids = Ids(clock, secrets.token_bytes)
    gate = Gate(create_ring(keys), ids, secrets.token_bytes)
    now = clock.now()
    async with open_database(dsn, MemoryBus(), connections=2) as database, database.transaction() as tx:
        slug = f"bench-{secrets.token_hex(4)}"
        company = await companies.create(tx, CreateCompany(slug, "성능 측정", "Benchmark"), now=now, ids=ids)
        people = [DemoPerson("", accounts.demo_phone(number)) for number in range(count)]
        made = await accounts.create_demo_accounts(
            tx, gate, company.id, AccountKind.DRIVER, people, moment=Moment(now, now)
        )
        await _apply(tx, [DriverId(account) for account in made], company.id, ids)
        issued = await accounts.issue_demo_tokens(tx, gate, company.id, made, moment=Moment(now, now))
    return [token.access_token for token in issued]


async def _apply(tx: Tx, made: list[DriverId], company_id: CompanyId, ids: Ids) -> None:
    for driver_id in made:
        await drivers.apply(tx, driver_id, company_id, now=ids.clock.now(), ids=ids)


def _allow_files(count: int) -> None:
    """Two ends of every socket are files; the limit is raised as far as it may be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
