"""A seeded data folder, and a program that is ended whatever happens to the test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.program import Program, daeri, servers_of

from daeri.sim.tokens import TokensFile, read_tokens

PEOPLE = 40


@pytest.fixture
def data_folder(scratch_folder: Path) -> Iterator[Path]:
    """Where a program keeps its database; the cluster may lie elsewhere, behind a link, and goes too."""
    folder = scratch_folder / "data"
    yield folder
    cluster = folder / "cluster"
    if cluster.is_symlink():
        shutil.rmtree(cluster.resolve().parent, ignore_errors=True)


@pytest.fixture
def tokens(data_folder: Path) -> TokensFile:
    """A company with drivers and customers in the database of the data folder."""
    file = data_folder.parent / "tokens.json"
    seeded = daeri(
        "seed",
        "--fleet",
        str(PEOPLE),
        "--customers",
        str(PEOPLE),
        "--tokens",
        file,
        "--data-folder",
        data_folder,
        cwd=data_folder.parent,
    )
    assert seeded.returncode == 0, seeded.stderr
    return read_tokens(file)


@pytest.fixture
def program(data_folder: Path) -> Iterator[Program]:
    """Not started yet."""
    made = Program(data_folder)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    for server in servers_of(data_folder):
        server.kill()
