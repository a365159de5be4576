"""What the console's live stream says: the exact shapes of its events, twins of static/js/types.d.ts.

One stream a browser at `/live/console`. `snapshot` first, then `call`, `drivers`, `board` and `figures`; a screen that
applies them to the snapshot shows what a fresh snapshot would. Instants are milliseconds since 1970 (UTC).
"""

from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec


class DriverStatus(IntEnum):
    """GONE takes the slot off the map; STALE is on duty but has not reported lately (I-040)."""

    GONE = 0
    IDLE = 1
    OFFERED = 2
    DRIVING = 3
    STALE = 4


class UnmetReason(StrEnum):
    """Why a waiting call has no live offer at this moment: the outcomes of dispatch, and an engine that just began."""

    LISTED = "listed"
    BEATEN_BY_CALL = "beaten_by_call"
    ALL_ASKED = "all_asked"
    ALL_BUSY = "all_busy"
    POSITIONS_STALE = "positions_stale"
    NONE_ELIGIBLE = "none_eligible"
    NO_DRIVER_IN_RADIUS = "no_driver_in_radius"
    WARMING_UP = "warming_up"


class Place(msgspec.Struct, frozen=True):
    """A point in degrees with the name that people know it by."""

    lat: float
    lon: float
    name: str


class LiveCall(msgspec.Struct, frozen=True):
    """A call that is under way, or has just ended (its state says so, and the screen lets it go)."""

    id: UUID
    number: str
    version: int
    state: str
    service: str
    origin: Place
    destination: Place
    requested_at: int
    driver_id: UUID | None = None
    driver_name: str | None = None


class BoardFacts(msgspec.Struct, frozen=True):
    """What dispatch does for one waiting call right now."""

    id: UUID
    asked: int
    offered_to: str | None
    radius_m: int
    unmet: UnmetReason | None = None


class DriverColumns(msgspec.Struct, frozen=True):
    """Drivers by slot, as parallel columns. `ids` and `names` are empty where nobody new came into a slot."""

    at: int
    slots: list[int]
    lat: list[float]
    lon: list[float]
    status: list[int]
    ids: list[str] = []
    names: list[str] = []


class Figures(msgspec.Struct, frozen=True):
    """`offered` is the part of `waiting` with a live offer; `assign_p50_s` is today's median, None before the first."""

    at: int
    waiting: int
    offered: int
    driving: int
    on_duty: int
    finished_today: int
    assign_p50_s: float | None = None


class Snapshot(msgspec.Struct, frozen=True):
    at: int
    calls: list[LiveCall]
    board: list[BoardFacts]
    drivers: DriverColumns
    figures: Figures


class Board(msgspec.Struct, frozen=True):
    """The facts of every waiting call: a call that is not named has none any more."""

    at: int
    rows: list[BoardFacts]
