"""What the tests of money may ask for."""

import random

import pytest
from tests.dispatch.factories import Night
from tests.payments.factories import Till

from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock


@pytest.fixture
def till(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Till:
    return Till(Night(database, company, clock, ids))


@pytest.fixture
def crowd(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Till:
    """The same, where every command hesitates before each of its statements."""
    return Till(Night(database, company, clock, ids, random.Random(20261128)))
