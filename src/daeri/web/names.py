"""What people are known by, remembered for a while: every call that is shown has its driver's name and standing."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.customers import api as customers
from daeri.drivers import api as drivers
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.time import EPOCH, WallClock

_REMEMBERED_FOR = timedelta(minutes=5)
_MOST = 200_000


class Standing(NamedTuple):
    """A driver's customers' stars on average, None before the first, and how many calls they have completed."""

    rating: float | None
    runs: int


class NameBook:
    """Display names by account id and standings by driver, read once every few minutes at most."""

    def __init__(self, wall: WallClock) -> None:
        self._wall = wall
        self._names: dict[tuple[UUID, UUID], str] = {}
        self._standings: dict[tuple[UUID, UUID], Standing] = {}
        self._since = EPOCH

    async def of(self, tx: Tx, company_id: CompanyId, account_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """The names of these accounts of the company; who is unknown there is left out."""
        self._forget()
        wanted = set(account_ids)
        known = {each: self._names[company_id, each] for each in wanted if (company_id, each) in self._names}
        if missing := wanted - known.keys():
            found = await accounts.display_names(tx, company_id, list(missing))
            # Whoever has no name yet gets one any moment: with the approval of their application, or by saying it.
            self._names.update({(company_id, each): name for each, name in found.items() if name})
            known |= found
        return known

    async def learn_standings(self, tx: Tx, company_id: CompanyId, driver_ids: Iterable[UUID]) -> None:
        """Read how these drivers of the company stand, for `standing`, where it is not remembered."""
        self._forget()
        missing = [DriverId(each) for each in set(driver_ids) if (company_id, each) not in self._standings]
        if missing:
            ratings = await customers.driver_ratings(tx, missing)
            runs = await drivers.run_counts(tx, company_id, missing)
            for each in missing:
                rating = ratings.get(each)
                average = None if rating is None else rating.average
                self._standings[company_id, each] = Standing(average, runs.get(each, 0))

    def standing(self, company_id: UUID, driver_id: UUID) -> Standing | None:
        """How the driver stands, where it was learnt lately."""
        return self._standings.get((company_id, driver_id))

    def _forget(self) -> None:
        now = self._wall.wall_now()
        if now - self._since > _REMEMBERED_FOR or len(self._names) + len(self._standings) > _MOST:
            self._names, self._standings, self._since = {}, {}, now
