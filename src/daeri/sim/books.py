"""The simulation's own books: every acknowledged call, what became of it, and the summary of a run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

from msgspec import Struct

from daeri.sim.wire import CANCELLED, COMPLETED, EXPIRED, RUNNING, WITH_DRIVER, Call


class Spread(Struct, frozen=True):
    """Mean, median and 95th percentile (nearest rank) of a sample; None when it is empty."""

    mean: float | None
    p50: float | None
    p95: float | None


class NightSummary(Struct, frozen=True, kw_only=True):
    """requested = completed + cancelled + unserved + in_progress + lost.

    `assigned` counts the calls that ever had a driver, `lost` the acknowledged calls that neither run nor ended,
    `double_assigned` comes from the server's own books; `assign_s` is in seconds of business time.
    """

    requested: int
    assigned: int
    completed: int
    cancelled: int
    unserved: int
    in_progress: int
    lost: int
    double_assigned: int
    assign_s: Spread


def spread_of(values: Sequence[float]) -> Spread:
    if not values:
        return Spread(None, None, None)
    ordered = sorted(values)
    return Spread(round(sum(ordered) / len(ordered), 3), _rank(ordered, 0.5), _rank(ordered, 0.95))


def _rank(ordered: Sequence[float], share: float) -> float:
    return round(ordered[max(0, ceil(share * len(ordered)) - 1)], 3)


@dataclass(slots=True)
class Entry:
    """An acknowledged call: the token of its customer and the newest that we know of it."""

    token: str
    call: Call
    assign_s: float | None = None
    was_assigned: bool = False


@dataclass(slots=True)
class Books:
    entries: dict[str, Entry] = field(default_factory=dict)

    def acknowledge(self, token: str, call: Call) -> None:
        if call.id not in self.entries:
            self.entries[call.id] = Entry(token, call)
        self.see(call)

    def see(self, call: Call) -> None:
        """Takes note of a call's state, from whoever was told; an ended call stays ended."""
        entry = self.entries.get(call.id)
        if entry is None:
            return
        if call.version >= entry.call.version and not entry.call.has_ended:
            entry.call = call
        if call.state in WITH_DRIVER or call.assigned_at is not None:
            entry.was_assigned = True
        if entry.assign_s is None and call.assigned_at is not None and call.requested_at is not None:
            entry.assign_s = (call.assigned_at - call.requested_at).total_seconds()

    def states(self) -> dict[str, int]:
        """How many calls are in each state, as far as we know."""
        counts: dict[str, int] = {}
        for entry in self.entries.values():
            counts[entry.call.state] = counts.get(entry.call.state, 0) + 1
        return counts

    def assign_s(self) -> Spread:
        return spread_of([entry.assign_s for entry in self.entries.values() if entry.assign_s is not None])

    def close(self, read_back: dict[str, Call | None], double_assigned: int) -> NightSummary:
        """The summary, from what the server says of every acknowledged call; None: it does not know it."""
        for call in read_back.values():
            if call is not None:
                self.see(call)
        states = [None if call is None else call.state for call in (read_back.get(id_) for id_ in self.entries)]
        tally = _Tally.of(states)
        return NightSummary(
            requested=len(self.entries),
            assigned=sum(entry.was_assigned for entry in self.entries.values()),
            completed=tally.completed,
            cancelled=tally.cancelled,
            unserved=tally.unserved,
            in_progress=tally.in_progress,
            lost=tally.lost,
            double_assigned=double_assigned,
            assign_s=self.assign_s(),
        )


@dataclass(frozen=True, slots=True)
class _Tally:
    completed: int
    cancelled: int
    unserved: int
    in_progress: int
    lost: int

    @classmethod
    def of(cls, states: Iterable[str | None]) -> "_Tally":
        listed = list(states)
        completed = listed.count(COMPLETED)
        cancelled = sum(state in CANCELLED for state in listed)
        unserved = listed.count(EXPIRED)
        in_progress = sum(state in RUNNING for state in listed)
        lost = len(listed) - completed - cancelled - unserved - in_progress
        return cls(completed, cancelled, unserved, in_progress, lost)
