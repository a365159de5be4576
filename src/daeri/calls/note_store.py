"""All SQL of memos and kept fare calculations."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from daeri.calls.model import Place
from daeri.calls.note_model import FareCalculation, Memo, MemoLink
from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId
from daeri.kernel.terms import Service
from daeri.pricing.model import Quote

_BY_NUMBER = "SELECT id, number FROM calls WHERE company_id = $1 AND number = ANY($2)"
_ADD_MEMO = "INSERT INTO call_memos (id, company_id, call_id, author_id, at, body) VALUES ($1, $2, $3, $4, $5, $6)"
_ADD_LINKS = "INSERT INTO call_memo_links (memo_id, call_id) SELECT $1, unnest($2::uuid[])"
# Those of the call itself and those of other calls that link to it.
_MEMOS = """
SELECT m.id, m.call_id, c.number, m.author_id, m.at, m.body, l.ids, l.numbers
FROM call_memos m JOIN calls c ON c.id = m.call_id
LEFT JOIN LATERAL (
    SELECT array_agg(o.id ORDER BY o.number) AS ids, array_agg(o.number ORDER BY o.number) AS numbers
    FROM call_memo_links k JOIN calls o ON o.id = k.call_id WHERE k.memo_id = m.id
) l ON true
WHERE m.company_id = $1
  AND (m.call_id = $2 OR m.id IN (SELECT memo_id FROM call_memo_links WHERE call_id = $2))
ORDER BY m.at, m.id
"""
_ADD_CALCULATION = """
INSERT INTO call_fare_calculations (id, company_id, call_id, by_id, at, service, departure, way, quote)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_CALCULATIONS = """
SELECT id, call_id, by_id, at, service, departure, way, quote FROM call_fare_calculations
WHERE company_id = $1 AND call_id = $2 ORDER BY at, id
"""


class _Stop(msgspec.Struct, frozen=True):
    """A place of a kept trip as its column has it."""

    lat: float
    lon: float
    name: str
    region: str | None


async def calls_by_number(tx: Tx, company_id: UUID, numbers: Sequence[str]) -> dict[str, CallId]:
    return {row["number"]: row["id"] for row in await tx.rows(_BY_NUMBER, company_id, list(numbers))}


async def add_memo(tx: Tx, company_id: UUID, memo: Memo) -> None:
    await tx.execute(_ADD_MEMO, memo.id, company_id, memo.call_id, memo.author_id, memo.at, memo.text)
    if memo.links:
        await tx.execute(_ADD_LINKS, memo.id, [link.call_id for link in memo.links])


async def memos(tx: Tx, company_id: UUID, call_id: UUID) -> list[Memo]:
    return [_memo(row) for row in await tx.rows(_MEMOS, company_id, call_id)]


async def add_calculation(tx: Tx, company_id: UUID, made: FareCalculation) -> None:
    way = [_Stop(stop.point.lat, stop.point.lon, stop.name, stop.region) for stop in made.way]
    head = (made.id, company_id, made.call_id, made.by_id, made.at, made.service, made.departure)
    await tx.execute(_ADD_CALCULATION, *head, way, made.quote)


async def calculations(tx: Tx, company_id: UUID, call_id: UUID) -> list[FareCalculation]:
    return [_calculation(row) for row in await tx.rows(_CALCULATIONS, company_id, call_id)]


def _memo(row: Row) -> Memo:
    links = zip(row["ids"] or (), row["numbers"] or (), strict=True)
    return Memo(
        id=row["id"],
        call_id=row["call_id"],
        call_number=row["number"],
        author_id=row["author_id"],
        at=row["at"],
        text=row["body"],
        links=tuple(MemoLink(CallId(call_id), number) for call_id, number in links),
    )


def _calculation(row: Row) -> FareCalculation:
    way = msgspec.convert(row["way"], list[_Stop])
    return FareCalculation(
        id=row["id"],
        call_id=row["call_id"],
        by_id=row["by_id"],
        at=row["at"],
        way=tuple(Place(Point(stop.lat, stop.lon), stop.name, stop.region) for stop in way),
        service=Service(row["service"]),
        departure=row["departure"],
        quote=msgspec.convert(row["quote"], Quote),
    )
