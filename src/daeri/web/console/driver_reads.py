"""The shapes of a driver's file, as the console shows it."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from daeri.drivers.model import Duty, SignUp
from daeri.drivers.paper_model import ApplicationState, LicenceKind
from daeri.kernel.terms import Service
from daeri.web.driver_wire import AppealOut, DocumentOut
from daeri.web.reward_wire import LevelOut, RewardOut


class FileRow(msgspec.Struct, frozen=True):
    """One line of the list; `phone` is masked, `application` is waiting for a decision."""

    id: UUID
    name: str
    phone: str
    status: SignUp
    duty: Duty
    services: tuple[Service, ...]
    joined_at: datetime | None
    licence_expires_on: date | None
    insurance_expires_on: date | None
    application: bool
    suspended_until: datetime | None
    suspended_for: str | None


class FileRows(msgspec.Struct, frozen=True):
    items: list[FileRow]
    next_cursor: str | None = None


class ApplicationRow(msgspec.Struct, frozen=True):
    """One application; numbers are masked. `same_licence` are other drivers who have given this licence."""

    id: UUID
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
    same_licence: tuple[UUID, ...]


class SuspensionRow(msgspec.Struct, frozen=True):
    """One suspension with who decided and who lifted, by name."""

    id: UUID
    reason: str
    evidence: str
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    by_hand: bool
    decided_by: str | None
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str
    appeal: AppealOut | None


class SuspensionPanel(msgspec.Struct, frozen=True):
    """The account's suspensions: the one that is running, and all of them, newest first (R-041)."""

    active: SuspensionRow | None
    history: list[SuspensionRow]


class ExpiryRow(msgspec.Struct, frozen=True):
    """A paper that has expired or soon will."""

    what: str
    on: date
    days: int


class RewardPanel(msgspec.Struct, frozen=True):
    """Where the driver stands: score of the last `window_days`, all points, and the newest awards behind them."""

    level: LevelOut
    next_level: LevelOut | None
    score: int
    points: int
    window_days: int
    items: tuple[RewardOut, ...]
    next_cursor: str | None


class DriverFile(msgspec.Struct, frozen=True):
    """Everything about one driver; `missing` are documents that an approval still needs."""

    id: UUID
    name: str
    phone: str
    status: SignUp
    duty: Duty
    duty_changed_at: datetime
    services: tuple[Service, ...]
    licence_expires_on: date | None
    insurance_expires_on: date | None
    expiries: list[ExpiryRow]
    call_id: UUID | None
    call_number: str | None
    runs: int
    rating: float | None
    applications: list[ApplicationRow]
    documents: list[DocumentOut]
    missing: list[str]
    suspension: SuspensionPanel
    rewards: RewardPanel


class AppealRow(msgspec.Struct, frozen=True):
    """An appeal that waits for an answer."""

    driver_id: UUID
    driver_name: str
    suspension_id: UUID
    appeal: AppealOut


class AppealRows(msgspec.Struct, frozen=True):
    items: list[AppealRow]


class NoticeRow(msgspec.Struct, frozen=True):
    """A notice in both languages, with the time in which it is shown."""

    id: UUID
    audience: str
    title_ko: str
    title_en: str
    body_ko: str
    body_en: str
    shown_from: datetime
    shown_until: datetime | None
    withdrawn_at: datetime | None
    created_by: str | None


class NoticeRows(msgspec.Struct, frozen=True):
    items: list[NoticeRow]
