"""Old rows go, by each company's policy; young ones, and those that something still leans on, stay."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.dispatch.factories import Night, make_company

from daeri.bootstrap import Parts, open_parts
from daeri.calls import api as calls
from daeri.dispatch import api as dispatch
from daeri.infra import retention
from daeri.infra.database import Database, Tx
from daeri.infra.events import Event, emit
from daeri.infra.settings import load_settings
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import SteppedClock
from daeri.policies import api as policies
from daeri.policies.model import RetentionPolicy
from daeri.upkeep import retention_rules

_KEY = """
INSERT INTO idempotency_keys (actor_id, route, key, fingerprint, created_at, status, answer)
VALUES ($1, 'POST request_call', $2, '\\x00', $3, 201, '\\x7b7d')
"""
_HANDLED = "INSERT INTO handled_events (event_id, handler, at) VALUES ($1, 'tell', $2)"
_JOB = """
INSERT INTO pgqueuer (priority, status, entrypoint, payload) VALUES (0, $2, 'tell', convert_to($1::uuid::text, 'UTF8'))
RETURNING id
"""
_LOG = (
    "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint) VALUES ($1, $2, 'exception', 0, 'tell')"
)
_CHALLENGE = """
INSERT INTO sign_in_challenges (id, company_id, purpose, kind, phone_sealed, code_hash, created_at, expires_at)
VALUES ($1, $2, 'sign_in', 'driver', '\\x00', '\\x00', $3, $3)
"""
_DECISION = """
INSERT INTO decisions (call_id, company_id, decided_at, outcome, radius_m, driver_ids, metres, reasons, others, ages,
                       rest, policy_version)
