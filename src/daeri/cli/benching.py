"""`daeri bench NAME`: the program's speed beside a reference in the same run. See docs/performance.md."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from daeri.bench import calls as bench_calls
from daeri.bench import korea as bench_korea
from daeri.bench import money as bench_money
from daeri.bench import processes
from daeri.bench import sockets as bench_sockets
from daeri.bench.load import Spread
from daeri.bench.stage import open_stage
from daeri.infra.logs import configure_logs
from daeri.infra.settings import LogFormat, LogLevel

if TYPE_CHECKING:
    from daeri.bench.tick import Comparison, TickReport

app = typer.Typer(no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print everything that was measured as JSON.")]
_FRAMES, _POINTS, _REQUESTS = 25_000, 400_000, 15_000  # wanted for each CPU second of the server


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table; `is_reached` is None where there is no target."""

    what: str
    figure: str
    reference: str = ""
    ratio: str = ""
    target: str = ""
    is_reached: bool | None = None


@app.callback()
def bench() -> None:
    """Benchmarks: each prints its figures, a reference and the ratio."""
    configure_logs(LogFormat.CONSOLE, LogLevel.WARNING)


@app.command()
def tick(
    rounds: Annotated[int, typer.Option(min=1, help="Ticks that are measured.")] = 100,
    drivers: Annotated[int, typer.Option(min=100)] = 100_000,
    positions: Annotated[int, typer.Option(min=1, help="Position records a tick.")] = 3_300,
    calls: Annotated[int, typer.Option(min=10, help="Calls that wait.")] = 1_000,
    as_json: Json = False,
) -> None:
    """One tick of dispatch, its search and its matching."""
    report = _tick(rounds, drivers, positions, calls)
    _show("bench tick", report, _tick_lines(report), as_json=as_json)


@app.command()
def positions(
    sockets: Annotated[int, typer.Option(min=1)] = 2_000,
    seconds: Annotated[float, typer.Option(min=0.2, help="Seconds of each way of reporting.")] = 5.0,
    as_json: Json = False,
) -> None:
    """Positions that one CPU second takes in, over sockets and HTTP."""
    report = _positions(sockets, seconds)
    _show("bench positions", report, _position_lines(report), as_json=as_json)


@app.command()
def calls(
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds of a round, for each of the two.")] = 10.0,
    drivers: Annotated[int, typer.Option(min=32)] = 400,
    customers: Annotated[int, typer.Option(min=1, help="Calls that live at any time.")] = 128,
    as_json: Json = False,
) -> None:
    """Whole lives of a call through HTTP, beside their bare statements."""
    _require_all_tools()
    report = bench_calls.run(rounds=rounds, round_s=seconds, drivers=max(drivers, customers), customers=customers)
    _show("bench calls", report, _call_lines(report), as_json=as_json)


@app.command()
def money(
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds of a round, for each of the two.")] = 10.0,
    drivers: Annotated[int, typer.Option(min=12, help="Drives that a round has to complete.")] = 6_000,
    customers: Annotated[int, typer.Option(min=64, help="Customers with a card.")] = 512,
    as_json: Json = False,
) -> None:
    """Completions with capture, beside their bare statements."""
    _require_all_tools()
    report = bench_money.run(rounds=rounds, round_s=seconds, drivers=drivers, customers=customers)
    _show("bench money", report, _money_lines(report), as_json=as_json)


@app.command()
def korea(
    drivers: Annotated[int, typer.Option(min=10, help="Drivers on duty.")] = 100_000,
    sockets: Annotated[int, typer.Option(min=1, help="Drivers with a socket of their own.")] = 10_000,
    calls_per_s: Annotated[float, typer.Option(min=0.1)] = 29.0,
    seconds: Annotated[float, typer.Option(min=2)] = 300.0,
    warm_up_s: Annotated[float, typer.Option(min=0, help="Seconds that run before measuring begins.")] = 20.0,
    as_json: Json = False,
) -> None:
    """The national peak against one process."""
    _require_all_tools()
    report = bench_korea.run(bench_korea.Plan(drivers, min(sockets, drivers), calls_per_s, seconds, warm_up_s))
    _show("bench korea", report, _korea_lines(report), as_json=as_json)


@app.command("all")
def every(as_json: Json = False) -> None:
    """All of them at full size, one after the other: about ten minutes of a quiet machine."""
    _require_all_tools()
    ticks = _tick(rounds=100, drivers=100_000, positions=3_300, calls=1_000)
    taken_in = _positions(2_000, 5.0)
    lives = bench_calls.run()
    captures = bench_money.run()
    night = bench_korea.run(bench_korea.Plan())
    reports = {"tick": ticks, "positions": taken_in, "calls": lives, "money": captures, "korea": night}
    lines = [*_tick_lines(ticks), *_position_lines(taken_in), *_call_lines(lives), *_money_lines(captures)]
    _show("bench all", reports, [*lines, *_korea_lines(night)], as_json=as_json)


def _tick(rounds: int, drivers: int, positions: int, calls: int) -> "TickReport":
    from daeri.bench import tick as bench_tick  # noqa: PLC0415 -- its references (SciPy, Redis) load for a second

    return bench_tick.run(
        rounds=rounds,
        drivers=drivers,
        positions=min(positions, drivers),
        calls=calls,
        match_drivers=min(10 * calls, drivers),
    )


def _positions(sockets: int, seconds: float) -> bench_sockets.PositionFigures:
    with open_stage() as stage:
        return bench_sockets.run(stage.dsn, sockets=sockets, round_s=seconds)


def _require_all_tools() -> None:
    lacking = processes.missing()
    if lacking:
        raise typer.BadParameter("; ".join(lacking))


