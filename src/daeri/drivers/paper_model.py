"""What a driver hands in to sign up and must hold: applications, documents, what expires, and the refusals."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from daeri.drivers.model import Paper
from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Service
from daeri.policies.model import Policy


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


class PapersPolicy(Policy, frozen=True, kw_only=True):
    """When drivers are told that a paper will expire, and what must be shown before an approval."""

    name: ClassVar[str] = "driver_papers"

    reminder_days: tuple[Annotated[int, Meta(ge=1, le=365)], ...] = (30, 7, 1)  # before the last day
    reminder_hour: Annotated[int, Meta(ge=0, le=23)] = 10  # o'clock in Korea
    required_documents: tuple[DocumentKind, ...] = (DocumentKind.LICENCE, DocumentKind.INSURANCE)


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
