"""What is said on driver sockets, in both directions: a JSON text frame each, told apart by `type`."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.drivers.model import Duty, SignUp
from daeri.web.wire import CallOut, CardOut

MOST_ROWS = 1_000  # rows of one text frame of positions


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """The first frame of every socket: an access token."""

    token: Annotated[str, Meta(max_length=512)]


class Positions(msgspec.Struct, frozen=True, tag_field="type", tag="positions"):
    """Rows [at_ms, lat, lon, accuracy_m], for clients that do not write binary records."""

    points: Annotated[list[list[float]], Meta(max_length=MOST_ROWS)]


class Drivers(msgspec.Struct, frozen=True, tag_field="type", tag="drivers"):
    """The drivers that a gateway carries on this socket from now on."""

    ids: list[UUID]


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """A driver's truth at the moment of connecting; what changes later is told as it changes."""

    driver_id: UUID
    cadence_s: int
    status: SignUp
    duty: Duty
    offers: tuple[CardOut, ...]
    call: CallOut | None
    next_call: CallOut | None = None
    listed: tuple[CardOut, ...] = ()


class GatewayWelcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    gateway: bool
    cadence_s: int


class Handles(msgspec.Struct, frozen=True, tag_field="type", tag="handles"):
    """A number for each named driver, None for one of another company."""

    handles: list[int | None]


class Closing(StrEnum):
    """Why a card has gone from a driver's screen."""

    ACCEPTED = "accepted"  # by this driver, perhaps on another device
    DECLINED = "declined"
    TAKEN = "taken"  # another driver has the call
    CANCELLED = "cancelled"  # the call has ended
    EXPIRED = "expired"  # the time to answer, or the call's own, ran out
    WITHDRAWN = "withdrawn"  # anything else: off duty, out of reach, barred


class OfferMade(msgspec.Struct, frozen=True, tag_field="type", tag="offer"):
    offer: CardOut


class OfferClosed(msgspec.Struct, frozen=True, tag_field="type", tag="offer_closed"):
    """An offer that can be answered no more, and why."""

    offer_id: UUID
    reason: Closing


class CallChanged(msgspec.Struct, frozen=True, tag_field="type", tag="call"):
    """The driver's call; for the last time when it has ended or is somebody else's."""

    call: CallOut


class NextCallChanged(msgspec.Struct, frozen=True, tag_field="type", tag="next_call"):
    """The call that the driver begins after the one under way; None when none is.

    Where it was lost (cancelled, released), `gone` is that call as it stands; where it became the call under way, which
    a `call` message has said before, `gone` is None.
    """

    call: CallOut | None
    gone: CallOut | None = None


class GoneOut(msgspec.Struct, frozen=True):
    """A call that has left the open list, and why."""

    call_id: UUID
    reason: Closing


class ListChanged(msgspec.Struct, frozen=True, tag_field="type", tag="listed"):
    """The open list as this driver sees it from now on, nearest first, and what has gone from it since."""

    items: tuple[CardOut, ...]
    gone: tuple[GoneOut, ...] = ()


class WorkChanged(msgspec.Struct, frozen=True, tag_field="type", tag="work"):
    """Whether the driver may work and is on duty has changed, here or elsewhere; `GET /driver` says why."""

    status: SignUp
    duty: Duty


class Cadence(msgspec.Struct, frozen=True, tag_field="type", tag="cadence"):
    """How often to report positions from now on, in seconds."""

    cadence_s: int


class Drain(msgspec.Struct, frozen=True, tag_field="type", tag="drain"):
    """This process stops: connect again, to another one."""


FromClient = Hello | Positions | Drivers
ToDriver = OfferMade | OfferClosed | CallChanged | NextCallChanged | ListChanged | WorkChanged

CLIENT_DECODER: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)
DRAIN = msgspec.json.encode(Drain())


def for_gateway(message: bytes, driver_id: UUID) -> bytes:
    """The message of one driver as their gateway hears it: with `driver_id` in front."""
    return b'{"driver_id":"%s",%s' % (str(driver_id).encode(), message[1:])
