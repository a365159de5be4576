"""Who is asking: the bearer token of an app, or the cookie of a page with its CSRF token."""

from typing import Any

from litestar.connection import ASGIConnection

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Principal, SessionKind, SignedOut, WrongKind
from daeri.kernel.ids import CustomerId, DriverId
from daeri.web.context import WebContext

COOKIE = "daeri_session"
CSRF_HEADER = "x-csrftoken"
_BEARER = "Bearer "
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def principal_of(connection: AnyConnection, context: WebContext) -> Principal:
    """Raises SignedOut without a good token, CsrfWrong for a page's command without its token."""
    header = connection.headers.get("authorization", "")
    if header.startswith(_BEARER):
        return await context.authenticator.authenticate(header[len(_BEARER) :])
    cookie = connection.cookies.get(COOKIE)
    if cookie is None:
        raise SignedOut(reason="token_missing")
    principal = await context.authenticator.authenticate(cookie)
    if principal.session_kind is not SessionKind.PAGE:
        raise SignedOut(reason="token_missing")
    if connection.scope.get("method", "GET") not in _SAFE:
        accounts.check_csrf(context.gate.ring, principal.session_id, connection.headers.get(CSRF_HEADER))
    return principal


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
