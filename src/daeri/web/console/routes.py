"""The console's pages: parse, read, render. What they read and who may look comes in from the composition root."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, SkipValidation
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT, HTTP_401_UNAUTHORIZED, HTTP_404_NOT_FOUND

from daeri.kernel.terms import Service
from daeri.web.console.door import (
    SIGN_IN_PATH,
    Credentials,
    PageRequest,
    SignedIn,
    SignInNeeded,
    StaffDoor,
    safe_next,
)
from daeri.web.console.queries import CALL_STATES, Q_LIMIT, address, read_call_query, write_minute
from daeri.web.console.reads import ConsoleCommands, ConsoleReads, DriverState, Viewer
from daeri.web.pages import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    Pages,
    Reader,
    Theme,
    choose_theme,
    security_headers,
)
from daeri.web.words import Language, choose_language

YEAR_S = 365 * 24 * 3600
# Rooms that are reached through another, which stays marked in the rail.
ROOMS_ABOVE = {
    "never_meet": "customers",
    "applications": "drivers",
    "appeals": "drivers",
    "payment_tasks": "payments",
    "payouts": "payments",
    "business_accounts": "payments",
}


@dataclass(frozen=True, slots=True)
class ConsoleRoom:
    """What every handler of this room works with."""

    pages: Pages
    reads: ConsoleReads
    commands: ConsoleCommands
    door: StaffDoor
    secure_cookies: bool = True

    def reader(self, request: PageRequest, viewer: Viewer | None) -> Reader:
        return Reader(
            language=choose_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")),
            theme=choose_theme(request.cookies.get(THEME_COOKIE)),
            csrf_token=self.door.csrf_token(request),
            account=str(viewer.account_id) if viewer else "",
        )

    def page(
        self,
        request: PageRequest,
        template: str,
        *,
        viewer: Viewer | None = None,
        status: int = HTTP_200_OK,
        **context: object,
    ) -> Response[str]:
        """`template` as the answer to `request`, with the headers that every page carries."""
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        html = self.pages.render(template, self.reader(request, viewer), path=path, viewer=viewer, **context)
        headers = security_headers(self.pages.basemap)
        return Response(html, status_code=status, media_type="text/html", headers=headers)


Room = SkipValidation[NamedDependency[ConsoleRoom]]
Who = SkipValidation[NamedDependency[Viewer]]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def is_partial(request: PageRequest) -> bool:
    """Whether htmx asks for a part of the page it already shows, and not for a page out of its history."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-history-restore-request") != "true"


@get("/", name="console:home")
async def home(request: PageRequest, room: Room, viewer: Who) -> Response[str]:
    """The live map and the board of waiting calls."""
    return room.page(request, "console/home.html", viewer=viewer, room="home")


@get("/calls", name="console:calls")
async def calls(request: PageRequest, room: Room, viewer: Who) -> Response[str]:
    """The call list; htmx gets the rows alone, and the rows from a cursor on are added below those shown."""
    query = read_call_query(request.query_params)
    found = await room.reads.calls(viewer, query)
    return room.page(
        request,
        "console/_calls.html" if is_partial(request) else "console/calls.html",
        viewer=viewer,
        room="calls",
        query=query,
        rows=found.items,
        more=address(query, cursor=found.next_cursor) if found.next_cursor else None,
        states=CALL_STATES,
        services=[each.value for each in Service],
        since=write_minute(query.since),
        until=write_minute(query.until),
    )


@get("/calls/{call_id:uuid}", name="console:call")
async def call(request: PageRequest, room: Room, viewer: Who, call_id: FromPath[UUID]) -> Response[str]:
    """One call: facts, timeline and offers; its decisions are asked for apart."""
    found = await room.reads.call(viewer, call_id)
    if found is None:
        return missing(request, room, viewer)
    template = "console/_call.html" if is_partial(request) else "console/call.html"
    return room.page(request, template, viewer=viewer, room="calls", call=found)


