"""Any deeds about money in any order, with a real provider that fails and a process that dies at any step.

After each deed the books balance, no ride is charged twice, and what the provider took is written down here. In the
end, when everything has an answer, our books are the provider's own.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.dispatch.factories import Night, make_company
from tests.payments.factories import Till

from daeri.adapters.bus.memory import MemoryBus
from daeri.adapters.cards.sandbox import SandboxCards, open_sandbox
from daeri.adapters.cards.sandbox_server import serve_sandbox
from daeri.calls.model import Call
from daeri.infra.database import Database, open_database
from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import Ids
from daeri.kernel.terms import Actor, ActorKind, Payment
from daeri.kernel.time import SteppedClock, SystemClock
from daeri.payments import api as payments
from daeri.payments.api import Collector
from daeri.payments.charge_model import Card
from daeri.payments.charge_store import Patience
from daeri.payments.model import Account, BillState
from daeri.payments.payout_model import BANKS, GivenAccount, Payout, PayoutFilter, PayoutOutcome, PayoutState

START = datetime(2026, 11, 28, 14, 0, tzinfo=UTC)
PATIENCE_S = 0.05  # of our client; the sandbox's silence lasts longer
OUTCOMES = [
    *["approved"] * 6,
    "declined",
    "insufficient",
    "timeout_then_approved",
    "timeout_then_unknown",
    "approved_twice",
    "cancel_refused",
]
FAULTS = ["down", "hang_after", "drop_before", "drop_after", "error_after", "garbage_after"]
STEPS = ["leased", "asked", "recorded", "captured", "cancel_asked", "cancel_recorded"]
_CLEAR = "TRUNCATE charge_cancels, payment_tasks, claim_steps, charges"  # what other examples left to do
places = st.integers(0, 2)
amounts = st.sampled_from([12_000, 31_000, 40_000, 25_000, 0, -1, 10**12])
maybe_fault = st.none() | st.none() | st.sampled_from(FAULTS)
maybe_crash = st.none() | st.none() | st.none() | st.sampled_from(STEPS)


class Crash(Exception):
    """The process is gone; what was committed stays."""


class Provider:
    """The sandbox as the tests see it: its books, its faults."""

    def __init__(self, address: str, cards: SandboxCards, desk: SandboxCards, client: httpx.AsyncClient) -> None:
        self.address, self.client = address, client
        self.cards = cards  # what the collector asks, impatiently
        self.desk = desk  # where customers register

    async def begin_anew(self) -> None:
        (await self.client.delete(f"{self.address}/books")).raise_for_status()

    async def fail(self, fault: str) -> None:
        (await self.client.post(f"{self.address}/faults", json={"next": [fault]})).raise_for_status()

    async def heal(self) -> None:
        (await self.client.post(f"{self.address}/faults", json={})).raise_for_status()

    async def resolve(self, order_id: str, how: str) -> None:
        await self.client.post(f"{self.address}/resolve/{order_id}", json={"as": how})

    async def taken(self) -> dict[str, dict[str, Any]]:
        """By order: what was captured and what was given back, in won."""
        found = (await self.client.get(f"{self.address}/books")).raise_for_status().json()
        return {entry["order_id"]: entry for entry in found["orders"]}


class MoneyMachine(RuleBasedStateMachine):
    """One example: a company of its own."""

    def __init__(self, runner: asyncio.Runner, database: Database, provider: Provider) -> None:
        super().__init__()
        self.runner, self.provider = runner, provider
        self.clock = SteppedClock(START)
        self.seed = random.SystemRandom().random()
        ids = Ids(self.clock, random.Random(self.seed).randbytes)
        self.ring = KeyRing(new_keys())
        runner.run(provider.begin_anew())
        self.till = runner.run(_new_till(database, self.clock, ids))
        self.agent = runner.run(self.till.staff())
        self.customer, self.driver = runner.run(self.till.night.customer()), runner.run(self.till.night.driver())
        runner.run(self._bank_account())
        self.rides: list[Call] = []
        self.transferred = 0
        self.dies_at: str | None = None
        self.collector = Collector(
            database,
            MemoryBus(),
            provider.cards,
            ring=self.ring,
            ids=ids,
            clock=self.clock,
            wall=SystemClock(),
            patience=Patience(timedelta(0), timedelta(0)),
            reached=self._reached,
        )

    async def _reached(self, step: str) -> None:
        if step == self.dies_at:
            self.dies_at = None
            raise Crash(step)

    def _run(self, deed: Awaitable[object]) -> bool:
        """Do it; a refusal by name is an answer too."""

        async def attempt() -> bool:
            try:
                await deed
            except DaeriError:
                return False
            return True

        return self.runner.run(attempt())

    @initialize(outcome=st.sampled_from(OUTCOMES))
    def first(self, outcome: str) -> None:
        self.ride(outcome, by_card=True)
        self.ask(fault=None, crash=None)

    @rule(outcome=st.sampled_from(OUTCOMES), by_card=st.booleans())
    def ride(self, outcome: str, by_card: bool) -> None:
        self.rides.append(self.runner.run(self._ride(outcome, by_card=by_card, breaks_off=False)))

    @rule(outcome=st.sampled_from(OUTCOMES), by_card=st.booleans())
    def ride_that_breaks_off(self, outcome: str, by_card: bool) -> None:
        self.rides.append(self.runner.run(self._ride(outcome, by_card=by_card, breaks_off=True)))

    @rule(back=places, agreed=st.none() | amounts, cash=st.none() | st.booleans())
    def reconnect(self, back: int, agreed: int | None, cash: bool | None) -> None:
        ride = self._of(back)

        async def go_on() -> None:
            again = await self.till.reconnect(ride)
            if agreed is not None:
                with suppress(DaeriError):
                    await self.till.agree(ride.id, agreed)
            await self.till.drive_on(again, cash_received=cash)

        self._run(go_on())

    @rule(back=places)
    def settle(self, back: int) -> None:
        self._run(self.till.settle(self._of(back).id, self.agent))

    @rule(back=places, amount=amounts)
    def adjust(self, back: int, amount: int) -> None:
        self._run(self.till.adjust(self._of(back).id, amount, self.agent))

    @rule(back=places, outcome=st.sampled_from(OUTCOMES))
    def pay_with_another_card(self, back: int, outcome: str) -> None:
        ride = self._of(back)

        async def pay() -> None:
            assert ride.customer_id is not None
            card = await self._card(ride.customer_id, outcome)
            async with self.till.deed(self.agent) as deed:
                await payments.pay_claim(deed, ride.id, ride.customer_id, card.id)

        self._run(pay())

    @rule(back=places)
    def write_off(self, back: int) -> None:
        async def give_up() -> None:
            async with self.till.deed(self.agent) as deed:
                await payments.write_off(deed, self._of(back).id, "nobody will pay")

        self._run(give_up())

    @rule(back=places)
    def transfer(self, back: int) -> None:
        """The payer sends what is left to the company's bank."""

        async def take_in() -> None:
            ride = self._of(back)
            due = (await self.till.money(ride.id)).outstanding
            async with self.till.deed(self.agent) as deed:
                await payments.receive_transfer(deed, ride.id, deed.ids.new().hex)
            self.transferred += due

        self._run(take_in())

    @rule(back=places, received=st.booleans())
    def correct_cash(self, back: int, received: bool) -> None:
        """What the driver said of the cash is put right."""

        async def correct() -> None:
            async with self.till.deed(self.agent) as deed:
                await payments.correct_cash(deed, self._of(back).id, "both say so", received=received)

        self._run(correct())

    @rule(amount=st.sampled_from([10_000, 20_000, 10_000_000, 0, -1]))
    def withdraw(self, amount: int) -> None:
        async def ask_for_it() -> None:
            async with self.till.deed(Actor(ActorKind.DRIVER, self.driver)) as deed:
                await payments.payouts.request(deed, self.driver, amount)

        self._run(ask_for_it())

    @rule(outcome=st.sampled_from(PayoutOutcome), is_sent=st.booleans())
    def bank_answers(self, outcome: PayoutOutcome, is_sent: bool) -> None:
        """What waits goes to the bank in a file, and the bank says what became of the newest payout."""
        self._run(self._bank(outcome, is_sent=is_sent))

    @rule(fault=maybe_fault, crash=maybe_crash)
    def ask(self, fault: str | None, crash: str | None) -> None:
        """The collector works once; it may die at a step, and the provider may fail."""
        if fault is not None:
            self.runner.run(self.provider.fail(fault))
        self.dies_at = crash
        try:
            self.runner.run(self.collector.work_off())
        except* Crash:
            pass
        self.dies_at = None
        self.runner.run(self.provider.heal())

    @rule(back=places, amount=amounts, fault=maybe_fault, crash=maybe_crash)
    def adjust_and_ask(self, back: int, amount: int, fault: str | None, crash: str | None) -> None:
        self.adjust(back, amount)
        self.ask(fault, crash)

    @rule()
    def ask_without_trouble(self) -> None:
        self.ask(fault=None, crash=None)

    @rule(how=st.sampled_from(["captured", "declined"]), back=places)
    def resolve(self, how: str, back: int) -> None:
        """The provider finds out what became of what it did not know."""
        self.runner.run(self._resolve(self._of(back), how))

    @rule(days=st.integers(0, 70))
    def wait(self, days: int) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(days=days, minutes=1))

    @invariant()
    def books_balance(self) -> None:
        self.runner.run(self.till.totals())

    @invariant()
    def no_ride_is_charged_twice_and_nothing_is_forgotten(self) -> None:
        self.runner.run(self._compare())

    def teardown(self) -> None:
        self.runner.run(self._end())

    def _of(self, back: int) -> Call:
        return self.rides[-1 - back % len(self.rides)]

    async def _bank_account(self) -> None:
        night, given = self.till.night, GivenAccount(next(iter(BANKS)), "110-123-456789", "김민준")
        async with night.transaction() as tx:
            now = night.clock.now()
            await payments.payouts.put_account(tx, self.ring, night.company, self.driver, given, now=now)

    async def _ride(self, outcome: str, *, by_card: bool, breaks_off: bool) -> Call:
        night, driver = self.till.night, self.driver
        await self._card(self.customer, outcome)
        call = await night.request(self.customer, payment=Payment.CARD if by_card else Payment.CASH)
        offer = await night.offer(call.id, driver)
        await night.accept(offer.id, driver)
        await night.arrive(call.id, driver)
        await night.start(call.id, driver)
        if breaks_off:
            await night.cancel_by_driver(call.id, driver)
        else:
            await night.complete(call.id, driver)
        await self.till.react(call.id)
        return await night.get(call.id)

    async def _card(self, owner: object, outcome: str) -> Card:
        """Registered with the provider, as the customer's app does it."""
        ids, night = self.till.night.ids, self.till.night
        known_as = payments.customer_key(self.ring, owner, ids.new())  # type: ignore[arg-type] -- an id
        chosen = {"customerKey": known_as, "returnUrl": "http://127.0.0.1/back", "card": outcome}
        answer = await self.provider.client.post(f"{self.provider.address}/card-window", data=chosen)
        auth_key = httpx.URL(answer.headers["location"]).params["authKey"]
        registered = await self.provider.desk.register(auth_key, known_as)
        async with night.transaction() as tx:
            now = night.clock.now()
            card = await payments.keep_card(
                tx, self.ring, night.company, owner, registered=registered, known_as=known_as, now=now, ids=ids
            )  # type: ignore[arg-type] -- an id
            await payments.prefer_card(tx, owner, card.id)  # type: ignore[arg-type] -- an id
        return card

    async def _bank(self, outcome: PayoutOutcome, *, is_sent: bool) -> None:
        if is_sent:
            async with self.till.deed(self.agent) as deed:
                await payments.payouts.make_file(deed)
        async with self.till.deed(self.agent) as deed:
            for payout in (await self._payouts())[:1]:
                await payments.payouts.end_by_hand(deed, payout.id, outcome, "the bank's word")

    async def _payouts(self) -> list[Payout]:
        async with self.till.night.database.reading() as tx:
            return await payments.payouts.find(tx, PayoutFilter(self.till.night.company))

    async def _resolve(self, ride: Call, how: str) -> None:
        for charge in await self.till.charges(ride.id):
            await self.provider.resolve(charge.order_id, how)

    async def _compare(self) -> None:
        taken = await self.provider.taken()
        for ride in self.rides:
            money = await self.till.money(ride.id)
            ours = {charge.order_id: charge for charge in money.charges}
            left = {order: taken[order] for order in ours if order in taken}
            standing = [entry for entry in left.values() if entry["captured"] - entry["cancelled"] > 0]
            assert len(standing) <= 1, "a ride is charged twice"
            for order, entry in left.items():
                assert len(entry["states"]) == 1, "an order was taken for two"
                assert entry["captured"] <= ours[order].amount, "an order was charged twice"

    async def _end(self) -> None:
        """Everything gets its answer; then the books are the provider's."""
        await self.provider.heal()
        for _ in range(12):
            if not await self.collector.work_off():
                break
            for ride in self.rides:
                await self._resolve(ride, "captured")
        await self._compare()
        taken, held = await self.provider.taken(), defaultdict(int)
        for ride in self.rides:
            money = await self.till.money(ride.id)
            for charge in money.charges:
                assert charge.ended_at is not None, "a charge without an answer"
                entry = taken.get(charge.order_id)
                there = 0 if entry is None else entry["captured"] - entry["cancelled"]
                assert there == charge.standing
                held[ride.id] += there
            if money.bill is None:
                continue
            if money.bill.state in (BillState.PAID, BillState.WRITTEN_OFF):
                assert money.outstanding == 0
            else:
                assert money.outstanding == money.bill.amount
                assert any(task.done_at is None for task in money.tasks), "owed, and nobody sees to it"
        totals = await self.till.totals()
        assert sum(held.values()) == totals.get(Account.CARDS, 0)
        payouts = await self._payouts()
        open_ones = [each.amount for each in payouts if each.ended_at is None]
        assert -sum(open_ones) == totals.get(Account.PAYOUTS, 0)
        paid = [each.amount for each in payouts if each.state is PayoutState.PAID]
        assert self.transferred - sum(paid) == totals.get(Account.BANK, 0)


