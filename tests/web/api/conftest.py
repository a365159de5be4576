"""One running server for all tests of this folder; who needs effects of their own asks it for a fresh person."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tests.web.api.running import Person, Running


@pytest.fixture(scope="session")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    """A web process over a database of its own, with two companies."""
    with start_running(server_dsn, template, "web") as server:
        yield server


@pytest.fixture(scope="module")
def replaying(server_dsn: str, template: str) -> Iterator[Running]:
    """A web process whose business time moves only when it is told to."""
    with start_running(server_dsn, template, "replay", replay_from=datetime(2026, 11, 22, 14, tzinfo=UTC)) as server:
        yield server


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def start_running(server_dsn: str, template: str, name: str, **settings: object) -> Iterator[Running]:
    name = f"test_{name}_{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix="daeri-web-"))
    _run_apart(_execute(server_dsn, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    server = Running(urlunsplit(urlsplit(server_dsn)._replace(path=f"/{name}")), folder, **settings).start()
    yield server
    server.stop()
    _run_apart(_execute(server_dsn, f"DROP DATABASE {name} WITH (FORCE)"))
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def customer(running: Running) -> Person:
    return running.customer()


@pytest.fixture(scope="session")
def driver(running: Running) -> Person:
    return running.driver()


@pytest.fixture(scope="session")
def staff(running: Running) -> Person:
    return running.staff()


@pytest.fixture(scope="session")
def gateway(running: Running) -> Person:
    return running.gateway()


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
