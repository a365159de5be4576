"""What the API's JSON looks like where it is about a driver's account: papers, suspensions, earnings, notices."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.drivers.model import Appeal, Earnings, Run, SignUp, Suspension
from daeri.drivers.paper_model import (
    Application,
    ApplicationState,
    Apply,
    Document,
    DocumentKind,
    Insurance,
    Licence,
    LicenceKind,
)
from daeri.kernel.terms import Payment, Service
from daeri.rewards.model import Reward, RewardKind
from daeri.web.reward_wire import SlotOut, slot_out
from daeri.web.wire_parts import NO_NUL

_VISIBLE = r"^[^\x00]*[^\x00\s][^\x00]*$"
ShortText = Annotated[str, Meta(min_length=1, max_length=60, pattern=_VISIBLE)]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=_VISIBLE)]
LongText = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=_VISIBLE)]


class LicenceIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[str, Meta(min_length=1, max_length=30, pattern=NO_NUL)]
    kind: LicenceKind
    expires_on: date


class InsuranceIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    company: ShortText
    policy_number: Annotated[str, Meta(min_length=1, max_length=40, pattern=_VISIBLE)]
    expires_on: date


class ApplicationIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=40, pattern=_VISIBLE)]
    licence: LicenceIn
    insurance: InsuranceIn
    services: Annotated[tuple[Service, ...], Meta(min_length=1, max_length=len(Service))]


class LicenceOut(msgspec.Struct, frozen=True):
    number_masked: str
    kind: LicenceKind
    expires_on: date


class InsuranceOut(msgspec.Struct, frozen=True):
    company: str
    policy_masked: str
    expires_on: date


class DocumentOut(msgspec.Struct, frozen=True):
    """A document that was handed in; `size` in bytes."""

    kind: DocumentKind
    media_type: str
    size: int
    uploaded_at: datetime


class ApplicationOut(msgspec.Struct, frozen=True):
    """How far the sign-up has come, the newest application, and what still has to be handed in.

    `refusal` is why the newest application was refused.
    """

    status: SignUp
    name: str
    licence: LicenceOut | None
    insurance: InsuranceOut | None
    services: tuple[Service, ...]
    state: ApplicationState | None
    submitted_at: datetime | None
    decided_at: datetime | None
    refusal: str | None
    documents: tuple[DocumentOut, ...]
    missing: tuple[DocumentKind, ...]


class AppealIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: LongText


class AppealOut(msgspec.Struct, frozen=True):
    """`upheld` means that the driver was right and the suspension was lifted."""

    id: UUID
    text: str
    at: datetime
    answer: str | None
    answered_at: datetime | None
    upheld: bool | None


class SuspensionOut(msgspec.Struct, frozen=True):
    """A suspension; over once `ended_at` is set, by being lifted or at its own end."""

    id: UUID
    reason: str
    evidence: str
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    lifted_at: datetime | None
    by_hand: bool
    appeal: AppealOut | None


class SuspensionsOut(msgspec.Struct, frozen=True):
    items: tuple[SuspensionOut, ...]


class DayOut(msgspec.Struct, frozen=True):
    """Runs of one Korean day added up, in won."""

    day: date
    runs: int
    fares: int
    commission: int
    premium: int
    net: int


class TotalOut(msgspec.Struct, frozen=True):
    runs: int
    fares: int
    commission: int
    premium: int
    net: int


class EarningsOut(msgspec.Struct, frozen=True):
    """Newest day first; days without a run are left out."""

    days: tuple[DayOut, ...]
    total: TotalOut


class RunOut(msgspec.Struct, frozen=True):
    """A ride as the driver's earning, in won, with each part of it explained (I-049).

    `kind` says why the premium is what it is. `is_drive` is false for the fee of a customer who did not come. `score`,
    `points` and the hours that decided them are null where nothing was awarded.
    """

    call_id: UUID
    number: str
    ended_at: datetime
    fare: int
    commission: int
    premium: int
    net: int
    payment: Payment
    kind: RewardKind
    is_drive: bool
    score: int | None
    points: int | None
    slot: SlotOut | None


class RunsOut(msgspec.Struct, frozen=True):
    calls: tuple[RunOut, ...]


class NoticeOut(msgspec.Struct, frozen=True):
    id: UUID
    title: str
    body: str
    at: datetime


class NoticesOut(msgspec.Struct, frozen=True):
    items: tuple[NoticeOut, ...]


def apply_of(given: ApplicationIn) -> Apply:
    """The wire's application as the domain's."""
    return Apply(
        name=given.name.strip(),
        licence=Licence(given.licence.number, given.licence.kind, given.licence.expires_on),
        insurance=Insurance(
            given.insurance.company.strip(), given.insurance.policy_number.strip(), given.insurance.expires_on
        ),
        services=tuple(dict.fromkeys(given.services)),
    )


def licence_out(kept: Application) -> LicenceOut:
    return LicenceOut(kept.licence_masked, kept.licence_kind, kept.licence_expires_on)


def insurance_out(kept: Application) -> InsuranceOut:
    return InsuranceOut(kept.insurer, kept.policy_masked, kept.insurance_expires_on)


def document_out(document: Document) -> DocumentOut:
    return DocumentOut(document.kind, document.media_type, document.size, document.uploaded_at)


def appeal_out(appeal: Appeal) -> AppealOut:
    return AppealOut(appeal.id, appeal.text, appeal.at, appeal.answer, appeal.answered_at, appeal.upheld)


def suspension_out(suspension: Suspension) -> SuspensionOut:
    return SuspensionOut(
        id=suspension.id,
        reason=suspension.reason,
        evidence=suspension.evidence,
        starts_at=suspension.starts_at,
        ends_at=suspension.ends_at,
        ended_at=suspension.ended_at,
        lifted_at=suspension.lifted_at,
        by_hand=suspension.by_hand,
        appeal=None if suspension.appeal is None else appeal_out(suspension.appeal),
    )


def earnings_out(found: Iterable[Earnings]) -> EarningsOut:
    """The days and their sum."""
    days = tuple(
        DayOut(each.day, each.runs, each.fares, each.commission, each.premium, each.net)
        for each in found
        if each.day is not None
    )
    total = TotalOut(
        runs=sum(day.runs for day in days),
        fares=sum(day.fares for day in days),
        commission=sum(day.commission for day in days),
        premium=sum(day.premium for day in days),
        net=sum(day.net for day in days),
    )
    return EarningsOut(days, total)


def run_out(run: Run, reward: Reward | None) -> RunOut:
    return RunOut(
        call_id=run.call_id,
        number=run.number,
        ended_at=run.ended_at,
        fare=run.fare,
        commission=run.commission,
        premium=run.premium,
        net=run.net,
        payment=Payment(run.payment),
        kind=RewardKind(run.kind),
        is_drive=run.is_drive,
        score=None if reward is None else reward.worth.score,
        points=None if reward is None else reward.worth.points,
        slot=None if reward is None else slot_out(reward.worth.slot),
    )
