"""What machines ask: is it alive, is it ready, what does it count; and what a company's staff may read of its books."""

import msgspec
from asyncpg import InterfaceError, PostgresError
from litestar import Response, Router, get
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from daeri.accounts.model import Permission
from daeri.dispatch import api as dispatch
from daeri.infra.metrics import CONTENT_TYPE
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks, require_staff


class Health(msgspec.Struct, frozen=True):
    status: str


class Overlaps(msgspec.Struct, frozen=True):
    count: int


@get("/healthz", include_in_schema=False)
async def healthz() -> Health:
    """The process answers."""
    return Health("ok")


@get("/readyz", include_in_schema=False)
async def readyz(context: Context) -> Response[Health]:
    """The database answers and the process is not draining."""
    ready = context.is_ready() and await _database_answers(context)
    status = HTTP_200_OK if ready else HTTP_503_SERVICE_UNAVAILABLE
    return Response(Health("ready" if ready else "not_ready"), status_code=status)


@get("/metrics", include_in_schema=False)
async def metrics(context: Context) -> Response[bytes]:
    """Prometheus text."""
    return Response(context.metrics.render(), media_type=CONTENT_TYPE)


@get("/figures/double-assignments")
async def count_double_assignments(context: Context, principal: WhoAsks) -> Overlaps:
    """How many engagements of the company ever overlapped one of the same driver or call: 0, always."""
    require_staff(principal)
    principal.require(Permission.FIGURES_READ)
    async with context.database.reading() as tx:
        return Overlaps(await dispatch.count_overlaps(tx, principal.company_id))


async def _database_answers(context: WebContext) -> bool:
    try:
        async with context.database.reading() as tx:
            return bool(await tx.value("SELECT true"))
    except (PostgresError, InterfaceError, OSError):
        return False


root_router = Router(path="/", route_handlers=[healthz, readyz])
metrics_router = Router(path="/", route_handlers=[metrics])
router = Router(path="/", route_handlers=[count_double_assignments], tags=["figures"])
