"""Live figures of a simulated night: a table in a terminal, one plain line every five seconds elsewhere."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table

from daeri.sim.agents import DriverAgent, State
from daeri.sim.books import Books
from daeri.sim.wire import CANCELLED, COMPLETED, EXPIRED

_LINE_EVERY_S = 5.0
_TABLE_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls waiting and ended, drivers by what they do, seconds to assignment so far."""

    waiting: int
    offered: int
    to_pickup: int
    driving: int
    idle: int
    finished: int
    cancelled: int
    unserved: int
    assign_p50_s: float | None
    assign_p95_s: float | None


def take_figures(books: Books, drivers: Sequence[DriverAgent]) -> Figures:
    calls = books.states()
    crew = Counter(driver.state for driver in drivers)
    assign_s = books.assign_s()
    return Figures(
        waiting=calls.get("requested", 0),
        offered=crew[State.OFFERED],
        to_pickup=crew[State.TO_PICKUP] + crew[State.WAITING],
        driving=crew[State.DRIVING],
        idle=crew[State.IDLE],
        finished=calls.get(COMPLETED, 0),
        cancelled=sum(calls.get(state, 0) for state in CANCELLED),
        unserved=calls.get(EXPIRED, 0),
        assign_p50_s=assign_s.p50,
        assign_p95_s=assign_s.p95,
    )


async def show(books: Books, drivers: Sequence[DriverAgent]) -> None:
    """Until cancelled."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        await _print_lines(console, books, drivers)
        return
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            live.update(_table(take_figures(books, drivers)), refresh=True)
            await asyncio.sleep(_TABLE_EVERY_S)


async def _print_lines(console: Console, books: Books, drivers: Sequence[DriverAgent]) -> None:
    while True:
        await asyncio.sleep(_LINE_EVERY_S)
        console.print(line_of(take_figures(books, drivers)), soft_wrap=True, highlight=False, markup=False)
        sys.stdout.flush()


def line_of(figures: Figures) -> str:
    return " ".join(f"{name}={value}" for name, value in _rows(figures))


def _rows(figures: Figures) -> list[tuple[str, str]]:
    return [
        ("waiting", str(figures.waiting)),
        ("offered", str(figures.offered)),
        ("to-pickup", str(figures.to_pickup)),
        ("driving", str(figures.driving)),
        ("idle", str(figures.idle)),
        ("finished", str(figures.finished)),
        ("cancelled", str(figures.cancelled)),
        ("unserved", str(figures.unserved)),
        ("assign-median", _seconds(figures.assign_p50_s)),
        ("assign-p95", _seconds(figures.assign_p95_s)),
    ]


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}s"


def _table(figures: Figures) -> Table:
    table = Table(title="daeri · simulated night")
    for name, _ in _rows(figures):
        table.add_column(name, justify="right")
    table.add_row(*(value for _, value in _rows(figures)))
    return table
