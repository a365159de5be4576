"""Cases on a real database: numbers, history, the race to close, and numbers sealed again with a new key."""

import asyncio
from pathlib import Path

import pytest
from tests.dispatch.factories import Night

from daeri.calls.model import Call
from daeri.infra.keys import KeyRing, create_ring, new_keys, reseal, rotate_ring
from daeri.infra.phones import PhoneVault
from daeri.kernel.ids import parse_call_number
from daeri.kernel.terms import Actor, ActorKind
from daeri.support import api
from daeri.support.model import (
    LONGEST_TEXT,
    Case,
    CaseClosed,
    CaseFilter,
    CaseKind,
    CaseNotFound,
    CaseState,
    CaseTextInvalid,
    NothingToReport,
    Report,
)

VAULT = PhoneVault(KeyRing(new_keys()))


async def report(night: Night, call: Call, what: Report, vault: PhoneVault = VAULT) -> Case:
    actor = Actor(ActorKind.CUSTOMER, call.customer_id)
    async with night.transaction() as tx:
        return await api.open_case(tx, vault, call, what, actor, now=night.clock.now(), ids=night.ids)


async def close(night: Night, case: Case, note: str, actor: Actor) -> Case:
    async with night.transaction() as tx:
        return await api.close_case(tx, night.company, case.id, note, actor, now=night.clock.now(), ids=night.ids)


async def test_a_cases_number_is_no_calls_number(night: Night) -> None:
    call, _ = await night.assigned()
    case = await report(night, call, Report(CaseKind.LOST_ITEM, " 우산 "))
    assert (case.text, case.state, case.version) == ("우산", CaseState.OPEN, 1)
    assert case.number.startswith("C-")
    assert parse_call_number(case.number) is None
    other = await report(night, call, Report(CaseKind.LOST_ITEM, "지갑"))
    assert other.number != case.number


async def test_what_says_nothing_or_too_much_is_refused(night: Night) -> None:
    call, _ = await night.assigned()
    for text in ("", "  \n", "가" * (LONGEST_TEXT + 1)):
        with pytest.raises(CaseTextInvalid):
            await report(night, call, Report(CaseKind.LOST_ITEM, text))
    with pytest.raises(NothingToReport):
        await report(night, await night.request(), Report(CaseKind.LOST_ITEM, "우산"))
    async with night.database.reading() as tx:
        assert (await api.list_cases(tx, CaseFilter(night.company))).cases == []


async def test_of_two_who_close_at_once_one_note_stays(night: Night) -> None:
    call, driver = await night.assigned()
    actor = Actor(ActorKind.STAFF, driver)  # any account
    for _ in range(10):
        case = await report(night, call, Report(CaseKind.ACCIDENT, "접촉", {"injured": False, "police": True}))
        answers = await asyncio.gather(
            close(night, case, "one", actor), close(night, case, "two", actor), return_exceptions=True
        )
        (won,) = [answer for answer in answers if isinstance(answer, Case)]
        assert [type(answer) for answer in answers if answer is not won] == [CaseClosed]
        async with night.database.reading() as tx:
            kept = await api.get_case(tx, night.company, case.id)
            history = await api.case_history(tx, night.company, case.id)
        assert (kept.note, kept.version) == (won.note, 2)
        assert [(event.kind, event.version) for event in history] == [("case.opened", 1), ("case.closed", 2)]


async def test_cases_are_listed_newest_first_in_pages_and_by_what_is_asked(night: Night) -> None:
    call, _ = await night.assigned()
    made = []
    for kind in (CaseKind.LOST_ITEM, CaseKind.ACCIDENT, CaseKind.LOST_ITEM):
        made.append(await report(night, call, Report(kind, "x")))
        night.later(seconds=1)
    async with night.database.reading() as tx:
        first = await api.list_cases(tx, CaseFilter(night.company), limit=2)
        rest = await api.list_cases(tx, CaseFilter(night.company), before=first.next_before, limit=2)
        accidents = await api.list_cases(tx, CaseFilter(night.company, kind=CaseKind.ACCIDENT, call_id=call.id))
        with pytest.raises(CaseNotFound):
            await api.get_case(tx, night.company, night.ids.new())
    assert [case.id for case in (*first.cases, *rest.cases)] == [case.id for case in reversed(made)]
    assert rest.next_before is None
    assert [case.id for case in accidents.cases] == [made[1].id]


async def test_a_new_key_reaches_the_numbers_of_cases(night: Night, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old = PhoneVault(create_ring(path))
    call, _ = await night.assigned()
    case = await report(night, call, Report(CaseKind.LOST_ITEM, "우산", phone="010-0000-4321"), old)
    assert case.phone_sealed is not None
    assert "4321" not in repr(case)
    new = rotate_ring(path)
    assert sum((await reseal(night.database, new, api.SEALED_COLUMNS)).values()) == 1
    async with night.database.reading() as tx:
        kept = await api.get_case(tx, night.company, case.id)
    assert kept.phone_sealed is not None
    assert kept.phone_sealed[:5] == new.active_prefix
    assert old.masked(kept.phone_sealed) == "010-****-4321"
