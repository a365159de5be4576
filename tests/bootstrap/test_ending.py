"""A process whose work does not end leaves all the same, and says what it was waiting for."""

import subprocess
import sys

PROGRAM = """
import asyncio
from daeri.bootstrap.ending import ends_within

async def holds_on():
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.Event().wait()

async def main():
    with ends_within({seconds}):
        async with asyncio.TaskGroup() as group:
            held = group.create_task(holds_on())
            for _ in range({cancels}):
                await asyncio.sleep(0)
                held.cancel()

asyncio.run(main())
print("ended by itself")
"""


def run(*, seconds: float, cancels: int) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.format(seconds=seconds, cancels=cancels)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=40, check=False)


def test_what_never_ends_is_left_and_named() -> None:
    left = run(seconds=0.2, cancels=1)
    assert left.returncode == 1
    assert "holds_on" in left.stderr
    assert "ended by itself" not in left.stdout


def test_what_ends_in_time_goes_on() -> None:
    assert run(seconds=30, cancels=2).stdout == "ended by itself\n"
