"""The night that cases are reported of."""

import pytest
from tests.dispatch.factories import Night

from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)