@get("/calls/{call_id:uuid}/decisions", name="console:decisions")
async def decisions(request: PageRequest, room: Room, viewer: Who, call_id: FromPath[UUID]) -> Response[str]:
    """The decision log of a call in words, newest first: a part of the call's page."""
    found = await room.reads.decisions(viewer, call_id)
    return room.page(request, "console/_decisions.html", decisions=found)


@get("/drivers", name="console:drivers")
async def drivers(request: PageRequest, room: Room, viewer: Who) -> Response[str]:
    """The drivers of the company, by name or the last four digits of their number."""
    asked, states = request.query_params, [each.value for each in DriverState]
    words, state = asked.get("q", "").strip()[:Q_LIMIT], asked.get("state", "")
    chosen = state if state in states else ""
    found = await room.reads.drivers(viewer, words, chosen, asked.get("cursor"))
    template = "console/_drivers.html" if is_partial(request) else "console/drivers.html"
    more = f"/console/drivers?q={quote(words)}&state={chosen}&cursor={quote(found.next_cursor or '')}"
    return room.page(
        request,
        template,
        viewer=viewer,
        room="drivers",
        rows=found.items,
        more=more if found.next_cursor else None,
        q=words,
        chosen=chosen,
        states=states,
    )


@get(["/customers", "/customers/{subject:uuid}", "/drivers/{subject:uuid}"], name="console:people")
async def people(request: PageRequest, room: Room, viewer: Who) -> Response[str]:
    """Customers, one customer, and one driver's file; the room's script reads them over the API."""
    name = "customers" if request.url.path.startswith("/console/customers") else "drivers"
    subject = str(request.path_params.get("subject", ""))
    view = name.removesuffix("s") if subject else name
    return room.page(request, "console/room.html", viewer=viewer, room=name, title=name, view=view, subject=subject)


@get(
    [
        *("/never-meet", "/cases", "/notices", "/applications", "/appeals", "/policies", "/policies/{policy:str}"),
        *("/payments", "/payment-tasks", "/ledger", "/payouts", "/business-accounts"),
    ],
    name="console:operators",
)
async def operators(request: PageRequest, room: Room, viewer: Who) -> Response[str]:
    """The operators' other rooms: one page each, whose script reads what it shows over the API."""
    name = request.url.path.split("/")[2].replace("-", "_")
    policy = str(request.path_params.get("policy", ""))
    view, above = "policy" if policy else name, ROOMS_ABOVE.get(name, name)
    return room.page(request, "console/room.html", viewer=viewer, room=above, title=name, view=view, subject=policy)


@get(["/drivers/{subject:uuid}/statement", "/business-accounts/{subject:uuid}"], name="console:statements")
async def statements(request: PageRequest, room: Room, viewer: Who, subject: FromPath[UUID]) -> Response[str]:
    """What made a driver's balance, and what a business account owes; the room's script reads them over the API."""
    is_driver = request.url.path.startswith("/console/drivers")
    name, title, view = (
        ("drivers", "drivers", "driver_statement")
        if is_driver
        else ("payments", "business_accounts", "business_account")
    )
    return room.page(
        request, "console/room.html", viewer=viewer, room=name, title=title, view=view, subject=str(subject)
    )


@get("/jobs", name="console:jobs")
async def jobs(request: PageRequest, room: Room, viewer: Who) -> Response[str]:
    """Jobs that failed for good."""
    held = await room.reads.held_jobs(viewer)
    return room.page(request, "console/jobs.html", viewer=viewer, room="jobs", held=held, answer=None)


@post("/jobs/{job_id:str}/retry", name="console:retry_job", status_code=HTTP_200_OK)
async def retry_job(request: PageRequest, room: Room, viewer: Who, job_id: FromPath[str]) -> Response[str]:
    """Have a held job tried again, and show what is held now."""
    answer = "jobs.retried" if await room.commands.retry_job(viewer, job_id) else "jobs.not_held"
    held = await room.reads.held_jobs(viewer)
    template = "console/_jobs.html" if is_partial(request) else "console/jobs.html"
    return room.page(request, template, viewer=viewer, room="jobs", held=held, answer=answer)


