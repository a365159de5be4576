"""The door of support: cases are opened by whom a call befell, and closed by staff with a note."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from daeri.calls.model import Call
from daeri.infra import events
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.infra.keys import SealedColumn
from daeri.infra.phones import PHONE_PURPOSE, PhoneVault
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Actor
from daeri.support import store
from daeri.support.model import (
    AGGREGATE,
    LONGEST_TEXT,
    Case,
    CaseClosed,
    CaseFilter,
    CaseNotFound,
    CaseTextInvalid,
    NothingToReport,
    Report,
)

SEALED_COLUMNS: Final = (SealedColumn("cases", "phone_sealed", PHONE_PURPOSE),)


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `limit` cases, newest first; `next_before` asks for what follows, None at the end."""

    cases: list[Case]
    next_before: UUID | None


async def open_case(
    tx: Tx, vault: PhoneVault, call: Call, report: Report, actor: Actor, *, now: datetime, ids: Ids
) -> Case:
    """A new case about a call of the actor's: CaseTextInvalid, PhoneInvalid, or NothingToReport without a driver."""
    if call.driver_id is None:
        raise NothingToReport()
    text = _clean(report.text)
    sealed = None if not report.phone else vault.seal(vault.normalise(report.phone))
    return await store.insert(
        tx,
        ids.new(),
        call.company_id,
        call.id,
        replace(report, text=text),
        phone_sealed=sealed,
        actor=actor,
        event_id=ids.new(),
        now=now,
    )


async def close_case(
    tx: Tx, company_id: CompanyId, case_id: UUID, note: str, actor: Actor, *, now: datetime, ids: Ids
) -> Case:
    """Close an open case with what came of it; of two who do so at once, the second hears CaseClosed."""
    text = _clean(note)
    case = await store.close(tx, case_id, company_id, text, actor=actor, event_id=ids.new(), now=now)
    if case is None:
        await get_case(tx, company_id, case_id)
        raise CaseClosed()
    return case


async def get_case(tx: Tx, company_id: CompanyId, case_id: UUID) -> Case:
    """The company's case, or CaseNotFound."""
    case = await store.get(tx, company_id, case_id)
    if case is None:
        raise CaseNotFound(case_id=str(case_id))
    return case


async def list_cases(tx: Tx, wanted: CaseFilter, *, before: UUID | None = None, limit: int = 50) -> Page:
    """The company's cases that fit, newest first."""
    found = await store.page(tx, wanted, before, limit + 1)
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].id if more else None)


async def case_history(tx: Tx, company_id: CompanyId, case_id: UUID) -> list[Event]:
    """What happened to the case, oldest first."""
    return await events.history(tx, company_id, AGGREGATE, case_id)


def _clean(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_TEXT:
        raise CaseTextInvalid(most=LONGEST_TEXT)
    return stripped
