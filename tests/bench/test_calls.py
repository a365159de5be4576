"""The benchmark of calls measures whole lives, and its reference does the work that the program does."""

import asyncio
from uuid import UUID

import asyncpg
import msgspec
import pytest

from daeri.bench import calls
from daeri.bench.calls_reference import Template, record, replay
from daeri.bench.load import spread
from daeri.bench.stage import People, Stage, make_people, open_stage
from daeri.bootstrap import open_parts

_EFFECTS = """
SELECT (SELECT count(*) FROM calls WHERE state = 'completed') AS completed,
       (SELECT count(*) FROM offers WHERE state = 'accepted') AS accepted,
       (SELECT count(*) FROM past_engagements) AS engagements,
       (SELECT count(*) FROM events WHERE aggregate = 'call') AS events,
       (SELECT count(*) FROM idempotency_keys) AS answers,
       (SELECT count(*) FROM decisions) AS decisions,
       (SELECT coalesce(sum(runs), 0) FROM driver_days) AS runs
"""


async def _people(stage: Stage) -> People:
    async with open_parts(stage.settings, stage.dsn) as parts:
        return await make_people(parts, drivers_on_duty=4, customers_count=4)


async def _effects(stage: Stage) -> asyncpg.Record:
    connection = await asyncpg.connect(stage.dsn)
    try:
        return await connection.fetchrow(_EFFECTS)
    finally:
        await connection.close()


async def _recorded_and_replayed(stage: Stage) -> tuple[Template, asyncpg.Record, asyncpg.Record]:
    people = await _people(stage)
    template = await record(stage, people)
    recorded = await _effects(stage)
    await replay(stage.dsn, template, people, seconds=0.5, tasks=2)
    return template, recorded, await _effects(stage)


@pytest.mark.timeout(120)
def test_the_reference_leaves_the_same_rows_as_the_program() -> None:
    with open_stage() as stage:
        template, recorded, replayed = asyncio.run(_recorded_and_replayed(stage))
    made = {name: replayed[name] - recorded[name] for name in recorded.keys()}  # noqa: SIM118 -- a record's keys
    lives = recorded["completed"]
    assert lives > 0
    assert made["completed"] > 0
    per_life = {name: recorded[name] / lives for name in made}
    assert {name: made[name] / made["completed"] for name in made} == pytest.approx(per_life)
    assert per_life["answers"] == 5  # one for each command of a life
    assert isinstance(template.driver_id, UUID)


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_short_run_counts_lives_of_both() -> None:
    report = calls.run(rounds=1, round_s=1.0, drivers=40, customers=4)
    assert report.errors == {}
    assert report.lives_per_s > 0
    assert report.reference_lives_per_s > 0
    assert report.is_reached is (report.ratio >= calls.TARGET)
    assert report.latencies["complete"].count == report.latencies["life"].count > 0
    assert msgspec.json.decode(msgspec.json.encode(report), type=calls.CallsReport) == report


def test_percentiles_are_of_the_nearest_rank() -> None:
    figures = spread([number / 1000 for number in range(1, 101)])
    assert (figures.count, figures.p50_ms, figures.p99_ms) == (100, 50.0, 99.0)


def test_too_few_drivers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 drivers"):
        calls.run(rounds=1, drivers=10, customers=4)
