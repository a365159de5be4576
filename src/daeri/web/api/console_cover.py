"""What staff may prove of a ride's insurance: its periods of cover and the gaps between them."""

from uuid import UUID

from litestar import Router, get
from litestar.params import FromPath

from daeri.accounts.model import Permission
from daeri.calls import api as calls
from daeri.web.console.cover_reads import CoverPage
from daeri.web.console_rows.cover_rows import read_cover
from daeri.web.context import Context
from daeri.web.principals import WhoAsks, require_staff


@get("/console/calls/{call_id:uuid}/cover")
async def get_cover(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> CoverPage:
    """By what the call's ride was insured and from when until when, its reconnected drive too (R-030, I-028)."""
    require_staff(principal)
    principal.require(Permission.CALLS_READ)
    async with context.database.snapshot() as tx:
        call = await calls.get(tx, principal.company_id, call_id)
        return await read_cover(tx, context, principal.company_id, call)


router = Router(path="/", route_handlers=[get_cover], tags=["console"])
