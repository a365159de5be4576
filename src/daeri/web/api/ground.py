"""Regions: where a point lies, what they are called, and the outline map."""

from typing import Annotated

import msgspec
from litestar import Response, Router, get
from litestar.params import Parameter

from daeri.kernel.geo import Point
from daeri.regions.model import How
from daeri.web.api.documented import ANYBODY
from daeri.web.context import Context

Latitude = Annotated[float, Parameter(ge=-90, le=90)]
Longitude = Annotated[float, Parameter(ge=-180, le=180)]


class ResolutionOut(msgspec.Struct, frozen=True):
    """`how` says whether a boundary or only the nearest representative point decided."""

    how: How
    code: str | None
    name_ko: str | None
    name_en: str | None


@get("/regions/at", security=ANYBODY)
async def find_region(context: Context, lat: Latitude, lon: Longitude) -> ResolutionOut:
    """The region of a point."""
    found = context.regions.resolve(Point(lat, lon))
    return ResolutionOut(found.how, found.code, found.name_ko, found.name_en)


@get("/regions/outline.geojson", security=ANYBODY)
async def get_outline(context: Context) -> Response[bytes]:
    """The outline map: boundaries where imported, cells of representative points elsewhere."""
    headers = {"cache-control": "public, max-age=3600"}
    return Response(context.outline, media_type="application/geo+json", headers=headers)


router = Router(path="/", route_handlers=[find_region, get_outline], tags=["regions"])
