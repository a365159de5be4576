"""A gate with a key ring of the test's own, a stepped wall clock, and a second company."""

import random
from collections.abc import AsyncIterator

import pytest
from tests.accounts.desk import Desk, SteppedWallClock

from daeri.accounts import api
from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock


@pytest.fixture
def wall() -> SteppedWallClock:
    return SteppedWallClock()


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(new_keys())


@pytest.fixture
def gate(ring: KeyRing, ids: Ids) -> api.Gate:
    return api.Gate(ring, ids, random.Random(7).randbytes)


@pytest.fixture
def desk(database: Database, gate: api.Gate, clock: SteppedClock, wall: SteppedWallClock) -> Desk:
    return Desk(database, gate, clock, wall)


@pytest.fixture
async def authenticator(
    database: Database, bus: Bus, ring: KeyRing, wall: SteppedWallClock
) -> AsyncIterator[api.Authenticator]:
    made = api.Authenticator(database, bus, ring, wall)
    yield made
    made.close()


@pytest.fixture
async def other_company(database: Database, ids: Ids, clock: SteppedClock) -> CompanyId:
    company_id = CompanyId(ids.new())
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO companies (id, slug, name_ko, name_en, created_at) VALUES ($1, $2, $3, $4, $5)",
            company_id,
            "dalbit",
            "달빛대리",
            "Dalbit",
            clock.now(),
        )
    return company_id
