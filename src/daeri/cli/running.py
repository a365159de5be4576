"""What the commands share: settings, a database, an event loop that ends on a signal."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit

import asyncpg
import uvloop
from alembic.util import CommandError
from pydantic import ValidationError

from daeri.cli.sentences import sentence_of
from daeri.infra.doctor import OLDEST_SERVER
from daeri.infra.embedded import embedded_postgres, running_dsn
from daeri.infra.logs import configure_logs
from daeri.infra.settings import Role, Settings
from daeri.kernel.errors import DaeriError, Invalid

Answer = TypeVar("Answer")

_CONNECT_WITHIN_S = 10.0
# The tests' and the checks' own.
_NOT_SETTINGS = ("DAERI_TEST_", "DAERI_REQUIRE_BROWSER", "DAERI_CRASH_SEED", "DAERI_POSTGRES_15")
_OLDEST_MAJOR = OLDEST_SERVER // 10_000
# What lies outside our hands; anything else is a bug, and its traceback is wanted.
# A database that is gone, as whoever notices puts it: refused is who comes back before anybody has noticed that the
# line was cut, and the driver's internal error is who uses a connection whose last write has just failed.
_LOST = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    ConnectionResetError,
    ConnectionRefusedError,
    BrokenPipeError,
)
_FAILURES = (DaeriError, CommandError, ValidationError, OSError, asyncpg.PostgresError, *_LOST)


class PortTaken(DaeriError):
    """Another program listens there. Facts: host, port, option."""

    code = "port_taken"


class PortsEqual(DaeriError):
    """Both listeners were told to use one port. Facts: port."""

    code = "ports_equal"


class VariableUnknown(Invalid):
    """The environment names a setting that does not exist. Facts: name."""

    code = "variable_unknown"


class DatabaseUnreachable(DaeriError):
    """Facts: address (without a password), problem."""

    code = "database_unreachable"


class ServerTooOld(DaeriError):
    """Facts: address, version, needed."""

    code = "server_too_old"


@contextmanager
def failures_in_a_line() -> Iterator[None]:
    """End the process with status 1 and a line for each thing that went wrong; a bug keeps its traceback."""
    try:
        yield
    except _FAILURES as failure:
        _leave(failure)
    except BaseExceptionGroup as group:
        _, unknown = group.split(_FAILURES)
        if unknown is not None:
            raise
        _leave(group)


def refuse_unknown_variables(names: Iterable[str]) -> None:
    """Raises VariableUnknown for a name of ours that is no setting: one that is misspelt would have no effect."""
    known = {f"DAERI_{field.upper()}" for field in Settings.model_fields}
    for name in sorted(names):
        if name.startswith("DAERI_") and name not in known and not name.startswith(_NOT_SETTINGS):
            raise VariableUnknown(name=name)


@contextmanager
def database_of(settings: Settings, *, throwaway: bool = False) -> Iterator[str]:
    """The address of the database: the configured one, the one that is running already, or an embedded one."""
    if settings.database_url is not None:
        yield _checked(settings.database_url)
        return
    running = running_dsn(settings.data_folder)
    if running is not None:
        yield running
        return
    with embedded_postgres(settings.data_folder, throwaway=throwaway) as server:
        yield server.dsn


@contextmanager
def own_database(settings: Settings, *, throwaway: bool = False) -> Iterator[str]:
    """Like `database_of`, but for a process that serves: the data folder and the ports must not be in use already.

    `throwaway` is for what is made anew each time: nothing waits for the disk.
    """
    refuse_taken_ports(settings)
    if settings.database_url is not None:
        yield _checked(settings.database_url)
        return
    with embedded_postgres(settings.data_folder, throwaway=throwaway) as server:
        yield server.socket_dsn or server.dsn


def run(work: Callable[[asyncio.Event], Awaitable[Answer]], settings: Settings) -> Answer:
    """Run `work(stop)` on a uvloop; the first SIGINT or SIGTERM sets `stop`, a second one interrupts."""
    configure_logs(settings.log_format, settings.log_level)
    # What it says of every start is no news; a migration that fails raises.
    logging.getLogger("alembic").setLevel(logging.WARNING)

    async def until_told() -> Answer:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(which, _stop_or_leave, stop)
        return await work(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_told())


async def unless_stopped(stop: asyncio.Event, work: Coroutine[None, None, Answer]) -> Answer:
    """What `work` gives; once `stop` is set it is cancelled and the process leaves as interrupted."""
    doing, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({doing, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.wait({doing})
        raise SystemExit(130)
    return doing.result()


def _stop_or_leave(stop: asyncio.Event) -> None:
    if stop.is_set():
        sys.stderr.write("interrupted\n")
        raise SystemExit(130)
    stop.set()


def refuse_taken_ports(settings: Settings) -> None:
    """Raises PortTaken or PortsEqual before anything is started for nothing. Port 0 is any free one."""
    if Role.WEB not in settings.roles:
        return
    if settings.port == settings.driver_port != 0:
        raise PortsEqual(port=settings.port)
    for option, port in (("--port", settings.port), ("--driver-port", settings.driver_port)):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family) as probe:
            # As the listeners do: what is left of connections that have ended does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise PortTaken(host=settings.host, port=port, option=option) from error


def _checked(dsn: str) -> str:
    """The address, once a server that is new enough has answered there."""
    asyncio.run(_check(dsn))
    return dsn


async def _check(dsn: str) -> None:
    address = _address_of(dsn)
    try:
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_WITHIN_S)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachable(address=address, problem=str(error) or "no answer in time") from error
    version = connection.get_server_version()
    await connection.close(timeout=_CONNECT_WITHIN_S)
    if version.major < _OLDEST_MAJOR:
        found = f"{version.major}.{version.micro}"
        raise ServerTooOld(address=address, version=found, needed=_OLDEST_MAJOR)


def _address_of(dsn: str) -> str:
    """Without name and password."""
    parts = urlsplit(dsn)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}" or "the given address"


def _leave(failure: BaseException) -> NoReturn:
    for line in dict.fromkeys(_lines(failure)):
        sys.stderr.write(f"daeri: {line}\n")
    raise SystemExit(1) from failure


def _lines(failure: BaseException) -> Iterator[str]:
    match failure:
        case BaseExceptionGroup():
            for part in failure.exceptions:
                yield from _lines(part)
        case DaeriError():
            yield _in_one_line(sentence_of(failure))
        case CommandError():
            yield _in_one_line(f"the database's shape is not known to this version, a newer one made it: {failure}")
        case ValidationError():
            for problem in failure.errors():
                name = ".".join(map(str, problem["loc"])) or "settings"
                yield _in_one_line(f"{name}: {problem['msg']}")
        case _ if isinstance(failure, _LOST):
            yield "the connection to the database was lost; start daeri again once the database is there"
        case _:
            yield _in_one_line(str(failure) or type(failure).__name__)


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
