"""Checks that there is one migration head and that a fresh database looks like the committed schema.sql.

usage: python -m daeri.migrations.check [--write]

On the embedded PostgreSQL, and on 15 where one is installed (DAERI_POSTGRES_15 names its folder of programs).
`--write` renews schema.sql from the embedded one.
"""

import asyncio
import difflib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from daeri.infra.embedded import EmbeddedPostgres
from daeri.infra.embedded.binaries import major_version
from daeri.infra.embedded.programs import run_program
from daeri.migrations import api

SCHEMA_FILE = Path(__file__).parent / "schema.sql"
OLDEST = 15
_PLACES_OF_15 = (
    "/usr/lib/postgresql/15/bin",
    "/usr/pgsql-15/bin",
    "/opt/homebrew/opt/postgresql@15/bin",
    "/usr/local/opt/postgresql@15/bin",
)


def main(arguments: list[str]) -> int:
    """Returns the exit status: 0 when all is as committed."""
    heads = api.heads()
    if len(heads) != 1:
        print(f"migrations: {len(heads)} heads instead of one: {', '.join(sorted(heads))}")
        return 1
    write = "--write" in arguments
    oldest = binaries_of_15()
    if oldest is None:
        print(f"migrations: NOT RUN on PostgreSQL {OLDEST}: none is installed (DAERI_POSTGRES_15 names another place)")
    with ExitStack() as servers:
        newest = servers.enter_context(_server(None))
        older = servers.enter_context(_server(oldest)) if oldest else None
        return asyncio.run(_compare(newest, older, write))


def binaries_of_15() -> Path | None:
    """The programs of an installed PostgreSQL 15."""
    named = os.environ.get("DAERI_POSTGRES_15")
    for place in map(Path, [named] if named else _PLACES_OF_15):
        if (place / "postgres").exists() and major_version(place) == OLDEST:
            return place
    return None


async def schema_of_fresh(server: str) -> str:
    """The schema of a database that was just migrated on the embedded server."""
    async with _fresh_database(server, "fresh") as dsn:
        await api.migrate(dsn)
        return await api.dump_schema(dsn)


async def schema_by_way_of(older: str, newest: str) -> str:
    """The schema that an older server makes, told by the newest one: each version spells views in its own way."""
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "schema.dump"
        async with _fresh_database(older, "fresh") as dsn:
            await api.migrate(dsn)
            await run_program("pg_dump", "--schema-only", "--format=custom", "--no-owner", "--file", dump, dsn=dsn)
        async with _fresh_database(newest, "carried") as dsn:
            await run_program("pg_restore", "--exit-on-error", "--no-owner", dump, dsn=dsn)
            return await api.dump_schema(dsn)


async def _compare(newest: str, older: str | None, write: bool) -> int:
    fresh = await schema_of_fresh(newest)
    if write:
        SCHEMA_FILE.write_text(fresh, encoding="utf-8")
    committed = SCHEMA_FILE.read_text(encoding="utf-8") if SCHEMA_FILE.exists() else ""
    differs = _print_difference(committed, fresh, "embedded PostgreSQL")
    if older is not None:
        differs |= _print_difference(committed, await schema_by_way_of(older, newest), f"PostgreSQL {OLDEST}")
    return int(differs)


def _print_difference(committed: str, made: str, server: str) -> bool:
    lines = difflib.unified_diff(committed.splitlines(), made.splitlines(), "schema.sql", server, lineterm="")
    difference = "\n".join(lines)
    print(f"migrations: {server}: {'DIFFERS from' if difference else 'equals'} schema.sql")
    if difference:
        print(difference, "\nmigrations: `python -m daeri.migrations.check --write` renews the file", sep="\n")
    return bool(difference)


@contextmanager
def _server(binaries: Path | None) -> Iterator[str]:
    """A throwaway server."""
    server = EmbeddedPostgres()
    with tempfile.TemporaryDirectory(prefix="daeri-check-") as folder:
        try:
            yield server.start(Path(folder), throwaway=True, binaries=binaries)
        finally:
            server.stop()


@asynccontextmanager
async def _fresh_database(server: str, name: str) -> AsyncIterator[str]:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
