"""What a company's console shows at one moment: the waiting board, the drivers' columns, the figures."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from daeri.calls.model import Call
from daeri.dispatch.fleet import Duty, Status
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId, uuid7
from daeri.kernel.time import KST, to_millis
from daeri.policies.model import DispatchPolicy
from daeri.web.console.live import BoardFacts, DriverColumns, Figures, LiveCall, UnmetReason
from daeri.web.console_rows import store
from daeri.web.console_rows.call_rows import place_of
from daeri.web.console_rows.store import Today, WaitingRow
from daeri.web.context import WebContext
from daeri.web.live.fleet_columns import Shown

_DIGITS = 6  # of a degree: a tenth of a metre
_OFFERED = "offered"
_LONGEST_CALL = timedelta(days=15)  # a reserved call of today was requested up to so long ago
_FIRST_DECISION = timedelta(seconds=5)  # by then matching has said something about every call


def live_call(call: Call, names: Mapping[UUID, str]) -> LiveCall:
    """A call as the live screens show it."""
    return LiveCall(
        id=call.id,
        number=call.number,
        version=call.version,
        state=call.state,
        service=call.service,
        origin=place_of(call.origin),
        destination=place_of(call.destination),
        requested_at=to_millis(call.requested_at),
        driver_id=call.driver_id,
        driver_name=None if call.driver_id is None else names.get(call.driver_id, ""),
    )


async def columns_of(
    tx: Tx, context: WebContext, company_id: CompanyId, shown: Shown, before: Shown | None
) -> DriverColumns:
    """The slots that changed since `before`; ids and names only of those who were not shown there."""
    slots = shown.changed_since(before)
    new = {slot: driver_id for slot in shown.new_since(before).tolist() if (driver_id := context.fleet.driver_at(slot))}
    names = await context.names.of(tx, company_id, new.values()) if new else {}
    named = slots.tolist() if new else []
    return DriverColumns(
        at=to_millis(context.clock.now()),
        slots=slots.tolist(),
        lat=shown.lat[slots].round(_DIGITS).tolist(),
        lon=shown.lon[slots].round(_DIGITS).tolist(),
        status=shown.status[slots].tolist(),
        ids=[str(new[slot]) if slot in new else "" for slot in named],
        names=[names.get(new[slot], "") if slot in new else "" for slot in named],
    )


async def board_of(tx: Tx, context: WebContext, company_id: CompanyId) -> list[BoardFacts]:
    """What dispatch does for each waiting call now."""
    rows, now = await store.board(tx, company_id), context.clock.now()
    asked: Sequence[DriverId] = [row.offered_to for row in rows if row.offered_to is not None]
    names = await context.names.of(tx, company_id, asked) if asked else {}
    return [
        BoardFacts(
            id=row.call_id,
            asked=row.asked,
            offered_to=None if row.offered_to is None else names.get(row.offered_to, ""),
            radius_m=_radius(context, company_id, row, now),
            unmet=_unmet(row, now),
        )
        for row in rows
    ]


async def today_of(tx: Tx, context: WebContext, company_id: CompanyId) -> Today:
    """The figures that take a reading of the whole Korean day."""
    midnight = context.clock.now().astimezone(KST).replace(hour=0, minute=0, second=0, microsecond=0)
    first_id = uuid7(midnight - _LONGEST_CALL, bytes(10))
    return await store.today(tx, company_id, first_id=first_id, since=midnight)


def figures_of(context: WebContext, company_id: CompanyId, board: Sequence[BoardFacts], today: Today) -> Figures:
    """The row of figures above the map."""
    fleet = context.fleet
    used, columns = len(fleet), fleet.columns
    theirs = columns.company[:used] == fleet.company_index(company_id)
    return Figures(
        at=to_millis(context.clock.now()),
        waiting=len(board),
        offered=sum(facts.offered_to is not None for facts in board),
        driving=int((theirs & (columns.status[:used] == Status.BUSY)).sum()),
        on_duty=int((theirs & (columns.duty[:used] == Duty.ON)).sum()),
        finished_today=today.finished,
        assign_p50_s=today.median_s,
    )


def _radius(context: WebContext, company_id: CompanyId, row: WaitingRow, now: datetime) -> int:
    """How far matching looks by now: R-051, as the policy of the call's region and service says."""
    chain = context.region_chain(row.region)
    book = context.shelf.of(company_id)
    policy = book.read(DispatchPolicy, at=now, region_chain=chain, service=row.service).value
    steps = max(now - row.dispatch_at, timedelta()) // timedelta(seconds=policy.radius_step_every_s)
    return min(policy.radius_start_m + steps * policy.radius_step_m, policy.radius_cap_m)


def _unmet(row: WaitingRow, now: datetime) -> UnmetReason | None:
    """Why nobody holds an offer; None while somebody does, and for the moments between two offers."""
    if row.offered_to is not None or row.outcome == _OFFERED:
        return None
    if row.outcome is None:
        return UnmetReason.WARMING_UP if now - row.dispatch_at > _FIRST_DECISION else None
    return UnmetReason(row.outcome)