def _tick_lines(report: "TickReport") -> list[Line]:
    target = report.target_p50_ms
    whole = Line(
        f"whole tick, {report.drivers} drivers, {report.calls} calls, p50",
        f"{report.tick.p50_ms} ms (CPU {report.tick_cpu.p50_ms} ms)",
        target=f"≤ {target} ms",
        is_reached=report.tick.p50_ms <= target,
    )
    return [whole, *map(_comparison_line, report.comparisons), *(Line(what, "not run") for what in report.not_run)]


def _comparison_line(found: "Comparison") -> Line:
    wanted = found.target_ratio
    return Line(
        found.what,
        f"{found.ours.p50_ms} ms",
        f"{found.theirs.p50_ms} ms ({found.reference})",
        f"{found.ratio}",
        "" if wanted is None else f"≥ {wanted}",
        None if wanted is None else found.ratio >= wanted and found.same_answer,
    )


def _position_lines(report: bench_sockets.PositionFigures) -> list[Line]:
    def line(what: str, rate: float, wanted: int | None) -> Line:
        target = "" if wanted is None else f"≥ {wanted:,}"
        return Line(what, f"{rate:,.0f} / CPU s", target=target, is_reached=None if wanted is None else rate >= wanted)

    return [
        line(f"frames of one point, {report.sockets} sockets", report.frames_of_one, _FRAMES),
        line("points, 20 a frame", report.points_of_frames_of_twenty, _POINTS),
        line("points, coalesced frames", report.coalesced_frames, None),
        line("HTTP requests of one point", report.http_requests, _REQUESTS),
    ]


def _call_lines(report: bench_calls.CallsReport) -> list[Line]:
    lives = Line(
        "lives of a call",
        f"{report.lives_per_s} / s",
        f"{report.reference_lives_per_s} / s (the same {report.statements_a_life} statements, bare asyncpg)",
        f"{report.ratio}",
        f"≥ {report.target_ratio}",
        report.is_reached,
    )
    return [lives, *_latency_lines(report.latencies), *_error_lines(report.errors)]


def _money_lines(report: bench_money.MoneyReport) -> list[Line]:
    captures = Line(
        f"completions with capture, {report.at_once} at once",
        f"{report.captures_per_s} / s",
        f"{report.reference_captures_per_s} / s (the same {report.statements_a_capture} statements, bare asyncpg)",
        f"{report.ratio}",
        f"≥ {report.target_ratio}",
        report.is_reached,
    )
    rounds = [_money_line(number, found) for number, found in enumerate(report.rounds, 1)]
    return [captures, *rounds, *_latency_lines(report.latencies), *_error_lines(report.errors)]


def _money_line(number: int, found: bench_money.Round) -> Line:
    cost = found.cost
    return Line(
        f"round {number}; CPU a capture of program / PostgreSQL / sandbox",
        f"{found.captures_per_s} / s; {cost.program_ms} / {cost.postgres_ms} / {cost.sandbox_ms} ms",
        f"{found.reference_captures_per_s} / s; asyncpg / PostgreSQL"
        f" {cost.reference_ms} / {cost.reference_postgres_ms} ms",
        f"{found.ratio}",
    )


def _korea_lines(report: bench_korea.KoreaReport) -> list[Line]:
    cost, heard, cards = report.cost, report.messages, report.request_to_card
    return [
        Line(
            f"program, {report.drivers} drivers, {report.sockets} sockets, {report.calls_per_s} calls/s",
            f"{cost.program_cpu} cores",
            f"PostgreSQL {cost.postgres_cpu}, load {cost.load_cpu} of {report.machine_cores} cores",
            target=f"≤ {report.target_cores} cores",
            is_reached=cost.program_cpu <= report.target_cores,
        ),
        Line(
            f"request to card, p50 / p99 of {cards.count}",
            f"{cards.p50_ms} / {cards.p99_ms} ms",
            target=f"p99 < {report.target_p99_ms:.0f} ms",
            is_reached=cards.p99_ms < report.target_p99_ms,
        ),
        Line("memory, program / PostgreSQL", f"{cost.program_mib} / {cost.postgres_mib} MiB"),
        Line("offers written / not heard of", f"{heard.offers} / {heard.lost_offers}"),
        Line("calls / without a card", f"{heard.calls} / {heard.calls_without_card}"),
        Line("positions sent / believed", f"{heard.positions_sent} / {heard.positions_believed}"),
        Line("event loop late, p50 / p99 below", f"{cost.loop_lag_p50_ms} / {cost.loop_lag_p99_ms} ms"),
        *(Line(f"cores in {part}", f"{cores}") for part, cores in cost.cpu_by_part.items()),
        *_error_lines(report.errors),
    ]


def _latency_lines(latencies: dict[str, Spread]) -> list[Line]:
    return [
        Line(f"{kind}, p50 / p99 of {found.count}", f"{found.p50_ms} / {found.p99_ms} ms")
        for kind, found in latencies.items()
    ]


def _error_lines(errors: dict[str, int]) -> list[Line]:
    return [Line(f"{count} × {what}", "error", is_reached=False) for what, count in errors.items()]


def _show(title: str, report: msgspec.Struct | dict[str, msgspec.Struct], lines: list[Line], *, as_json: bool) -> None:
    console = Console()
    if as_json:
        console.print_json(msgspec.json.encode(report).decode())
        return
    table = Table("measured", "figure", "reference", "ratio", "target", "", title=title)
    marks: dict[bool | None, str] = {True: "[green]reached[/green]", False: "[red]missed[/red]", None: ""}
    for line in lines:
        table.add_row(line.what, line.figure, line.reference, line.ratio, line.target, marks[line.is_reached])
    console.print(table)
