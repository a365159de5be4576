"""What a web process mounts beside the JSON API: the console's pages, its files, and the streams that stay open."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from litestar.types import ControllerRouterHandler

from daeri.web.app import MissingPage
from daeri.web.console.routes import ConsoleRoom, console_router, nowhere
from daeri.web.console_rows.rows import ConsoleRows
from daeri.web.console_rows.staff_door import CookieDoor
from daeri.web.context import WebContext
from daeri.web.live.call_feed import CallFeed
from daeri.web.live.console_stream import ConsoleStreams, console_stream_router
from daeri.web.live.customer_stream import CustomerStreams, customer_stream_router
from daeri.web.live.driver_listener import DriverListener
from daeri.web.pages import Basemap, build_pages
from daeri.web.phone.card_window import window_of
from daeri.web.phone.routes import PhoneRoom, phone_routers
from daeri.web.static_routes import static_router


@dataclass(slots=True)
class Rooms:
    """The routers to mount, and what must be ended before the process ends."""

    routers: Sequence[ControllerRouterHandler]
    missing_page: MissingPage
    console: ConsoleStreams
    customers: CustomerStreams
    drivers: DriverListener

    async def open(self) -> None:
        """Begin to listen for drivers' sockets."""
        await self.drivers.start()

    async def drain(self) -> None:
        """End every stream and socket; their clients come back elsewhere."""
        await self.console.drain()
        await self.customers.drain()
        await self.drivers.drain()


def build_rooms(context: WebContext) -> Rooms:
    """Pages, files and streams over one context."""
    pages = build_pages(Basemap(style_url=context.settings.map_style_url))
    rows, feed = ConsoleRows(context), CallFeed(context.database, context.bus, context.names)
    console, customers = ConsoleStreams(context, feed), CustomerStreams(context, feed)
    is_secure = context.settings.web_url.startswith("https")
    room = ConsoleRoom(pages, rows, rows, CookieDoor(context), secure_cookies=is_secure)
    phone = PhoneRoom(
        pages,
        context.settings.driver_socket_url_at,
        is_secure,
        is_demo=context.is_demo,
        navigation=context.settings.navigation_links,
        card_window=window_of(context.settings),
    )
    routers: list[ControllerRouterHandler] = [
        *phone_routers(phone),
        console_router(room),
        static_router(pages.assets),
        console_stream_router(console),
        customer_stream_router(customers),
    ]
    return Rooms(routers, partial(nowhere, room=room), console, customers, DriverListener(context))
