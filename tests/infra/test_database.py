"""A pool without a free connection refuses by name instead of hanging, and says how long everybody waited."""

import asyncpg
import pytest

from daeri.adapters.bus.memory import MemoryBus
from daeri.infra.database import Database, DatabaseBusy, open_database
from daeri.infra.metrics import new_metrics
from daeri.kernel.errors import Category


async def test_a_full_pool_refuses_by_name_and_recovers(dsn: str) -> None:
    async with open_database(dsn, MemoryBus(), connections=1, wait_s=0.05) as database:
        async with database.reading():
            with pytest.raises(DatabaseBusy) as refused:
                async with database.transaction():
                    pytest.fail("there is no second connection")
        assert refused.value.category is Category.UNAVAILABLE
        async with database.transaction() as tx:
            assert await tx.value("SELECT 1") == 1


async def test_only_the_wait_for_a_connection_is_limited(dsn: str) -> None:
    async with open_database(dsn, MemoryBus(), connections=1, wait_s=0.05) as database, database.transaction() as tx:
        assert await tx.value("SELECT pg_sleep(0.1)::text") == ""


async def test_a_snapshot_sees_one_moment_and_writes_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute("CREATE TABLE moments (at integer)")
    async with database.snapshot() as seen:
        assert await seen.value("SELECT count(*) FROM moments") == 0
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO moments VALUES (1)")
        assert await seen.value("SELECT count(*) FROM moments") == 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await seen.execute("INSERT INTO moments VALUES (2)")
    async with database.snapshot() as seen:
        assert await seen.value("SELECT count(*) FROM moments") == 1


async def test_every_wait_is_told(dsn: str) -> None:
    metrics = new_metrics()
    waited = metrics.database_wait_seconds.observe
    async with (
        open_database(dsn, MemoryBus(), connections=1, wait_s=0.2, waited=waited) as database,
        database.reading(),
    ):
        with pytest.raises(DatabaseBusy):
            async with database.reading():
                pytest.fail("there is no second connection")
    value = metrics.registry.get_sample_value
    assert value("daeri_database_wait_seconds_count") == 2
    assert (value("daeri_database_wait_seconds_sum") or 0) >= 0.2
