"""What the command line refuses is one sentence, said before anything has begun."""

import sys
from pathlib import Path

import asyncpg
import pytest

from daeri.accounts.model import EmailTaken, PasswordWeak
from daeri.cli import main
from daeri.cli.commands import app
from daeri.cli.running import VariableUnknown, failures_in_a_line, refuse_unknown_variables
from daeri.cli.sentences import sentence_of
from daeri.companies.model import CompanyInvalid
from daeri.infra.backup import BackupMissing
from daeri.infra.embedded.errors import DatabaseStartFailed
from daeri.kernel.errors import DaeriError


class Nameless(DaeriError):
    code = "of_nobodys_catalogue"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], scratch_folder: Path):
    """Runs a command that is refused; its one line."""

    def run(*arguments: str) -> str:
        monkeypatch.chdir(scratch_folder)
        monkeypatch.setattr(sys, "argv", ["daeri", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        (line,) = capfd.readouterr().err.splitlines()
        assert ended.value.code == 1
        assert line.startswith("daeri: ")
        return line

    return run


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PasswordWeak(shortest=12, longest=200), "Use a password of 12 to 200 characters."),
        (EmailTaken(), "This e-mail has an account already."),
        (CompanyInvalid(problem="slug"), "this cannot be a company: check its slug"),
        (BackupMissing(file="a.dump"), "there is no backup a.dump"),
        (DatabaseStartFailed(step="start", folder="{x}", log="{0} {y!r} }"), "start in {x}: {0} {y!r} }"),
        (DatabaseStartFailed(), "PostgreSQL did not {step}"),
        (Nameless(a="{b}"), "of_nobodys_catalogue(a={b})"),
    ],
)
def test_sentences_never_fail(error: DaeriError, sentence: str) -> None:
    assert sentence in sentence_of(error)


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionResetError("the engine lost its leader lock"),
        ConnectionRefusedError(111, "Connection refused"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.AdminShutdownError("terminating connection due to unexpected postmaster exit"),
        ExceptionGroup("roles", [ConnectionRefusedError(111, "Connection refused"), ConnectionResetError()]),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_database_that_dies_is_said_in_one_line_whoever_notices(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), failures_in_a_line():
        raise failure
    (line,) = capsys.readouterr().err.splitlines()
    assert "the connection to the database was lost" in line


@pytest.mark.parametrize("command", ["up", "serve", "demo"])
def test_two_listeners_on_one_port(said, scratch_folder: Path, command: str) -> None:
    line = said(command, "--port", "7999", "--driver-port", "7999", "--data-folder", str(scratch_folder / "data"))
    assert "7999" in line
    assert not (scratch_folder / "data").exists()


def test_rotating_keys_of_an_unused_folder(said, scratch_folder: Path) -> None:
    assert "no key file" in said("keys", "rotate", "--data-folder", str(scratch_folder / "data"))
    assert not (scratch_folder / "data").exists()


def test_tokens_into_a_missing_folder(said, scratch_folder: Path) -> None:
    line = said("seed", "--fleet", "1", "--tokens", "nowhere/t.json", "--data-folder", str(scratch_folder / "data"))
    assert "no folder nowhere" in line
    assert not (scratch_folder / "data").exists()


@pytest.mark.parametrize("zone", ["Mars/X", "../etc", "Asia"])
def test_an_unknown_zone(said, scratch_folder: Path, zone: str) -> None:
    (scratch_folder / "trips.csv").write_text("")
    assert zone in said("replay", "trips.csv", "--tz", zone)


@pytest.mark.parametrize(
    "arguments",
    [("policies", "set", "weather", "{}"), ("policies", "set", "dispatch", "{"), ("policies", "history", "weather")],
)
def test_policies_that_cannot_be(said, arguments: tuple[str, ...]) -> None:
    assert arguments[2] in said(*arguments)


def test_a_misspelt_variable(said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAERI_PROT", "9")
    assert "DAERI_PROT" in said("doctor")
    refuse_unknown_variables(["DAERI_PORT", "DAERI_TEST_WORKERS", "DAERI_CRASH_SEED", "PATH"])
    with pytest.raises(VariableUnknown):
        refuse_unknown_variables(["DAERI_PORTS"])


@pytest.mark.parametrize("command", ["up", "serve", "demo"])
def test_help_shows_the_defaults(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    with failures_in_a_line(), pytest.raises(SystemExit):
        app([command, "--help"])
    shown = capfd.readouterr().out
    assert all(value in shown for value in ("127.0.0.1", "8000", "8001"))
