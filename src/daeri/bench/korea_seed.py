"""The night of `bench korea` as it stands: where 100,000 drivers are, who of them is driving, and the rows of it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from daeri.bench.stage import People
from daeri.bootstrap import Parts
from daeri.kernel.geo import METRES_PER_DEGREE, Point
from daeri.kernel.ids import uuid7
from daeri.sim.tokens import Holder

Floats = NDArray[np.float64]

DRIVING_SHARE = 0.58
# Millions of inhabitants by the first two digits of the region's code, rounded; a weight, no statistic.
_INHABITANTS = {
    "11": 9.3,
    "12": 3.2,
    "26": 3.3,
    "27": 2.4,
    "28": 3.0,
    "30": 1.4,
    "31": 1.1,
    "36": 0.4,
    "41": 13.7,
    "43": 1.6,
    "44": 2.1,
    "47": 2.5,
    "48": 3.2,
    "50": 0.7,
    "51": 1.5,
    "52": 1.7,
}
_DRIVERS_A_REGION = 200  # on the mean; a smaller night has fewer regions, so that drivers are as near as at full size
_SPREAD_M = 2_500.0
_WALK_M = 200.0
_DRIVEN_FOR_S = 2_000.0  # calls that began at most that long ago are still driving: 58,000 at 29 a second
_CHUNK = 10_000

# $1 calls, $2 customers, $3 drivers, $4 … $5 where they began, $6 when, $7 company
_CALLS = """
INSERT INTO calls (id, company_id, number, version, state, source, orderer_id, performer_id, driver_id, customer_id,
    service, timing, options, payment, fare_amount, fare_plan, tariff_version, origin_lat, origin_lon, origin_name,
    destination_lat, destination_lon, destination_name, vias, note, requested_at, dispatch_at, expires_at,
    assigned_at, arrived_at, started_at, policy_version)
SELECT s.id, $7, call_number(nextval('call_numbers')), 4, 'driving', 'own', $7, $7, s.driver_id, s.customer_id,
    'general', 'now', '{}', 'cash', 20000, 'calculator', 0, s.lat, s.lon, '', s.lat + 0.05, s.lon + 0.05, '', '[]', '',
    s.at, s.at, s.at + interval '15 minutes', s.at, s.at, s.at, 0
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::float8[], $5::float8[], $6::timestamptz[])
     AS s (id, customer_id, driver_id, lat, lon, at)
"""
_ENGAGEMENTS = """
INSERT INTO engagements (driver_id, slot, company_id, call_id, since)
SELECT s.driver_id, 'now', $4, s.call_id, s.at
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS s (driver_id, call_id, at)
"""


@dataclass(frozen=True, slots=True)
class Night:
    """Every driver's place, and the call of those who are driving (None: idle). One entry a driver."""

    lat: Floats
    lon: Floats
    call_ids: list[str | None]

    @property
    def driving(self) -> int:
        return sum(call_id is not None for call_id in self.call_ids)

    def origins(self, count: int, rng: np.random.Generator) -> list[Point]:
        """Where customers ask from: near drivers who wait, so that the clock and not the map is measured."""
        idle = np.array([number for number, call_id in enumerate(self.call_ids) if call_id is None])
        near = np.resize(rng.permutation(idle), count)
        north, east = rng.normal(0, _WALK_M / METRES_PER_DEGREE, (2, count))
        lat, lon = self.lat[near] + north, self.lon[near] + east
        return [Point(float(one), float(other)) for one, other in zip(lat, lon, strict=True)]


class Ground:
    """Draws places: a region by its inhabitants, then a point around the middle of it."""

    def __init__(self, parts: Parts, drivers: int, rng: np.random.Generator) -> None:
        leaves = [leaf for leaf in parts.regions.leaves if leaf.code[:2] in _INHABITANTS]
        weights = np.array([_INHABITANTS[leaf.code[:2]] for leaf in leaves])
        for prefix in _INHABITANTS:
            own = np.array([leaf.code.startswith(prefix) for leaf in leaves])
            weights[own] /= max(1, int(own.sum()))
        count = int(np.clip(drivers // _DRIVERS_A_REGION, 3, len(leaves)))
        chosen = rng.choice(len(leaves), count, replace=False, p=weights / weights.sum())
        self._points = np.array([(leaves[place].point.lat, leaves[place].point.lon) for place in chosen])
        self._weights = np.ones(count) / count if count < len(leaves) else weights[chosen] / weights.sum()
        self._rng = rng

    def places(self, count: int) -> tuple[Floats, Floats]:
        """Latitudes and longitudes in degrees."""
        middle = self._points[self._rng.choice(len(self._points), count, p=self._weights)]
        north, east = self._rng.normal(0, _SPREAD_M / METRES_PER_DEGREE, (2, count))
        return middle[:, 0] + north, middle[:, 1] + east / np.cos(np.radians(middle[:, 0]))


async def begin_night(parts: Parts, people: People, ground: Ground, rng: np.random.Generator) -> Night:
    """Place all drivers and write the calls and engagements of those who are driving, without events."""
    lat, lon = ground.places(len(people.drivers))
    driving = np.flatnonzero(rng.random(len(people.drivers)) < DRIVING_SHARE)
    call_ids: list[str | None] = [None] * len(people.drivers)
    for first in range(0, len(driving), _CHUNK):
        chosen = driving[first : first + _CHUNK]
        ages_s = rng.uniform(0, _DRIVEN_FOR_S, len(chosen)).tolist()
        holders = [people.drivers[number] for number in chosen.tolist()]
        made = await _write(parts, people, holders, np.column_stack((lat[chosen], lon[chosen])), ages_s)
        for number, call_id in zip(chosen.tolist(), made, strict=True):
            call_ids[number] = str(call_id)
    await _vacuum(parts)
    return Night(lat, lon, call_ids)


async def _write(
    parts: Parts, people: People, holders: Sequence[Holder], places: Floats, ages_s: Sequence[float]
) -> list[UUID]:
    """A call that is being driven for each of these drivers; the calls' ids."""
    now = parts.clock.now()
    since = [now - timedelta(seconds=age) for age in ages_s]
    call_ids = [uuid7(at, secrets.token_bytes(10)) for at in since]
    drivers = [UUID(holder.id) for holder in holders]
    # Nobody's: whoever asks during the night has no call open yet.
    customers = [None] * len(holders)
    lat, lon = places[:, 0].tolist(), places[:, 1].tolist()
    async with parts.database.transaction() as tx:
        await tx.execute(_CALLS, call_ids, customers, drivers, lat, lon, since, people.company_id)
        await tx.execute(_ENGAGEMENTS, drivers, call_ids, since, people.company_id)
    return call_ids


async def _vacuum(parts: Parts) -> None:
    """What a database that has run for hours knows of its tables."""
    async with parts.database.reading() as tx:
        for table in ("accounts", "sessions", "drivers", "customers", "calls", "engagements"):
            await tx.execute(f"VACUUM ANALYZE {table}")
