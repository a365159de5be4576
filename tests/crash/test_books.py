"""The examination after a crash must itself be able to find what is wrong."""

import msgspec
import pytest
from tests.crash.books import WRONG, examine
from tests.crash.crowd import Command
from tests.dispatch.factories import Night

from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock
from daeri.sim.wire import Call, Place

pytestmark = [pytest.mark.usefixtures("night")]

BREAKS = {
    "a call with a driver has no engagement of that driver, or the other way round": "DELETE FROM engagements",
    "a driver with a call is off duty": "UPDATE drivers SET duty = 'off'",
    "a live offer is of a call that does not wait, or to a driver who cannot take it": """
        UPDATE offers SET state = 'live', closed_at = NULL""",
    "a call in the open list does not wait": """
        INSERT INTO listings (call_id, company_id, driver_ids, metres, listed_at)
        SELECT id, company_id, '{}', '{}', requested_at FROM calls""",
    "a call has not exactly one ending, or runs and has one": """
        UPDATE calls SET state = 'expired', ended_at = requested_at""",
    "a call's version is not the number of its events": "DELETE FROM events WHERE kind = 'call.assigned'",
    "two engagements of a driver or of a call overlap": """
        INSERT INTO past_engagements (company_id, call_id, driver_id, slot, since, until)
        SELECT company_id, gen_random_uuid(), driver_id, 'now', since - interval '1 min', since + interval '1 min'
        FROM engagements""",
}


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


async def test_a_night_without_a_crash_is_in_order(night: Night, dsn: str) -> None:
    call, _ = await night.assigned()
    answer = msgspec.json.encode(Call(str(call.id), "assigned", call.version, Place(1, 1, call.origin.name)))
    assert await examine(dsn, [Command("", "/driver/offers/1/accept", b"", "key", 200, answer)]) == []


@pytest.mark.parametrize("what", BREAKS)
async def test_each_fault_is_found(night: Night, dsn: str, what: str) -> None:
    await night.assigned()
    async with night.transaction() as tx:
        await tx.execute(BREAKS[what])
    assert any(found.startswith(what) for found in await examine(dsn, []))


async def test_a_command_with_two_effects_is_found(night: Night, dsn: str) -> None:
    await night.request()
    await night.request()
    assert any(found.startswith("a command had two effects") for found in await examine(dsn, []))


async def test_an_answer_that_was_lost_is_found(night: Night, dsn: str) -> None:
    call, _ = await night.assigned()
    answer = msgspec.json.encode(Call(str(call.id), "arrived", call.version + 1, Place(1, 1, call.origin.name)))
    (found,) = await examine(dsn, [Command("", "/driver/calls/1/arrive", b"", "key", 200, answer)])
    assert "arrived" in found


def test_every_question_has_been_answered_wrongly_once() -> None:
    assert {*BREAKS, "a command had two effects"} == set(WRONG)
