"""Settings come from the command line, the environment, a file and defaults, in that order."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from daeri.infra.settings import Role, Settings, load_settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults_need_nothing() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.roles == frozenset(Role)
    assert settings.web_url == "http://127.0.0.1:8000"
    assert settings.driver_socket_url == "ws://127.0.0.1:8001/live/driver"
    assert settings.keys_path == Path(".daeri/keys.json")


def test_the_stronger_source_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "daeri.toml").write_text('port = 1001\ndriver_port = 1002\nhost = "192.0.2.7"\nroles = ["web"]\n')
    monkeypatch.setenv("DAERI_PORT", "2001")
    monkeypatch.setenv("DAERI_DRIVER_PORT", "2002")
    settings = load_settings(port=3001, host=None)
    assert (settings.port, settings.driver_port, settings.host) == (3001, 2002, "192.0.2.7")
    assert settings.roles == {Role.WEB}


def test_roles_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAERI_ROLES", "web, worker")
    assert load_settings().roles == {Role.WEB, Role.WORKER}


@pytest.mark.parametrize("connections", [1, 5])
def test_a_pool_must_hold_more_than_what_is_always_taken(connections: int) -> None:
    with pytest.raises(ValidationError, match="database_connections"):
        load_settings(database_connections=connections)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_settings(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    "overrides",
    [
        {"port": 70_000},
        {"tick_ms": 0},
        {"roles": "web,cook"},
        {"roles": ""},
        {"tls_cert": "cert.pem"},
        {"router_kind": "osrm"},
        {"cards": "toss"},
        {"cards": "toss", "toss_secret_key": "test_sk"},
        {"cards": "gold"},
        {"log_level": "loud"},
        {"unknown": 1},
    ],
)
def test_what_cannot_be_is_refused(overrides: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        load_settings(**overrides)


def test_secrets_are_not_shown() -> None:
    settings = load_settings(cards="toss", toss_secret_key="test_sk_secret", toss_client_key="test_ck")
    assert "test_sk_secret" not in repr(settings)
    assert settings.toss_secret_key is not None
    assert settings.toss_secret_key.get_secret_value() == "test_sk_secret"


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1  # type: ignore[misc] -- the test is that it is refused


def test_tls_changes_the_addresses() -> None:
    settings = load_settings(tls_cert="c.pem", tls_key="k.pem", public_url="https://drive.example/")
    assert settings.web_url == "https://drive.example"
    assert settings.driver_socket_url.startswith("wss://")


@pytest.mark.parametrize(
    ("host", "asked_at", "told"),
    [
        ("127.0.0.1", "evil.example", "ws://127.0.0.1:8001/live/driver"),
        ("0.0.0.0", "192.168.0.7", "ws://192.168.0.7:8001/live/driver"),  # noqa: S104 -- a setting, nobody listens
        ("0.0.0.0", "evil; script-src *", "ws://0.0.0.0:8001/live/driver"),  # noqa: S104 -- the same
    ],
)
def test_a_process_that_listens_everywhere_names_itself_as_it_was_reached(host: str, asked_at: str, told: str) -> None:
    assert Settings(host=host).driver_socket_url_at(asked_at) == told
