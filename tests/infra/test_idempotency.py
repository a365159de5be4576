"""The same command sent twice has one effect and one answer."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from daeri.infra import idempotency
from daeri.infra.database import Database
from daeri.infra.idempotency import Answer, CommandKey, InProgress, KeyReused
from daeri.kernel.time import SystemClock

COMMAND = CommandKey(UUID(int=1), "POST request", "key-1", idempotency.fingerprint("/calls", b'{"a":1}'))
ANSWER = Answer(201, '{"번호":"G4MM1HTP"}'.encode())


@pytest.fixture
async def effects(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.execute("CREATE TABLE effects (n integer)")
    return database


async def carry_out(database: Database, command: CommandKey, answer: Answer = ANSWER, *, takes_s: float = 0) -> Answer:
    """A command with one effect, as the edge runs it."""
    async with database.transaction() as tx:
        kept = await idempotency.claim(tx, command)
        if kept is not None:
            return kept
        await tx.execute("INSERT INTO effects VALUES (1)")
        await asyncio.sleep(takes_s)
        await idempotency.remember(tx, command, answer, wall_now=SystemClock().wall_now())
        return answer


async def count(database: Database) -> int:
    async with database.reading() as tx:
        return int(await tx.value("SELECT count(*) FROM effects"))


async def test_the_same_command_gets_the_same_answer(effects: Database) -> None:
    assert await carry_out(effects, COMMAND) == ANSWER
    assert await carry_out(effects, COMMAND, Answer(200, b"another")) == ANSWER
    assert await count(effects) == 1


async def test_a_refusal_is_an_answer_too(effects: Database) -> None:
    refusal = Answer(409, b'{"code":"call_already_taken"}')
    async with effects.transaction() as tx:
        assert await idempotency.claim(tx, COMMAND) is None
        await idempotency.remember(tx, COMMAND, refusal, wall_now=SystemClock().wall_now())
    assert await carry_out(effects, COMMAND) == refusal
    assert await count(effects) == 0


async def test_the_key_with_another_body_or_path_is_refused(effects: Database) -> None:
    await carry_out(effects, COMMAND)
    for path, body in (("/calls", b'{"a":2}'), ("/calls/5", b'{"a":1}'), ("/calls{", b'"a":1}')):
        with pytest.raises(KeyReused):
            await carry_out(effects, replace(COMMAND, fingerprint=idempotency.fingerprint(path, body)))
    assert await count(effects) == 1


@pytest.mark.parametrize("changes", [{"actor_id": UUID(int=2)}, {"route": "POST cancel"}, {"key": "key-2"}], ids=str)
async def test_another_actor_route_or_key_is_another_command(effects: Database, changes: dict[str, object]) -> None:
    await carry_out(effects, COMMAND)
    await carry_out(effects, replace(COMMAND, **changes))
    assert await count(effects) == 2


async def test_a_command_that_fails_leaves_the_key_free(effects: Database) -> None:
    async def fail() -> None:
        async with effects.transaction() as tx:
            await idempotency.claim(tx, COMMAND)
            await tx.execute("INSERT INTO effects VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await carry_out(effects, COMMAND) == ANSWER
    assert await count(effects) == 1


async def test_while_one_carries_it_out_the_other_hears_so(effects: Database) -> None:
    slow = asyncio.create_task(carry_out(effects, COMMAND, takes_s=0.3))
    await asyncio.sleep(0.1)
    with pytest.raises(InProgress):
        await carry_out(effects, COMMAND)
    assert await slow == ANSWER
    assert await carry_out(effects, COMMAND) == ANSWER
    assert await count(effects) == 1


async def test_many_at_the_same_instant_have_one_effect(effects: Database) -> None:
    for number in range(40):
        command = replace(COMMAND, key=f"key-{number}")
        attempts = (carry_out(effects, command, takes_s=0.001 * (number % 3)) for _ in range(6))
        answers = await asyncio.gather(*attempts, return_exceptions=True)
        assert {type(answer) for answer in answers} <= {Answer, InProgress}
        assert {answer for answer in answers if isinstance(answer, Answer)} == {ANSWER}
        assert await count(effects) == number + 1
