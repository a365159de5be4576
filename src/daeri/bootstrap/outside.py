"""Which twin of each outside system the settings ask for: routers, cards, places."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from daeri.adapters.cards.sandbox import open_sandbox
from daeri.adapters.cards.sandbox_server import serve_sandbox
from daeri.adapters.cards.toss import open_toss
from daeri.adapters.maps.osrm import open_osrm
from daeri.adapters.maps.straight import StraightLineRouter
from daeri.adapters.maps.valhalla import open_valhalla
from daeri.adapters.places.gazetteer import Gazetteer
from daeri.adapters.places.vworld import VWorldFinder, open_vworld
from daeri.infra.settings import CardsKind, RouterKind, Settings
from daeri.payments.ports import Cards
from daeri.pricing.ports import Router


@asynccontextmanager
async def open_router(settings: Settings) -> AsyncIterator[Router]:
    match settings.router_kind, settings.router_url:
        case RouterKind.OSRM, str(url):
            async with open_osrm(url) as osrm:
                yield osrm
        case RouterKind.VALHALLA, str(url):
            async with open_valhalla(url) as valhalla:
                yield valhalla
        case _:
            yield StraightLineRouter()


@asynccontextmanager
async def open_cards(settings: Settings) -> AsyncIterator[Cards | None]:
    """Who moves money on cards; a sandbox without an address is one of this process's own."""
    timeout_s = settings.cards_timeout_seconds
    match settings.cards, settings.toss_secret_key:
        case CardsKind.TOSS, key if key is not None:
            async with open_toss(settings.toss_url, key.get_secret_value(), timeout_s=timeout_s) as toss:
                yield toss
        case CardsKind.SANDBOX, _ if settings.cards_sandbox_url is not None:
            async with open_sandbox(settings.cards_sandbox_url, timeout_s=timeout_s) as sandbox:
                yield sandbox
        case CardsKind.SANDBOX, _:
            async with serve_sandbox() as address, open_sandbox(address, timeout_s=timeout_s) as sandbox:
                yield sandbox
        case _:
            yield None


@asynccontextmanager
async def open_places(settings: Settings, gazetteer: Gazetteer) -> AsyncIterator[Gazetteer | VWorldFinder]:
    if settings.vworld_key is None:
        yield gazetteer
        return
    async with open_vworld(settings.vworld_url, settings.vworld_key.get_secret_value()) as finder:
        yield finder
