"""The page that loads the card provider's own script, which takes the card: the only page that runs what is not ours.

Its content security policy admits the provider for this page alone. It holds nothing of ours: no session is read here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, Router, get

from daeri.infra.settings import CardsKind, Settings
from daeri.web.pages import Pages, Reader
from daeri.web.phone.shells import STYLES

PATH = "/app/card-window"
_FEWEST_LABELS = 3  # of a host that has a site above it: js.example.com

Req = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class CardWindow:
    """The script that opens the provider's window, and the key that it is told."""

    script_url: str
    client_key: str


def window_of(settings: Settings) -> CardWindow | None:
    """What the page needs; None where another provider is set, whose window is its own."""
    if settings.cards is not CardsKind.TOSS or settings.toss_client_key is None:
        return None
    return CardWindow(settings.toss_script_url, settings.toss_client_key)


def policy(window: CardWindow) -> str:
    """Our own files, and the provider's site: its script draws a frame, with styles of its own."""
    site = site_of(window.script_url)
    return (
        f"default-src 'self'; script-src 'self' {site}; style-src 'self' 'unsafe-inline' {site}; "
        f"img-src 'self' data: {site}; font-src 'self' {site}; connect-src 'self' {site}; frame-src {site}; "
        f"form-action 'self' {site}; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


def site_of(url: str) -> str:
    """`https://*.example.com` for a script at js.example.com; a host without a site above it stands alone."""
    parts = urlsplit(url)
    labels = (parts.hostname or "").split(".")
    is_named = len(labels) >= _FEWEST_LABELS and not labels[-1].isdecimal() and parts.port is None
    return f"{parts.scheme}://*.{'.'.join(labels[1:])}" if is_named else f"{parts.scheme}://{parts.netloc}"


def page(pages: Pages, reader: Reader, window: CardWindow) -> str:
    """The page as it is for everybody: whose card it is stands in its address."""
    words = pages.words[reader.language].under(("app.card_window",))
    told = {
        "lang": reader.language.value,
        "words": words,
        "script": window.script_url,
        "clientKey": window.client_key,
    }
    return pages.render("phone/card_window.html", reader, styles=STYLES, window_config=told)


def card_window_router(
    pages: Pages,
    window: CardWindow,
    reader_of: Callable[[Req], Reader],
    headers_of: Callable[[Req], Mapping[str, str]],
) -> Router:
    """The page's route, for the room of the apps to mount."""

    @get("/", name="phone:card_window", sync_to_thread=False)
    def card_window(request: Req) -> Response[str]:
        """Where a card is typed, in the provider's frame."""
        headers = {**headers_of(request), "Content-Security-Policy": policy(window), "Referrer-Policy": "origin"}
        return Response(page(pages, reader_of(request), window), media_type="text/html", headers=headers)

    return Router(path=PATH, route_handlers=[card_window], include_in_schema=False)
