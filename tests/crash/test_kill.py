"""SIGKILL at random moments under load: nothing that was answered is lost, nothing happens twice, nobody is stuck.

DAERI_CRASH_SEED repeats a run's choices; the seed of a failed run stands in its message.
"""

import asyncio
import os
import secrets
from dataclasses import replace
from random import Random

import pytest
from tests.crash.books import examine
from tests.crash.crowd import Crowd, Mode, open_crowd
from tests.crash.program import Program, until_gone

from daeri.infra.embedded import running_dsn
from daeri.sim.tokens import TokensFile

LOAD_S = (1.0, 4.0)  # between two lives of the program
AFTERWARDS_S = 0.5
FINISH_WITHIN_S = 45.0
OFFERED_WITHIN_S = 30.0
ANSWERS_REPEATED = 30


@pytest.mark.timeout(300)
def test_three_kills_under_load(program: Program, tokens: TokensFile) -> None:
    _kill_and_examine(program, tokens, rounds=3)


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_twenty_kills_under_load(program: Program, tokens: TokensFile) -> None:
    _kill_and_examine(program, tokens, rounds=20)


def _kill_and_examine(program: Program, tokens: TokensFile, *, rounds: int) -> None:
    seed = int(os.environ.get("DAERI_CRASH_SEED") or secrets.randbelow(1_000_000))
    try:
        asyncio.run(_live_through(program, tokens, Random(seed), rounds))
    except BaseException as failed:
        failed.add_note(f"repeat with DAERI_CRASH_SEED={seed}")
        raise


async def _live_through(program: Program, tokens: TokensFile, random: Random, rounds: int) -> None:
    await _start(program)
    async with open_crowd(program.url, tokens, random) as crowd:
        for number in range(rounds):
            await asyncio.sleep(random.uniform(*LOAD_S))
            await _die_and_come_back(program, crowd, postmaster=number % 2 == 1)
            await asyncio.sleep(AFTERWARDS_S)
            await _examine_round(program, crowd, random)
            crowd.mode = Mode.LOAD
        await crowd.finish(FINISH_WITHIN_S)
        assert _worked(crowd) > rounds
    servers = program.kill(postmaster=True)
    until_gone(servers)


async def _die_and_come_back(program: Program, crowd: Crowd, *, postmaster: bool) -> None:
    """The new life begins at once, while the old one's database may still be on its way down."""
    crowd.client.is_outage = True
    servers = program.kill(postmaster=postmaster)
    await _start(program)
    crowd.client.is_outage = False
    await asyncio.to_thread(until_gone, servers)


async def _examine_round(program: Program, crowd: Crowd, random: Random) -> None:
    """When all calls have ended, and again when everybody drives."""
    await crowd.finish(FINISH_WITHIN_S)
    await _examine(program, crowd)
    await crowd.hold(OFFERED_WITHIN_S)
    await _examine(program, crowd)
    assert await crowd.double_assignments() == 0
    await _repeat_answers(crowd, random)


async def _examine(program: Program, crowd: Crowd) -> None:
    dsn = running_dsn(program.data_folder)
    assert dsn is not None
    assert await examine(dsn, crowd.client.acknowledged) == []
    assert crowd.client.surprises == []


async def _repeat_answers(crowd: Crowd, random: Random) -> None:
    """A command that was answered, sent again, is answered the same and has no second effect."""
    done = crowd.client.acknowledged
    again = [replace(command) for command in random.sample(done, min(len(done), ANSWERS_REPEATED))]
    before = [replace(command) for command in again]
    await asyncio.gather(*map(crowd.client.send, again))
    assert again == before


async def _start(program: Program) -> None:
    program.start()
    await asyncio.to_thread(program.until_ready)


def _worked(crowd: Crowd) -> int:
    """How many drives were finished: a run in which nothing happened proves nothing."""
    return sum(command.path.endswith("/complete") and command.status == 200 for command in crowd.client.acknowledged)
