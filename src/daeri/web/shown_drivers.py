"""A call's driver as its customer sees them: name, stars, runs, and where they are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from daeri.calls.model import Call
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId
from daeri.web.names import NameBook
from daeri.web.wire import DriverOut
from daeri.web.wire_parts import DriverPositionOut


async def learn_standings(tx: Tx, book: NameBook, found: Iterable[Call]) -> None:
    """Read how the drivers of customers' calls stand, in two reads a company at most."""
    wanted: defaultdict[CompanyId, set[UUID]] = defaultdict(set)
    for call in found:
        if call.driver_id is not None and call.customer_id is not None:
            wanted[call.company_id].add(call.driver_id)
    for company_id, driver_ids in wanted.items():
        await book.learn_standings(tx, company_id, driver_ids)


def shown_driver(
    book: NameBook, call: Call, names: Mapping[UUID, str], position: DriverPositionOut | None = None
) -> DriverOut | None:
    """The driver; without stars and runs where `learn_standings` has not read them lately."""
    if call.driver_id is None:
        return None
    name, standing = names.get(call.driver_id, ""), book.standing(call.company_id, call.driver_id)
    if standing is None:
        return DriverOut(call.driver_id, name, position=position)
    return DriverOut(call.driver_id, name, rating=standing.rating, runs=standing.runs, position=position)
