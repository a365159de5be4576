"""The shapes of customers, never-meet wishes and cases, as the console shows them."""

from datetime import datetime
from uuid import UUID

import msgspec

from daeri.customers.bond_model import LiftedAs, RatingTag, RestrictionReason
from daeri.kernel.result import Fact
from daeri.kernel.terms import ActorKind
from daeri.payments.model import ClaimReason
from daeri.support.model import CaseKind, CaseState


class CustomerRow(msgspec.Struct, frozen=True):
    """One line of the list; `phone` is masked, `cancels` are those that count now."""

    id: UUID
    name: str
    phone: str
    joined_at: datetime
    calls: int
    completed: int
    last_call_at: datetime | None
    cancels: int
    restricted_until: datetime | None


class CustomerRows(msgspec.Struct, frozen=True):
    """`limit` is how many cancels lead to a restriction now."""

    items: list[CustomerRow]
    next_cursor: str | None = None
    limit: int = 0


class CancelRow(msgspec.Struct, frozen=True):
    """A customer's own cancel after assignment; `counts` unless forgiven or older than the window."""

    call_id: UUID
    call_number: str
    cancelled_from: str
    at: datetime
    counts: bool
    forgiven_at: datetime | None
    forgiven_by: str | None
    forgiven_for: str | None


class RestrictionRow(msgspec.Struct, frozen=True):
    id: UUID
    call_id: UUID
    reason: RestrictionReason
    starts_at: datetime
    ends_at: datetime
    count: int
    limit: int
    window_days: int
    policy_version: int
    lifted_at: datetime | None
    lifted_as: LiftedAs | None
    lifted_by: str | None
    lifted_for: str | None


class NeverMeetRow(msgspec.Struct, frozen=True):
    """Who asked never to meet whom again; staff see both, the two never learn of it."""

    id: UUID
    customer_id: UUID
    customer: str
    driver_id: UUID
    driver: str
    asked_by: ActorKind
    call_id: UUID
    call_number: str
    reason: str
    asked_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_for: str | None


class NeverMeetRows(msgspec.Struct, frozen=True):
    items: list[NeverMeetRow]
    next_cursor: str | None = None


class RatingRow(msgspec.Struct, frozen=True):
    call_id: UUID
    call_number: str
    driver_id: UUID
    driver: str
    stars: int
    tags: list[RatingTag]
    comment: str
    rated_at: datetime


class CaseRow(msgspec.Struct, frozen=True):
    """`phone` is where the reporter wants to be called, masked; null when on their own number."""

    id: UUID
    number: str
    kind: CaseKind
    state: CaseState
    call_id: UUID
    call_number: str
    opened_by_kind: ActorKind
    opened_by: str
    text: str
    facts: dict[str, Fact]
    phone: str | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    note: str | None


class CaseRows(msgspec.Struct, frozen=True):
    items: list[CaseRow]
    next_cursor: str | None = None


class CaseEvent(msgspec.Struct, frozen=True):
    at: datetime
    kind: str
    actor_kind: ActorKind
    actor: str | None


class CasePage(msgspec.Struct, frozen=True):
    case: CaseRow
    history: list[CaseEvent]


class ClaimRow(msgspec.Struct, frozen=True):
    """A ride that was not paid, in won."""

    call_id: UUID
    number: str
    amount: int
    reason: ClaimReason | None
    since: datetime | None


class CustomerPage(msgspec.Struct, frozen=True):
    """Everything about one customer. `cases` and `claims` are left out for who may not read them.

    `claims_block`: while something is unpaid, new calls are refused.
    """

    customer: CustomerRow
    limit: int
    window_days: int
    length_hours: int
    cancels: list[CancelRow]
    restrictions: list[RestrictionRow]
    never_meet: list[NeverMeetRow]
    ratings: list[RatingRow]
    cases: list[CaseRow]
    claims: list[ClaimRow] = []
    claims_block: bool = False
