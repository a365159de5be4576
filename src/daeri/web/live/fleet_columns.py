"""What screens read of the live fleet: statuses with staleness, positions, and the slots that changed."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.fleet import LiveFleet, Status
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId
from daeri.kernel.time import from_millis, to_millis
from daeri.policies.model import DispatchPolicy
from daeri.web.console.live import DriverStatus
from daeri.web.context import WebContext

_MILLIS = 1_000
# By the fleet's status; STALE comes from the age of the position.
_SHOWN = np.zeros(len(Status), np.uint8)
_GONE = np.uint8(DriverStatus.GONE)  # comparing arrays with a member of an enum is slow
_STALE = np.uint8(DriverStatus.STALE)
_SHOWN[Status.IDLE] = DriverStatus.IDLE
_SHOWN[Status.HELD] = DriverStatus.OFFERED
_SHOWN[Status.BUSY] = DriverStatus.DRIVING


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a company's screens show of the fleet at one moment: a row a slot, GONE where there is nothing to show."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    status: NDArray[np.uint8]

    def changed_since(self, before: "Shown | None") -> NDArray[np.int64]:
        """The slots that a screen must draw anew; without `before` all that are shown."""
        differs = self.status != _GONE
        if before is not None:
            size = len(before.status)
            moved = (self.lat[:size] != before.lat) | (self.lon[:size] != before.lon)
            either = (self.status[:size] | before.status) != _GONE
            differs[:size] = either & (moved | (self.status[:size] != before.status))
        return np.flatnonzero(differs)

    def new_since(self, before: "Shown | None") -> NDArray[np.int64]:
        """The slots that are shown now and were not in `before`."""
        is_new = self.status != _GONE
        if before is not None:
            size = len(before.status)
            is_new[:size] &= before.status == _GONE
        return np.flatnonzero(is_new)


def shown_of(context: WebContext, company_id: CompanyId) -> Shown:
    """The company's drivers as its screens show them now; a copy."""
    fleet, used = context.fleet, len(context.fleet)
    columns = fleet.columns
    status = _SHOWN[columns.status[:used]]
    is_old = columns.at_ms[:used] < _oldest_ms(context, company_id)
    status[is_old & (status != _GONE)] = _STALE
    # Without a position there is nothing to draw.
    is_theirs = columns.company[:used] == fleet.company_index(company_id)
    status[~is_theirs | (columns.at_ms[:used] < 0)] = _GONE
    return Shown(columns.lat[:used].copy(), columns.lon[:used].copy(), status)


def status_of(context: WebContext, company_id: CompanyId, slot: int) -> DriverStatus:
    """One driver's status; STALE also when no position was ever heard."""
    columns = context.fleet.columns
    shown = DriverStatus(int(_SHOWN[columns.status[slot]]))
    is_old = columns.at_ms[slot] < _oldest_ms(context, company_id)
    return DriverStatus.STALE if is_old and shown is not DriverStatus.GONE else shown


def position_of(fleet: LiveFleet, slot: int) -> tuple[Point, datetime] | None:
    """The newest believed point and its time; None before the first."""
    at_ms = int(fleet.columns.at_ms[slot])
    if at_ms < 0:
        return None
    return Point(float(fleet.columns.lat[slot]), float(fleet.columns.lon[slot])), from_millis(at_ms)


def _oldest_ms(context: WebContext, company_id: CompanyId) -> int:
    """I-040: a position from before this does not count."""
    now = context.clock.now()
    policy = context.shelf.of(company_id).read(DispatchPolicy, at=now).value
    return to_millis(now) - policy.position_max_age_s * _MILLIS
