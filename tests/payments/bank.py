"""Drivers' money on a real database: balances that grow, withdrawals, files, and what the bank says."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

from tests.payments.factories import Till

from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.terms import Actor, ActorKind
from daeri.kernel.time import KST
from daeri.payments import api as payments
from daeri.payments import ledger, payout_store
from daeri.payments.api import statements
from daeri.payments.balances import Balance
from daeri.payments.model import Account, BalancePolicy
from daeri.payments.payout_model import (
    BankAccount,
    GivenAccount,
    Payout,
    PayoutFile,
    PayoutFilter,
    PayoutOutcome,
    Transfer,
)
from daeri.payments.payouts import Said
from daeri.payments.statements import DriverStatement

KOREAN_BANK = GivenAccount("088", "110-123-456789", "김민준")


@dataclass(frozen=True)
class Bank:
    """One company's drivers and their money, over its till."""

    till: Till
    ring: KeyRing = field(default_factory=lambda: KeyRing(new_keys()))

    @property
    def company(self) -> CompanyId:
        return self.till.night.company

    @property
    def today(self) -> date:
        return self.till.night.clock.now().astimezone(KST).date()

    async def driver(self, balance: int = 0, *, has_account: bool = True) -> DriverId:
        """A driver on duty with so much on their balance, which came by the bank."""
        driver = await self.till.night.driver()
        if has_account:
            await self.put_account(driver)
        if balance:
            await self.top_up(driver, balance)
        return driver

    async def put_account(self, driver: DriverId, given: GivenAccount = KOREAN_BANK) -> BankAccount:
        async with self.till.deed() as deed:
            return await payments.payouts.put_account(
                deed.tx, self.ring, self.company, driver, given, now=deed.now
            )  # fmt: skip -- one call

    async def account(self, driver: DriverId) -> BankAccount | None:
        async with self.till.night.database.reading() as tx:
            return await payout_store.account(tx, self.company, driver)

    async def top_up(self, driver: DriverId, amount: int, reference: str | None = None) -> UUID:
        async with self.till.deed() as deed:
            return await payments.receipts.top_up(deed, driver, amount, reference or uuid4().hex)

    async def withdraw(self, driver: DriverId, amount: int) -> Payout:
        async with self.till.deed(Actor(ActorKind.DRIVER, driver)) as deed:
            return await payments.payouts.request(deed, driver, amount)

    async def send(self) -> PayoutFile:
        async with self.till.deed() as deed:
            return await payments.payouts.make_file(deed)

    async def read(self, file: UUID) -> Sequence[Transfer]:
        async with self.till.night.transaction() as tx:
            return (await payments.payouts.read_file(tx, self.ring, self.company, file))[1]

    async def end(self, payout: UUID, outcome: PayoutOutcome, reference: str = "B-1") -> Payout:
        async with self.till.deed() as deed:
            return await payments.payouts.end_by_hand(deed, payout, outcome, reference)

    async def hear(self, payout: UUID, outcome: PayoutOutcome, amount: int | None = None) -> tuple[Payout, bool]:
        """What the bank's program says."""
        async with self.till.deed() as deed:
            return await payments.payouts.hear(deed, payout, Said(outcome, "B-1", amount))

    async def sent(self, driver: DriverId, amount: int) -> Payout:
        """A payout that a file has taken to the bank."""
        payout = await self.withdraw(driver, amount)
        await self.send()
        return await self.get(payout.id)

    async def get(self, payout: UUID) -> Payout:
        async with self.till.night.database.reading() as tx:
            found = await payout_store.get(tx, payout)
        assert found is not None
        return found

    async def payouts(self, driver: DriverId) -> list[Payout]:
        async with self.till.night.database.reading() as tx:
            return await payments.payouts.find(tx, PayoutFilter(self.company, driver_id=driver))

    async def balance(self, driver: DriverId) -> Balance:
        async with self.till.deed() as deed:
            return await payments.balance_of(deed.tx, deed.book, self.company, driver, now=deed.now)

    async def lines(self, driver: DriverId) -> list[int]:
        """What each line in the books adds to the driver's balance, in the books' order."""
        wanted = ledger.EntryFilter(self.company, account=Account.DRIVER, owner_id=driver)
        async with self.till.night.database.reading() as tx:
            found = await ledger.search(tx, wanted, limit=1_000)
        return [-line.amount for entry in reversed(found) for line in entry.lines if line.owner_id == driver]

    async def statement(
        self, driver: DriverId, since: date | None = None, until: date | None = None
    ) -> DriverStatement:
        async with self.till.night.transaction() as tx:
            return await statements.of_driver(tx, self.company, driver, since or self.today, until or self.today)

    async def rule(self, **policy: int | None) -> None:
        await self.till.write(BalancePolicy(**policy))

    async def is_short(self, driver: DriverId) -> bool:
        async with self.till.night.database.reading() as tx:
            return bool(await tx.value("SELECT is_short FROM drivers WHERE id = $1", driver))


async def at_once(*commands: Awaitable[object]) -> list[object]:
    """Both begin together; what each gave, or the refusal's class."""
    found = await asyncio.gather(*commands, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, DaeriError):
            raise one
    return [type(one) if isinstance(one, DaeriError) else one for one in found]
