"""Runs PostgreSQL's client programs of the wheel (pg_dump, pg_restore) against any server."""

import asyncio
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from daeri.infra.embedded.binaries import wheel_binaries
from daeri.kernel.errors import Category, DaeriError


class ProgramFailed(DaeriError):
    """A client program ended with an error. Facts: program, log (its last lines; no passwords are in it)."""

    code = "program_failed"
    category = Category.UNAVAILABLE


async def run_program(program: str, *arguments: str | Path, dsn: str | None = None) -> bytes:
    """Run one of the wheel's programs and return what it printed; the password stays out of the process list.

    Raises ProgramFailed, ServerBinariesMissing.
    """
    environment = dict(os.environ)
    address: list[str] = []
    if dsn is not None:
        bare, password = _without_password(dsn)
        address = ["--dbname", bare]
        if password is not None:
            environment["PGPASSWORD"] = password
    process = await asyncio.create_subprocess_exec(
        wheel_binaries() / program,
        *address,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    printed, log = await process.communicate()
    if process.returncode != 0:
        raise ProgramFailed(program=program, log=log.decode(errors="replace")[-2000:].strip())
    return printed


def _without_password(dsn: str) -> tuple[str, str | None]:
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn, None
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}")), unquote(parts.password)
