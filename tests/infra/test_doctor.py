"""Each check of the doctor, made to find what it looks for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daeri.infra import doctor
from daeri.infra.database import Database
from daeri.infra.doctor import Finding, Installation, Status
from daeri.kernel.time import SystemClock
from daeri.migrations import api as migrations


@pytest.fixture
def installation(dsn: str, tmp_path: Path) -> Installation:
    (tmp_path / "data").mkdir(mode=0o700)
    key_file = tmp_path / "keys.json"
    key_file.touch(mode=0o600)
    return Installation(dsn, tmp_path / "data", key_file, migrations.expected_head())


async def _found(installation: Installation, name: str, clock: object = None) -> Finding:
    findings = await doctor.examine(installation, clock or SystemClock())
    return next(finding for finding in findings if finding.name == name)


async def test_a_sound_installation_is_ok_in_everything(installation: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "LOW_FREE_BYTES", 0)
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 0)
    findings = await doctor.examine(installation, SystemClock())
    assert {finding.name: finding.status for finding in findings} == dict.fromkeys(
        ["python", "binaries", "data_folder", "free_space", "key_file", "database", "clock_skew", "migrations",
         "held_jobs"], Status.OK,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "mode", "status"),
    [("key_file", 0o640, Status.FAIL), ("key_file", 0o600, Status.OK), ("data_folder", 0o777, Status.FAIL)],
)
async def test_rights_that_are_too_wide_fail(installation: Installation, name: str, mode: int, status: Status):
    getattr(installation, name).chmod(mode)
    assert (await _found(installation, name)).status is status


async def test_what_is_not_there_yet_is_a_warning(installation: Installation, tmp_path: Path):
    bare = replace(installation, data_folder=tmp_path / "none", key_file=tmp_path / "none.json", dsn=None)
    for name in ("data_folder", "key_file", "database"):
        assert (await _found(bare, name)).status is Status.WARN


async def test_a_full_disk_fails(installation: Installation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 1 << 62)
    assert (await _found(installation, "free_space")).status is Status.FAIL


@pytest.mark.parametrize("address", ["postgresql://nobody@127.0.0.1:1/none", "postgresql://", "no address at all"])
async def test_a_database_out_of_reach_fails_without_raising(installation: Installation, address: str):
    assert (await _found(replace(installation, dsn=address), "database")).status is Status.FAIL


async def test_a_database_that_was_never_migrated_fails(installation: Installation, empty_dsn: str):
    empty = replace(installation, dsn=empty_dsn)
    assert (await _found(empty, "migrations")).detail.startswith("at none")
    assert (await _found(empty, "held_jobs")).status is Status.FAIL


async def test_another_head_fails(installation: Installation):
    assert (await _found(replace(installation, head="9999"), "migrations")).status is Status.FAIL


@pytest.mark.parametrize(
    ("ahead_s", "status"), [(0, Status.OK), (10, Status.WARN), (-10, Status.WARN), (90, Status.FAIL)]
)
async def test_clocks_that_disagree_are_found_in_both_directions(
    installation: Installation, ahead_s: int, status: Status
):
    class Shifted:
        def wall_now(self) -> datetime:
            return datetime.now(UTC) + timedelta(seconds=ahead_s)

    assert (await _found(installation, "clock_skew", Shifted())).status is status


async def test_held_jobs_are_counted(installation: Installation, database: Database):
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO pgqueuer (priority, status, entrypoint) VALUES (0, 'failed', 'x')")
        await tx.execute("INSERT INTO pgqueuer (priority, status, entrypoint) VALUES (0, 'queued', 'x')")
    found = await _found(installation, "held_jobs")
    assert (found.status, found.detail[:2]) == (Status.WARN, "1 ")
