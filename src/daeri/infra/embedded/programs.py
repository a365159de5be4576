"""Runs PostgreSQL's client programs of the wheel (pg_dump, pg_restore) against any server."""

import os
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from daeri.infra.embedded.binaries import wheel_binaries
from daeri.kernel.errors import Category, DaeriError

_LOG_TAIL = 2000


class ProgramFailed(DaeriError):
    """A client program ended with an error. Facts: program, log (its last lines; no passwords are in it)."""

    code = "program_failed"
    category = Category.UNAVAILABLE


async def run_program(program: str, *arguments: str | Path, dsn: str | None = None) -> bytes:
    """Run one of the wheel's programs and return what it printed; the password stays out of the process list.

    Raises ProgramFailed, ServerBinariesMissing.
    """
    process = await start_program(program, *arguments, dsn=dsn)
    printed, log = await process.communicate()
    if process.returncode != 0:
        raise failed(program, log)
    return printed


async def start_program(
    program: str, *arguments: str | Path, dsn: str | None = None, stdin: int = DEVNULL, stdout: int = PIPE
) -> Process:
    """Start one of the wheel's programs, its errors on a pipe."""
    environment = dict(os.environ)
    address: list[str] = []
    if dsn is not None:
        bare, password = _without_password(dsn)
        address = ["--dbname", bare]
        if password is not None:
            environment["PGPASSWORD"] = password
    path = wheel_binaries() / program
    return await create_subprocess_exec(
        path, *address, *arguments, stdin=stdin, stdout=stdout, stderr=PIPE, env=environment
    )


def failed(program: str, log: bytes) -> ProgramFailed:
    """The error for a program that printed `log` and ended badly."""
    return ProgramFailed(program=program, log=log.decode(errors="replace")[-_LOG_TAIL:].strip())


def _without_password(dsn: str) -> tuple[str, str | None]:
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn, None
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}")), unquote(parts.password)
