"""How short drivers are around a place, by the policies that this process holds."""

from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Shortage, ShortagePolicy
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId
from daeri.web.context import WebContext


async def shortage_at(tx: Tx, context: WebContext, company_id: CompanyId, point: Point) -> Shortage:
    """How short the company's drivers are around `point` now (R-052)."""
    now, chain = context.clock.now(), context.region_chain(context.region_of(point))
    policy = context.shelf.of(company_id).read(ShortagePolicy, at=now, region_chain=chain).value
    return await dispatch.shortage(tx, company_id, point, policy, region_chain=chain, now=now)


def region_names(context: WebContext, code: str | None) -> tuple[str | None, str | None]:
    """The full Korean and English names of a region; None where there is none."""
    if code is None or context.regions.by_code(code) is None:
        return None, None
    return context.regions.full_name_ko(code), context.regions.full_name_en(code)
