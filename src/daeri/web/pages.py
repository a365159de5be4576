"""Builds what renders pages: the Jinja environment with words, addresses of assets, theme and security headers.

Construction only. `build_pages` reads files once; `Pages.render` is a pure function of its arguments afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import msgspec
from babel.dates import format_datetime, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from daeri.kernel.time import KST
from daeri.web.assets import Assets, read_assets
from daeri.web.words import Language, Words, read_words

TEMPLATE_FOLDER = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "lang"
THEME_COOKIE = "theme"
# Keys that the pages' scripts may look up; the rest stays on the server.
SCRIPT_PREFIXES = (
    "js.",
    "call.state.",
    "call.service.",
    "driver.status.",
    "unmet.",
    "live.",
    "ops.",
    "phone.",
    "room.",
    "shortage.",
    "weather.",
    "actor.",
    "case.",
    "restriction.",
    "rating.tag.",
    "reward.",
    "drive.licence.",
    "drive.suspension.reason.",
    "money.",
)


class Theme(StrEnum):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Basemap(msgspec.Struct, frozen=True):
    """What lies under the live map: the outline of regions, or a MapLibre style fetched from `style_url`.

    `origins` are further hosts that the style takes tiles, glyphs and sprites from (`https://tiles.example`).
    """

    style_url: str | None = None
    origins: tuple[str, ...] = ()
    outline_url: str = "/api/v1/regions/outline.geojson"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at a page: their language and theme, their account, and the token that their forms must carry."""

    language: Language = Language.KO
    theme: Theme = Theme.AUTO
    csrf_token: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    environment: Environment
    assets: Assets
    words: Mapping[Language, Words]
    basemap: Basemap

    def render(self, template: str, reader: Reader, **context: object) -> str:
        """HTML of `template`. Beside `context` it sees t, lang, theme, csrf_token and the config for its scripts."""
        words = self.words[reader.language]
        return self.environment.get_template(template).render(
            t=words,
            lang=reader.language.value,
            theme=reader.theme.value,
            csrf_token=reader.csrf_token,
            script_config=self._script_config(reader, words),
            **context,
        )

    def _script_config(self, reader: Reader, words: Words) -> dict[str, object]:
        return {
            "lang": reader.language.value,
            "account": reader.account,
            "stream": "/live/console",
            "session": "/console/session",
            "basemap": msgspec.to_builtins(self.basemap),
            "app": "console",
            "api": "/api/v1",
            "icons": self.assets.url("vendor/icons.svg"),
            "mapWorker": self.assets.url("vendor/maplibre-gl-csp-worker.js"),
            "words": words.under(SCRIPT_PREFIXES),
        }


def build_pages(basemap: Basemap | None = None) -> Pages:
    """Read templates, words and assets from the package; an unknown asset or variable in a template is an error."""
    assets = read_assets()
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}
    environment.globals["asset"] = assets.url
    environment.filters.update(when=when, clock=clock, metres=metres, minutes=minutes, iso=iso)
    words = MappingProxyType({language: read_words(language) for language in Language})
    return Pages(environment, assets, words, basemap or Basemap())


def choose_theme(cookie: str | None) -> Theme:
    """The theme of the cookie, or the system's own."""
    return Theme(cookie) if cookie in {theme.value for theme in Theme} else Theme.AUTO


def security_headers(basemap: Basemap, sockets: tuple[str, ...] = ()) -> dict[str, str]:
    """Headers of every page. The policy admits our own files only, and the host of the basemap when there is one.

    `sockets` are origins (`wss://drivers.example`) that the page may open WebSockets to.
    """
    hosts = [_origin(url) for url in (basemap.style_url, *basemap.origins) if url]
    outside = "".join(f" {host}" for host in dict.fromkeys(hosts))
    streams = "".join(f" {origin}" for origin in sockets)
    policy = (
        f"default-src 'self'; connect-src 'self'{outside}{streams}; img-src 'self' data: blob:{outside}; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def when(instant: datetime, lang: str) -> str:
    """Day and time in Korea: `11월 22일 23:04`, `22 Nov 23:04`."""
    pattern = "M월 d일 HH:mm" if lang == Language.KO else "d MMM HH:mm"
    return format_datetime(instant, pattern, tzinfo=KST, locale=lang)


def clock(instant: datetime, lang: str) -> str:
    """Time of day in Korea, to the second."""
    return format_time(instant, "HH:mm:ss", tzinfo=KST, locale=lang)


def iso(instant: datetime) -> str:
    return instant.astimezone(KST).isoformat(timespec="seconds")


def metres(value: float) -> str:
    """`850 m`, `1.2 km`."""
    return f"{value:,.0f} m" if value < 1000 else f"{value / 1000:,.1f} km"


def minutes(seconds: float) -> str:
    """`4:05`: minutes and seconds."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
