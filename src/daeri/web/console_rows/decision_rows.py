"""The decision log of a call with the names of the drivers and the numbers of other calls."""

from collections.abc import Mapping
from uuid import UUID

from daeri.accounts.model import Permission
from daeri.calls import api as calls
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Considered
from daeri.dispatch.model import Decision as Decided
from daeri.web.console.live import UnmetReason
from daeri.web.console.reads import Candidate, Decision, DecisionReason, Viewer
from daeri.web.console_rows.call_rows import UNKNOWN
from daeri.web.console_rows.viewers import permitted
from daeri.web.context import WebContext

_OFFERED = "offered"


async def of_call(context: WebContext, viewer: Viewer, call_id: UUID) -> list[Decision]:
    """What was decided about the call, newest first; nothing about another company's call."""
    company_id = permitted(viewer, Permission.CALLS_READ)
    async with context.database.snapshot() as tx:
        decided = await dispatch.decisions_of_call(tx, company_id, call_id)
        pairs = [pair for decision in decided for pair in decision.considered]
        names = await context.names.of(tx, company_id, [pair.driver_id for pair in pairs])
        others = {pair.other for pair in pairs if pair.other is not None}
        found = await calls.get_many(tx, list(others)) if others else []
    numbers: dict[UUID, str] = {call.id: call.number for call in found if call.company_id == company_id}
    return [_decision(decision, names, numbers) for decision in reversed(decided)]


def _decision(decided: Decided, names: Mapping[UUID, str], numbers: Mapping[UUID, str]) -> Decision:
    return Decision(
        at=decided.decided_at,
        radius_m=decided.radius_m,
        candidates=[_candidate(pair, names, numbers) for pair in decided.considered],
        rest={DecisionReason(reason.name.lower()): count for reason, count in decided.rest.items()},
        unmet=None if decided.outcome == _OFFERED else UnmetReason(decided.outcome.value),
    )


def _candidate(pair: Considered, names: Mapping[UUID, str], numbers: Mapping[UUID, str]) -> Candidate:
    other = pair.other if pair.other in numbers else None
    return Candidate(
        driver_id=pair.driver_id,
        driver_name=names.get(pair.driver_id) or UNKNOWN,
        pickup_m=pair.metres,
        reason=DecisionReason(pair.reason.name.lower()),
        other_call_id=other,
        other_call_number=None if other is None else numbers[other],
    )
