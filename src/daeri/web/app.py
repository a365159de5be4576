"""The HTTP application: routes, who asks, refusals, and what is measured around every request."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send

from daeri.accounts.model import Principal
from daeri.infra.logs import log_context
from daeri.infra.metering import Metered
from daeri.infra.metrics import Part
from daeri.kernel.errors import DaeriError
from daeri.web.api import (
    card_notices,
    cards,
    console,
    console_calls,
    console_cover,
    console_customers,
    console_drivers,
    console_ledger,
    console_money_files,
    console_payment_tasks,
    console_payments,
    console_payouts,
    console_policies,
    console_rewards,
    console_statements,
    customer_account,
    customer_bonds,
    customer_calls,
    customer_money,
    customer_waiting,
    drive,
    driver_account,
    driver_money,
    driver_why,
    driver_work,
    ground,
    operations,
    places,
    positions,
    replay,
    shortage,
    sign_in,
    webhooks,
)
from daeri.web.api.documented import openapi_config
from daeri.web.bodies import JsonRequest
from daeri.web.context import WebContext
from daeri.web.edge import API_PATH, DATABASE_AWAY, complete_headers
from daeri.web.principals import principal_of
from daeri.web.request_ids import request_id_of

_UNROUTED = "(none)"
_WHO_ASKS = "principal"  # in the state of a request

MissingPage = Callable[[Request[Any, Any, Any]], Response[str]]


def build_app(
    context: WebContext, rooms: Sequence[ControllerRouterHandler] = (), missing_page: MissingPage | None = None
) -> ASGIApp:
    """The whole application over `context`; `rooms` are further routers (pages, streams, static files).

    `missing_page` is what people see at an address that does not exist; programs get a problem.
    """
    app = Litestar(
        route_handlers=[api_router(context), operations.root_router, *_metrics(context), *rooms],
        dependencies={
            "context": Provide(_context, sync_to_thread=False),
            "principal": Provide(_principal, sync_to_thread=False),
        },
        before_request=_know_who_asks,
        exception_handlers=_exception_handlers(context, missing_page),
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
        customer_waiting.router,
        customer_money.router,
        customer_account.router,
        customer_bonds.router,
        customer_bonds.driver_router,
        cards.router,
        cards.driver_router,
        card_notices.router,
        places.router,
        driver_work.router,
        drive.router,
        driver_why.router,
        shortage.router,
        driver_account.router,
        driver_money.router,
        webhooks.router,
        positions.router,
        ground.router,
        operations.router,
        console.router,
        console_calls.router,
        console_cover.router,
        console_customers.router,
        console_drivers.router,
        console_payments.router,
        console_payment_tasks.router,
        console_ledger.router,
        console_money_files.router,
        console_payouts.router,
        console_statements.router,
        console_policies.router,
        console_rewards.router,
    ]
    if context.stepper is not None:
        routers.append(replay.router)
    return Router(path=API_PATH, route_handlers=routers, request_class=JsonRequest)


def measured(app: Litestar, context: WebContext) -> ASGIApp:
    """Around every request: an id for logs and answers, how long it took, how it ended."""

    cpu_seconds = context.metrics.cpu_seconds.labels(Part.HTTP)

    report = positions.measured_reports(context)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        if scope["path"] == positions.PATH:
            await report(scope, receive, send)
            return
        request_id = request_id_of(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 500, time.perf_counter()

        async def send_measured(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = complete_headers(scope, list(message.get("headers", ())), request_id)
            await send(message)

        try:
            with log_context(request_id=request_id), context.tracer.span("http", request_id=request_id):
                await Metered(app(scope, receive, send_measured), cpu_seconds)
        finally:
            route = str(scope.get("path_template") or _UNROUTED)
            context.metrics.request_done(str(scope.get("method")), route, status, time.perf_counter() - started)

    return run


def _context(state: State) -> WebContext:
    context: WebContext = state.context
    return context


async def _know_who_asks(request: Request[Any, Any, Any]) -> None:
    """Before anything that they sent is read: nobody hears what is wrong with a body who may not send one."""
    if "principal" in request.route_handler.parsed_fn_signature.parameters:
        request.scope["state"][_WHO_ASKS] = await principal_of(request, _context(request.app.state))


def _principal(request: ASGIConnection[Any, Any, Any, Any]) -> Principal:
    principal: Principal = request.scope["state"][_WHO_ASKS]
    return principal


def _metrics(context: WebContext) -> list[Router]:
    return [operations.metrics_router] if context.settings.metrics else []


def _exception_handlers(
    context: WebContext, missing_page: MissingPage | None
) -> dict[int | type[Exception], Callable[..., Any]]:
    problems = context.problems

    def missing(request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
        is_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(API_PATH)
        return missing_page(request) if missing_page is not None and is_page else problems.http(request, error)

    return {
        DaeriError: problems.refusal,
        NotFoundException: missing,
        ValidationException: problems.invalid,
        HTTPException: problems.http,
        **dict.fromkeys(DATABASE_AWAY, problems.unavailable),
        Exception: problems.unexpected,
    }
