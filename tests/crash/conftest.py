"""A seeded data folder, and a program that is ended whatever happens to the test."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.conftest import fast_place
from tests.crash.program import Program, daeri, servers_of

from daeri.sim.tokens import TokensFile, read_tokens

PEOPLE = 24
TOKENS = "tokens.json"


@pytest.fixture
def data_folder(scratch_folder: Path) -> Iterator[Path]:
    """Where a program keeps its database; the cluster may lie elsewhere, behind a link, and goes too."""
    folder = scratch_folder / "data"
    yield folder
    cluster = folder / "cluster"
    if cluster.is_symlink():
        shutil.rmtree(cluster.resolve().parent, ignore_errors=True)


@pytest.fixture(scope="session")
def seeded() -> Iterator[Path]:
    """A folder with the data folder of a company that has drivers and customers, and with their tokens."""
    folder = Path(tempfile.mkdtemp(prefix="daeri-seeded-", dir=fast_place()))
    folder.chmod(0o755)
    people = ["--fleet", str(PEOPLE), "--customers", str(PEOPLE)]
    done = daeri("seed", *people, "--tokens", TOKENS, "--data-folder", "data", cwd=folder)
    assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tokens(data_folder: Path, seeded: Path) -> TokensFile:
    """The tokens of a company with drivers and customers in the database of the data folder."""
    assert not (seeded / "data" / "cluster").is_symlink(), "its database would not be copied"
    subprocess.run(["/bin/cp", "-a", seeded / "data", data_folder], check=True)
    return read_tokens(seeded / TOKENS)


@pytest.fixture
def program(data_folder: Path) -> Iterator[Program]:
    """Not started yet."""
    made = Program(data_folder)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    for server in servers_of(data_folder):
        with suppress(psutil.NoSuchProcess):  # it was on its way down
            server.kill()
