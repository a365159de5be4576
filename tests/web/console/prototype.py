"""The console's pages over made-up data, to look at: `python -m tests.web.console.prototype [port]`.

Any address signs in, with the password and the code of `fakes`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, Router, get
from litestar.response import Stream
from tests.web.console.fakes import SESSION_COOKIE, FakeConsole, FakeDoor, held_jobs
from tests.web.console.night import Night

from daeri.kernel.time import SystemClock, to_millis
from daeri.regions.index import RegionIndex
from daeri.regions.outline import outline
from daeri.regions.shipped import shipped_regions
from daeri.web.console.routes import ConsoleRoom, console_router
from daeri.web.pages import build_pages
from daeri.web.static_routes import static_router

PORT = 8790


def message(name: str, data: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


class Streams:
    """How many streams were ever opened, for the test that tabs share one."""

    opened = 0


async def events() -> AsyncIterator[bytes]:
    Streams.opened += 1
    night = Night(to_millis(SystemClock().now()))
    yield message("snapshot", night.snapshot())
    while True:
        await asyncio.sleep(1)
        for name, data in night.step():
            yield message(name, data)


@get("/prototype/streams", sync_to_thread=False)
def streams() -> int:
    return Streams.opened


@get("/live/console")
async def live(request: Request[Any, Any, Any]) -> Response[None] | Stream:
    if request.cookies.get(SESSION_COOKIE) != "open":
        return Response(None, status_code=401)
    return Stream(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@get("/api/v1/regions/outline.geojson", sync_to_thread=False)
def regions() -> Response[bytes]:
    drawn = outline(RegionIndex(shipped_regions(), [], on=date(2026, 11, 22)))
    return Response(drawn, media_type="application/geo+json")


@get("/api/v1/session", sync_to_thread=False)
def session() -> dict[str, Any]:
    account = {"id": "0", "role": "staff", "company_id": "0", "name": "관제"}
    return {"account": account, "csrf": "made-up", "language": "ko"}


@get("/api/v1/console/shortage", sync_to_thread=False)
def shortage() -> dict[str, Any]:
    gangnam = {"region": "11680", "name_ko": "강남구", "name_en": "Gangnam-gu", "calls": 4, "level": "tight"}
    return {
        "level": "tight",
        "areas": [{**gangnam, "reason": "weather", "waiting": 4, "free_drivers": 6}],
        "weather": [{"region": None, "condition": "rain", "since": "2026-11-22T13:00:00Z", "until": None}],
    }


def _api() -> Router:
    """What the rooms' scripts ask for."""

    @get("/calls/{call_id:str}", sync_to_thread=False)
    def call(call_id: str) -> dict[str, Any]:
        return {"id": call_id, "moves": ["arrive", "release", "cancel"]}

    @get(["/calls/{call_id:str}/memos", "/calls/{call_id:str}/fare-calculations"], sync_to_thread=False)
    def notes(call_id: str) -> dict[str, Any]:
        return {"items": []}

    @get("/calls/{call_id:str}/payment", sync_to_thread=False)
    def payment(call_id: str) -> dict[str, Any]:
        refused = {"allowed": False, "reason": "not_driven"}
        deeds = dict.fromkeys(
            ("settle", "adjust", "agree", "ask_again", "write_off", "transfer", "cash_received", "cash_not_received"),
            refused,
        )
        original = {"id": call_id, "number": "", "state": "driving"}
        nothing = {"goes_on": None, "room": None, "bill": None, "agreed": None, "is_under_way": False, "charges": []}
        return {"call_id": call_id, "original": original, "deeds": deeds, **nothing}

    return Router("/api/v1/console", route_handlers=[call, notes, payment])


def app() -> Litestar:
    pages, console = build_pages(), FakeConsole(held=held_jobs())
    room = ConsoleRoom(pages, console, console, FakeDoor(), secure_cookies=False)
    return Litestar(
        [console_router(room), static_router(pages.assets), live, regions, streams, session, shortage, _api()],
        openapi_config=None,
    )


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    uvicorn.run(app(), host="127.0.0.1", port=port, log_level="warning")
