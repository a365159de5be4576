"""Faults on request: the provider is down, hangs, drops the connection, or answers nonsense."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from daeri.adapters.cards.provider.wire import Fate, Reply

_DOWN = Reply(503, b"down for a while", "text/plain")
_ERROR = Reply(500, b"something went wrong", "text/plain")
_GARBAGE = Reply(200, b"<!doctype html><title>welcome</title>", "text/html")


class Fault(StrEnum):
    """One request's fate. `…_before` does no work, `…_after` does it and then fails to say so."""

    NONE = "none"
    DOWN = "down"  # 503
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    ERROR_AFTER = "error_after"  # 500
    GARBAGE_AFTER = "garbage_after"  # 200, and no JSON


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong from now on, instead of what was planned before."""

    down_for_s: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    next: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Faults:
    """`down_until` is in seconds of the loop's clock."""

    down_until: float = 0.0
    waiting: deque[Fault] = field(default_factory=deque)

    def plan(self, plan: Plan, now_s: float) -> None:
        self.down_until = now_s + plan.down_for_s
        self.waiting = deque(plan.next)

    def strike(self, work: Callable[[], Reply], now_s: float) -> Reply:
        """What the request that comes now is answered, and whether `work` is done for it."""
        fault = self._next(now_s)
        match fault:
            case Fault.DOWN:
                return _DOWN
            case Fault.HANG_BEFORE:
                return replace(_DOWN, fate=Fate.HANGS)
            case Fault.DROP_BEFORE:
                return replace(_DOWN, fate=Fate.DROPS)
        reply = work()
        match fault:
            case Fault.HANG_AFTER:
                return replace(reply, fate=Fate.HANGS)
            case Fault.DROP_AFTER:
                return replace(reply, fate=Fate.DROPS)
            case Fault.ERROR_AFTER:
                return _ERROR
            case Fault.GARBAGE_AFTER:
                return _GARBAGE
        return reply

    def _next(self, now_s: float) -> Fault:
        if now_s < self.down_until:
            return Fault.DOWN
        return self.waiting.popleft() if self.waiting else Fault.NONE
