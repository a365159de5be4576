"""The company's drivers as a list: what they do by the live fleet, what they drive by the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Permission
from daeri.calls import api as calls
from daeri.dispatch import api as dispatch
from daeri.drivers import api as drivers
from daeri.drivers.model import SignUp
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import AccountId, CompanyId, DriverId
from daeri.web.console.live import DriverStatus
from daeri.web.console.reads import CALLS_PER_PAGE, DriverRow, DriverRows, DriverState, Viewer
from daeri.web.console_rows import store
from daeri.web.console_rows.call_rows import UNKNOWN, read_cursor
from daeri.web.console_rows.viewers import permitted
from daeri.web.context import WebContext
from daeri.web.live.fleet_columns import position_of, status_of
from daeri.web.words import Language

_LAST_DIGITS = 4
_STATES = {
    DriverStatus.IDLE: DriverState.IDLE,
    DriverStatus.OFFERED: DriverState.OFFERED,
    DriverStatus.DRIVING: DriverState.DRIVING,
    DriverStatus.STALE: DriverState.STALE,
}


@dataclass(frozen=True, slots=True)
class _Found:
    driver_id: DriverId
    state: DriverState
    sign_up: SignUp


async def search(context: WebContext, viewer: Viewer, q: str, state: str, cursor: str | None) -> DriverRows:
    """The drivers whose name or number fits, in the order in which they joined."""
    company_id = permitted(viewer, Permission.DRIVERS_READ)
    after = read_cursor(cursor)
    async with context.database.snapshot() as tx:
        everyone = [
            _Found(driver_id, state_of(context, company_id, driver_id, is_on_duty=on_duty), sign_up)
            for driver_id, on_duty, sign_up in await store.drivers(tx, company_id)
            if after is None or driver_id > after
        ]
        wanted = [found for found in everyone if not state or found.state == state]
        if q:
            wanted = await _called(tx, context, company_id, wanted, q)
        shown, rest = wanted[:CALLS_PER_PAGE], wanted[CALLS_PER_PAGE:]
        items = await _rows(tx, context, company_id, shown)
    return DriverRows(items, str(shown[-1].driver_id) if rest else None)


def state_of(context: WebContext, company_id: CompanyId, driver_id: DriverId, *, is_on_duty: bool) -> DriverState:
    """What a driver does now; one on duty whom the fleet has not heard of is stale."""
    slot = context.fleet.slot_of(driver_id)
    if not is_on_duty:
        return DriverState.OFF_DUTY
    status = DriverStatus.STALE if slot is None else status_of(context, company_id, slot)
    return _STATES.get(status, DriverState.STALE)


async def _called(tx: Tx, context: WebContext, company_id: CompanyId, among: Sequence[_Found], q: str) -> list[_Found]:
    """Those whose number ends or reads so, or whose name holds the words."""
    if q.replace("-", "").isdigit() and len(q) >= _LAST_DIGITS:
        owners = set(await accounts.find_by_phone(tx, context.gate, company_id, q, kinds=[AccountKind.DRIVER]))
        return [found for found in among if AccountId(found.driver_id) in owners]
    names = await context.names.of(tx, company_id, [found.driver_id for found in among])
    words = q.casefold()
    return [found for found in among if words in names.get(found.driver_id, "").casefold()]


async def _rows(tx: Tx, context: WebContext, company_id: CompanyId, shown: Sequence[_Found]) -> list[DriverRow]:
    ids = [found.driver_id for found in shown]
    if not ids:
        return []
    names = await context.names.of(tx, company_id, ids)
    phones = await accounts.masked_phones(tx, context.gate, company_id, [AccountId(each) for each in ids])
    engaged = await dispatch.calls_of_drivers(tx, ids)
    numbers = {call.id: call.number for call in await calls.get_many(tx, list(engaged.values()))}
    seen = {last.driver_id: (last.point, last.at) for last in await drivers.last_positions(tx, ids)}
    rows = []
    for found in shown:
        newest = _newest(context, found.driver_id) or seen.get(found.driver_id)
        call_id = engaged.get(found.driver_id)
        rows.append(
            DriverRow(
                id=found.driver_id,
                name=names.get(found.driver_id) or UNKNOWN,
                phone=phones.get(AccountId(found.driver_id), UNKNOWN),
                state=found.state,
                region_names={} if newest is None else _region_names(context, newest[0]),
                seen_at=None if newest is None else newest[1],
                call_id=call_id,
                call_number=None if call_id is None else numbers.get(call_id),
                sign_up=found.sign_up,
            )
        )
    return rows


def _region_names(context: WebContext, point: Point) -> dict[str, str]:
    found = context.regions.resolve(point)
    if found.name_ko is None or found.name_en is None:
        return {}
    return {Language.KO: found.name_ko, Language.EN: found.name_en}


def _newest(context: WebContext, driver_id: DriverId) -> tuple[Point, datetime] | None:
    """Where the live fleet has the driver; None when it has not heard of them."""
    slot = context.fleet.slot_of(driver_id)
    return None if slot is None else position_of(context.fleet, slot)
