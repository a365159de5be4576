"""The commands of `daeri`: each parses its options and hands on."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console

from daeri.bootstrap import open_parts
from daeri.cli import benching, keeping, replaying, showing
from daeri.cli.ending import latest_end_of
from daeri.cli.running import database_of, own_database, refuse_taken_ports, run
from daeri.cli.seeding import FleetSize, seed_fleet
from daeri.infra.settings import Settings, load_settings
from daeri.kernel.errors import Invalid, NotFound
from daeri.migrations import api as migrations
from daeri.sim.page import write_report
from daeri.sim.replay import CADENCE_S, STEP_S, Pace
from daeri.sim.tokens import write_tokens
from daeri.sim.trips import Reading, TripFile, TripFileError, generate_trips, parse_columns, read_trips, write_rejects

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="daeri: a designated-driver dispatch platform.",
)
app.add_typer(keeping.app)
app.add_typer(benching.app, name="bench")

DatabaseUrl = Annotated[str | None, typer.Option(help="PostgreSQL 15 or newer instead of the embedded one.")]
DataFolder = Annotated[Path | None, typer.Option(help="Where the embedded database and the keys live.")]
Host = Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="HTTP port.", show_default="8000")]
DriverPort = Annotated[int | None, typer.Option(help="Port of the drivers' WebSockets.", show_default="8001")]
Summary = Annotated[Path | None, typer.Option(help="Write the figures as JSON to this file.")]


class FolderMissing(NotFound):
    """Facts: folder."""

    code = "folder_missing"


class ZoneUnknown(Invalid):
    """Facts: given."""

    code = "zone_unknown"


@app.command()
def up(
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
    host: Host = None,
    port: Port = None,
    driver_port: DriverPort = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Private key (PEM).")] = None,
) -> None:
    """Run everything in one process: embedded PostgreSQL, web, engine, worker."""
    settings = load_settings(
        database_url=database_url,
        data_folder=data_folder,
        host=host,
        port=port,
        driver_port=driver_port,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )  # fmt: skip -- the options as they stand above
    with own_database(settings) as dsn, latest_end_of(settings) as latest_end:
        run(lambda stop: showing.run_up(settings, dsn, stop, latest_end), settings)


@app.command()
def serve(
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
    host: Host = None,
    port: Port = None,
    driver_port: DriverPort = None,
    replay_from: Annotated[datetime | None, typer.Option(help="Step business time from this UTC instant.")] = None,
) -> None:
    """Run the roles of the settings against a database that others may use too."""
    start = None if replay_from is None else replay_from.replace(tzinfo=UTC)
    settings = load_settings(
        database_url=database_url,
        data_folder=data_folder,
        host=host,
        port=port,
        driver_port=driver_port,
        replay_from=start,
    )  # fmt: skip -- the options as they stand above
    refuse_taken_ports(settings)
    with database_of(settings) as dsn, latest_end_of(settings) as latest_end:
        run(lambda stop: showing.run_up(settings, dsn, stop, latest_end), settings)


@app.command()
def demo(
    drivers: Annotated[int, typer.Option(min=1, max=20_000, help="Drivers of the night.")] = 300,
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after this long.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same people.")] = 1,
    summary: Summary = None,
    host: Host = None,
    port: Port = None,
    driver_port: DriverPort = None,
    data_folder: DataFolder = None,
) -> None:
    """A simulated night in Seoul against the public API, on an embedded database of its own."""
    given = {"host": host, "port": port, "driver_port": driver_port, "log_level": "warning"}
    with (
        scratch_settings(data_folder, **given) as settings,
        own_database(settings) as dsn,
        latest_end_of(settings) as latest_end,
    ):
        result = run(
            lambda stop: showing.run_demo(settings, dsn, stop, latest_end, drivers=drivers, seed=seed, seconds=seconds),
            settings,
        )
    _print_figures(msgspec.json.encode(result), summary)


@app.command()
def replay(
    trips: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or Parquet file of trips.")],
    drivers: Annotated[int, typer.Option(min=1, max=100_000)] = 2_000,
    speed: Annotated[float | None, typer.Option(min=1, help="Business seconds a wall second; unbounded.")] = None,
    seed: Annotated[int, typer.Option()] = 1,
    tz: Annotated[str, typer.Option(help="Zone of times without an offset.")] = "Asia/Seoul",
    shift_to: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Move the first day here.")] = None,
    allow_round_trips: Annotated[bool, typer.Option("--allow-round-trips")] = False,
    column: Annotated[list[str] | None, typer.Option("--map", help="NAME=COLUMN, e.g. o_lat=start_lat.")] = None,
    rejects: Annotated[Path | None, typer.Option(help="Bad rows, with line and reason.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for the report (JSON and a page).")] = None,
    summary: Summary = None,
    step_s: Annotated[float, typer.Option(min=0.2, max=60, help="Business seconds a step.")] = STEP_S,
    cadence_s: Annotated[float, typer.Option(min=1, max=300, help="Business seconds between positions.")] = CADENCE_S,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Commands of different people under way at once.")] = 4,
) -> None:
    """Play a trip file as calls, in stepped business time, on an embedded database of its own."""
    file = _trips(trips, tz, shift_to, column or [], allow_round_trips=allow_round_trips)
    if file.rejected:
        write_rejects(rejects or Path(f"{trips.stem}.rejects.csv"), file.rejected)
    customers = min(len(file.trips), 2 * drivers + 500)  # each has one open call at a time
    plan = replaying.Replay(file, drivers, customers, seed, Pace(step_s, cadence_s, speed, parallel))
    given = {"replay_from": replaying.begins_at(file), "log_level": "warning", "port": 0, "driver_port": 0}
    with scratch_settings(None, **given) as settings, own_database(settings, throwaway=True) as dsn:
        result = run(lambda stop: replaying.play(settings, dsn, stop, plan), settings)
    if report is not None:
        write_report(result, report)
    _print_figures(msgspec.json.encode(result.summary), summary)


@app.command()
def trips(
    file: Annotated[Path, typer.Argument(help="Where to write the trips (CSV).")],
    count: Annotated[int, typer.Option(min=1, max=10_000_000)] = 20_000,
    seed: Annotated[int, typer.Option()] = 1,
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])] = datetime(2026, 11, 20),  # noqa: DTZ001 -- a date
) -> None:
    """Make up a day of trips in Seoul, for `daeri replay`."""
    generate_trips(file, trips=count, seed=seed, day=day.date())


@app.command()
def seed(
    fleet: Annotated[int, typer.Option(min=1, max=200_000, help="Approved drivers to make.")],
    tokens: Annotated[Path, typer.Option(help="Their tokens go here, readable by you only.")],
    customers: Annotated[int, typer.Option(min=1, max=200_000)] = 100,
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Make a demo company with drivers, customers, a gateway and staff."""
    if not tokens.parent.is_dir():
        raise FolderMissing(folder=str(tokens.parent))
    settings = load_settings(database_url=database_url, data_folder=data_folder)

    async def work(_stop: asyncio.Event) -> None:
        await migrations.migrate(dsn)
        async with open_parts(settings, dsn) as parts:
            write_tokens(tokens, await seed_fleet(parts, FleetSize(fleet, customers)))

    with database_of(settings) as dsn:
        run(work, settings)


def _print_figures(figures: bytes, file: Path | None) -> None:
    if file is not None:
        file.write_bytes(msgspec.json.format(figures))
    Console().print_json(figures.decode())


@contextmanager
def scratch_settings(data_folder: Path | None, **given: object) -> Iterator[Settings]:
    """Settings over a data folder that is thrown away, unless one was named."""
    free = {name: free_port() for name, value in given.items() if name == "port" and value == 0}
    if data_folder is not None:
        yield load_settings(None, data_folder=data_folder, **(given | free))
        return
    with TemporaryDirectory(prefix="daeri-", ignore_cleanup_errors=True) as folder:
        yield load_settings(None, data_folder=Path(folder), **(given | free))


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _trips(
    file: Path, zone: str, shift_to: datetime | None, columns: list[str], *, allow_round_trips: bool
) -> TripFile:
    try:
        day = None if shift_to is None else shift_to.date()
        return read_trips(file, Reading(_zone(zone), day, allow_round_trips, parse_columns(columns)))
    except TripFileError as error:
        raise typer.BadParameter(str(error)) from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, no name at all, or a folder of zones
        raise ZoneUnknown(given=name) from error
