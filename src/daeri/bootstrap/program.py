"""The parts put together: a built process, before anything runs."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from daeri import reactions
from daeri.accounts.api import Authenticator
from daeri.accounts.model import CodeMessage
from daeri.adapters.maps.straight import StraightLineRouter
from daeri.adapters.places.gazetteer import open_gazetteer
from daeri.adapters.sms.screen import ScreenCodeSender
from daeri.bootstrap.outside import open_cards, open_places, open_router
from daeri.bootstrap.parts import Parts
from daeri.engine.engine import Engine, Keeping
from daeri.infra.jobs import Worker
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Service
from daeri.payments.api import Collector
from daeri.payments.ports import Cards
from daeri.policies.model import DispatchPolicy, PositionPolicy, Versioned
from daeri.regions import api as regions
from daeri.web.commands import Commands
from daeri.web.context import WebContext
from daeri.web.limits import PersonLimit
from daeri.web.live.gateways import Gateways
from daeri.web.names import NameBook
from daeri.web.problems import Problems
from daeri.web.words import Language, read_words

_TICKED_WITHIN_S = 10.0  # a leading engine whose last good tick is older makes the process not ready
_REPLAY_KEEPING = Keeping(timedelta(minutes=1), shares=1)  # hints are not lost within one process


@dataclass(slots=True)
class Program:
    """A built process, before anything runs."""

    parts: Parts
    engine: Engine
    worker: Worker
    collector: Collector
    context: WebContext
    codes: ScreenCodeSender
    is_draining: bool = False


@asynccontextmanager
async def build_program(
    parts: Parts, *, show_code: Callable[[CodeMessage], None] | None = None, is_demo: bool = False
) -> AsyncIterator[Program]:
    """Put the roles together; nothing runs yet.

    `show_code` is told of the one-time codes that nobody sends; in a demo, whoever asks for one is shown it too.
    """
    async with AsyncExitStack() as stack:
        engine = _engine(parts)
        worker = Worker(parts.database, reactions.handlers(), parts.wall, ended=parts.metrics.job_ended)
        codes = ScreenCodeSender(show=show_code)
        authenticator = Authenticator(parts.database, parts.bus, parts.gate.ring, parts.wall)
        stack.callback(authenticator.close)
        router = await stack.enter_async_context(open_router(parts.settings))
        cards = await stack.enter_async_context(open_cards(parts.settings))
        gazetteer = open_gazetteer()
        places = await stack.enter_async_context(open_places(parts.settings, gazetteer))
        problems = Problems({language: read_words(language) for language in Language})
        context = WebContext(
            settings=parts.settings,
            database=parts.database,
            bus=parts.bus,
            clock=parts.clock,
            wall=parts.wall,
            ids=parts.ids,
            gate=parts.gate,
            authenticator=authenticator,
            code_sender=codes,
            shelf=parts.shelf,
            regions=parts.regions,
            outline=regions.outline(parts.regions),
            router=router,
            fallback_router=StraightLineRouter(),
            places=places,
            fallback_places=gazetteer,
            place_limit=PersonLimit("places", parts.wall),
            fleet=parts.fleet,
            gateways=Gateways(parts.fleet),
            metrics=parts.metrics,
            tracer=parts.tracer,
            problems=problems,
            commands=Commands(parts.database, parts.wall, problems),
            names=NameBook(parts.wall),
            is_ready=lambda: _is_ready(program),
            stepper=None,
            cards=cards,
        )
        if is_demo:
            context.shown_code = codes.code_for
        program = Program(parts, engine, worker, _collector(parts, cards), context, codes)
        yield program


def _is_ready(program: Program) -> bool:
    """Not while it drains, nor while its engine leads and gets no tick done; one that waits to lead is ready."""
    ticked_at = program.engine.ticked_at if program.parts.settings.replay_from is None else None
    stands_still = ticked_at is not None and time.monotonic() - ticked_at > _TICKED_WITHIN_S
    return not program.is_draining and not stands_still


def _engine(parts: Parts) -> Engine:
    def dispatch_policy(
        company_id: CompanyId, region: str | None, service: Service, at: datetime
    ) -> Versioned[DispatchPolicy]:
        chain = () if region is None else (region, *(found.code for found in parts.regions.ancestors(region)))
        return parts.shelf.of(company_id).read(DispatchPolicy, at=at, region_chain=chain, service=service)

    def position_policy(at: datetime) -> PositionPolicy:
        return parts.shelf.widest(PositionPolicy, at=at)

    return Engine(
        database=parts.database,
        bus=parts.bus,
        fleet=parts.fleet,
        clock=parts.clock,
        ids=parts.ids,
        metrics=parts.metrics,
        tracer=parts.tracer,
        dispatch_policy=dispatch_policy,
        position_policy=position_policy,
        keeping=Keeping() if parts.settings.replay_from is None else _REPLAY_KEEPING,
    )


def _collector(parts: Parts, cards: Cards | None) -> Collector:
    return Collector(
        parts.database,
        parts.bus,
        cards,
        ring=parts.gate.ring,
        ids=parts.ids,
        clock=parts.clock,
        wall=parts.wall,
    )
