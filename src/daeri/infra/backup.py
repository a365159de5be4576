"""The whole database as one file, and back. The dump is consistent: it sees one instant while work goes on."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from daeri.infra.embedded.programs import ProgramFailed, run_program
from daeri.kernel.errors import Conflict, DaeriError, Invalid, NotFound

_OBJECTS = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_t%temp\\_%'
"""


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
        await run_program("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
                          file, dsn=dsn)  # fmt: skip
    except ProgramFailed as failure:
        raise RestoreFailed(file=str(file), log=failure.facts["log"]) from failure


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