@get("/session", name="console:session", status_code=HTTP_204_NO_CONTENT)
async def session(viewer: Who) -> None:
    """Whether the session still lives: 204, or 401 when it does not. For scripts whose stream was closed."""


@get("/sign-in", name="console:sign_in_page")
async def sign_in_page(request: PageRequest, room: Room) -> Response[str]:
    after = safe_next(request.query_params.get("next"))
    return room.page(request, "console/sign_in.html", after=after, email="", refused=None)


@post("/sign-in", name="console:sign_in", status_code=HTTP_200_OK)
async def sign_in(request: PageRequest, room: Room, data: Form) -> Response[str] | Redirect:
    """Begin a session, or show the form again with the reason, the address kept and the secrets not."""
    email, after = data.get("email", "").strip(), safe_next(data.get("next"))
    totp = data.get("totp", "").replace(" ", "")
    answer = await room.door.sign_in(request, Credentials(email, data.get("password", ""), totp))
    if isinstance(answer, SignedIn):
        return Redirect(after, status_code=303, cookies=list(answer.cookies))
    return room.page(
        request, "console/sign_in.html", status=HTTP_401_UNAUTHORIZED, after=after, email=email, refused=answer.code
    )


@post("/sign-out", name="console:sign_out")
async def sign_out(request: PageRequest, room: Room) -> Redirect:
    return Redirect(SIGN_IN_PATH, status_code=303, cookies=list(await room.door.sign_out(request)))


@post("/preferences", name="console:preferences")
async def preferences(request: PageRequest, room: Room, data: Form) -> Redirect:
    """Keep the language or the theme that a person chose, and show the page that they were on."""
    allowed = {LANGUAGE_COOKIE: [each.value for each in Language], THEME_COOKIE: [each.value for each in Theme]}
    chosen = {name: data[name] for name, values in allowed.items() if data.get(name) in values}
    cookies = [
        Cookie(name, value=value, max_age=YEAR_S, secure=room.secure_cookies, httponly=True, samesite="lax")
        for name, value in chosen.items()
    ]
    return Redirect(safe_next(data.get("next")), status_code=303, cookies=cookies)


def missing(request: PageRequest, room: ConsoleRoom, viewer: Viewer) -> Response[str]:
    """What does not exist, or belongs to another company: the same page for both."""
    return room.page(request, "console/missing.html", status=HTTP_404_NOT_FOUND, viewer=viewer, room="")


def nowhere(request: PageRequest, room: ConsoleRoom) -> Response[str]:
    """An address that leads nowhere, asked for by a person, who may be signed out."""
    return room.page(request, "missing.html", status=HTTP_404_NOT_FOUND)


async def current_viewer(request: PageRequest, room: Room) -> Viewer:
    """The viewer of this request. Raises SignInNeeded without a session."""
    viewer = await room.door.viewer(request)
    if viewer is None:
        raise SignInNeeded
    return viewer


def to_sign_in(request: PageRequest, _: SignInNeeded) -> Response[None]:
    """The way to sign in: a redirect for a page, a header for htmx, a bare 401 for scripts."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.url.path == "/console/session":
        return Response(None, status_code=HTTP_401_UNAUTHORIZED)
    target = f"{SIGN_IN_PATH}?next={quote(path if request.method == 'GET' else '/console')}"
    if request.headers.get("hx-request") == "true":
        return Response(None, status_code=HTTP_401_UNAUTHORIZED, headers={"HX-Redirect": target})
    return Redirect(target, status_code=303)


def console_router(room: ConsoleRoom) -> Router:
    """The routes under /console, for the web process to mount."""
    handlers = [home, calls, call, decisions, drivers, people, operators, statements, jobs, retry_job, session]
    public = [sign_in_page, sign_in, sign_out, preferences]
    return Router(
        path="/console",
        route_handlers=[*handlers, *public],
        dependencies={
            "room": Provide(lambda: room, sync_to_thread=False),
            "viewer": Provide(current_viewer),
        },
        exception_handlers={SignInNeeded: to_sign_in},
        include_in_schema=False,
    )
