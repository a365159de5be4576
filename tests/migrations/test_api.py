"""Migrations on a real database."""

import asyncio

import asyncpg
import pytest

from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId
from daeri.migrations import api
from daeri.migrations.sqlfiles import files_of, queue_schema


async def test_a_fresh_database_has_no_head_and_reaches_the_expected_one(empty_dsn: str):
    assert await api.head_of(empty_dsn) is None
    await api.migrate(empty_dsn)
    assert await api.head_of(empty_dsn) == api.expected_head()


async def test_two_processes_that_migrate_at_once_take_turns(empty_dsn: str):
    await asyncio.gather(*(api.migrate(empty_dsn) for _ in range(3)))
    assert await api.head_of(empty_dsn) == api.expected_head()


async def test_a_failing_file_leaves_nothing_behind(empty_dsn: str, tmp_path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "0001"
    folder.mkdir()
    (folder / "10_good.sql").write_text("CREATE TABLE good (id int); INSERT INTO good VALUES (1);")
    (folder / "20_bad.sql").write_text("CREATE TABLE bad (id int); SELECT 1 / 0;")
    monkeypatch.setattr("daeri.migrations.sqlfiles.SQL_FOLDER", tmp_path)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await api.migrate(empty_dsn)
    connection = await asyncpg.connect(empty_dsn)
    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert tables == 0


def test_there_is_one_head():
    assert api.heads() == [api.expected_head()]


def test_files_run_in_the_order_of_their_names():
    names = [path.name for path in files_of("0001")]
    assert names == sorted(names)
    assert "10_infra.sql" in names


async def test_the_fixtures_give_a_company_in_a_database_of_ones_own(database: Database, company: CompanyId):
    async with database.reading() as tx:
        assert await tx.value("SELECT id FROM companies") == company
        assert await tx.value("SELECT count(*) FROM pgqueuer") == 0


def test_the_queues_tables_keep_their_names_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    usual = queue_schema()
    for name in ("PGQUEUER_PREFIX", "PGQUEUER_QUEUE_TABLE", "PGQUEUER_SCHEMA", "TRIGGER"):
        monkeypatch.setenv(name, "other")
    assert "CREATE TABLE pgqueuer (" in usual
    assert queue_schema() == usual
