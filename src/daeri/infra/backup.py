"""The whole database as one file, and back. The dump is consistent: it sees one instant while work goes on."""

import asyncio
import os
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg

from daeri.infra.embedded.programs import ProgramFailed, failed, run_program, start_program
from daeri.kernel.errors import Conflict, DaeriError, Invalid, NotFound

_OBJECTS = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_t%temp\\_%'
"""
_Pipe = TypeVar("_Pipe", asyncio.StreamReader, asyncio.StreamWriter)
_STRICTLY = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-")
_UNKNOWN_BELOW_17 = b"SET transaction_timeout"
_HEADER_LINES = 20
_PIECE_BYTES = 1 << 16


class DatabaseNotEmpty(Conflict):
    """A backup is restored into an empty database only. Facts: objects (tables, indexes, sequences, views there)."""

    code = "database_not_empty"


class BackupFailed(DaeriError):
    """Nothing was written. Facts: file, log."""

    code = "backup_failed"


class BackupUnreadable(Invalid):
    """The file is no backup, or is damaged. Facts: file, log."""

    code = "backup_unreadable"


class BackupMissing(NotFound):
    """Facts: file."""

    code = "backup_missing"


class RestoreFailed(DaeriError):
    """The database is as empty as before. Facts: file, log."""

    code = "restore_failed"


async def backup(dsn: str, file: Path) -> None:
    """Write the database at `dsn` to `file` (pg_dump's custom format, mode 0600); an older one goes when it is done.

    Raises BackupFailed.
    """
    with _replacing(file) as half:
        try:
            await run_program("pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file", half, dsn=dsn)
        except ProgramFailed as failure:
            raise BackupFailed(file=str(file), log=failure.facts["log"]) from failure


@contextmanager
def _replacing(file: Path) -> Iterator[Path]:
    """A new file beside `file` that takes its place, safely on the disk, when the block ends well."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.absolute().parent)
    half = Path(name)
    try:
        yield half
        os.fsync(descriptor)
        half.replace(file)
    finally:
        os.close(descriptor)
        half.unlink(missing_ok=True)


async def restore(dsn: str, file: Path) -> None:
    """Fill the empty database at `dsn` from `file`, wholly or not at all.

    Raises DatabaseNotEmpty, BackupMissing, BackupUnreadable, RestoreFailed.
    """
    _require_file(file)
    await _require_backup(file)
    await _require_empty(dsn)
    try:
        await _replay(dsn, file)
    except ProgramFailed as failure:
        raise RestoreFailed(file=str(file), log=failure.facts["log"]) from failure


async def _replay(dsn: str, file: Path) -> None:
    """Let psql run in one transaction what pg_restore tells: alone, pg_restore 18 cannot fill a server below 17."""
    told = await start_program("pg_restore", "--no-owner", "--no-privileges", "--file=-", file)
    run = await start_program("psql", *_STRICTLY, dsn=dsn, stdin=PIPE, stdout=DEVNULL)
    errors = [asyncio.create_task(pipe.read()) for pipe in (_open(told.stderr), _open(run.stderr))]
    try:
        await _pump(_open(told.stdout), _open(run.stdin))
        if await told.wait() != 0:
            raise failed("pg_restore", await errors[0])
        # Only now does psql hear the end, and commits: what pg_restore broke off must not be kept.
        _open(run.stdin).close()
        if await run.wait() != 0:
            raise failed("psql", await errors[1])
    except ConnectionError:
        raise failed("psql", await errors[1]) from None
    finally:
        for process in (run, told):
            if process.returncode is None:
                process.kill()
        # A process counts as ended once its pipes are read out.
        await _open(told.stdout).read()
        await asyncio.gather(told.wait(), run.wait(), *errors)


async def _pump(told: asyncio.StreamReader, run: asyncio.StreamWriter) -> None:
    """All that is told, without the setting that a server below 17 does not know; it stands before any row."""
    for _ in range(_HEADER_LINES):
        line = await told.readline()
        if not line.startswith(_UNKNOWN_BELOW_17):
            run.write(line)
    while piece := await told.read(_PIECE_BYTES):
        run.write(piece)
        await run.drain()
    await run.drain()


def _open(pipe: _Pipe | None) -> _Pipe:
    """asyncio's types say that a pipe may be missing; it is not when it was asked for."""
    if pipe is None:
        raise BrokenPipeError
    return pipe


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise BackupMissing(file=str(file))


async def _require_backup(file: Path) -> None:
    try:
        await run_program("pg_restore", "--list", file)
    except ProgramFailed as failure:
        raise BackupUnreadable(file=str(file), log=failure.facts["log"]) from failure


async def _require_empty(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        objects = await connection.fetchval(_OBJECTS)
    finally:
        await connection.close()
    if objects:
        raise DatabaseNotEmpty(objects=objects)
