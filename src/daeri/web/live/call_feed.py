"""Calls that have changed, read once for everybody in this process who follows calls."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.web.live.driver_rows import names_of
from daeri.web.live.gathering import Gatherer
from daeri.web.names import NameBook
from daeri.web.shown_drivers import learn_standings

Follower = Callable[[Sequence[Call], Mapping[UUID, str]], None]


class CallFeed:
    """Listens and reads only while somebody follows.

    Staff follow calls; customers follow rides, in which a call and the one that it goes on as are one (I-057).
    """

    def __init__(self, database: Database, bus: Bus, names: NameBook) -> None:
        self._database = database
        self._names = names
        self._followers: list[Follower] = []
        self._of_rides: list[Follower] = []
        self._gatherer = Gatherer(bus, calls.TOPIC, self._tell)

    def follow(self, follower: Follower, *, rides: bool = False) -> Callable[[], None]:
        """Hand the changed calls of all companies, and their drivers' names, to `follower`; returns what stops it."""
        followers = self._of_rides if rides else self._followers
        followers.append(follower)
        self._gatherer.start()

        def stop() -> None:
            with suppress(ValueError):
                followers.remove(follower)
            if not self._followers and not self._of_rides:
                self._gatherer.rest()

        return stop

    async def _tell(self, named: set[UUID]) -> None:
        async with self._database.snapshot() as tx:
            found = await calls.get_many(tx, list(named))
            rides = await calls.as_rides(tx, found) if self._of_rides else []
            names = await names_of(tx, self._names, [*found, *rides])
            await learn_standings(tx, self._names, [*found, *rides])
        for follower in tuple(self._followers):
            follower(found, names)
        for follower in tuple(self._of_rides):
            follower(rides, names)
