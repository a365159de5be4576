"""What a driver is to dispatch and to the company, and the refusals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

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


class LicenceKind(StrEnum):
    """The Korean licences that allow a passenger car to be driven for others."""

    FIRST_LARGE = "first_large"
    FIRST_NORMAL = "first_normal"
    SECOND_NORMAL = "second_normal"


class DocumentKind(StrEnum):
    LICENCE = "licence"
    INSURANCE = "insurance"
    PHOTO = "photo"
    BANK = "bank"


class ApplicationState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"


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


class PapersPolicy(Policy, frozen=True, kw_only=True):
    """When drivers are told that a paper will expire, and what must be shown before an approval."""

    name: ClassVar[str] = "driver_papers"

    reminder_days: tuple[Annotated[int, Meta(ge=1, le=365)], ...] = (30, 7, 1)  # before the last day
    reminder_hour: Annotated[int, Meta(ge=0, le=23)] = 10  # o'clock in Korea
    required_documents: tuple[DocumentKind, ...] = (DocumentKind.LICENCE, DocumentKind.INSURANCE)


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
class Licence:
    """The number as the driver typed it; it is kept sealed and shown masked."""

    number: str = field(repr=False)
    kind: LicenceKind
    expires_on: date


@dataclass(frozen=True, slots=True)
class Insurance:
    company: str
    policy_number: str = field(repr=False)
    expires_on: date


@dataclass(frozen=True, slots=True)
class Apply:
    """What a driver says of themselves."""

    name: str
    licence: Licence
    insurance: Insurance
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """An application as kept. Numbers are masked; `same_licence` are other drivers who have given this licence."""

    id: UUID
    driver_id: DriverId
    state: ApplicationState
    name: str
    licence_masked: str
    licence_kind: LicenceKind
    licence_expires_on: date
    insurer: str
    policy_masked: str
    insurance_expires_on: date
    services: tuple[Service, ...]
    submitted_at: datetime
    decided_at: datetime | None
    reason: str
    same_licence: tuple[DriverId, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A paper's picture without its content; `size` in bytes."""

    kind: DocumentKind
    media_type: str
    size: int
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Expiry:
    """A paper whose end is near: the last day on which it holds, and how many days are left (below 0: expired)."""

    paper: Paper
    on: date
    days: int


@dataclass(frozen=True, slots=True)
class Reminder:
    """A driver was told that a paper will expire."""

    driver_id: DriverId
    paper: Paper
    expires_on: date
    days: int
    at: datetime


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


class PaperExpired(Invalid):
    """A paper that has already expired is handed in; facts: paper, expired_on."""

    code = "paper_expired"


class LicenceNumberInvalid(Invalid):
    code = "licence_number_invalid"


class ApplicationMissing(Conflict):
    """There is no application to decide on."""

    code = "application_missing"


class ApplicationDecided(Conflict):
    """Somebody has already decided; facts: state."""

    code = "application_decided"


class DocumentsMissing(Conflict):
    """Facts: missing (kinds)."""

    code = "documents_missing"


class DocumentNotFound(NotFound):
    code = "document_not_found"


class DocumentTypeUnsupported(Invalid):
    """The content is none of the formats that are taken, or not what it is said to be."""

    code = "document_type_unsupported"


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
