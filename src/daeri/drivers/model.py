"""What a driver is to dispatch and to the company, and the refusals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Service
from daeri.policies.model import Policy

AGGREGATE = "driver"
DEFAULT_SERVICES = (Service.GENERAL, Service.TAILORED, Service.DELIVERY)


class SignUp(StrEnum):
    """How far a driver's sign-up has come, and whether they may work."""

    APPLIED = "applied"
    REFUSED = "refused"  # may apply again
    APPROVED = "approved"
    SUSPENDED = "suspended"


class Duty(StrEnum):
    ON = "on"
    OFF = "off"


class Paper(StrEnum):
    """What a driver must hold, and what expires."""

    LICENCE = "licence"
    INSURANCE = "insurance"


class EventKind(StrEnum):
    APPLIED = "driver.applied"
    SUBMITTED = "driver.application_submitted"
    APPROVED = "driver.approved"
    REFUSED = "driver.refused"
    ON_DUTY = "driver.on_duty"
    OFF_DUTY = "driver.off_duty"
    REMINDED = "driver.reminded"
    SUSPENDED = "driver.suspended"
    SUSPENSION_ENDED = "driver.suspension_ended"
    APPEALED = "driver.appealed"
    APPEAL_ANSWERED = "driver.appeal_answered"


class SuspensionPolicy(Policy, frozen=True, kw_only=True):
    """What follows from a suspension while its appeal waits for an answer."""

    name: ClassVar[str] = "suspension"

    deducts_before_answer: bool = False  # whether money may be taken before a person has answered


@dataclass(frozen=True, slots=True)
class Driver:
    """One driver; `revision` orders what the live fleet reads. Papers hold through their last day in Korea.

    `is_short`: the prepaid balance is too low for new calls.
    """

    id: DriverId
    company_id: CompanyId
    status: SignUp
    duty: Duty
    duty_changed_at: datetime
    services: tuple[Service, ...]
    version: int
    revision: int
    created_at: datetime
    licence_expires_on: date | None = None
    insurance_expires_on: date | None = None
    papers_until: datetime | None = None
    is_short: bool = False

    def expiry_of(self, paper: Paper) -> date | None:
        return self.licence_expires_on if paper is Paper.LICENCE else self.insurance_expires_on


@dataclass(frozen=True, slots=True)
class AtWork:
    """Whether a driver may work, and does."""

    status: SignUp
    duty: Duty


@dataclass(frozen=True, slots=True)
class LastPosition:
    """Where a driver was at `at` (the phone's time, UTC); accuracy in metres."""

    driver_id: DriverId
    point: Point
    at: datetime
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class DriverDay:
    """What a driver drove on one Korean day; `fares` in won before any deduction."""

    day: date
    runs: int
    fares: Won


@dataclass(frozen=True, slots=True)
class Appeal:
    """What a driver says against a suspension, and what a person answered. `upheld`: the driver is right."""

    id: UUID
    text: str
    at: datetime
    answer: str | None
    answered_at: datetime | None
    upheld: bool | None


@dataclass(frozen=True, slots=True)
class Suspension:
    """One suspension (I-005); open until `ended_at`, which lifting or its own end sets."""

    id: UUID
    driver_id: DriverId
    reason: str
    evidence: str
    starts_at: datetime
    ends_at: datetime | None
    by_hand: bool
    decided_by: UUID | None
    ended_at: datetime | None
    lifted_at: datetime | None
    lifted_by: UUID | None
    lift_reason: str
    appeal: Appeal | None = None


@dataclass(frozen=True, slots=True)
class Suspend:
    """Why, on what evidence, and until when (None: until lifted)."""

    reason: str
    evidence: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitingAppeal:
    """An appeal that a person must answer."""

    driver_id: DriverId
    suspension_id: UUID
    appeal: Appeal


@dataclass(frozen=True, slots=True)
class Run:
    """A ride as its driver's earning; amounts in won, versions of the policies that it was reckoned by.

    `is_drive` is false for the fee of a customer who did not come.
    """

    call_id: UUID
    driver_id: DriverId
    company_id: CompanyId
    day: date
    ended_at: datetime
    number: str
    kind: str
    payment: str
    fare: Won
    commission: Won
    premium: Won
    net: Won
    commission_version: int
    premium_version: int
    is_drive: bool = True


@dataclass(frozen=True, slots=True)
class Earnings:
    """Runs added up over a day, or over several (then without `day`)."""

    day: date | None
    runs: int
    fares: Won
    commission: Won
    premium: Won
    net: Won


@dataclass(frozen=True, slots=True)
class DriverFilter:
    """Which of a company's drivers; `people` narrows to these."""

    company_id: CompanyId
    status: SignUp | None = None
    has_open_application: bool | None = None
    people: Sequence[UUID] | None = None


class DriverNotFound(NotFound):
    code = "driver_not_found"


class NotApproved(Conflict):
    """The driver's sign-up has not been approved; facts: status."""

    code = "driver_not_approved"


class DriverSuspended(Conflict):
    """Facts: reason, ends_at (ISO, or nothing when it has no end)."""

    code = "driver_suspended"


class LicenceExpired(Conflict):
    """Facts: expired_on."""

    code = "licence_expired"


class InsuranceExpired(Conflict):
    """Facts: expired_on."""

    code = "insurance_expired"


class AlreadySuspended(Conflict):
    code = "driver_already_suspended"


class NotSuspended(Conflict):
    code = "driver_not_suspended"


class SuspensionEndInvalid(Invalid):
    """A suspension would end before it begins."""

    code = "suspension_end_invalid"


class SuspensionNotFound(NotFound):
    code = "suspension_not_found"


class SuspensionLifted(Conflict):
    """There is nothing left to appeal against."""

    code = "suspension_lifted"


class AppealedAlready(Conflict):
    code = "appealed_already"


class AppealNotFound(NotFound):
    code = "appeal_not_found"


class AppealAnswered(Conflict):
    code = "appeal_answered"
