"""One table: event kind -> handlers. A handler has a name, which jobs carry, and is idempotent by (event, handler)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from daeri.calls.model import EventKind as CallEvent
from daeri.infra.jobs import Handler
from daeri.payments import tasks as payments

REACTIONS: Final[Mapping[str, Mapping[str, Handler]]] = MappingProxyType(
    {
        CallEvent.COMPLETED: {"payments.settle_drive": payments.settle_drive},
        CallEvent.CANCELLED: {"payments.settle_no_show": payments.settle_no_show},
    }
)


def handlers() -> dict[str, Handler]:
    """Every handler by its name."""
    return {name: handler for by_name in REACTIONS.values() for name, handler in by_name.items()}


def registrations() -> list[tuple[str, str]]:
    """(event kind, handler name) for the registry that `emit` makes jobs from."""
    return [(kind, name) for kind, by_name in REACTIONS.items() for name in by_name]
