"""Charts as inline SVG, drawn with the page's colours so that they follow light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 900, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 34


@dataclass(frozen=True, slots=True)
class Series:
    """One value a label; None leaves a gap. `colour` is a class of the page: s1, s2, s3."""

    name: str
    values: Sequence[float | None]
    colour: str


def stacked_bars(labels: Sequence[str], series: Sequence[Series], *, unit: str) -> str:
    """Columns with the series on top of each other."""
    totals = [sum(one.values[i] or 0 for one in series) for i in range(len(labels))]
    top = _nice(max(totals, default=0))
    slot = _slot(labels)
    parts = []
    for index, label in enumerate(labels):
        base = 0.0
        for one in series:
            value = one.values[index] or 0
            if value > 0:
                parts.append(_bar(one, index, slot, (base / top, (base + value) / top), label))
            base += value
    return _frame(labels, series, top, unit, "".join(parts))


def lines(labels: Sequence[str], series: Sequence[Series], *, unit: str) -> str:
    """One line a series; a gap where there is no value."""
    top = _nice(max((value for one in series for value in one.values if value is not None), default=0))
    return _frame(labels, series, top, unit, "".join(_line(one, labels, top) for one in series))


def _bar(series: Series, index: int, slot: float, shares: tuple[float, float], label: str) -> str:
    """A box between two shares of the chart's height."""
    x, y, low = _LEFT + slot * (index + 0.1), _y(shares[1], 1), _y(shares[0], 1)
    title = escape(f"{label} · {series.name}: {series.values[index]:g}")
    return (
        f'<rect class="{series.colour}" x="{x:.1f}" y="{y:.1f}" width="{slot * 0.8:.1f}" '
        f'height="{low - y:.1f}"><title>{title}</title></rect>'
    )


def _line(series: Series, labels: Sequence[str], top: float) -> str:
    slot = _slot(labels)
    commands, pen_is_up, dots = [], True, []
    for index, value in enumerate(series.values):
        if value is None:
            pen_is_up = True
            continue
        x, y = _LEFT + slot * (index + 0.5), _y(value, top)
        commands.append(f"{'M' if pen_is_up else 'L'}{x:.1f} {y:.1f}")
        title = escape(f"{labels[index]} · {series.name}: {value:g}")
        dots.append(f'<circle class="{series.colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{title}</title></circle>')
        pen_is_up = False
    return f'<path class="line {series.colour}" d="{" ".join(commands)}"/>{"".join(dots)}'


def _frame(labels: Sequence[str], series: Sequence[Series], top: float, unit: str, inside: str) -> str:
    grid = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(value, top):.1f}" y2="{_y(value, top):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(value, top) + 4:.1f}" text-anchor="end">{value:g}</text>'
        for value in (top * share / 4 for share in range(5))
    )
    every = max(1, len(labels) // 16)
    names = "".join(
        f'<text x="{_LEFT + _slot(labels) * (index + 0.5):.1f}" y="{_HEIGHT - 14}" text-anchor="middle">'
        f"{escape(label)}</text>"
        for index, label in enumerate(labels)
        if index % every == 0
    )
    key = "".join(f'<span><i class="{one.colour}"></i>{escape(one.name)}</span>' for one in series)
    said = escape(f"{', '.join(one.name for one in series)} ({unit})")
    return (
        f'<p class="key">{key}<span>{escape(unit)}</span></p>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{said}">{grid}{names}{inside}</svg>'
    )


def _slot(labels: Sequence[str]) -> float:
    return (_WIDTH - _LEFT - _RIGHT) / max(1, len(labels))


def _y(value: float, top: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _nice(highest: float) -> float:
    """A round number at or above `highest`, divisible by four without odd ends."""
    top = 4.0
    while top < highest:
        top = top * 2 if top * 2 >= highest else top * 2.5
    return top
