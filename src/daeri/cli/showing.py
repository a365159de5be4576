"""`daeri up` and `daeri demo`: the whole program in one process, and a simulated night against it."""

import asyncio
import sys
from typing import TextIO

import httpx
import pyotp
from rich.console import Console

from daeri.accounts.model import CodeMessage
from daeri.adapters.cards.sandbox import SandboxCards
from daeri.bootstrap import build_program, clock_of, open_parts, serve
from daeri.cli.ending import LatestEnd
from daeri.cli.play_money import give_money
from daeri.cli.seeding import DEMO_EMAIL, DEMO_PASSWORD, DEMO_TOTP, FleetSize, seed_fleet
from daeri.infra.phones import mask
from daeri.infra.settings import CardsKind, Settings
from daeri.migrations import api as migrations
from daeri.sim.books import NightSummary
from daeri.sim.night import run_night
from daeri.sim.tokens import write_tokens

_READY_WITHIN_S = 30.0
_CODES_SHOWN = "warning: nothing sends one-time codes, so they are shown here; this is for trying out only"
_CODES_HIDDEN = "warning: nothing sends one-time codes; run daeri in a terminal to see them, for trying out only"


class CodeScreen:
    """Shows one-time codes that no sender delivers, on a terminal only: what is redirected may be kept as a log."""

    def __init__(self, screen: TextIO | None = None) -> None:
        self._screen = screen or sys.stdout
        self._has_warned = False

    def __call__(self, message: CodeMessage) -> None:
        """Print `code 123456 for 010-****-1234`."""
        is_seen = self._screen.isatty()
        if not self._has_warned:
            self._has_warned = True
            self._print(_CODES_SHOWN if is_seen else _CODES_HIDDEN)
        if is_seen:
            self._print(f"code {message.code} for {mask(message.phone)}")

    def _print(self, line: str) -> None:
        self._screen.write(f"{line}\n")
        self._screen.flush()


async def run_up(settings: Settings, dsn: str, stop: asyncio.Event, latest_end: LatestEnd) -> None:
    """Migrate and serve until told to stop."""
    await migrations.migrate(dsn)
    async with (
        open_parts(settings, dsn, clock=clock_of(settings)) as parts,
        build_program(parts, show_code=CodeScreen()) as program,
    ):
        Console().print(f"daeri is at [bold]{settings.web_url}[/bold] (Ctrl-C ends it)")
        await serve(program, stop, ending=latest_end.begin)


async def run_demo(
    settings: Settings,
    dsn: str,
    stop: asyncio.Event,
    latest_end: LatestEnd,
    *,
    drivers: int,
    seed: int,
    seconds: float | None,
) -> NightSummary:
    """A made-up company, a fleet, and a night that plays against the public API until told to stop."""
    await migrations.migrate(dsn)
    if settings.cards is CardsKind.NONE:
        settings = settings.model_copy(update={"cards": CardsKind.SANDBOX})
    async with (
        open_parts(settings, dsn) as parts,
        build_program(parts, show_code=CodeScreen(), is_demo=True) as program,
    ):
        tokens = await seed_fleet(parts, FleetSize(drivers, customers=drivers))
        if isinstance(program.context.cards, SandboxCards):
            await give_money(parts, program.context.cards, tokens)
        write_tokens(settings.data_folder / "demo-tokens.json", tokens)
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(program, ended, ending=latest_end.begin))
            try:
                await until_ready(settings)
                _announce(settings)
                return await run_night(settings.web_url, tokens, drivers=drivers, seed=seed, seconds=seconds, stop=stop)
            finally:
                ended.set()


async def until_ready(settings: Settings) -> None:
    """Wait until the web answers; TimeoutError when it does not in time."""
    async with asyncio.timeout(_READY_WITHIN_S), httpx.AsyncClient(verify=False) as client:  # noqa: S501 -- ourselves
        while True:
            try:
                if (await client.get(f"{settings.web_url}/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


def _announce(settings: Settings) -> None:
    console = Console()
    console.print(f"console   [bold]{settings.web_url}/console[/bold]")
    console.print(f"          {DEMO_EMAIL}  {DEMO_PASSWORD}  one-time code {pyotp.TOTP(DEMO_TOTP).now()}")
    console.print(f"          (authenticator secret {DEMO_TOTP})")
    console.print(f"API       {settings.web_url}/api/v1  (OpenAPI: /api/v1/schema/openapi.json)")
