"""What a replay found out: figures that depend on the file and the seed alone, and wall-clock figures apart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from msgspec import Struct

from daeri.sim.books import NightSummary, Spread, spread_of
from daeri.sim.wire import CANCELLED, COMPLETED, EXPIRED

# Upper ends of the distance classes, in metres.
_DISTANCES_M = (250, 500, 1000, 2000, 5000)


class ReplaySummary(NightSummary, frozen=True, kw_only=True):
    """The night's keys, and the rows of the file that were no trips."""

    rejected_rows: int


class Hour(Struct, frozen=True, kw_only=True):
    """One local hour of departures."""

    hour: str
    requested: int
    completed: int
    cancelled: int
    unserved: int
    assign_s: Spread


class Bucket(Struct, frozen=True):
    label: str
    count: int


class Wall(Struct, frozen=True, kw_only=True):
    """What differs from run to run."""

    seconds: float
    requests: int
    steps: int
    business_s_per_wall_s: float


class Given(Struct, frozen=True, kw_only=True):
    """What was replayed, and how."""

    trips: int
    first: str
    last: str
    drivers: int
    seed: int
    step_s: float
    cadence_s: float


class ReplayReport(Struct, frozen=True, kw_only=True):
    """Shares are 0…1; distances in metres, times in seconds of business time.

    `nearest_m` and `unserved_by_distance`: to the nearest driver without a call when the call came in.
    `refused_rows`: trips that the server refused to take as a call, by code.
    `delayed_rows`: trips that waited for a free customer of the tokens file, `unplayed_rows`: until the end.
    """

    given: Given
    summary: ReplaySummary
    served_share: float
    idle_share: float
    assign_s: Spread
    pickup_m: Spread
    nearest_m: Spread
    hours: list[Hour]
    unserved_by_reason: list[Bucket]
    unserved_by_distance: list[Bucket]
    cancelled_by_state: list[Bucket]
    refused_rows: list[Bucket]
    delayed_rows: int
    unplayed_rows: int
    wall: Wall


@dataclass(slots=True)
class Outcome:
    """What one trip came to; `nearest_m` None: nobody was free, `pickup_m` None: nobody set out."""

    at: datetime
    state: str = "requested"
    assign_s: float | None = None
    pickup_m: float | None = None
    nearest_m: float | None = None
    offers: int = 0
    reason: str | None = None


def hours_of(outcomes: Iterable[Outcome], zone: tzinfo) -> list[Hour]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.at.astimezone(zone).strftime("%Y-%m-%dT%H"), []).append(outcome)
    return [_hour(name, group) for name, group in sorted(groups.items())]


def _hour(name: str, group: Sequence[Outcome]) -> Hour:
    states = Counter(outcome.state for outcome in group)
    return Hour(
        hour=name,
        requested=len(group),
        completed=states[COMPLETED],
        cancelled=sum(states[state] for state in CANCELLED),
        unserved=states[EXPIRED],
        assign_s=spread_of([outcome.assign_s for outcome in group if outcome.assign_s is not None]),
    )


def unserved_by_reason(outcomes: Iterable[Outcome]) -> list[Bucket]:
    """The server's reason where it names one, else what the simulation saw."""
    return buckets(_reason(outcome) for outcome in outcomes if outcome.state == EXPIRED)


def _reason(outcome: Outcome) -> str:
    if outcome.reason is not None:
        return outcome.reason
    if outcome.offers > 0:
        return "offered_not_taken"
    return "nobody_free" if outcome.nearest_m is None else "nobody_in_reach"


def unserved_by_distance(outcomes: Iterable[Outcome]) -> list[Bucket]:
    """All classes, also the empty ones, from near to far."""
    counts = Counter(_distance_class(outcome.nearest_m) for outcome in outcomes if outcome.state == EXPIRED)
    labels = [*(_distance_class(limit - 1) for limit in _DISTANCES_M), _distance_class(1e9), _distance_class(None)]
    return [Bucket(label, counts[label]) for label in labels]


def _distance_class(distance: float | None) -> str:
    if distance is None:
        return "nobody free"
    limit = next((limit for limit in _DISTANCES_M if distance < limit), None)
    return f"{_DISTANCES_M[-1]} m or more" if limit is None else f"under {limit} m"


def buckets(values: Iterable[str]) -> list[Bucket]:
    return [Bucket(label, count) for label, count in sorted(Counter(values).items())]
