"""How often one person may ask for what costs others something: counted in memory, in each web process by itself."""

from datetime import timedelta
from uuid import UUID

from daeri.accounts.model import RateLimited
from daeri.kernel.time import EPOCH, WallClock

_WINDOW = timedelta(minutes=1)


class PersonLimit:
    """At most so many in each minute; what was counted is forgotten when the minute ends."""

    def __init__(self, scope: str, wall: WallClock) -> None:
        self._scope = scope
        self._wall = wall
        self._minute = 0
        self._counts: dict[UUID, int] = {}

    def count(self, person: UUID, most: int) -> None:
        """Count one; RateLimited when it is more than `most`."""
        since = self._wall.wall_now() - EPOCH
        minute, into = divmod(since, _WINDOW)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        self._counts[person] = counted = self._counts.get(person, 0) + 1
        if counted > most:
            left = -((into - _WINDOW) // timedelta(seconds=1))
            raise RateLimited(scope=self._scope, retry_after_s=max(1, left))
