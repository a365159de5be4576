"""Every setting of a daeri process: from the environment (`DAERI_…`), a TOML file, or the command line."""

import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

DEFAULT_FILE = Path("daeri.toml")
Port = Annotated[int, Field(ge=0, le=65535)]
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- compared with, not listened on
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")


class Role(StrEnum):
    """What a process does; `daeri up` does all of it."""

    WEB = "web"
    ENGINE = "engine"
    WORKER = "worker"


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class RouterKind(StrEnum):
    """Who answers how far and how long a drive is."""

    STRAIGHT = "straight"
    OSRM = "osrm"
    VALHALLA = "valhalla"


class CardsKind(StrEnum):
    """Who moves money on cards."""

    NONE = "none"
    SANDBOX = "sandbox"
    TOSS = "toss"


class Settings(BaseSettings):
    """Read once when a process starts and never changed; bootstrap hands the parts on as plain arguments."""

    model_config = SettingsConfigDict(env_prefix="DAERI_", frozen=True, extra="forbid", validate_default=True)

    database_url: str | None = Field(
        None, description="PostgreSQL 15 or newer, as `postgresql://…`. Absent: the embedded PostgreSQL is started."
    )
    database_connections: int = Field(
        16,
        ge=6,
        le=500,
        description="Most connections that one process opens. The engine's lock, the listener for jobs and the sweep"
        " of old rows each hold one, so fewer than 6 would leave nothing for the work.",
    )
    data_folder: Path = Field(Path(".daeri"), description="Where the embedded database, the keys and other state live.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: Port = Field(8000, description="HTTP: API, pages and event streams. 0 takes a free one.")
    driver_port: Port = Field(8001, description="WebSockets of drivers. 0 takes a free one.")
    public_url: str | None = Field(
        None, description="The address that people reach the web by. Absent: built from `host` and `port`."
    )
    public_driver_url: str | None = Field(
        None, description="The WebSocket address that drivers are told. Absent: built from `host` and `driver_port`."
    )
    default_company: str | None = Field(
        None,
        description="The company, by its slug, that customers and drivers sign in to whose app names none. Absent: the"
        " only company of the installation; where there are several, an app has to name its own with `?company=`.",
    )
    roles: Annotated[frozenset[Role], NoDecode] = Field(
        frozenset(Role), description="What this process does, with commas between: `web`, `engine`, `worker`."
    )
    log_format: LogFormat = Field(LogFormat.JSON, description="`json`, a line each, or `console` for people.")
    log_level: LogLevel = Field(LogLevel.INFO, description="`debug`, `info`, `warning` or `error`.")
    metrics: bool = Field(default=True, description="Serve Prometheus metrics at `/metrics`.")
    otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry traces go here over HTTP (needs the extra `otel`). Absent: no traces."
    )
    map_style_url: str | None = Field(
        None, description="MapLibre style of the basemap. Absent: the outline map, which needs no internet."
    )
    navigation_links: dict[str, str] = Field(
        {},
        description="Maps that drivers may be led by, beside the phone's own: a name and an address with `{lat}`,"
        " `{lon}` and `{name}` in it, as a JSON object.",
    )
    router_kind: RouterKind = Field(
        RouterKind.STRAIGHT, description="`straight` (line x detour factor), `osrm` or `valhalla`."
    )
    router_url: str | None = Field(None, description="The base address of the OSRM or Valhalla server.")
    vworld_key: SecretStr | None = Field(
        None,
        description="The key of the Korean government's map service, which then finds places and addresses. Absent:"
        " the shipped table of well-known places.",
    )
    vworld_url: str = Field("https://api.vworld.kr", description="The base address of that map service.")
    cards: CardsKind = Field(
        CardsKind.NONE,
        description="Who moves money on cards: `none` (cash and accounts only), `sandbox` (play money) or `toss` (Toss"
        " Payments, which needs its two keys).",
    )
    cards_sandbox_url: str | None = Field(
        None,
        description="The address of a sandbox provider, which browsers must reach too: `python -m"
        " daeri.adapters.cards.sandbox_server`. Absent: the process starts one of its own.",
    )
    cards_timeout_seconds: float = Field(
        10.0,
        ge=0.1,
        le=120,
        description="How long the card provider is waited for; what took longer is looked up later.",
    )
    toss_secret_key: SecretStr | None = Field(None, description="Toss Payments' secret key, for the server alone.")
    toss_client_key: str | None = Field(None, description="Toss Payments' client key, which browsers are told.")
    toss_url: str = Field("https://api.tosspayments.com", description="The base address of Toss Payments' API.")
    toss_script_url: str = Field(
        "https://js.tosspayments.com/v2/standard", description="The script that opens Toss Payments' card window."
    )
    cards_webhook_secret: SecretStr | None = Field(
        None,
        description="What notices of the card provider are signed with. Absent: no signature is asked for; nothing that"
        " a notice says is believed in any case, the provider is asked.",
    )
    payout_webhook_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="What the bank's program signs its notices about payouts with. Absent: no notice is heard, and"
        " staff say what became of a payout.",
    )
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM); with `tls_key`, both listeners use TLS.")
    tls_key: Path | None = Field(None, description="Private key (PEM) of `tls_cert`.")
    tick_ms: int = Field(100, ge=20, le=5_000, description="Milliseconds between two rounds of matching.")
    access_token_minutes: int = Field(30, ge=1, le=1_440, description="How long an access token lives.")
    key_file: Path | None = Field(
        None, description="The installation's secret keys. Absent: `keys.json` in the data folder, made once."
    )
    body_limit_bytes: int = Field(
        262_144, ge=1_024, le=16_777_216, description="A larger request body is refused before it is read."
    )
    drain_seconds: float = Field(
        10.0,
        ge=0,
        le=600,
        description="How long a stopping process lets open requests and sockets finish. What has not ended 20 s after"
        " that is left undone, so a supervisor should not kill before.",
    )
    replay_from: datetime | None = Field(
        None, description="Business time begins here and moves only by `/replay/step`. Never in production."
    )

    @field_validator("roles", mode="before")
    @classmethod
    def _split_roles(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("navigation_links")
    @classmethod
    def _links_lead_somewhere(cls, links: dict[str, str]) -> dict[str, str]:
        for name, url in links.items():
            if url.lower().startswith(("javascript:", "data:")) or not ("{lat}" in url and "{lon}" in url):
                raise ValueError(f"navigation_links {name!r}: an address with {{lat}} and {{lon}} is needed")
        return links

    @model_validator(mode="after")
    def _belongs_together(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together: set both or none")
        if self.router_kind is not RouterKind.STRAIGHT and self.router_url is None:
            raise ValueError(f"router_kind {self.router_kind} needs router_url")
        if self.cards is CardsKind.TOSS and not (self.toss_secret_key and self.toss_client_key):
            raise ValueError("cards toss needs toss_secret_key and toss_client_key")
        if not self.roles:
            raise ValueError("roles is empty: name at least one of web, engine, worker")
        return self

    @property
    def keys_path(self) -> Path:
        return self.key_file or self.data_folder / "keys.json"

    @property
    def web_url(self) -> str:
        """Where people reach the web, without a slash at the end."""
        scheme = "https" if self.tls_cert else "http"
        return (self.public_url or f"{scheme}://{self.host}:{self.port}").rstrip("/")

    @property
    def driver_socket_url(self) -> str:
        """Where driver apps open their WebSocket."""
        scheme = "wss" if self.tls_cert else "ws"
        return self.public_driver_url or f"{scheme}://{self.host}:{self.driver_port}/live/driver"

    def driver_socket_url_at(self, host: str) -> str:
        """The same for somebody who reached the web at `host`: a process that listens everywhere has no name itself."""
        listens_everywhere = self.host in _EVERYWHERE and _HOST.fullmatch(host) is not None
        if self.public_driver_url is not None or not listens_everywhere:
            return self.driver_socket_url
        scheme = "wss" if self.tls_cert else "ws"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.driver_port}/live/driver"


def load_settings(file: Path | None = None, **overrides: object) -> Settings:
    """The settings of this process: `overrides` (None = not given) over the environment over the TOML file.

    Without `file`, `daeri.toml` in the working folder is read when it is there. Raises pydantic.ValidationError, and
    FileNotFoundError when a named file does not exist.
    """
    if file is not None and not file.is_file():
        raise FileNotFoundError(file)
    given = {name: value for name, value in overrides.items() if value is not None}
    return _settings_class(file or DEFAULT_FILE).model_validate(given)


def _settings_class(file: Path) -> type[Settings]:
    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)

    return FromFile
