"""The replay report as one self-contained page: no script, no request to anywhere, light and dark."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import msgspec

from daeri.sim.books import Spread
from daeri.sim.charts import Series, lines, stacked_bars
from daeri.sim.report import Bucket, ReplayReport

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #667; --rule: #dde1e6;
  --s1: #1c7c54; --s2: #b7791f; --s3: #b3363f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #14171a; --soft: #9aa3ad; --rule: #30363d;
  --s1: #4cc38a; --s2: #e3b341; --s3: #f0717b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 940px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
p { color: var(--soft) }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: .8rem; margin: 1rem 0 }
dt { color: var(--soft); font-size: .85rem } dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto } svg text { fill: var(--soft); font-size: 11px }
.grid { stroke: var(--rule) } .s1 { fill: var(--s1); background: var(--s1) }
.s2 { fill: var(--s2); background: var(--s2) } .s3 { fill: var(--s3); background: var(--s3) }
path.line { fill: none; stroke-width: 2 } path.s1 { stroke: var(--s1) } path.s2 { stroke: var(--s2) }
.key { margin: 0; display: flex; gap: 1rem; font-size: .85rem }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .3em; border-radius: 2px }
table { border-collapse: collapse } td { padding: .15rem 1.5rem .15rem 0; border-bottom: 1px solid var(--rule) }
td:last-child { text-align: right; font-variant-numeric: tabular-nums }
"""


def write_report(report: ReplayReport, folder: Path) -> tuple[Path, Path]:
    """`replay.json` and `replay.html` in `folder`, which is made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    figures, page = folder / "replay.json", folder / "replay.html"
    figures.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    page.write_text(render_page(report), encoding="utf-8")
    return figures, page


def render_page(report: ReplayReport) -> str:
    given = report.given
    about = (
        f"{given.trips} trips from {given.first} to {given.last}, {given.drivers} drivers, seed {given.seed}, "
        f"steps of {given.step_s:g} s. Played in {report.wall.seconds:.0f} s of real time "
        f"({report.wall.business_s_per_wall_s:g} × real time, {report.wall.requests} requests)."
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Replay</title><style>{_STYLE}</style><h1>Replay</h1><p>{escape(about)}</p>"
        f"{_figures(report)}{_hours(report)}{_unserved(report)}</html>"
    )


def _figures(report: ReplayReport) -> str:
    summary = report.summary
    pairs = [
        ("requested", str(summary.requested)),
        ("completed", str(summary.completed)),
        ("cancelled", str(summary.cancelled)),
        ("unserved", str(summary.unserved)),
        ("in progress", str(summary.in_progress)),
        ("lost", str(summary.lost)),
        ("double assigned", str(summary.double_assigned)),
        ("rejected rows", str(summary.rejected_rows)),
        ("served", f"{report.served_share:.1%}"),
        ("drivers idle", f"{report.idle_share:.1%}"),
        *_spread("to assignment", report.assign_s, "s"),
        *_spread("to pickup", report.pickup_m, "m"),
    ]
    return "<dl>" + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs) + "</dl>"


def _spread(name: str, spread: Spread, unit: str) -> list[tuple[str, str]]:
    values = (("mean", spread.mean), ("median", spread.p50), ("p95", spread.p95))
    return [(f"{name}, {kind}", "–" if value is None else f"{value:.0f} {unit}") for kind, value in values]


def _hours(report: ReplayReport) -> str:
    hours = report.hours
    labels = [hour.hour[-2:] for hour in hours]
    calls = [
        Series("completed", [hour.completed for hour in hours], "s1"),
        Series("cancelled", [hour.cancelled for hour in hours], "s2"),
        Series("unserved", [hour.unserved for hour in hours], "s3"),
    ]
    assigned = [
        Series("median", [hour.assign_s.p50 for hour in hours], "s1"),
        Series("p95", [hour.assign_s.p95 for hour in hours], "s2"),
    ]
    return (
        f"<h2>Calls by hour of departure</h2>{stacked_bars(labels, calls, unit='calls')}"
        f"<h2>Time to assignment</h2>{lines(labels, assigned, unit='seconds')}"
    )


def _unserved(report: ReplayReport) -> str:
    distances = report.unserved_by_distance
    bars = [Series("unserved", [bucket.count for bucket in distances], "s3")]
    return (
        "<h2>Unserved, by distance to the nearest free driver at the request</h2>"
        f"{stacked_bars([bucket.label for bucket in distances], bars, unit='calls')}"
        f"<h2>Unserved, by reason</h2>{_table(report.unserved_by_reason)}"
        f"<h2>Cancelled</h2>{_table(report.cancelled_by_state)}"
        f"<h2>Rows that the server refused</h2>{_table(report.refused_rows)}"
    )


def _table(buckets: Sequence[Bucket]) -> str:
    if not buckets:
        return "<p>None.</p>"
    rows = "".join(f"<tr><td>{escape(bucket.label)}</td><td>{bucket.count}</td></tr>" for bucket in buckets)
    return f"<table>{rows}</table>"
