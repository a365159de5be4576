"""The id that ties a request's logs, its trace and its answer together."""

import re
from uuid import uuid4

from litestar.types import HTTPScope

_FITTING = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


def request_id_of(scope: HTTPScope) -> str:
    """The caller's, where it looks like one; else a new one."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if _FITTING.match(given) else uuid4().hex
