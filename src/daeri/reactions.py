"""One table: event kind -> handlers. A handler has a name, which jobs carry, and is idempotent by (event, handler)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from daeri.calls import tasks as calls
from daeri.calls.model import EventKind as CallEvent
from daeri.drivers import tasks as drivers
from daeri.infra.jobs import Handler

REACTIONS: Final[Mapping[str, Mapping[str, Handler]]] = MappingProxyType(
    {
        CallEvent.COMPLETED: {"drivers.count_run": drivers.count_run, "calls.record_run": calls.record_run},
    }
)


def handlers() -> dict[str, Handler]:
    """Every handler by its name."""
    return {name: handler for by_name in REACTIONS.values() for name, handler in by_name.items()}


def registrations() -> list[tuple[str, str]]:
    """(event kind, handler name) for the registry that `emit` makes jobs from."""
    return [(kind, name) for kind, by_name in REACTIONS.items() for name in by_name]
