"""The night that the tests of dispatch play in."""

import random

import pytest
from tests.dispatch.factories import Night

from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


@pytest.fixture
def crowd(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    """The same night, where every command hesitates before each of its statements."""
    return Night(database, company, clock, ids, random.Random(20261122))
