"""The days and months that statements are asked for, refused by name where they cannot be."""

from datetime import date, timedelta
from typing import Annotated, Final

from litestar.exceptions import ValidationException
from litestar.params import QueryParameter

from daeri.kernel.time import KST
from daeri.web.bodies import is_usable
from daeri.web.context import WebContext

QUARTER: Final = timedelta(days=91)
YEAR: Final = timedelta(days=366)
From = Annotated[
    date | None, QueryParameter(name="from", description="A day in Korea; six days before `to` otherwise.")
]
To = Annotated[date | None, QueryParameter(name="to", description="A day in Korea; today otherwise.")]
MonthText = Annotated[
    str | None, QueryParameter(name="month", max_length=7, description="As 2026-11; this month otherwise.")
]
_WEEK = timedelta(days=6)


def span(context: WebContext, since: date | None, until: date | None, *, longest: timedelta) -> tuple[date, date]:
    """The days from `since` to `until`, both included; the last seven where nothing is said."""
    last = _usable("to", until or context.clock.now().astimezone(KST).date())
    first = _usable("from", since or last - _WEEK)
    if not first <= last <= first + longest:
        raise _invalid("from", f"is not within {longest.days} days before to")
    return first, last


def month_of(text: str | None) -> date | None:
    """The first day of a month that is written as 2026-11."""
    if text is None:
        return None
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise _invalid("month", "is no month, as 2026-11") from None
    return _usable("month", found)


def _usable(name: str, day: date) -> date:
    if not is_usable(day):
        raise _invalid(name, "is not in a year that can be asked for")
    return day


def _invalid(name: str, problem: str) -> ValidationException:
    return ValidationException(extra=[{"key": name, "message": problem, "source": "query"}])
