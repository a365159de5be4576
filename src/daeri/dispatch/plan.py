"""What the matcher reads (snapshot, parameters) and what it answers (plan): frozen, without behaviour.

Places are WGS84 degrees, instants are whole milliseconds since 1970 UTC, drivers are slots of the live fleet.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.fleet import FleetView
from daeri.kernel.ids import CallId

Ints = NDArray[np.int64]
Slots = NDArray[np.uint32]


class Mode(StrEnum):
    """How a call finds its driver."""

    EXCLUSIVE = "exclusive"  # one card to one driver at a time
    OPEN_LIST = "open_list"  # every driver near sees it, the first to take it wins
    BY_HAND = "by_hand"  # staff chose the driver


class Answer(StrEnum):
    """How an earlier offer of the same call to a driver ended."""

    DECLINED = "declined"
    IGNORED = "ignored"


class Outcome(StrEnum):
    """What a tick meant for one call; it is logged when it differs from the call's previous one (I-038)."""

    OFFERED = "offered"
    LISTED = "listed"
    BEATEN_BY_CALL = "beaten_by_call"  # every candidate was needed more by another call of the same tick
    ALL_ASKED = "all_asked"  # those who are free have declined or ignored it
    ALL_BUSY = "all_busy"  # eligible drivers are near, but they drive or hold another offer
    POSITIONS_STALE = "positions_stale"  # eligible drivers are near, but nobody knows where they are now
    NONE_ELIGIBLE = "none_eligible"  # drivers are near, but none may take this call
    NO_DRIVER_IN_RADIUS = "no_driver_in_radius"


class Reason(IntEnum):
    """Why one driver did or did not get one call. Stored as a number: never renumber, only add."""

    CHOSEN = 0
    FARTHER = 1  # free and eligible, but another driver was nearer
    BUSY = 2
    HELD_BY_OTHER_OFFER = 3
    STALE_POSITION = 4
    OUT_OF_RADIUS = 5  # within the cap, beyond the radius of the moment
    NOT_ELIGIBLE = 6
    ALREADY_DECLINED = 7
    ALREADY_IGNORED = 8
    NEARER_TO_OTHER_CALL = 9  # went to the call that stands beside it
    OTHER_COMPANY = 10  # for calls that are shared; a company's own log never names another company's driver
    NEVER_MEET = 11
    LISTED = 12  # sees the call in the open list
    FARTHER_AFTER_DRIVE = 13  # would have come after the drive under way, but another driver was nearer
    LOW_BALANCE = 14  # eligible but for the prepaid balance, which is too low for new calls


@dataclass(frozen=True, slots=True)
class RadiusSteps:
    """The radius starts at `start_m` and grows by `step_m` every `every` of waiting, never past `cap_m`."""

    start_m: float = 1_000.0
    step_m: float = 500.0
    every: timedelta = timedelta(seconds=10)
    cap_m: float = 3_000.0


@dataclass(frozen=True, slots=True)
class DispatchParameters:
    """The thresholds of one tick, each with its unit. `radius.cap_m` is also the cost of leaving a call unserved."""

    radius: RadiusSteps = RadiusSteps()
    position_max_age: timedelta = timedelta(seconds=30)
    offer_limit: timedelta = timedelta(seconds=15)
    reoffer_pause: timedelta = timedelta(seconds=60)
    neighbours: int = 16  # nearest eligible drivers that compete for a call
    listed_drivers: int = 50  # most drivers who see one call of the open list
    logged_drivers: int = 64  # nearest drivers kept in the log of one decision
    detour_factor: float = 1.3  # road metres per straight metre
    pickup_speed_mps: float = 5.0  # how fast a driver comes, by road
    matching_pair_budget: int = 400_000  # beyond it the matching is greedy
    next_call_radius_m: float = 1_500.0  # who is this near to the end of a drive counts as free; 0: nobody who drives


class Asked(msgspec.Struct, frozen=True, gc=False):
    """An earlier offer of this call that ended without a driver."""

    slot: int
    answer: Answer
    at_ms: int


class WaitingCall(msgspec.Struct, frozen=True):
    """A call without driver and without live offer.

    `waiting_since_ms` is the request, or for a reserved call the promised time less its pickup lead: before that
    instant the call is not decided, and from it the radius widens. `needs` are the capability bits that a driver
    must all have. `barred` are slots of drivers whom the customer shall never meet. `radius` overrides the
    parameters' steps.
    """

    call_id: CallId
    company: int
    lat: float
    lon: float
    waiting_since_ms: int
    needs: int = 0
    mode: Mode = Mode.EXCLUSIVE
    asked: tuple[Asked, ...] = ()
    barred: tuple[int, ...] = ()
    previous: Outcome | None = None
    radius: RadiusSteps | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a tick knows."""

    calls: tuple[WaitingCall, ...]
    fleet: FleetView


class PlannedOffer(msgspec.Struct, frozen=True, gc=False):
    """One call to one driver. `straight_m` is the straight line, `pickup_m` and `pickup_s` are by road.

    `is_next`: it is for after the drive under way, whose rest is part of the way.
    """

    call_id: CallId
    slot: int
    straight_m: int
    pickup_m: int
    pickup_s: int
    expires_at: datetime
    is_next: bool = False


class Listing(msgspec.Struct, frozen=True, gc=False):
    """Who sees a call of the open list: slots, nearest first, with their straight metres."""

    call_id: CallId
    slots: tuple[int, ...]
    straight_m: tuple[int, ...]


class CallOutcome(msgspec.Struct, frozen=True, gc=False):
    """A changed outcome. `considered[first:last]` are its pairs; `rest` counts the drivers beyond them by reason.

    `rest` is given for calls that found nobody: beyond the logged drivers of a call that was offered, everyone is
    farther. `beaten_by` is the call that took the nearest candidate, also when another driver was found.
    """

    call_id: CallId
    outcome: Outcome
    radius_m: int
    first: int
    last: int
    rest: dict[Reason, int]
    beaten_by: CallId | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Considered:
    """The pairs behind the changed outcomes, as columns of one length, nearest first within a call.

    `change` indexes `Plan.changes`; `other` too, or −1: the call that the driver went to, where that changed too.
    """

    change: Ints
    slot: Slots
    straight_m: NDArray[np.float32]
    reason: NDArray[np.uint8]
    other: NDArray[np.int32]
    age_s: NDArray[np.int32]  # of the position, where that is the reason; else 0


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What one tick decided. Nothing has happened until it is applied."""

    offers: tuple[PlannedOffer, ...]
    listings: tuple[Listing, ...]
    changes: tuple[CallOutcome, ...]
    considered: Considered
    unmet: dict[Outcome, int] = field(default_factory=dict)
