"""Looks over an installation and says what is well, what is odd and what is broken."""

import shutil
import stat
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import asyncpg
import msgspec

from daeri.infra.embedded import ServerBinariesMissing
from daeri.infra.embedded.programs import ProgramFailed, run_program
from daeri.kernel.time import WallClock

OLDEST_PYTHON = (3, 11)
OLDEST_SERVER = 150000
LEAST_FREE_BYTES = 1 << 30
LOW_FREE_BYTES = 5 << 30
# Leases, tokens and the queue compare instants of both clocks.
ODD_SKEW = timedelta(seconds=2)
BROKEN_SKEW = timedelta(seconds=30)
_CONNECT_TIMEOUT_S = 10


class Status(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class Installation:
    """What to look over. `dsn` is None when no database runs; `head` is the revision that this program brings."""

    dsn: str | None
    data_folder: Path
    key_file: Path
    head: str


async def examine(installation: Installation, clock: WallClock) -> list[Finding]:
    """Every check, in the order in which one would repair. Changes nothing."""
    return [
        _python(),
        await _binaries(),
        _rights_of_folder(installation.data_folder),
        _space(installation.data_folder),
        _key_file(installation.key_file),
        *await _database(installation, clock),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= OLDEST_PYTHON
    return Finding("python", Status.OK if fine else Status.FAIL, version)


async def _binaries() -> Finding:
    try:
        printed = await run_program("postgres", "--version")
    except ServerBinariesMissing as missing:
        return Finding("binaries", Status.FAIL, str(missing))
    except (ProgramFailed, OSError) as failure:
        return Finding("binaries", Status.FAIL, f"PostgreSQL's programs do not run here: {failure}")
    return Finding("binaries", Status.OK, printed.decode().strip())


def _rights_of_folder(folder: Path) -> Finding:
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        return Finding("data_folder", Status.WARN, f"{folder}: {error.strerror}; it is made at the first start")
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return Finding("data_folder", Status.FAIL, f"{folder} can be written by others (mode {mode:04o})")
    return Finding("data_folder", Status.OK, f"{folder} (mode {mode:04o})")


def _space(folder: Path) -> Finding:
    """On the disk where the cluster lies, which a symlink may put elsewhere."""
    place = (folder / "cluster").resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    status = _graded(warn=free < LOW_FREE_BYTES, fail=free < LEAST_FREE_BYTES)
    return Finding("free_space", status, f"{free / (1 << 30):.1f} GiB free at {place}")


def _graded(*, warn: bool, fail: bool) -> Status:
    if fail:
        return Status.FAIL
    return Status.WARN if warn else Status.OK


def _key_file(file: Path) -> Finding:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        return Finding("key_file", Status.WARN, f"{file}: {error.strerror}; it is made at the first start")
    if mode & 0o077:
        return Finding("key_file", Status.FAIL, f"{file} can be read by others (mode {mode:04o}): chmod 600")
    return Finding("key_file", Status.OK, f"{file} (mode {mode:04o})")


async def _database(installation: Installation, clock: WallClock) -> list[Finding]:
    if installation.dsn is None:
        return [Finding("database", Status.WARN, "not running, and no address was given")]
    try:
        connection = await asyncpg.connect(installation.dsn, timeout=_CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [Finding("database", Status.FAIL, f"cannot connect: {error}")]
    try:
        return [
            await _version(connection),
            await _skew(connection, clock),
            await _head(connection, installation.head),
            await _held_jobs(connection),
        ]
    finally:
        await connection.close()


async def _version(connection: asyncpg.Connection) -> Finding:
    number = int(await connection.fetchval("SHOW server_version_num"))
    version = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number < OLDEST_SERVER:
        return Finding("database", Status.FAIL, f"{version}: daeri needs {OLDEST_SERVER // 10000} or newer")
    return Finding("database", Status.OK, version)


async def _skew(connection: asyncpg.Connection, clock: WallClock) -> Finding:
    """The answer was given somewhere between asking and hearing: what lies in between is no skew."""
    asked = clock.wall_now()
    answered: datetime = await connection.fetchval("SELECT clock_timestamp()")
    heard = clock.wall_now()
    skew = max(asked - answered, answered - heard, timedelta())
    status = _graded(warn=skew > ODD_SKEW, fail=skew > BROKEN_SKEW)
    return Finding("clock_skew", status, f"{skew.total_seconds():.3f} s between the database and this process")


async def _head(connection: asyncpg.Connection, expected: str) -> Finding:
    try:
        found = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    if found != expected:
        return Finding("migrations", Status.FAIL, f"at {found or 'none'}, this program needs {expected}")
    return Finding("migrations", Status.OK, f"at {found}")


async def _held_jobs(connection: asyncpg.Connection) -> Finding:
    try:
        held = await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'failed'")
    except asyncpg.UndefinedTableError:
        return Finding("held_jobs", Status.FAIL, "there is no job queue: run the migrations")
    return Finding("held_jobs", Status.WARN if held else Status.OK, f"{held} held after failing for good")