async def _new_till(database: Database, clock: SteppedClock, ids: Ids) -> Till:
    async with database.transaction() as tx:
        await tx.execute(_CLEAR)
        company = await make_company(tx, ids, f"c{ids.new().hex[12:]}")
    return Till(Night(database, company, clock, ids))


async def _run_machine(dsn: str, examples: int, steps: int) -> None:
    """Hypothesis drives from a thread of its own, with a loop of its own."""
    await asyncio.to_thread(_examples, dsn, examples, steps)


def _examples(dsn: str, examples: int, steps: int) -> None:
    with asyncio.Runner() as runner:
        opened = _Opened(dsn)
        database, provider = runner.run(opened.enter())
        try:
            run_state_machine_as_test(
                lambda: MoneyMachine(runner, database, provider),
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(opened.leave())


class _Opened:
    """A pool, a sandbox and a client, for one loop."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._stack = AsyncExitStack()

    async def enter(self) -> tuple[Database, Provider]:
        database = await self._stack.enter_async_context(open_database(self._dsn, MemoryBus(), connections=4))
        address = await self._stack.enter_async_context(serve_sandbox(port=0))
        cards = await self._stack.enter_async_context(open_sandbox(address, timeout_s=PATIENCE_S))
        desk = await self._stack.enter_async_context(open_sandbox(address))
        client = await self._stack.enter_async_context(httpx.AsyncClient(timeout=10))
        return database, Provider(address, cards, desk, client)

    async def leave(self) -> None:
        await self._stack.aclose()


@pytest.mark.timeout(400)
@pytest.mark.rule("I-017", "I-010")
@pytest.mark.parametrize("half", [1, 2])
async def test_any_deeds_in_any_order_leave_the_books_of_the_provider(dsn: str, half: int) -> None:
    """Five hundred histories, in two halves that two processes may share."""
    await _run_machine(dsn, examples=250, steps=6)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.rule("I-017", "I-010")
@pytest.mark.parametrize("quarter", [1, 2, 3, 4])
async def test_ten_thousand_histories(dsn: str, quarter: int) -> None:
    """In four quarters that several processes may share."""
    await _run_machine(dsn, examples=2_500, steps=14)
