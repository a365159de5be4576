"""A case: what somebody reports about a call, until staff close it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.ids import CallId, CompanyId
from daeri.kernel.result import Fact
from daeri.kernel.terms import ActorKind

AGGREGATE = "case"
LONGEST_TEXT = 1_000  # characters


class CaseKind(StrEnum):
    LOST_ITEM = "lost_item"
    ACCIDENT = "accident"
    COMPLAINT = "complaint"


class CaseState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class EventKind(StrEnum):
    OPENED = "case.opened"
    CLOSED = "case.closed"


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported, in the reporter's words; `facts` are what was asked beside them.

    `phone` is where the reporter wants to be called, when not on their own number.
    """

    kind: CaseKind
    text: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it stands; `number` is what people are told, `note` what staff closed it with."""

    id: UUID
    company_id: CompanyId
    number: str
    kind: CaseKind
    call_id: CallId
    opened_by_kind: ActorKind
    opened_by: UUID
    state: CaseState
    text: str
    facts: Mapping[str, Fact]
    phone_sealed: bytes | None = field(repr=False)
    opened_at: datetime
    closed_at: datetime | None
    closed_by: UUID | None
    note: str | None
    version: int


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list of cases shows; every given field narrows it."""

    company_id: CompanyId
    state: CaseState | None = None
    kind: CaseKind | None = None
    call_id: UUID | None = None
    opened_by: UUID | None = None


class CaseNotFound(NotFound):
    """There is no such case for whoever asks. Facts: case_id."""

    code = "case_not_found"


class CaseClosed(Conflict):
    """It was closed before."""

    code = "case_closed"


class CaseTextInvalid(Invalid):
    """Nothing was written, or too much. Facts: most (characters)."""

    code = "case_text_invalid"


class NothingToReport(Conflict):
    """No driver has had the call, so nothing can have happened on it."""

    code = "nothing_to_report"
