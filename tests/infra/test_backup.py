"""A backup is worth what its restore gives back."""

from pathlib import Path

import asyncpg
import pytest

from daeri.infra import backup as backups
from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId
from daeri.migrations import api as migrations


async def _values(dsn: str, sql: str) -> list[object]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_what_was_saved_comes_back_with_its_head_and_its_functions(
    database: Database, company: CompanyId, dsn: str, empty_dsn: str, tmp_path: Path
):
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO event_handlers (kind, handler) VALUES ('call.requested', 'tell')")
        await tx.execute(
            "SELECT emit($1, $2, 'call.requested', 'call', $1, 1, $3, 'system', NULL, NULL, '{}'::jsonb)",
            company, company, (await tx.value("SELECT created_at FROM companies")),
        )  # fmt: skip
    await backups.backup(dsn, tmp_path / "night.dump")
    await backups.restore(empty_dsn, tmp_path / "night.dump")
    for sql in ("SELECT * FROM companies", "SELECT * FROM events", "SELECT id, entrypoint, payload FROM pgqueuer"):
        rows = await _values(dsn, sql)
        assert rows
        assert await _values(empty_dsn, sql) == rows
    assert await migrations.head_of(empty_dsn) == migrations.expected_head()
    assert await migrations.dump_schema(empty_dsn) == await migrations.dump_schema(dsn)


async def test_a_restored_database_goes_on_counting(dsn: str, empty_dsn: str, tmp_path: Path):
    await _values(dsn, "SELECT nextval('call_numbers'), nextval('call_numbers')")
    await backups.backup(dsn, tmp_path / "night.dump")
    await backups.restore(empty_dsn, tmp_path / "night.dump")
    assert await _values(empty_dsn, "SELECT nextval('call_numbers')") == [(3,)]


async def test_the_file_is_for_its_owner_only_and_replaces_an_older_one(dsn: str, tmp_path: Path):
    file = tmp_path / "night.dump"
    file.write_text("yesterday's")
    await backups.backup(dsn, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().startswith(b"PGDMP")
    assert _files(tmp_path) == [file]


async def test_restoring_over_rows_is_refused_and_changes_nothing(
    database: Database, company: CompanyId, dsn: str, tmp_path: Path
):
    await backups.backup(dsn, tmp_path / "night.dump")
    with pytest.raises(backups.DatabaseNotEmpty) as refused:
        await backups.restore(dsn, tmp_path / "night.dump")
    assert refused.value.facts["objects"] > 0
    assert await _values(dsn, "SELECT id FROM companies") == [(company,)]


async def test_a_damaged_file_is_refused_or_leaves_the_database_empty(dsn: str, empty_dsn: str, tmp_path: Path):
    whole = tmp_path / "night.dump"
    await backups.backup(dsn, whole)
    for name, content in (("text", b"not a backup"), ("half", whole.read_bytes()[: whole.stat().st_size // 2])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises((backups.BackupUnreadable, backups.RestoreFailed)):
            await backups.restore(empty_dsn, tmp_path / name)
        assert await _values(empty_dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


async def test_a_file_that_breaks_off_among_the_rows_leaves_nothing(dsn: str, empty_dsn: str, tmp_path: Path):
    await _values(dsn, "CREATE TABLE noise AS SELECT g, sha512(g::text::bytea) FROM generate_series(1, 50000) g")
    whole = tmp_path / "night.dump"
    await backups.backup(dsn, whole)
    (tmp_path / "half").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(backups.RestoreFailed) as failed:
        await backups.restore(empty_dsn, tmp_path / "half")
    assert "end of file" in failed.value.facts["log"]
    assert await _values(empty_dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


async def test_what_the_server_refuses_leaves_nothing(dsn: str, empty_dsn: str, tmp_path: Path):
    await _values(dsn, "CREATE TABLE noise AS SELECT g, sha512(g::text::bytea) FROM generate_series(1, 50000) g")
    await backups.backup(dsn, tmp_path / "night.dump")
    await _values(empty_dsn, "CREATE TYPE pgqueuer_status AS ENUM ('other')")
    with pytest.raises(backups.RestoreFailed) as failed:
        await backups.restore(empty_dsn, tmp_path / "night.dump")
    assert "pgqueuer_status" in failed.value.facts["log"]
    assert await _values(empty_dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


async def test_a_missing_file_is_named(empty_dsn: str, tmp_path: Path):
    with pytest.raises(backups.BackupMissing):
        await backups.restore(empty_dsn, tmp_path / "nowhere.dump")


async def test_a_database_that_is_not_there_leaves_the_older_backup(dsn: str, tmp_path: Path):
    file = tmp_path / "night.dump"
    file.write_text("yesterday's")
    with pytest.raises(backups.BackupFailed) as failed:
        await backups.backup(dsn + "_gone", file)
    assert file.read_text() == "yesterday's"
    assert _files(tmp_path) == [file]
    assert "_gone" in failed.value.facts["log"]
