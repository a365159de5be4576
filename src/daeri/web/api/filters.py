"""What the parameters of lists have in common: refused by name where they cannot be meant."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.exceptions import ValidationException

from daeri.web.console.queries import read_minute

_NAME_LIMIT = 40  # of a parameter's name in an answer


def refuse_unknown(request: Request[Any, Any, Any], known: Collection[str]) -> None:
    """A filter that is misspelt would otherwise show everything."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise invalid(unknown[0][:_NAME_LIMIT], "is no parameter of this list")


def instant(name: str, text: str | None) -> datetime | None:
    """ISO 8601, in Korean time where it names no offset."""
    found = read_minute(text)
    if text and found is None:
        raise invalid(name, "is no date and time")
    return found


def invalid(name: str, problem: str) -> ValidationException:
    """The parameter that does not fit, and why."""
    return ValidationException(extra=[{"key": name, "message": problem, "source": "query"}])
