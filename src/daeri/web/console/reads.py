"""What the console's pages ask for, and the shapes that they show. The composition root supplies the answers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from daeri.customers.model import Payer
from daeri.drivers.model import SignUp
from daeri.kernel.terms import ActorKind, Option, Payment, Service, Source, Timing
from daeri.pricing.model import FarePlan
from daeri.web.console.cover_reads import CoverPage
from daeri.web.console.live import Place, UnmetReason

CALLS_PER_PAGE = 50


class DecisionReason(StrEnum):
    """Why a driver did or did not get a call: the names of dispatch's reasons in small letters."""

    CHOSEN = "chosen"
    FARTHER = "farther"
    BUSY = "busy"
    HELD_BY_OTHER_OFFER = "held_by_other_offer"
    STALE_POSITION = "stale_position"
    OUT_OF_RADIUS = "out_of_radius"
    NOT_ELIGIBLE = "not_eligible"
    LOW_BALANCE = "low_balance"
    ALREADY_DECLINED = "already_declined"
    ALREADY_IGNORED = "already_ignored"
    NEARER_TO_OTHER_CALL = "nearer_to_other_call"
    OTHER_COMPANY = "other_company"
    NEVER_MEET = "never_meet"
    LISTED = "listed"
    FARTHER_AFTER_DRIVE = "farther_after_drive"


class OfferOutcome(StrEnum):
    LIVE = "live"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    IGNORED = "ignored"
    WITHDRAWN = "withdrawn"


class DriverState(StrEnum):
    OFF_DUTY = "off_duty"
    IDLE = "idle"
    OFFERED = "offered"
    DRIVING = "driving"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The member of staff who looks, and the company that everything they see belongs to."""

    account_id: UUID
    company_id: UUID
    name: str
    company_name: str


@dataclass(frozen=True, slots=True)
class CallQuery:
    """`q` is a call number, or a customer's or driver's telephone number, whole or its last four digits."""

    q: str = ""
    state: str = ""
    service: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = CALLS_PER_PAGE


class CallRow(msgspec.Struct, frozen=True):
    """One line of the call list; `customer` is a name or a masked number."""

    id: UUID
    number: str
    state: str
    source: Source
    service: Service
    timing: Timing
    origin_name: str
    destination_name: str
    customer: str
    driver_id: UUID | None
    driver_name: str | None
    requested_at: datetime
    ended_at: datetime | None
    fare_amount: int | None


class CallRows(msgspec.Struct, frozen=True):
    items: list[CallRow]
    next_cursor: str | None = None


class TimelineEntry(msgspec.Struct, frozen=True):
    """One event of a call: what (`kind`, as in `call.assigned`), when and by whom; `about` is the driver it befell."""

    at: datetime
    kind: str
    actor_kind: ActorKind
    actor_name: str | None = None
    about: str | None = None
    reason: str | None = None


class OfferRow(msgspec.Struct, frozen=True):
    """Pickup distance in metres and time in seconds as estimated when the offer was made."""

    id: UUID
    driver_id: UUID
    driver_name: str
    offered_at: datetime
    pickup_m: int
    pickup_s: int
    outcome: OfferOutcome
    ended_at: datetime | None = None


class Candidate(msgspec.Struct, frozen=True):
    """A driver that a decision looked at; `other_call_number` names the call that took or holds them."""

    driver_id: UUID
    driver_name: str
    pickup_m: int
    reason: DecisionReason
    other_call_id: UUID | None = None
    other_call_number: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """One change of a call's outcome. `rest` counts, by reason, the drivers beyond the nearest that are listed."""

    at: datetime
    radius_m: int
    candidates: list[Candidate]
    rest: dict[DecisionReason, int]
    unmet: UnmetReason | None = None


class GroupRow(msgspec.Struct, frozen=True):
    """Another call of the same request for several cars."""

    id: UUID
    number: str
    state: str


class CallPage(msgspec.Struct, frozen=True):
    """Everything on the page of one call but its decisions, which are read when asked for."""

    id: UUID
    number: str
    version: int
    state: str
    source: Source
    service: Service
    timing: Timing
    options: list[Option]
    origin: Place
    destination: Place
    vias: list[Place]
    payment: Payment
    fare_amount: int | None
    note: str | None
    customer: str
    driver_id: UUID | None
    driver_name: str | None
    requested_at: datetime
    reserved_for: datetime | None
    assigned_at: datetime | None
    ended_at: datetime | None
    ended_by: ActorKind | None
    timeline: list[TimelineEntry]
    offers: list[OfferRow]
    moves: list[str] = []  # what the viewer may do to it as it stands
    fare_plan: FarePlan = FarePlan.CALCULATOR
    final_amount: int | None = None
    rider: str | None = None  # name and masked number
    car: str | None = None
    business: str | None = None
    payer: Payer = Payer.CUSTOMER
    group: list[GroupRow] = []  # the other calls of one request
    end_reason: str | None = None
    cover: CoverPage | None = None  # none where it never drove


class DriverRow(msgspec.Struct, frozen=True):
    """`phone` is masked; `seen_at` is the time of the last accepted position, `region_names` are by language."""

    id: UUID
    name: str
    phone: str
    state: DriverState
    region_names: dict[str, str] = {}
    seen_at: datetime | None = None
    call_id: UUID | None = None
    call_number: str | None = None
    sign_up: SignUp = SignUp.APPROVED


class DriverRows(msgspec.Struct, frozen=True):
    items: list[DriverRow]
    next_cursor: str | None = None


class HeldJob(msgspec.Struct, frozen=True):
    """A job that failed for good: it waits here until somebody has it tried again."""

    id: str
    handler: str
    event: str
    failed_at: datetime
    attempts: int
    error: str
    call_id: UUID | None = None
    call_number: str | None = None


class ConsoleReads(Protocol):
    """Each read is scoped to the viewer's company; what belongs to another company is not there (None, or no row)."""

    async def calls(self, viewer: Viewer, query: CallQuery) -> CallRows: ...

    async def call(self, viewer: Viewer, call_id: UUID) -> CallPage | None: ...

    async def decisions(self, viewer: Viewer, call_id: UUID) -> list[Decision]: ...

    async def drivers(self, viewer: Viewer, q: str, state: str, cursor: str | None) -> DriverRows: ...

    async def held_jobs(self, viewer: Viewer) -> list[HeldJob]: ...


class ConsoleCommands(Protocol):
    async def retry_job(self, viewer: Viewer, job_id: str) -> bool:
        """Have a held job tried again; False when it is not held any more."""
        ...
