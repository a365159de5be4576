"""The demo's money: sandbox cards for its customers, a stake for its drivers, and the policies for both."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import httpx

from daeri.accounts import api as accounts
from daeri.adapters.cards.provider.deck import Outcome
from daeri.adapters.cards.sandbox import SandboxCards
from daeri.bootstrap import Parts
from daeri.cli.seeding import DEMO_EMAIL
from daeri.companies import api as companies
from daeri.infra.database import Tx
from daeri.kernel.ids import AccountId, CompanyId, CustomerId, DriverId
from daeri.kernel.terms import Actor, ActorKind
from daeri.payments import api as payments
from daeri.payments.api import Deed
from daeri.payments.model import BalancePolicy
from daeri.policies import api as policies
from daeri.sim.tokens import Holder, TokensFile

_AT_ONCE: Final = 16
_STAKE_WON: Final = 100_000
# Most cards are good; a few of each other kind give the console something to show.
_OUTCOMES: Final = {
    7: Outcome.DECLINED,
    23: Outcome.INSUFFICIENT,
    41: Outcome.TIMEOUT_THEN_APPROVED,
    59: Outcome.TIMEOUT_THEN_UNKNOWN,
}
_RETURN_URL: Final = "http://127.0.0.1/"  # nobody comes back there: the page is pressed here


async def give_money(parts: Parts, cards: SandboxCards, tokens: TokensFile) -> None:
    """Cards anew each time, as the sandbox's registrations end with it; the stake and the policies once."""
    async with parts.database.transaction() as tx:
        company_id = (await companies.by_slug(tx, tokens.base_company)).id
        if not await payments.cards(tx, company_id, UUID(tokens.customers[0].id)):
            await _write_policies(tx, parts, company_id)
            await _stake(tx, parts, company_id, [holder.id for holder in tokens.drivers])
    places = asyncio.Semaphore(_AT_ONCE)
    async with httpx.AsyncClient() as browser:

        async def one(number: int, holder: Holder) -> None:
            owner_id = CustomerId(AccountId(UUID(holder.id)))
            async with places:
                await _give_card(parts, cards, browser, company_id, owner_id, _OUTCOMES.get(number % 80))

        await asyncio.gather(*(one(number, holder) for number, holder in enumerate(tokens.customers)))


async def _write_policies(tx: Tx, parts: Parts, company_id: CompanyId) -> None:
    now = parts.clock.now()
    await policies.write(tx, company_id, BalancePolicy(minimum_won=0), now=now, ids=parts.ids, note="demo")


async def _give_card(
    parts: Parts,
    cards: SandboxCards,
    browser: httpx.AsyncClient,
    company_id: CompanyId,
    owner_id: CustomerId,
    outcome: Outcome | None,
) -> None:
    """Chosen on the provider's page as people do it; it takes the place of what an earlier demo left."""
    ring = parts.gate.ring
    known_as = payments.customer_key(ring, owner_id, parts.ids.new())
    form = {"customerKey": known_as, "returnUrl": _RETURN_URL, "card": outcome or Outcome.APPROVED}
    answer = await browser.post(f"{cards.channel.base_url}/card-window", data=form)
    registered = await cards.register(httpx.URL(answer.headers["location"]).params["authKey"], known_as)
    async with parts.database.transaction() as tx:
        now = parts.clock.now()
        for old in await payments.cards(tx, company_id, owner_id):
            await payments.remove_card(tx, ring, owner_id, old.id, now=now)
        await payments.keep_card(
            tx, ring, company_id, owner_id, registered=registered, known_as=known_as, now=now, ids=parts.ids
        )


async def _stake(tx: Tx, parts: Parts, company_id: CompanyId, drivers: Sequence[str]) -> None:
    """Commission and premium of cash calls come out of the balance, so that every driver needs one."""
    book = await policies.load_book(tx, company_id)
    owner = Actor(ActorKind.STAFF, await accounts.staff_by_email(tx, company_id, DEMO_EMAIL))
    deed = Deed(tx, company_id, book, owner, parts.clock.now(), parts.ids)
    for number, driver in enumerate(drivers):
        driver_id = DriverId(AccountId(UUID(driver)))
        await payments.receipts.top_up(deed, driver_id, _STAKE_WON, f"demo-{number:05}")
