"""Who is asking: the bearer token of a program, or a cookie with its CSRF token.

A browser holds up to three cookies of ours, one for each app that somebody is signed in to. Which of them speaks is
said by the request, and a cookie speaks only for its own app.
"""

from enum import StrEnum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.di import NamedDependency

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Principal, SessionKind, SignedOut, WrongKind
from daeri.kernel.ids import CustomerId, DriverId
from daeri.web.context import WebContext

COOKIE = "daeri_session"
CSRF_HEADER = "x-csrftoken"
APP_HEADER = "x-daeri-app"
APP_QUERY = "app"  # an EventSource sends no headers
CONSOLE = "console"  # staff's pages; what says nothing is taken for them too
_BEARER = "Bearer "
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class App(StrEnum):
    """A browser app; its name is the kind of account that signs in to it."""

    CUSTOMER = "customer"
    DRIVER = "driver"

    @property
    def cookie(self) -> str:
        return f"daeri_{self.value}"

    @property
    def kind(self) -> AccountKind:
        return AccountKind(self.value)


WhoAsks = NamedDependency[Principal]  # who asks, as a handler asks for them
AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def principal_of(connection: AnyConnection, context: WebContext) -> Principal:
    """Raises SignedOut without a good token, CsrfWrong for a page's command without its token."""
    header = connection.headers.get("authorization", "")
    if header.startswith(_BEARER):
        return await context.authenticator.authenticate(header[len(_BEARER) :])
    app = app_of(connection)
    cookie = connection.cookies.get(COOKIE if app is None else app.cookie)
    if not cookie:
        raise SignedOut(reason="token_missing")
    principal = await context.authenticator.authenticate(cookie)
    expected = AccountKind.STAFF if app is None else app.kind
    if principal.session_kind is not SessionKind.PAGE or principal.kind is not expected:
        raise SignedOut(reason="token_missing")
    if connection.scope.get("method", "GET") not in _SAFE:
        accounts.check_csrf(context.gate.ring, principal.session_id, connection.headers.get(CSRF_HEADER))
    return principal


def app_of(connection: AnyConnection) -> App | None:
    """The browser app that asks; None for the console and for programs. Raises SignedOut for one that is not ours."""
    name = connection.headers.get(APP_HEADER) or connection.query_params.get(APP_QUERY)
    if name is None or name == CONSOLE:
        return None
    try:
        return App(name)
    except ValueError:
        raise SignedOut(reason="app_unknown") from None


def customer_of(principal: Principal) -> CustomerId:
    """The customer who asks; WrongKind for anybody else."""
    if principal.kind is not AccountKind.CUSTOMER:
        raise WrongKind(kind=principal.kind)
    return CustomerId(principal.account_id)


def driver_of(principal: Principal) -> DriverId:
    """The driver who asks; WrongKind for anybody else."""
    if principal.kind is not AccountKind.DRIVER:
        raise WrongKind(kind=principal.kind)
    return DriverId(principal.account_id)


def require_staff(principal: Principal) -> None:
    """WrongKind unless a member of staff asks."""
    if principal.kind is not AccountKind.STAFF:
        raise WrongKind(kind=principal.kind)
