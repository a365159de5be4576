"""The HTTP application: routes, who asks, refusals, and what is measured around every request."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from litestar import Litestar, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send

from daeri.accounts.model import Principal
from daeri.infra.logs import log_context
from daeri.kernel.errors import DaeriError
from daeri.web.api import console, customer_calls, driver_work, ground, operations, positions, replay, sign_in
from daeri.web.api.documented import openapi_config
from daeri.web.bodies import JsonRequest
from daeri.web.context import WebContext
from daeri.web.principals import principal_of

API_PATH = "/api/v1"
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_UNROUTED = "(none)"


def build_app(context: WebContext, rooms: Sequence[ControllerRouterHandler] = ()) -> ASGIApp:
    """The whole application over `context`; `rooms` are further routers (pages, streams, static files)."""
    app = Litestar(
        route_handlers=[api_router(context), operations.root_router, *_metrics(context), positions.positions, *rooms],
        dependencies={
            "context": Provide(_context, sync_to_thread=False),
            "principal": Provide(_principal),
        },
        exception_handlers=_exception_handlers(context),
        openapi_config=openapi_config(f"{API_PATH}/schema", [positions.DOCUMENT]),
        request_max_body_size=context.settings.body_limit_bytes,
        state=State({"context": context}),
        logging_config=None,
        pdb_on_exception=False,
    )
    return measured(app, context)


def api_router(context: WebContext) -> Router:
    """Everything under the API's base path."""
    routers = [
        sign_in.router,
        customer_calls.router,
        driver_work.router,
        positions.router,
        ground.router,
        operations.router,
        console.router,
    ]
    if context.stepper is not None:
        routers.append(replay.router)
    return Router(path=API_PATH, route_handlers=routers, request_class=JsonRequest)


def measured(app: Litestar, context: WebContext) -> ASGIApp:
    """Around every request: an id for logs and answers, how long it took, how it ended."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 500, time.perf_counter()

        async def send_measured(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            with log_context(request_id=request_id), context.tracer.span("http", request_id=request_id):
                await app(scope, receive, send_measured)
        finally:
            route = str(scope.get("path_template") or _UNROUTED)
            context.metrics.request_done(str(scope.get("method")), route, status, time.perf_counter() - started)

    return run


def _request_id(scope: Scope) -> str:
    """The caller's, where it looks like one; else a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if _REQUEST_ID.match(given) else uuid4().hex


def _context(state: State) -> WebContext:
    context: WebContext = state.context
    return context


async def _principal(request: ASGIConnection[Any, Any, Any, Any], context: WebContext) -> Principal:
    return await principal_of(request, context)


def _metrics(context: WebContext) -> list[Router]:
    return [operations.metrics_router] if context.settings.metrics else []


def _exception_handlers(context: WebContext) -> dict[int | type[Exception], Callable[..., Any]]:
    problems = context.problems
    return {
        DaeriError: problems.refusal,
        ValidationException: problems.invalid,
        HTTPException: problems.http,
        Exception: problems.unexpected,
    }
