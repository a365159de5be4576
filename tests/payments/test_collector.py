"""The collector and a provider over real HTTP: every card, every fault, a process that dies at every step (I-017)."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from tests.payments.factories import FARE, Till

from daeri.adapters.bus.memory import MemoryBus
from daeri.adapters.cards.sandbox import SandboxCards, open_sandbox
from daeri.adapters.cards.sandbox_server import serve_sandbox
from daeri.calls.model import Call
from daeri.infra.database import Database
from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.ids import Ids
from daeri.kernel.terms import Payment
from daeri.kernel.time import SteppedClock, SystemClock
from daeri.payments import api as payments
from daeri.payments.api import Collector
from daeri.payments.charge_model import ChargeState
from daeri.payments.charge_store import Patience
from daeri.payments.model import Account, BillState

IMPATIENT_S = 0.25  # what the client waits; the sandbox's silence lasts longer
STEPS = ["leased", "asked", "recorded", "captured"]
CANCEL_STEPS = ["leased", "cancel_asked", "cancel_recorded"]
FAULTS = ["down", "hang_before", "hang_after", "drop_before", "drop_after", "error_after", "garbage_after"]
NEW_AMOUNT = 31_000


class Crash(Exception):
    """The process is gone; what was committed stays."""


@dataclass
class Desk:
    """A till with a collector that may die, and the provider behind it."""

    till: Till
    database: Database
    address: str
    cards: SandboxCards
    client: httpx.AsyncClient
    ring: KeyRing
    ids: Ids
    clock: SteppedClock

    async def ride(self, outcome: str = "approved") -> Call:
        """A ride by card, driven and not charged yet."""
        call, driver = await self.till.assigned(Payment.CARD, has_card=False)
        assert call.customer_id is not None
        await self.card(call.customer_id, outcome)
        night = self.till.night
        await night.arrive(call.id, driver)
        await night.start(call.id, driver)
        await night.complete(call.id, driver)
        await self.till.react(call.id)
        return await night.get(call.id)

    async def card(self, owner: UUID, outcome: str) -> UUID:
        """Chosen on the provider's page, registered, kept, and the default from now on."""
        known_as, night = payments.customer_key(self.ring, owner, self.ids.new()), self.till.night
        chosen = {"customerKey": known_as, "returnUrl": "http://127.0.0.1/back", "card": outcome}
        answer = await self.client.post(f"{self.address}/card-window", data=chosen)
        auth_key = httpx.URL(answer.headers["location"]).params["authKey"]
        registered = await self.cards.register(auth_key, known_as)
        async with night.transaction() as tx:
            kept = await payments.keep_card(
                tx,
                self.ring,
                night.company,
                owner,
                registered=registered,
                known_as=known_as,
                now=self.clock.now(),
                ids=self.ids,
            )
            await payments.prefer_card(tx, owner, kept.id)
        return kept.id

    async def work(self, *, dies_at: str | None = None) -> None:
        """A worker of its own asks until nothing is left that can be answered, or dies at its first such step."""
        fate: Iterator[str | None] = iter([dies_at])

        async def reached(step: str) -> None:
            if step == dies_at and next(fate, None):
                raise Crash(step)

        collector = Collector(
            self.database,
            MemoryBus(),
            self.cards,
            ring=self.ring,
            ids=self.ids,
            clock=self.clock,
            wall=SystemClock(),
            patience=Patience(timedelta(0), timedelta(0)),
            reached=reached,
        )
        try:
            for _ in range(6):
                if not await collector.work_off():
                    break
        except* Crash:
            pass

    async def fails(self, *faults: str) -> None:
        (await self.client.post(f"{self.address}/faults", json={"next": list(faults)})).raise_for_status()

    async def resolve(self, order_id: str, how: str) -> None:
        (await self.client.post(f"{self.address}/resolve/{order_id}", json={"as": how})).raise_for_status()

    async def held(self) -> int:
        """What the provider holds for us, in won; no order was taken for two."""
        books = (await self.client.get(f"{self.address}/books")).raise_for_status().json()
        assert {len(order["states"]) for order in books["orders"]} <= {1}
        return int(books["captured"] - books["cancelled"])

    async def agrees(self, held: int) -> bool:
        return await self.held() == held == (await self.till.totals()).get(Account.CARDS, 0)


@pytest.fixture
async def desk(till: Till, database: Database, ids: Ids, clock: SteppedClock) -> AsyncIterator[Desk]:
    async with (
        serve_sandbox() as address,
        open_sandbox(address, timeout_s=IMPATIENT_S) as cards,
        httpx.AsyncClient(timeout=10) as client,
    ):
        yield Desk(till, database, address, cards, client, KeyRing(new_keys()), ids, clock)


