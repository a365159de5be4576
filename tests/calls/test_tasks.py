"""What a completed call leaves to its driver is kept by the policies of the time at which it ended."""

from datetime import date

import pytest
from tests.dispatch.factories import Night

from daeri.calls.model import Call
from daeri.calls.tasks import record_run
from daeri.drivers import api as drivers
from daeri.drivers.model import Earnings, Run
from daeri.infra import events
from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.money import Won
from daeri.kernel.terms import Service
from daeri.kernel.time import SteppedClock
from daeri.policies import api as policies
from daeri.policies.model import EVERYONE, Policy, Scope
from daeri.pricing.model import CommissionPolicy, PremiumPolicy


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


async def _write(night: Night, policy: Policy, scope: Scope = EVERYONE) -> int:
    async with night.transaction() as tx:
        record = await policies.write(
            tx, night.company, policy, now=night.clock.now(), ids=night.ids, scope=scope
        )  # fmt: skip -- one call
    return record.version


async def _completed(night: Night) -> tuple[Call, DriverId]:
    call, driver = await night.assigned()
    await night.arrive(call.id, driver)
    await night.start(call.id, driver)
    return await night.complete(call.id, driver), driver


async def _recorded(night: Night, call: Call, driver: DriverId, *, times: int = 1) -> list[Run]:
    """The runs of the day after the reaction has run so often."""
    async with night.transaction() as tx:
        history = await events.history(tx, night.company, "call", call.id)
        for _ in range(times):
            await record_run(tx, history[-1])
        return await drivers.runs_of_day(tx, night.company, driver, date(2026, 11, 22))


async def test_the_policy_of_the_end_holds_and_its_version_is_kept(night: Night) -> None:
    version = await _write(night, CommissionPolicy(percent=10))
    premium = await _write(night, PremiumPolicy(own_won=300))
    call, driver = await _completed(night)
    night.later(seconds=1)
    await _write(night, CommissionPolicy(percent=90))
    (run,) = await _recorded(night, call, driver, times=2)
    assert (run.fare, run.commission, run.premium, run.net) == (25_000, 2_500, 300, 22_200)
    assert (run.commission_version, run.premium_version) == (version, premium)
    assert (run.kind, run.payment, run.number) == ("own", "card", call.number)


async def test_a_region_may_have_a_commission_of_its_own(night: Night) -> None:
    await _write(night, CommissionPolicy(percent=10))
    await _write(night, CommissionPolicy(percent=30), Scope(region="11680"))
    await _write(night, CommissionPolicy(percent=50), Scope(region="11680", service=Service.VIP))
    call, driver = await _completed(night)
    (run,) = await _recorded(night, call, driver)
    assert run.commission == 7_500


async def test_days_add_up(night: Night) -> None:
    call, driver = await _completed(night)
    await _recorded(night, call, driver)
    async with night.database.reading() as tx:
        day = date(2026, 11, 22)
        found = await drivers.earnings(tx, night.company, driver, since=day, until=day)
        assert found == [Earnings(day, 1, Won(25_000), Won(5_000), Won(0), Won(20_000))]
        assert await drivers.earnings(tx, CompanyId(night.ids.new()), driver, since=day, until=day) == []
        assert await drivers.runs_of_day(tx, night.company, DriverId(night.ids.new()), day) == []
