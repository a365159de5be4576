"""The door of the policies: read what is in force, write what shall be, see who said so."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from daeri.infra.bus import Bus
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, EventId, Ids
from daeri.kernel.terms import SYSTEM, Actor, Service
from daeri.policies import store
from daeri.policies.model import (
    CHANGED_TOPIC,
    EVERYONE,
    Policy,
    PolicyInThePast,
    PolicyRecord,
    PolicyT,
    Scope,
    Versioned,
    parse,
)
from daeri.policies.policy import PolicyBook

__all__ = ["PolicyBook", "PolicyShelf", "history", "load_book", "load_books", "read", "withdraw", "write"]


class PolicyShelf:
    """`of` never waits; `refresh` reads again what a hint has marked, or everything when told to."""

    def __init__(self, books: Mapping[CompanyId, PolicyBook], bus: Bus) -> None:
        self._books = books
        self._changed = False
        self.stop = bus.listen(CHANGED_TOPIC, self._heard)

    def of(self, company_id: CompanyId) -> PolicyBook:
        """The company's book; an empty one (the built-in defaults) when it has no records."""
        return self._books[company_id]

    def widest(self, kind: type[PolicyT], *, at: datetime) -> PolicyT:
        """The policy of a program's first company that wrote one: for what all companies of a process share."""
        for book in self._books.values():
            found = book.read(kind, at=at)
            if found.version:
                return found.value
        return kind()

    @property
    def is_stale(self) -> bool:
        """Whether a record was written since the last reading."""
        return self._changed

    async def refresh(self, tx: Tx) -> None:
        """Read all records again."""
        self._changed = False
        self._books = await load_books(tx)

    def _heard(self, _topic: str, _message: bytes) -> None:
        self._changed = True


async def read(
    tx: Tx,
    company_id: CompanyId,
    kind: type[PolicyT],
    *,
    at: datetime,
    region_chain: Sequence[str] = (),
    service: Service | None = None,
) -> Versioned[PolicyT]:
    """The policy in force at `at`; read it once for a decision and keep its version with the decision."""
    book = PolicyBook(await store.of_name(tx, company_id, kind.name))
    return book.read(kind, at=at, region_chain=region_chain, service=service)


async def load_book(tx: Tx, company_id: CompanyId) -> PolicyBook:
    """All records of the company, for a process that reads policies without a query."""
    return PolicyBook(await store.of_company(tx, company_id))


async def load_books(tx: Tx) -> Mapping[CompanyId, PolicyBook]:
    """The books of all companies; one without records has an empty book."""
    records: dict[CompanyId, list[PolicyRecord]] = defaultdict(list)
    for record in await store.every(tx):
        records[record.company_id].append(record)
    books: defaultdict[CompanyId, PolicyBook] = defaultdict(PolicyBook)
    books.update({company_id: PolicyBook(own) for company_id, own in records.items()})
    return books


async def history(tx: Tx, company_id: CompanyId, kind: type[Policy]) -> list[PolicyRecord]:
    """Every record of the policy in the order in which they were written, with who and when."""
    return await store.of_name(tx, company_id, kind.name)


async def write(
    tx: Tx,
    company_id: CompanyId,
    policy: Policy,
    *,
    now: datetime,
    ids: Ids,
    actor: Actor = SYSTEM,
    scope: Scope = EVERYONE,
    effective_from: datetime | None = None,
    note: str = "",
) -> PolicyRecord:
    """Let `policy` hold for `scope` from `effective_from` (default: now) on.

    PolicyInvalid when a value is out of its bounds, PolicyInThePast when it would change what already held.
    """
    value: dict[str, object] = msgspec.to_builtins(policy)
    parse(type(policy), value)  # constructing a struct checks no bounds
    return await _append(
        tx,
        company_id,
        name=policy.name,
        value=value,
        now=now,
        ids=ids,
        actor=actor,
        scope=scope,
        starts=effective_from or now,
        note=note,
    )


async def withdraw(
    tx: Tx,
    company_id: CompanyId,
    kind: type[Policy],
    *,
    now: datetime,
    ids: Ids,
    actor: Actor = SYSTEM,
    scope: Scope = EVERYONE,
    effective_from: datetime | None = None,
    note: str = "",
) -> PolicyRecord:
    """From `effective_from` (default: now) on, let the next wider scope speak for `scope`."""
    return await _append(
        tx,
        company_id,
        name=kind.name,
        value=None,
        now=now,
        ids=ids,
        actor=actor,
        scope=scope,
        starts=effective_from or now,
        note=note,
    )


async def _append(
    tx: Tx,
    company_id: CompanyId,
    *,
    name: str,
    value: Mapping[str, object] | None,
    now: datetime,
    ids: Ids,
    actor: Actor,
    scope: Scope,
    starts: datetime,
    note: str,
) -> PolicyRecord:
    if starts < now:
        raise PolicyInThePast(name=name, effective_from=starts.isoformat())
    record = await store.insert(
        tx,
        record_id=ids.new(),
        company_id=company_id,
        name=name,
        scope=scope,
        value=value,
        effective_from=starts,
        now=now,
        actor=actor,
        note=note,
        event_id=EventId(ids.new()),
    )
    tx.hint(CHANGED_TOPIC, company_id.bytes)
    return record