@pytest.mark.rule("I-017")
@pytest.mark.parametrize("outcome", ["approved", "approved_twice", "timeout_then_approved"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_that_dies_at_any_step_neither_charges_twice_nor_forgets(
    desk: Desk, outcome: str, step: str
) -> None:
    call = await desk.ride(outcome)
    await desk.work(dies_at=step)
    await desk.work()
    assert (await desk.till.bill(call.id)).state is BillState.PAID
    assert await desk.agrees(FARE)


@pytest.mark.rule("I-017", "I-020")
@pytest.mark.parametrize("amount", [15_000, NEW_AMOUNT])
@pytest.mark.parametrize("step", [*CANCEL_STEPS, *STEPS[1:]])
async def test_a_worker_that_dies_within_an_adjustment_ends_at_the_adjusted_fare(
    desk: Desk, step: str, amount: int
) -> None:
    call = await desk.ride()
    await desk.work()
    await desk.till.adjust(call.id, amount)
    await desk.work(dies_at=step)
    await desk.work()
    assert await desk.agrees(amount)
    bill = await desk.till.bill(call.id)
    assert (bill.amount, bill.state) == (amount, BillState.PAID)


@pytest.mark.rule("I-017")
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_goes_wrong_on_the_way_it_is_charged_once(desk: Desk, fault: str) -> None:
    call = await desk.ride()
    await desk.fails(fault)
    await desk.work()
    assert (await desk.till.bill(call.id)).state is BillState.PAID
    assert await desk.agrees(FARE)


@pytest.mark.rule("I-017", "I-020")
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_goes_wrong_while_giving_back_it_is_given_back_once(desk: Desk, fault: str) -> None:
    call = await desk.ride()
    await desk.work()
    await desk.till.adjust(call.id, NEW_AMOUNT)
    await desk.fails(fault)
    await desk.work()
    assert await desk.agrees(NEW_AMOUNT)


@pytest.mark.rule("I-016", "I-017")
@pytest.mark.parametrize(("how", "state"), [("captured", BillState.PAID), ("declined", BillState.CLAIMED)])
async def test_what_nobody_knows_is_a_task_until_the_provider_knows(desk: Desk, how: str, state: BillState) -> None:
    call = await desk.ride("timeout_then_unknown")
    await desk.work()
    (charge,) = await desk.till.charges(call.id)
    assert charge.state is ChargeState.UNKNOWN
    assert await desk.till.open_tasks() == ["unknown"]
    await desk.resolve(charge.order_id, how)
    await desk.work()
    assert (await desk.till.bill(call.id)).state is state
    assert await desk.agrees(FARE if how == "captured" else 0)
    assert "unknown" not in await desk.till.open_tasks()


@pytest.mark.parametrize("outcome", ["declined", "insufficient"])
async def test_a_card_that_says_no_is_a_claim_and_another_card_pays(desk: Desk, outcome: str) -> None:
    call = await desk.ride(outcome)
    await desk.work()
    assert (await desk.till.bill(call.id)).state is BillState.CLAIMED
    (charge,) = await desk.till.charges(call.id)
    assert charge.refusal == outcome
    assert call.customer_id is not None
    await desk.card(call.customer_id, "approved")
    await desk.till.settle(call.id)
    await desk.work()
    assert await desk.agrees(FARE)


@pytest.mark.rule("I-017")
async def test_a_provider_that_refuses_to_give_back_keeps_what_it_has(desk: Desk) -> None:
    call = await desk.ride("cancel_refused")
    await desk.work()
    await desk.till.adjust(call.id, 15_000)
    await desk.work()
    assert await desk.till.open_tasks() == ["cancel_refused"]
    assert await desk.agrees(FARE)


async def test_a_provider_that_is_down_for_an_hour_loses_nothing(desk: Desk) -> None:
    rides = [await desk.ride() for _ in range(3)]
    await desk.fails(*["down"] * 200)
    await desk.work()
    assert {(await desk.till.charges(ride.id))[0].state for ride in rides} == {ChargeState.UNKNOWN}
    desk.till.night.later(hours=1)
    await desk.fails()
    await desk.work()
    assert {(await desk.till.bill(ride.id)).state for ride in rides} == {BillState.PAID}
    assert await desk.agrees(3 * FARE)


async def test_a_webhook_makes_the_provider_be_asked_and_is_not_believed(desk: Desk) -> None:
    call = await desk.ride()
    (charge,) = await desk.till.charges(call.id)
    async with desk.till.night.transaction() as tx:
        assert await payments.heard_from_provider(tx, charge.order_id)
        assert not await payments.heard_from_provider(tx, "daeri-nobody")
    assert (await desk.till.charges(call.id))[0].state is ChargeState.INTENDED
    await desk.work()
    assert await desk.agrees(FARE)


async def test_a_drivers_top_up_by_card_is_theirs_once(desk: Desk) -> None:
    driver = await desk.till.night.driver()
    await desk.card(driver, "timeout_then_approved")
    async with desk.till.deed() as deed:
        await payments.receipts.top_up_by_card(deed, driver, 50_000)
    await desk.work(dies_at="asked")
    await desk.work()
    async with desk.till.deed() as deed:
        found = await payments.balance_of(deed.tx, deed.book, deed.company_id, driver, now=deed.now)
    assert found.won == 50_000
    assert await desk.agrees(50_000)
