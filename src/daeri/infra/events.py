"""Events: rows that say what happened to an aggregate, written by the SQL function `emit` with the change itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.kernel.terms import Actor, ActorKind

_EVENT = """
SELECT id, company_id, kind, aggregate, aggregate_id, version, at, actor_kind, actor_id, cause, data
FROM events
"""
_BY_ID = _EVENT + "WHERE id = $1"
_OF_AGGREGATE = _EVENT + "WHERE company_id = $1 AND aggregate = $2 AND aggregate_id = $3 ORDER BY version"
_EMIT = "SELECT emit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
_CLEAR_HANDLERS = (
    "DELETE FROM event_handlers WHERE (kind, handler) NOT IN (SELECT unnest($1::text[]), unnest($2::text[]))"
)
_ADD_HANDLERS = """
INSERT INTO event_handlers (kind, handler) SELECT unnest($1::text[]), unnest($2::text[]) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one aggregate; `data` holds no personal data."""

    id: UUID
    company_id: UUID
    kind: str
    aggregate: str
    aggregate_id: UUID
    version: int
    at: datetime
    actor: Actor
    cause: UUID | None
    data: Mapping[str, object]


async def emit(tx: Tx, event: Event) -> None:
    """Write `event` and a job for each of its handlers; hot transitions call the SQL function themselves."""
    await tx.execute(
        _EMIT,
        event.id,
        event.company_id,
        event.kind,
        event.aggregate,
        event.aggregate_id,
        event.version,
        event.at,
        event.actor.kind,
        event.actor.id,
        event.cause,
        dict(event.data),
    )


async def read(tx: Tx, event_id: UUID) -> Event | None:
    """The event with that id, or None when retention has taken it."""
    row = await tx.row(_BY_ID, event_id)
    return None if row is None else _event(row)


async def history(tx: Tx, company_id: UUID, aggregate: str, aggregate_id: UUID) -> list[Event]:
    """All events of one aggregate of one company, oldest first."""
    return [_event(row) for row in await tx.rows(_OF_AGGREGATE, company_id, aggregate, aggregate_id)]


async def register_handlers(tx: Tx, pairs: Iterable[tuple[str, str]]) -> None:
    """Make (event kind, handler name) the registry that `emit` makes jobs from; what is not named is dropped."""
    known = sorted(set(pairs))
    kinds, handlers = [kind for kind, _ in known], [handler for _, handler in known]
    await tx.execute(_CLEAR_HANDLERS, kinds, handlers)
    await tx.execute(_ADD_HANDLERS, kinds, handlers)


def _event(row: Row) -> Event:
    return Event(
        id=row["id"],
        company_id=row["company_id"],
        kind=row["kind"],
        aggregate=row["aggregate"],
        aggregate_id=row["aggregate_id"],
        version=row["version"],
        at=row["at"],
        actor=Actor(ActorKind(row["actor_kind"]), row["actor_id"]),
        cause=row["cause"],
        data=row["data"],
    )
