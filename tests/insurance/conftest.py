"""An insured night."""

import random

import pytest
from tests.dispatch.factories import Night
from tests.insurance.factories import Insured

from daeri.infra.database import Database
from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock


@pytest.fixture
def insured(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Insured:
    return Insured(Night(database, company, clock, ids), KeyRing(new_keys()))


@pytest.fixture
def crowd(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Insured:
    """The same, where every command hesitates before each of its statements."""
    night = Night(database, company, clock, ids, random.Random(20261122))
    return Insured(night, KeyRing(new_keys()))
