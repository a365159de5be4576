"""What the rows must say whatever was killed when."""

from collections import Counter
from uuid import UUID

import asyncpg
import msgspec
from tests.crash.crowd import Command

from daeri.sim.wire import Call

# Each answers with what is wrong; an empty list is what we want.
WRONG = {
    "a call with a driver has no engagement of that driver, or the other way round": """
        SELECT c.id, c.state, c.driver_id, e.driver_id AS engaged
        FROM (SELECT * FROM calls WHERE state IN ('assigned', 'arrived', 'driving')) c
        FULL JOIN engagements e ON e.call_id = c.id
        WHERE c.driver_id IS DISTINCT FROM e.driver_id""",
    "a driver with a call is off duty": """
        SELECT d.id FROM engagements e JOIN drivers d ON d.id = e.driver_id WHERE d.duty <> 'on'""",
    "a live offer is of a call that does not wait, or to a driver who cannot take it": """
        SELECT o.id, c.state, d.duty, e.call_id FROM offers o
        JOIN calls c ON c.id = o.call_id JOIN drivers d ON d.id = o.driver_id
        LEFT JOIN engagements e ON e.driver_id = o.driver_id
        WHERE o.state = 'live' AND (c.state <> 'requested' OR d.duty <> 'on' OR e.call_id IS NOT NULL)""",
    "a call in the open list does not wait": """
        SELECT l.call_id FROM listings l JOIN calls c ON c.id = l.call_id WHERE c.state <> 'requested'""",
    "a call has not exactly one ending, or runs and has one": """
        SELECT c.id, c.state, count(e.id) FROM calls c LEFT JOIN events e
        ON e.aggregate_id = c.id AND e.kind IN ('call.completed', 'call.cancelled', 'call.expired')
        GROUP BY c.id HAVING count(e.id) <> (c.ended_at IS NOT NULL)::int""",
    "a call's version is not the number of its events": """
        SELECT c.id, c.version, count(e.id) FROM calls c LEFT JOIN events e
        ON e.aggregate_id = c.id AND e.aggregate = 'call' GROUP BY c.id HAVING count(e.id) <> c.version""",
    "a command had two effects": """
        SELECT origin_name, count(*) FROM calls GROUP BY origin_name HAVING count(*) > 1""",
    "two engagements of a driver or of a call overlap": """
        WITH spans AS (
            SELECT call_id, driver_id, since, until FROM past_engagements
            UNION ALL SELECT call_id, driver_id, since, 'infinity' FROM engagements
        )
        SELECT a.call_id, a.driver_id, b.call_id, b.driver_id FROM spans a JOIN spans b
        ON (a.call_id, a.driver_id, a.since) < (b.call_id, b.driver_id, b.since)
        AND (a.driver_id = b.driver_id OR a.call_id = b.call_id) AND a.since < b.until AND b.since < a.until""",
}
_EVENTS = "SELECT aggregate_id, version, data ->> 'to' AS state FROM events WHERE aggregate = 'call'"
_MARKS = "SELECT origin_name FROM calls"


async def examine(dsn: str, acknowledged: list[Command]) -> list[str]:
    """Everything that is wrong, in words."""
    connection = await asyncpg.connect(dsn)
    try:
        wrong = [
            f"{what}: {list(map(dict, rows))[:5]}"
            for what, question in WRONG.items()
            if (rows := await connection.fetch(question))
        ]
        return [*wrong, *await _lost(connection, acknowledged)]
    finally:
        await connection.close()


async def _lost(connection: asyncpg.Connection, acknowledged: list[Command]) -> list[str]:
    """Answers that were given and are not in the rows."""
    events = {(row["aggregate_id"], row["version"]): row["state"] for row in await connection.fetch(_EVENTS)}
    marks = Counter(row["origin_name"] for row in await connection.fetch(_MARKS))
    wrong = []
    for command in acknowledged:
        if command.status not in (200, 201) or command.path == "/driver/duty":
            continue
        call = msgspec.json.decode(command.answer, type=Call)
        known = events.get((UUID(call.id), call.version), "nothing")
        if known != (None if call.version == 1 else call.state):
            wrong.append(f"{command.path} was answered with {call.state}, version {call.version}; the rows say {known}")
        if call.origin is None or marks[call.origin.name or ""] != 1:
            wrong.append(f"{command.path} was answered, but its call is not there once")
    return wrong
