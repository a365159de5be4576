"""Bills that have changed, read once for everybody in this process who follows them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.payments import api as payments
from daeri.payments.model import TOPIC, Bill
from daeri.web.live.gathering import Gatherer

Follower = Callable[[Sequence[Bill]], None]


class BillFeed:
    """Listens and reads only while somebody follows."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._followers: list[Follower] = []
        self._gatherer = Gatherer(bus, TOPIC, self._tell)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Hand the changed bills of all companies to `follower`; returns what stops it."""
        self._followers.append(follower)
        self._gatherer.start()

        def stop() -> None:
            with suppress(ValueError):
                self._followers.remove(follower)
            if not self._followers:
                self._gatherer.rest()

        return stop

    async def _tell(self, named: set[UUID]) -> None:
        async with self._database.snapshot() as tx:
            found = await payments.bills_named(tx, list(named))
        for follower in tuple(self._followers):
            follower(found)
