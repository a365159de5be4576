"""What the commands that look after one company share: an open installation, and which company is meant."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from daeri.bootstrap import Parts, open_parts
from daeri.cli.running import database_of, run
from daeri.infra.settings import load_settings
from daeri.migrations import api as migrations

Answer = TypeVar("Answer")

DatabaseUrl = Annotated[str | None, typer.Option(help="PostgreSQL 15 or newer instead of the embedded one.")]
DataFolder = Annotated[Path | None, typer.Option(help="Where the embedded database and the keys live.")]
CompanySlug = Annotated[str | None, typer.Option("--company", help="Slug of the company; the only one otherwise.")]


def with_parts(
    database_url: str | None, data_folder: Path | None, work: Callable[[Parts], Awaitable[Answer]]
) -> Answer:
    """What `work` gives on the migrated installation, which may be running in another process meanwhile."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)

    async def within(_stop: asyncio.Event) -> Answer:
        await migrations.migrate(dsn)
        async with open_parts(settings, dsn) as parts:
            return await work(parts)

    with database_of(settings) as dsn:
        return run(within, settings)
