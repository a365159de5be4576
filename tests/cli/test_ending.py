"""A process whose work does not end leaves all the same, and says what it was waiting for."""

import subprocess
import sys

import msgspec
import pytest

PROGRAM = """
import asyncio
import time
from daeri.cli.ending import LatestEnd
from daeri.cli.running import run
from daeri.infra.settings import Settings

async def holds_on():
    await asyncio.Event().wait()

async def main(stop):
    end.begin()
    {deed}

with LatestEnd({seconds}) as end:
    run(main, Settings())
print("ended by itself")
"""


def leave(seconds: float, deed: str) -> "subprocess.CompletedProcess[str]":
    program = PROGRAM.format(seconds=seconds, deed=deed)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


def test_what_never_ends_is_left_and_named() -> None:
    left = leave(0.3, "await asyncio.wait_for(holds_on(), None)")
    assert (left.returncode, left.stdout) == (1, "")
    said = msgspec.json.decode(left.stderr)
    assert said["event"] == "did_not_end"
    assert any("main (" in task and "> holds_on (" in task for task in said["waiting"])


@pytest.mark.parametrize(
    "deed", ["time.sleep(60)", "from logging import root; root.handlers[0].acquire(); time.sleep(60)"]
)
def test_a_loop_that_stands_still_is_left_too(deed: str) -> None:
    """Also where the log is what it stands for, and nothing can be said."""
    left = leave(0.3, deed)
    assert left.returncode == 1
    assert ("did_not_end" in left.stderr) == ("acquire" not in deed)
    assert "Traceback" not in left.stderr


def test_what_ends_in_time_goes_on() -> None:
    assert leave(50, "await asyncio.sleep(0.1)").stdout == "ended by itself\n"
