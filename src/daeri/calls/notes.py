"""What staff keep beside a call: memos (운영메모) and calculated fares (요금계산기). Part of the domain's door."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.calls import note_store, store
from daeri.calls.model import Call, CallNotFound, Place
from daeri.calls.note_model import FareCalculation, Memo, MemoLink, MemoLinksItself, MemoLinkUnknown
from daeri.infra.database import Tx
from daeri.kernel.ids import Ids, parse_call_number
from daeri.kernel.terms import Service
from daeri.pricing.model import Quote


async def add_memo(
    tx: Tx,
    company_id: UUID,
    call_id: UUID,
    author_id: UUID,
    *,
    text: str,
    links: Sequence[str] = (),
    now: datetime,
    ids: Ids,
) -> Memo:
    """Write down something about the call, for good; `links` are numbers of other calls of the company.

    MemoLinkUnknown, MemoLinksItself.
    """
    call = await _call(tx, company_id, call_id)
    memo = Memo(ids.new(), call.id, call.number, author_id, now, text, await _links(tx, call, links))
    await note_store.add_memo(tx, company_id, memo)
    return memo


async def memos(tx: Tx, company_id: UUID, call_id: UUID) -> list[Memo]:
    """What was written on the call and what other calls' memos link to it, oldest first."""
    await _call(tx, company_id, call_id)
    return await note_store.memos(tx, company_id, call_id)


async def keep_calculation(
    tx: Tx,
    company_id: UUID,
    call_id: UUID,
    by_id: UUID,
    *,
    way: tuple[Place, ...],
    service: Service,
    departure: datetime,
    quote: Quote,
    now: datetime,
    ids: Ids,
) -> FareCalculation:
    """Keep what the calculator said for a trip of this call, with who asked and when (I-026)."""
    call = await _call(tx, company_id, call_id)
    made = FareCalculation(ids.new(), call.id, by_id, now, way, service, departure, quote)
    await note_store.add_calculation(tx, company_id, made)
    return made


async def calculations(tx: Tx, company_id: UUID, call_id: UUID) -> list[FareCalculation]:
    """What was calculated for the call, oldest first."""
    await _call(tx, company_id, call_id)
    return await note_store.calculations(tx, company_id, call_id)


async def _call(tx: Tx, company_id: UUID, call_id: UUID) -> Call:
    call = await store.get(tx, company_id, call_id)
    if call is None:
        raise CallNotFound(call_id=str(call_id))
    return call


async def _links(tx: Tx, call: Call, typed: Sequence[str]) -> tuple[MemoLink, ...]:
    numbers: dict[str, str] = {}
    for text in typed:
        number = parse_call_number(text)
        if number is None:
            raise MemoLinkUnknown(number=text)
        if number == call.number:
            raise MemoLinksItself()
        numbers[number] = text
    known = await note_store.calls_by_number(tx, call.company_id, list(numbers)) if numbers else {}
    for number, text in numbers.items():
        if number not in known:
            raise MemoLinkUnknown(number=text)
    return tuple(MemoLink(known[number], number) for number in sorted(numbers))