VALUES ($1, $2, $3, 'offered', 1500, '{}', '{}', '{}', '{}', '{}', '{}', 0)
"""


@pytest.fixture
async def parts(dsn: str, tmp_path: Path, clock: SteppedClock) -> AsyncIterator[Parts]:
    settings = load_settings(data_folder=tmp_path)
    async with open_parts(settings, dsn, clock=clock) as opened:
        yield opened


@pytest.fixture
def night(parts: Parts, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(parts.database, company, clock, ids)


async def sweep(parts: Parts, **options: int) -> dict[str, int]:
    now, wall_now = parts.clock.now(), parts.wall.wall_now()
    rules = await retention_rules(parts.database, parts.shelf, now=now, wall_now=wall_now)
    deleted = await retention.sweep(parts.database, rules, **options)
    assert deleted is not None
    return deleted


async def count(database: Database, table: str) -> int:
    async with database.reading() as tx:
        return int(await tx.value(f"SELECT count(*) FROM {table}"))


async def happened(night: Night, company: CompanyId) -> None:
    async with night.transaction() as tx:
        await emit(
            tx,
            Event(
                night.ids.new(), company, "test.done", "test", night.ids.new(), 1, night.clock.now(), SYSTEM, None, {}
            ),
        )


async def test_offers_and_tracks_stay_until_their_call_has_ended(parts: Parts, night: Night) -> None:
    ended, driver = await night.assigned()
    running, _ = await night.assigned()
    chunks = [(call.id, night.clock.now(), bytes(20)) for call in (ended, running)]
    async with night.transaction() as tx:
        await calls.append_track(tx, chunks)
    await night.arrive(ended.id, driver)
    await night.start(ended.id, driver)
    await night.complete(ended.id, driver)
    night.later(days=179)
    deleted = await sweep(parts)
    assert (deleted["offers"], deleted["tracks"]) == (0, 0)
    night.later(days=2)
    deleted = await sweep(parts)
    assert (deleted["offers"], deleted["tracks"]) == (1, 1)
    async with parts.database.reading() as tx:
        assert await calls.track(tx, night.company, ended.id) == b""
        assert await calls.track(tx, night.company, running.id) == bytes(20)
        assert len(await dispatch.offers_of_call(tx, night.company, running.id)) == 1
        assert (await calls.get(tx, night.company, ended.id)).id == ended.id


async def test_a_call_of_long_ago_loses_what_is_personal_and_keeps_the_rest(parts: Parts, night: Night) -> None:
    ended, driver = await night.assigned()
    await night.arrive(ended.id, driver)
    await night.start(ended.id, driver)
    ended = await night.complete(ended.id, driver)
    running, _ = await night.assigned()
    async with night.transaction() as tx:
        await tx.execute("UPDATE calls SET note = 'by the back door', origin_name = 'home'")
    night.later(days=1_825)
    assert (await sweep(parts))["calls"] == 0
    night.later(days=1)
    assert (await sweep(parts))["calls"] == 1
    assert (await sweep(parts))["calls"] == 0
    async with parts.database.reading() as tx:
        left, still = [await calls.get(tx, night.company, call.id) for call in (ended, running)]
    assert (left.note, left.car, left.rider, left.vias) == ("", None, None, ())
    assert (left.origin.name, left.origin.point.lat) == ("", round(ended.origin.point.lat, 2))
    assert (left.number, left.version, left.state, left.fare) == (ended.number, ended.version, ended.state, ended.fare)
    assert (still.note, still.origin.name) == ("by the back door", "home")


async def test_each_company_keeps_its_events_as_its_policy_says(parts: Parts, night: Night, ids: Ids) -> None:
    async with night.transaction() as tx:
        other = await make_company(tx, ids, "other")
        await policies.write(tx, other, RetentionPolicy(events_days=10), now=night.clock.now(), ids=ids)
        await parts.shelf.refresh(tx)
    before = await count(parts.database, "events")
    await happened(night, night.company)
    await happened(night, other)
    night.later(days=11)
    await happened(night, other)
    assert (await sweep(parts))["events"] >= 1
    async with parts.database.reading() as tx:
        kept = [row["company_id"] for row in await tx.rows("SELECT company_id FROM events WHERE kind = 'test.done'")]
    assert sorted(kept) == sorted([night.company, other])
    assert await count(parts.database, "events") < before + 3


async def test_days_of_decisions_are_dropped(parts: Parts, night: Night) -> None:
    async with night.transaction() as tx:
        await dispatch.prepare_days(tx, night.clock.now().date())
        await tx.execute(_DECISION, night.ids.new(), night.company, night.clock.now())
    night.later(days=30)
    assert (await sweep(parts))["decisions"] == 0
    night.later(days=2)
    assert (await sweep(parts))["decisions"] >= 1
    assert await count(parts.database, "decisions") == 0


async def test_answers_are_kept_for_a_day_of_real_time(parts: Parts, night: Night) -> None:
    wall_now = datetime.now(UTC)
    night.later(days=400)
    async with night.transaction() as tx:
        for hours in (23, 25, 50):
            await tx.execute(_KEY, night.ids.new(), f"key-{hours}", wall_now - timedelta(hours=hours))
    assert (await sweep(parts, batch=1))["idempotency_keys"] == 2
    async with parts.database.reading() as tx:
        assert await tx.value("SELECT key FROM idempotency_keys") == "key-23"


async def test_a_claim_and_a_reason_stay_while_their_job_does(parts: Parts, night: Night) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=60)
    done, waiting = night.ids.new(), night.ids.new()
    async with night.transaction() as tx:
        await tx.execute(_HANDLED, done, long_ago)
        await tx.execute(_HANDLED, waiting, long_ago)
        job = await tx.value(_JOB, waiting, "failed")
        await tx.execute(_LOG, long_ago, job)
        await tx.execute(_LOG, long_ago, job + 1)
    deleted = await sweep(parts)
    assert (deleted["handled_events"], deleted["job_log"]) == (1, 1)
    async with parts.database.reading() as tx:
        assert await tx.value("SELECT event_id FROM handled_events") == waiting
        assert await tx.value("SELECT job_id FROM pgqueuer_log") == job


async def test_codes_of_yesterday_go(parts: Parts, night: Night) -> None:
    wall_now = datetime.now(UTC)
    young = night.ids.new()
    async with night.transaction() as tx:
        await tx.execute(_CHALLENGE, young, night.company, wall_now - timedelta(hours=20))
        await tx.execute(_CHALLENGE, night.ids.new(), night.company, wall_now - timedelta(hours=30))
    assert (await sweep(parts))["sign_ins"] == 1
    async with parts.database.reading() as tx:
        assert await tx.value("SELECT id FROM sign_in_challenges") == young


async def test_two_workers_do_not_sweep_at_once(database: Database) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_tx: Tx, _before: datetime, _limit: int) -> int:
        began.set()
        await go_on.wait()
        return 0

    rules = [retention.Rule("slow", datetime.now(UTC), slow)]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(retention.sweep(database, rules))
        await began.wait()
        assert await retention.sweep(database, rules) is None
        go_on.set()
    assert first.result() == {"slow": 0}
    assert await retention.sweep(database, rules) == {"slow": 0}
