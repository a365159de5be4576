"""What an app's shell is made of: its files, its words, its manifest, its service worker. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from daeri.web.assets import Assets
from daeri.web.edge import API_PATH
from daeri.web.pages import Pages, Reader, Theme
from daeri.web.principals import App
from daeri.web.words import Words

# Words that both apps look up, beside their own.
_SHARED_WORDS = ("phone.", "call.", "problem.", "js.map.")
STYLES = ("css/fonts.css", "css/tokens.css", "css/parts.css", "css/phone.css")
_LIBRARY = ("js/words.js", "js/map/style.js", "js/phone/", "vendor/lit/")
# Files of the library that no screen imports.
_APART = frozenset({"js/phone/sw.js", "js/phone/design.js", "js/phone/design_frames.js"})
_WORKER = "js/phone/sw.js"
_FONT = "vendor/daeri-sans.woff2"
_ICONS = "vendor/icons.svg"
_ENTRY = "main.js"
_DARK, _LIGHT = "#0e1217", "#f3f5f7"
_PNG = "image/png"


@dataclass(frozen=True, slots=True)
class Shell:
    """One app: where it lives, which folder its screens are in, what it may say, how it looks at night."""

    app: App
    base: str
    folder: str
    words: tuple[str, ...]
    stream: str
    default_theme: Theme

    @property
    def name(self) -> str:
        return self.app.value

    @property
    def entry(self) -> str:
        return f"js/{self.folder}/{_ENTRY}"


CUSTOMER = Shell(App.CUSTOMER, "/app", "app", ("app.", *_SHARED_WORDS), "/live/calls", Theme.AUTO)
# Drivers work at night: dark unless they say otherwise.
DRIVER = Shell(
    App.DRIVER,
    "/drive",
    "drive",
    ("drive.", "why.", "reward.", "money.bank.", "money.line.", *_SHARED_WORDS),
    "",
    Theme.DARK,
)
SHELLS = (CUSTOMER, DRIVER)


def styles(shell: Shell, assets: Assets) -> list[str]:
    """The style sheets in their order; an app may have one of its own."""
    own = f"css/{shell.folder}.css"
    return [*STYLES, own] if own in assets.files else list(STYLES)


def modules(shell: Shell, assets: Assets) -> list[str]:
    """Every script that the app's entry leads to, so that they are fetched at once and not one after the other."""
    wanted = (*_LIBRARY, f"js/{shell.folder}/")
    return [name for name in assets.files if name.endswith(".js") and name.startswith(wanted) and name not in _APART]


def files(shell: Shell, assets: Assets) -> list[str]:
    """What is kept for when there is no network."""
    icons = [f"icons/{shell.name}.svg", f"icons/{shell.name}-192.png"]
    return [*styles(shell, assets), *modules(shell, assets), _ICONS, _FONT, *icons]


def config(
    shell: Shell, pages: Pages, reader: Reader, *, is_demo: bool, navigation: Mapping[str, str] | None = None
) -> dict[str, object]:
    """What the app's scripts read: see PhoneConfig in static/js/phone/types.d.ts. Nothing in it is personal."""
    assets = pages.assets
    return {
        "app": shell.name,
        "base": shell.base,
        "api": API_PATH,
        "lang": reader.language.value,
        "theme": reader.theme.value,
        "isDemo": is_demo,
        "navigation": [{"name": name, "url": url} for name, url in (navigation or {}).items()],
        "account": "",
        "stream": shell.stream,
        "session": f"{API_PATH}/session?app={shell.name}",
        "basemap": msgspec.to_builtins(pages.basemap),
        "mapScript": assets.url("vendor/maplibre-gl-csp.js"),
        "mapStyles": assets.url("vendor/maplibre-gl.css"),
        "mapWorker": assets.url("vendor/maplibre-gl-csp-worker.js"),
        "icons": assets.url(_ICONS),
        "serviceWorker": f"{shell.base}/sw.js",
        "serviceWorkerScope": shell.base,
        "words": pages.words[reader.language].under(shell.words),
    }


def page(
    shell: Shell, pages: Pages, reader: Reader, *, is_demo: bool, navigation: Mapping[str, str] | None = None
) -> str:
    """The HTML of every address of the app: the same for everybody with this language and theme."""
    return pages.render(
        "phone/app.html",
        reader,
        app=shell,
        styles=styles(shell, pages.assets),
        modules=modules(shell, pages.assets),
        entry=shell.entry,
        phone_config=config(shell, pages, reader, is_demo=is_demo, navigation=navigation),
    )


def design_sheet(pages: Pages, reader: Reader) -> str:
    """Every token and component in one language and theme, drawn by what draws the apps."""
    assets = pages.assets
    library = [name for name in modules(CUSTOMER, assets) if not name.startswith(f"js/{CUSTOMER.folder}/")]
    sample = Shell(App.CUSTOMER, "/design", "phone", (*_SHARED_WORDS, "design.", "reward."), "", Theme.AUTO)
    return pages.render(
        "phone/design_sheet.html",
        reader,
        styles=STYLES,
        modules=library,
        phone_config=config(sample, pages, reader, is_demo=True),
    )


def manifest(shell: Shell, assets: Assets, words: Words) -> Mapping[str, object]:
    """The web app manifest: what a telephone needs to put the app beside its others."""
    is_dark = shell.default_theme is Theme.DARK
    sizes = [(f"icons/{shell.name}-{size}.png", f"{size}x{size}") for size in (192, 512)]
    return {
        "id": shell.base,
        "name": words(f"phone.app.{shell.name}"),
        "short_name": words(f"phone.app.{shell.name}.short"),
        "description": words(f"phone.landing.{shell.name}.text"),
        "lang": words.language.value,
        "start_url": shell.base,
        "scope": shell.base,
        "display": "standalone",
        "orientation": "portrait",
        "background_color": _DARK if is_dark else _LIGHT,
        "theme_color": _DARK if is_dark else _LIGHT,
        "icons": [
            {"src": assets.url(f"icons/{shell.name}.svg"), "sizes": "any", "type": "image/svg+xml"},
            *({"src": assets.url(file), "sizes": size, "type": _PNG} for file, size in sizes),
            {
                "src": assets.url(f"icons/{shell.name}-maskable-512.png"),
                "sizes": "512x512",
                "type": _PNG,
                "purpose": "maskable",
            },
        ],
    }


def service_worker(shell: Shell, assets: Assets) -> bytes:
    """The worker's script, which begins with what it is to keep: a new version of any file makes it another worker."""
    kept = {
        "app": shell.name,
        "base": shell.base,
        "digest": assets.digest,
        "files": [assets.url(file) for file in files(shell, assets)],
    }
    return b"self.SHELL = " + msgspec.json.encode(kept) + b";\n" + assets.files[_WORKER].content
