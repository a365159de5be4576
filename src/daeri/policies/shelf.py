"""The books of all companies in one process: read without a query, loaded again when a record was written."""

from collections.abc import Mapping

from daeri.infra.bus import Bus
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId
from daeri.policies.api import load_books
from daeri.policies.model import CHANGED_TOPIC
from daeri.policies.policy import PolicyBook


class PolicyShelf:
    """`of` never waits; `refresh` reads again what a hint has marked, or everything when told to."""

    def __init__(self, books: Mapping[CompanyId, PolicyBook], bus: Bus) -> None:
        self._books = books
        self._changed = False
        self.stop = bus.listen(CHANGED_TOPIC, self._heard)

    def of(self, company_id: CompanyId) -> PolicyBook:
        """The company's book; an empty one (the built-in defaults) when it has no records."""
        return self._books[company_id]

    @property
    def is_stale(self) -> bool:
        """Whether a record was written since the last reading."""
        return self._changed

    async def refresh(self, tx: Tx) -> None:
        """Read all records again."""
        self._changed = False
        self._books = await load_books(tx)

    def _heard(self, _topic: str, _message: bytes) -> None:
        self._changed = True
