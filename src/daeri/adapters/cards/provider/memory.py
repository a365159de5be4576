"""What was answered to which idempotency key, so that the same request happens once."""

from collections.abc import Callable
from dataclasses import dataclass, field

from daeri.adapters.cards.provider.protocol import Problem, Refused
from daeri.adapters.cards.provider.wire import Reply, Request, Route

LONGEST_KEY = 300


@dataclass(slots=True)
class Memory:
    """A key is known by method and path, as at the real providers; another body under a known key is refused."""

    _kept: dict[tuple[str, str, str], tuple[bytes, Reply]] = field(default_factory=dict)

    def clear(self) -> None:
        self._kept.clear()

    def once(self, route: Route, request: Request, work: Callable[[], Reply]) -> Reply:
        """The reply of `work`, or the one that this key has already."""
        key = request.headers.get("idempotency-key")
        if request.method != "POST" or (key is None and not route.needs_key):
            return work()
        if not key or len(key) > LONGEST_KEY:
            raise Refused(Problem.BAD_REQUEST)
        name = request.method, request.path, key
        if name not in self._kept:
            reply = work()
            self._kept[name] = request.body, reply
            return reply
        body, reply = self._kept[name]
        if body != request.body:
            raise Refused(Problem.KEY_REUSED)
        return reply.again() if reply.again else reply
