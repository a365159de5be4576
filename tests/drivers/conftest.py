"""A night, and a desk that decides about its drivers."""

import pytest
from tests.dispatch.factories import Night
from tests.drivers.factories import Desk

from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


@pytest.fixture
def desk(night: Night) -> Desk:
    return Desk(night)
