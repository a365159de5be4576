"""Sends the shipped static files from memory."""

from typing import Any

from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from daeri.web.assets import Assets

FOREVER = "public, max-age=31536000, immutable"


def static_router(assets: Assets) -> Router:
    """`/static/<digest>/<path>`: cached for ever under our digest, answered uncached under an older or newer one.

    During a roll-out a page of one version may ask a node of the other for its files.
    """

    @get("/{digest:str}/{path:path}", name="static", sync_to_thread=False)
    def static(request: Request[Any, Any, Any], digest: FromPath[str], path: FromPath[str]) -> Response[bytes]:
        asset = assets.files.get(path.lstrip("/"))
        if asset is None:
            raise NotFoundException
        headers = {
            "Cache-Control": FOREVER if digest == assets.digest else "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        if asset.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.gzipped, media_type=asset.media_type, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    return Router(path="/static", route_handlers=[static], include_in_schema=False)
