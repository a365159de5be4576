"""The routes of the apps' shells, the first page, what a browser prefers, and the page of the design."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from daeri.web.pages import LANGUAGE_COOKIE, THEME_COOKIE, Pages, Reader, Theme, choose_theme, security_headers
from daeri.web.phone import shells
from daeri.web.phone.card_window import CardWindow, card_window_router
from daeri.web.phone.shells import SHELLS, Shell
from daeri.web.words import Language, choose_language

Req = Request[Any, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
YEAR_S = 365 * 24 * 3600


@dataclass(slots=True)
class PhoneRoom:
    """What every handler of this room works with; rendered pages are kept, as they are the same for everybody."""

    pages: Pages
    socket_url_at: Callable[[str], str]
    secure_cookies: bool
    is_demo: bool = False
    navigation: Mapping[str, str] = field(default_factory=dict)
    card_window: CardWindow | None = None
    _rendered: dict[tuple[str, Reader], bytes] = field(default_factory=dict)

    def reader(self, request: Req, default: Theme = Theme.AUTO) -> Reader:
        """The language and theme of the cookies, or of the address where it names them."""
        asked = request.query_params
        language = asked.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        theme = asked.get("theme") or request.cookies.get(THEME_COOKIE)
        return Reader(
            language=choose_language(language, request.headers.get("accept-language")),
            theme=choose_theme(theme) if theme else default,
        )

    def headers(self, request: Req) -> dict[str, str]:
        """What every page carries; the driver's app may open its socket."""
        parts = urlsplit(self.socket_url_at(request.url.hostname or ""))
        return security_headers(self.pages.basemap, sockets=(f"{parts.scheme}://{parts.netloc}",))

    def shell(self, shell: Shell, reader: Reader) -> bytes:
        key = (shell.name, reader)
        if key not in self._rendered:
            self._rendered[key] = self._page(shell, reader).encode()
        return self._rendered[key]

    def _page(self, shell: Shell, reader: Reader) -> str:
        return shells.page(shell, self.pages, reader, is_demo=self.is_demo, navigation=self.navigation)

    def page(self, request: Req, template: str, **context: object) -> Response[bytes]:
        html = self.pages.render(template, self.reader(request), **context).encode()
        return compressed(request, html, "text/html", self.headers(request))


def compressed(request: Req, content: bytes, media_type: str, headers: dict[str, str]) -> Response[bytes]:
    """`content`, small where the browser can read that. Nothing that is sent so holds a secret."""
    headers = {**headers, "Vary": "Accept-Encoding, Accept-Language, Cookie"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            gzip.compress(content, 6), media_type=media_type, headers={**headers, "Content-Encoding": "gzip"}
        )
    return Response(content, media_type=media_type, headers=headers)


def phone_routers(room: PhoneRoom) -> Sequence[ControllerRouterHandler]:
    """Everything of this room, for the web process to mount."""
    window = room.card_window
    of_cards = [] if window is None else [card_window_router(room.pages, window, room.reader, room.headers)]
    return [*(_shell_router(room, shell) for shell in SHELLS), _first_page(room), *of_cards]


def _shell_router(room: PhoneRoom, shell: Shell) -> Router:
    name = shell.name

    @get(["/", "/{path:path}"], name=f"phone:{name}", sync_to_thread=False)
    def app_page(request: Req) -> Response[bytes]:
        """The shell, whatever screen the address names: the scripts show it."""
        html = room.shell(shell, room.reader(request, shell.default_theme))
        return compressed(request, html, "text/html", room.headers(request))

    @get("/manifest.webmanifest", name=f"phone:{name}:manifest", sync_to_thread=False)
    def manifest(request: Req) -> Response[bytes]:
        """What makes the app installable."""
        words = room.pages.words[room.reader(request).language]
        body = msgspec.json.encode(shells.manifest(shell, room.pages.assets, words))
        return Response(body, media_type="application/manifest+json", headers={"Cache-Control": "no-cache"})

    @get("/sw.js", name=f"phone:{name}:worker", sync_to_thread=False)
    def worker(request: Req) -> Response[bytes]:
        """The service worker, which may rule the app's pages though it lies below them."""
        headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": shell.base}
        script = shells.service_worker(shell, room.pages.assets)
        return compressed(request, script, "text/javascript", headers)

    return Router(path=shell.base, route_handlers=[app_page, manifest, worker], include_in_schema=False)


def _first_page(room: PhoneRoom) -> Router:
    @get("/", name="phone:landing", sync_to_thread=False)
    def landing(request: Req) -> Response[bytes]:
        """The way to each of the apps."""
        return room.page(request, "phone/landing.html")

    @post("/preferences", name="phone:preferences", status_code=200, sync_to_thread=False)
    def preferences(request: Req, data: Form) -> Response[None]:
        """Keep the language or the theme that a person chose; a form is led back, a script gets 204."""
        cookies = _chosen(room, request, data)
        if "application/json" in request.headers.get("accept", ""):
            return Response(None, status_code=204, cookies=cookies)
        return Redirect(_safe_next(data.get("next")), status_code=303, cookies=cookies)

    @get("/design", name="phone:design", sync_to_thread=False)
    def design(request: Req) -> Response[bytes]:
        """Every token and component, in both themes and both languages."""
        return room.page(request, "phone/design.html", styles=shells.STYLES)

    @get("/design/sheet", name="phone:design_sheet", sync_to_thread=False)
    def design_sheet(request: Req) -> Response[bytes]:
        """One of the four: the only page that may be framed, and by us alone."""
        html = shells.design_sheet(room.pages, room.reader(request)).encode()
        headers = room.headers(request)
        policy = headers["Content-Security-Policy"].replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        return compressed(request, html, "text/html", {**headers, "Content-Security-Policy": policy})

    handlers = [landing, preferences, design, design_sheet]
    return Router(path="/", route_handlers=handlers, include_in_schema=False)


def _chosen(room: PhoneRoom, request: Req, data: dict[str, str]) -> list[Cookie]:
    """Another site's form changes nothing, though it could do no harm."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return []
    allowed = {LANGUAGE_COOKIE: [each.value for each in Language], THEME_COOKIE: [each.value for each in Theme]}
    return [
        Cookie(name, value=data[name], max_age=YEAR_S, secure=room.secure_cookies, httponly=True, samesite="lax")
        for name, values in allowed.items()
        if data.get(name) in values
    ]


def _safe_next(path: str | None) -> str:
    """A page of ours and nowhere else."""
    inside = path is not None and path.startswith("/") and "//" not in path and "\\" not in path
    return path if inside and path is not None else "/"
