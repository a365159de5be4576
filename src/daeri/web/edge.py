"""What every answer carries, whoever writes it: the request's id and the headers that keep browsers careful."""

from asyncpg import InsufficientResourcesError, InterfaceError, OperatorInterventionError, PostgresConnectionError
from litestar.types import HTTPScope

Headers = list[tuple[bytes, bytes]]

API_PATH = "/api/v1"
# The database went away under a request.
DATABASE_AWAY = (
    PostgresConnectionError,
    OperatorInterventionError,
    InsufficientResourcesError,
    InterfaceError,  # the client's own word for a connection that closed under it
    ConnectionError,
)

_HEADERS: Headers = [(b"x-content-type-options", b"nosniff")]
# Answers of the API are personal, and no page: nothing in them may be kept, run or framed.
_API_HEADERS: Headers = [
    *_HEADERS,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


def complete_headers(scope: HTTPScope, given: Headers, request_id: str) -> Headers:
    """`given`, the request's id, and what careful browsers need where `given` does not say it."""
    names = {name.lower() for name, _ in given}
    defaults = _API_HEADERS if scope["path"].startswith(API_PATH) else _HEADERS
    missing = [header for header in defaults if header[0] not in names]
    return [*given, *missing, (b"x-request-id", request_id.encode())]
