"""The names that people go by, remembered for a while: every call that is shown has its driver's."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId
from daeri.kernel.time import EPOCH, WallClock

_REMEMBERED_FOR = timedelta(minutes=5)
_MOST = 200_000


class NameBook:
    """Display names by account id, read once every few minutes at most."""

    def __init__(self, wall: WallClock) -> None:
        self._wall = wall
        self._names: dict[tuple[UUID, UUID], str] = {}
        self._since = EPOCH

    async def of(self, tx: Tx, company_id: CompanyId, account_ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """The names of these accounts of the company; who is unknown there is left out."""
        now = self._wall.wall_now()
        if now - self._since > _REMEMBERED_FOR or len(self._names) > _MOST:
            self._names, self._since = {}, now
        wanted = set(account_ids)
        missing = [account_id for account_id in wanted if (company_id, account_id) not in self._names]
        if missing:
            found = await accounts.display_names(tx, company_id, missing)
            self._names.update({(company_id, account_id): name for account_id, name in found.items()})
        return {
            account_id: self._names[company_id, account_id]
            for account_id in wanted
            if (company_id, account_id) in self._names
        }
