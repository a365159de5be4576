"""What the public API says, as far as the simulation reads it. Unknown fields are ignored, most may be absent."""

import struct
from datetime import datetime

from msgspec import Struct, field

from daeri.kernel.geo import Point

RUNNING = frozenset({"reserved", "requested", "assigned", "arrived", "driving"})
WITH_DRIVER = frozenset({"assigned", "arrived", "driving"})
CANCELLED = frozenset({"cancelled_before_assignment", "cancelled_after_assignment"})
COMPLETED = "completed"
EXPIRED = "expired"
ENDED = CANCELLED | {COMPLETED, EXPIRED}

# at_ms, latitude and longitude × 1e7, accuracy in decimetres, reserved.
_POSITION = struct.Struct("<qiiHH")


class Place(Struct, frozen=True, omit_defaults=True):
    """A point in degrees with the name that people know it by."""

    lat: float
    lon: float
    name: str | None = None

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lon)


class Call(Struct, frozen=True):
    id: str
    state: str
    version: int = 0
    origin: Place | None = None
    destination: Place | None = None
    requested_at: datetime | None = None
    assigned_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    end_reason: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class Card(Struct, frozen=True):
    """A call card: an exclusive offer, or an entry of the open list when `offer_id` is None."""

    call_id: str
    origin: Place
    destination: Place
    offer_id: str | None = None
    pickup_m: float | None = None
    expires_at: datetime | None = None


class DriverView(Struct, frozen=True):
    duty: str
    socket: str = ""
    call: Call | None = None
    offers: list[Card] = field(default_factory=list)
    cadence_s: float = 3.0


class Push(Struct, frozen=True):
    """A message of the server to a socket, or what it would have pushed during a replay step.

    `type` is welcome, offer, offer_closed, call, cadence, drain, or one that the simulation does not know.
    """

    type: str
    driver_id: str | None = None
    customer_id: str | None = None
    offer: Card | None = None
    offer_id: str | None = None
    call: Call | None = None
    offers: list[Card] = field(default_factory=list)
    cadence_s: float | None = None


class Step(Struct, frozen=True):
    """The answer to a replay step: business time, the ticks run and what the parties were told, in order."""

    now: datetime
    ticks: int = 0
    messages: list[Push] = field(default_factory=list)


class Handles(Struct, frozen=True):
    handles: list[int | None]


class Count(Struct, frozen=True):
    count: int


class Problem(Struct, frozen=True):
    code: str = "unknown"
    detail: str | None = None


class Hello(Struct, frozen=True, tag="hello"):
    token: str


class Duty(Struct, frozen=True, omit_defaults=True):
    on: bool
    position: Place | None = None


class NewCall(Struct, frozen=True, omit_defaults=True):
    origin: Place
    destination: Place
    vias: tuple[Place, ...] = ()
    payment: str | None = None  # as the customer usually pays


class Cancel(Struct, frozen=True):
    reason: str


class Until(Struct, frozen=True):
    until: datetime


class DriverIds(Struct, frozen=True):
    ids: list[str]


def pack_position(at_ms: int, point: Point, accuracy_m: float) -> bytes:
    """One record of a driver's own socket: 20 bytes."""
    return _POSITION.pack(at_ms, round(point.lat * 1e7), round(point.lon * 1e7), round(accuracy_m * 10), 0)
