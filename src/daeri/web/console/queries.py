"""Reads the call list's search out of an address, and writes it back: pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from daeri.kernel.terms import Service
from daeri.kernel.time import KST
from daeri.web.console.reads import CallQuery

CALL_STATES = (
    "reserved",
    "requested",
    "assigned",
    "arrived",
    "driving",
    "completed",
    "cancelled_before_assignment",
    "cancelled_after_assignment",
    "expired",
)
Q_LIMIT = 40


def read_call_query(fields: Mapping[str, str]) -> CallQuery:
    """A search from query parameters; a value that cannot be meant is left out rather than refused."""
    state, service = fields.get("state", ""), fields.get("service", "")
    return CallQuery(
        q=fields.get("q", "").strip()[:Q_LIMIT],
        state=state if state in CALL_STATES else "",
        service=service if service in {each.value for each in Service} else "",
        since=read_minute(fields.get("from")),
        until=read_minute(fields.get("to")),
        cursor=fields.get("cursor") or None,
    )


def read_minute(text: str | None) -> datetime | None:
    """A `datetime-local` field (`2026-11-22T21:00`, Korean time) as an instant; None when empty or unreadable."""
    try:
        local = datetime.fromisoformat(text) if text else None
        return None if local is None else (local if local.tzinfo else local.replace(tzinfo=KST)).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter beside the first and the last year
        return None


def write_minute(instant: datetime | None) -> str:
    """The value of a `datetime-local` field."""
    return instant.astimezone(KST).strftime("%Y-%m-%dT%H:%M") if instant else ""


def address(query: CallQuery, *, cursor: str | None = None) -> str:
    """The address of the call list that shows `query`, from `cursor` on."""
    shown = replace(query, cursor=cursor)
    fields = {
        "q": shown.q,
        "state": shown.state,
        "service": shown.service,
        "from": write_minute(shown.since),
        "to": write_minute(shown.until),
        "cursor": shown.cursor or "",
    }
    filled = {name: value for name, value in fields.items() if value}
    return "/console/calls" + (f"?{urlencode(filled)}" if filled else "")
