"""Memos stay as they were written, on every call of their company and on no other's; calculations are kept whole."""

from dataclasses import replace

import pytest
from asyncpg import RestrictViolationError
from tests.dispatch.factories import GANGNAM, JAMSIL, Night, make_company, request_for

from daeri.calls import api
from daeri.calls.model import Call, CallNotFound, State
from daeri.calls.note_model import Memo, MemoLinksItself, MemoLinkUnknown
from daeri.kernel.ids import CompanyId
from daeri.kernel.money import Won
from daeri.kernel.terms import SYSTEM, Service
from daeri.pricing.model import LineKind, Quote, QuoteLine

QUOTE = Quote(
    amount=Won(12_000),
    distance_m=4_000,
    duration_s=600,
    exact=False,
    lines=(QuoteLine(LineKind.BASE, Won(12_000)),),
    tariff_version=2,
)


async def write(night: Night, call: Call, text: str = "메모", *links: str, company: CompanyId | None = None) -> Memo:
    author = await night.driver()  # any account of the company; who may write is the edge's to know
    async with night.transaction() as tx:
        return await api.add_memo(
            tx, company or night.company, call.id, author, text=text, links=links, now=night.clock.now(), ids=night.ids
        )


async def read(night: Night, call: Call) -> list[Memo]:
    async with night.database.reading() as tx:
        return await api.memos(tx, night.company, call.id)


async def test_memos_are_read_in_order_and_from_what_they_link(night: Night) -> None:
    first, second = await night.request(), await night.request()
    earlier = await write(night, first, "지갑", second.number, f" {second.number.lower()} ")
    night.later(minutes=1)
    later = await write(night, second)
    assert [link.number for link in earlier.links] == [second.number]
    assert await read(night, first) == [earlier]
    assert await read(night, second) == [earlier, later]


async def test_a_memo_is_never_changed_nor_deleted(night: Night) -> None:
    call, other = await night.request(), await night.request()
    await write(night, call, "메모", other.number)
    for statement in (
        "UPDATE call_memos SET body = 'x'",
        "DELETE FROM call_memos",
        "DELETE FROM call_memo_links",
    ):
        with pytest.raises(RestrictViolationError):
            async with night.transaction() as tx:
                await tx.execute(statement)


async def test_every_state_of_a_call_takes_memos(night: Night) -> None:
    for state in (State.REQUESTED, State.DRIVING, State.COMPLETED, State.CANCELLED_AFTER_ASSIGNMENT):
        call, _ = await night.in_state(state)
        assert len([await write(night, call)]) == 1


async def test_links_are_calls_of_the_company_and_never_itself(night: Night) -> None:
    call = await night.request()
    async with night.transaction() as tx:
        theirs = await make_company(tx, night.ids, "theirs")
        command = replace(request_for(theirs, None, night.clock), customer_id=None)
        foreign = await api.request(tx, command, SYSTEM, now=night.clock.now(), ids=night.ids)
    for number in (foreign.number, "00000000", "12", ""):
        with pytest.raises(MemoLinkUnknown):
            await write(night, call, "메모", number)
    with pytest.raises(MemoLinksItself):
        await write(night, call, "메모", call.number)
    with pytest.raises(CallNotFound):
        await write(night, call, company=theirs)
    assert await read(night, call) == []


@pytest.mark.rule("I-026")
async def test_a_calculation_is_kept_as_it_was(night: Night) -> None:
    call, by = await night.request(), await night.driver()
    way = (GANGNAM, JAMSIL, replace(GANGNAM, name="집", region=None))
    now = night.clock.now()
    async with night.transaction() as tx:
        made = await api.keep_calculation(
            tx,
            night.company,
            call.id,
            by,
            way=way,
            service=Service.VIP,
            departure=now,
            quote=QUOTE,
            now=now,
            ids=night.ids,
        )
    async with night.database.reading() as tx:
        assert await api.calculations(tx, night.company, call.id) == [made]
    assert (made.way, made.quote, made.by_id) == (way, QUOTE, by)
