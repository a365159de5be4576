"""The benchmark of money measures captures, and its reference does the work that the program does."""

import asyncio

import asyncpg
import msgspec
import pytest

from daeri.bench import money
from daeri.bench.money_reference import LIVES, Template, record, replay
from daeri.bench.money_seed import give_cards, sandbox, set_out
from daeri.bench.stage import Stage, make_people, open_stage
from daeri.bootstrap import open_parts

_TABLES = """
SELECT tablename FROM pg_tables
WHERE schemaname = 'public' AND tablename NOT LIKE 'pgqueuer%' AND tablename NOT IN ('event_handlers', 'free_drivers')
"""
Counts = dict[str, int]


async def _count(stage: Stage) -> Counts:
    """The rows of every table, but those of queue, engine and start."""
    connection = await asyncpg.connect(stage.dsn)
    try:
        names = [row["tablename"] for row in await connection.fetch(_TABLES)]
        return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}
    finally:
        await connection.close()


async def _recorded_and_replayed(stage: Stage, provider: str) -> tuple[Template, list[Counts], str | None]:
    async with open_parts(stage.settings, stage.dsn) as parts:
        people = await make_people(parts, drivers_on_duty=40, customers_count=40)
        await give_cards(parts, people, provider)
        region = parts.regions.leaves[0].code
    drives = await set_out(stage.dsn, people.company_id, region)
    counts = [await _count(stage)]
    template = await record(stage, people, drives[:LIVES], provider)
    counts.append(await _count(stage))
    await replay(stage.dsn, template, drives[LIVES:], seconds=60.0, tasks=2)
    counts.append(await _count(stage))
    return template, counts, await _unlike(stage, template)


async def _unlike(stage: Stage, template: Template) -> str | None:
    """What a replayed ride has otherwise than the template's: its bill, its charge, the balances of its driver."""
    connection = await asyncpg.connect(stage.dsn)
    try:
        kinds = await connection.fetch(
            """
            SELECT DISTINCT c.state, b.state AS bill, b.amount, b.net, x.state AS charge, x.amount AS charged,
                   x.attempts, b.number = c.number AS is_own,
                   (x.order_id = 'daeri-' || replace(x.id::text, '-', '')) AS is_named,
                   (SELECT array_agg(l.account || l.amount ORDER BY l.at, e.kind, l.place)
                    FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id WHERE e.call_id = c.id) AS lines,
                   (SELECT array_agg(e.kind ORDER BY e.version) FROM events e WHERE e.aggregate_id = c.id) AS events
            FROM calls c LEFT JOIN bills b ON b.call_id = c.id LEFT JOIN charges x ON x.call_id = c.id
            """
        )
        return None if len(kinds) == 1 else f"{template.drive}: {kinds}"
    finally:
        await connection.close()


@pytest.mark.timeout(180)
def test_the_reference_leaves_the_same_rows_as_the_program() -> None:
    with sandbox() as (provider, _), open_stage() as stage:
        template, (before, recorded, replayed), unlike = asyncio.run(_recorded_and_replayed(stage, provider))
    ours = {name: (recorded[name] - before[name]) / LIVES for name in before}
    theirs = {name: (replayed[name] - recorded[name]) / (40 - LIVES) for name in before}
    assert theirs == pytest.approx(ours)
    assert (ours["bills"], ours["charges"], ours["ledger_entries"], ours["engagements"]) == (1, 1, 2, -1)
    assert unlike is None
    assert len(template.transactions) == 6  # command, what the driver is told, job, lease, held, captured


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_short_run_counts_captures_of_both() -> None:
    report = money.run(rounds=1, round_s=2.0, drivers=600, customers=16, at_once=8)
    assert report.errors == {}
    assert report.captures_per_s > 0
    assert report.reference_captures_per_s > 0
    assert report.is_reached is (report.ratio >= money.TARGET)
    assert report.latencies["completion to capture"].count > 0
    assert msgspec.json.decode(msgspec.json.encode(report), type=money.MoneyReport) == report


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 12 drivers and 64 customers"):
        money.run(rounds=1, drivers=10, customers=4)
