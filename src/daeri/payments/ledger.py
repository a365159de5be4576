"""The ledger: entries are written once, never changed, and sum to zero; the database holds all three."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Actor, ActorKind
from daeri.payments.model import Account, EntryKind, Line

_POST = "SELECT post_entry($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
_BALANCE = "SELECT balance FROM ledger_balances WHERE owner_id = $1 AND account = $2 AND company_id = $3"
_LOCK_BALANCE = _BALANCE + " FOR NO KEY UPDATE"
_TOTALS = "SELECT account, sum(amount)::bigint AS balance FROM ledger_lines WHERE company_id = $1 GROUP BY account"
# A driver who never had a line has nothing.
_MISJUDGED = """
SELECT d.id FROM drivers_public d
LEFT JOIN ledger_balances b ON b.owner_id = d.id AND b.account = 'driver' AND b.company_id = d.company_id
WHERE d.company_id = $1 AND d.is_short <> coalesce(coalesce(-b.balance, 0) < $2::bigint, false)
ORDER BY d.id LIMIT $3
"""
_STANDING = """
SELECT e.id, e.kind, e.cause_id, array_agg(l.account ORDER BY l.place) AS accounts,
       array_agg(l.owner_id ORDER BY l.place) AS owners, array_agg(l.amount ORDER BY l.place) AS amounts
FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id
WHERE e.call_id = $1 AND e.kind = $2 AND NOT EXISTS (SELECT FROM ledger_entries r WHERE r.reverses_id = e.id)
GROUP BY e.id ORDER BY e.seq DESC LIMIT 1
"""
_ENTRY = """
SELECT e.id, e.seq, e.kind, e.call_id, e.cause_id, e.reverses_id, e.at, e.actor_kind, e.actor_id, e.note,
       c.number, array_agg(l.account ORDER BY l.place) AS accounts, array_agg(l.owner_id ORDER BY l.place) AS owners,
       array_agg(l.amount ORDER BY l.place) AS amounts
FROM ledger_entries e JOIN ledger_lines l ON l.entry_id = e.id LEFT JOIN calls_public c ON c.id = e.call_id
"""
_GROUPED = " GROUP BY e.id, c.number ORDER BY e.seq DESC LIMIT $2"
_SEARCH = (
    _ENTRY
    + """
WHERE e.company_id = $1 AND ($3::bigint IS NULL OR e.seq < $3) AND ($4::text IS NULL OR e.kind = $4)
  AND ($5::uuid IS NULL OR e.call_id = $5) AND ($6::timestamptz IS NULL OR e.at >= $6)
  AND ($7::timestamptz IS NULL OR e.at < $7)
  AND ($8::text IS NULL OR EXISTS (SELECT FROM ledger_lines x WHERE x.entry_id = e.id AND x.account = $8))
  AND ($9::uuid[] IS NULL OR EXISTS (SELECT FROM ledger_lines x WHERE x.entry_id = e.id AND x.owner_id = ANY($9)))
"""
    + _GROUPED
)


@dataclass(frozen=True, slots=True)
class Posting:
    """What an entry says beside its lines. `cause_id` is the row or event behind it: one entry of a kind for each."""

    company_id: CompanyId
    kind: EntryKind
    cause_id: UUID
    at: datetime
    actor: Actor
    call_id: UUID | None = None
    note: str = ""
    reverses_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in the books; `number` is its call's."""

    id: UUID
    seq: int
    kind: EntryKind
    call_id: UUID | None
    number: str | None
    cause_id: UUID
    reverses_id: UUID | None
    at: datetime
    actor: Actor
    note: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Every given field narrows the search of a company's books; `owners` are several, where a number names them."""

    company_id: CompanyId
    kind: EntryKind | None = None
    account: Account | None = None
    owner_id: UUID | None = None
    owners: Sequence[UUID] | None = None
    call_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


async def post(tx: Tx, posting: Posting, lines: Sequence[Line], *, ids: Ids) -> bool:
    """Write an entry; False when its cause has one of that kind already. Lines of zero won are left out."""
    written: bool = await tx.value(
        _POST,
        ids.new(),
        posting.company_id,
        posting.kind,
        posting.call_id,
        posting.cause_id,
        posting.reverses_id,
        posting.at,
        posting.actor.kind,
        posting.actor.id,
        posting.note,
        [line.account for line in lines],
        [line.owner_id for line in lines],
        [line.amount for line in lines],
    )
    return written


async def reverse(tx: Tx, posting: Posting, undone: EntryKind, *, ids: Ids) -> bool:
    """Undo the call's standing entry of the kind `undone`; False when there is none."""
    row = await tx.row(_STANDING, posting.call_id, undone)
    if row is None:
        return False
    lines = [Line(line.account, -line.amount, line.owner_id) for line in _lines(row)]
    reversing = Posting(
        posting.company_id,
        posting.kind,
        posting.cause_id,
        posting.at,
        posting.actor,
        call_id=posting.call_id,
        note=posting.note,
        reverses_id=row["id"],
    )
    return await post(tx, reversing, lines, ids=ids)


async def stands(tx: Tx, call_id: UUID, kind: EntryKind) -> bool:
    """Whether the call has an entry of that kind that was not undone."""
    return await tx.row(_STANDING, call_id, kind) is not None


async def balance(tx: Tx, company_id: UUID, account: Account, owner_id: UUID, *, lock: bool = False) -> int:
    """The sum of an owner's lines in won; `lock` keeps others from changing it until this transaction ends."""
    found = await tx.value(_LOCK_BALANCE if lock else _BALANCE, owner_id, account, company_id)
    return 0 if found is None else int(found)


async def misjudged(tx: Tx, company_id: UUID, minimum_won: int | None, limit: int) -> list[UUID]:
    """Drivers of the company who are said to be short of `minimum_won` and are not, or the other way round."""
    return [row["id"] for row in await tx.rows(_MISJUDGED, company_id, minimum_won, limit)]


async def totals(tx: Tx, company_id: UUID) -> dict[Account, int]:
    """The sum of every account of the company; together they are zero."""
    return {Account(row["account"]): row["balance"] for row in await tx.rows(_TOTALS, company_id)}


async def search(tx: Tx, wanted: EntryFilter, *, before: int | None = None, limit: int = 50) -> list[Entry]:
    """The company's entries that fit, newest first, from below the sequence number `before`."""
    owners = wanted.owners if wanted.owner_id is None else [wanted.owner_id]
    rows = await tx.rows(
        _SEARCH,
        wanted.company_id,
        limit,
        before,
        wanted.kind,
        wanted.call_id,
        wanted.since,
        wanted.until,
        wanted.account,
        None if owners is None else list(owners),
    )
    return [_entry(row) for row in rows]


def _lines(row: Row) -> tuple[Line, ...]:
    return tuple(
        Line(Account(account), amount, owner)
        for account, owner, amount in zip(row["accounts"], row["owners"], row["amounts"], strict=True)
    )


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        seq=row["seq"],
        kind=EntryKind(row["kind"]),
        call_id=row["call_id"],
        number=row["number"],
        cause_id=row["cause_id"],
        reverses_id=row["reverses_id"],
        at=row["at"],
        actor=Actor(ActorKind(row["actor_kind"]), row["actor_id"]),
        note=row["note"],
        lines=_lines(row),
    )
