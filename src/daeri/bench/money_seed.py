"""What `bench money` begins with: customers with cards of the sandbox, and a drive under way for every driver."""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import httpx

from daeri.adapters.cards.provider.deck import Outcome
from daeri.adapters.cards.sandbox import SandboxCards, open_sandbox
from daeri.bench.stage import People
from daeri.bootstrap import Parts
from daeri.kernel.ids import AccountId, CompanyId, CustomerId, uuid7
from daeri.kernel.time import SystemClock
from daeri.payments import api as payments
from daeri.payments.model import BalancePolicy
from daeri.policies import api as policies
from daeri.sim.tokens import Holder

_AT_ONCE: Final = 16
_DRIVEN_FOR: Final = timedelta(minutes=20)
_GONE_WITHIN_S: Final = 10.0

_FREE = """
SELECT id FROM drivers WHERE company_id = $1 AND NOT EXISTS (SELECT FROM engagements e WHERE e.driver_id = drivers.id)
"""
_PAYERS = "SELECT owner_id FROM payment_cards WHERE company_id = $1 ORDER BY owner_id"
# As the use cases leave a call that is driven: the call, who is engaged with it, and its cover.
_CALLS = """
INSERT INTO calls (id, company_id, number, version, state, source, orderer_id, performer_id, driver_id, customer_id,
    service, timing, options, payment, fare_amount, fare_plan, tariff_version, origin_lat, origin_lon, origin_name,
    origin_region, destination_lat, destination_lon, destination_name, vias, note, requested_at, dispatch_at,
    expires_at, assigned_at, arrived_at, started_at, policy_version)
SELECT s.id, $4, call_number(nextval('call_numbers')), 4, 'driving', 'own', $4, $4, s.driver_id, s.customer_id,
    'general', 'now', '{}', 'card', 20000, 'calculator', 0, 37.4979, 127.0276, 'A', $5, 37.55, 127.07, 'B', '[]', '',
    $6, $6, $6::timestamptz + interval '15 minutes', $6, $6, $6, 0
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS s (id, driver_id, customer_id)
"""
_ENGAGEMENTS = """
INSERT INTO engagements (driver_id, slot, company_id, call_id, since)
SELECT s.driver_id, 'now', $3, s.id, $4 FROM unnest($1::uuid[], $2::uuid[]) AS s (id, driver_id)
"""
_COVERS = """
INSERT INTO covers (call_id, ride_id, company_id, driver_id, performer_id, source, insurer, policy_shown, injury_won,
                    property_won, own_car_won, deductible_won, policy_version, starts_at)
SELECT s.id, s.id, $3, s.driver_id, $3, 'company', '', '', 0, 0, 0, 0, 0, $4
FROM unnest($1::uuid[], $2::uuid[]) AS s (id, driver_id)
"""
_DRIVES = """
SELECT c.id, c.number, c.driver_id, c.customer_id, k.id AS card_id
FROM calls c JOIN engagements e ON e.call_id = c.id JOIN payment_cards k ON k.owner_id = c.customer_id
WHERE c.company_id = $1 AND c.state = 'driving' ORDER BY c.driver_id
"""


@dataclass(frozen=True, slots=True)
class Drive:
    """A call that is being driven, and the card that will pay it."""

    call_id: UUID
    number: str
    driver_id: UUID
    customer_id: UUID
    card_id: UUID


@contextmanager
def sandbox() -> Iterator[tuple[str, int]]:
    """The provider of cards as a process of its own: its address and its process's id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "daeri.adapters.cards.sandbox_server", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        address = "" if process.stdout is None else process.stdout.readline().strip()
        if not address:
            raise RuntimeError("the sandbox of cards did not start")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(_GONE_WITHIN_S)


async def give_cards(parts: Parts, people: People, provider: str) -> None:
    """A good card for every customer, and policies under which cards are charged and drivers have a balance."""
    async with parts.database.transaction() as tx:
        balance, now = BalancePolicy(minimum_won=0), parts.clock.now()
        await policies.write(tx, people.company_id, balance, now=now, ids=parts.ids, note="bench")
    places = asyncio.Semaphore(_AT_ONCE)
    async with open_sandbox(provider) as cards, httpx.AsyncClient() as browser:

        async def one(holder: Holder) -> None:
            async with places:
                await _give_card(parts, cards, browser, people.company_id, holder)

        await asyncio.gather(*(one(holder) for holder in people.customers))


async def _give_card(
    parts: Parts, cards: SandboxCards, browser: httpx.AsyncClient, company_id: CompanyId, holder: Holder
) -> None:
    owner_id, ring = CustomerId(AccountId(UUID(holder.id))), parts.gate.ring
    known_as = payments.customer_key(ring, owner_id, parts.ids.new())
    form = {"customerKey": known_as, "returnUrl": "http://127.0.0.1/", "card": Outcome.APPROVED}
    answer = await browser.post(f"{cards.channel.base_url}/card-window", data=form)
    registered = await cards.register(httpx.URL(answer.headers["location"]).params["authKey"], known_as)
    async with parts.database.transaction() as tx:
        now = parts.clock.now()
        await payments.keep_card(
            tx, ring, company_id, owner_id, registered=registered, known_as=known_as, now=now, ids=parts.ids
        )


async def set_out(dsn: str, company_id: CompanyId, region: str) -> list[Drive]:
    """Let every driver who is free drive a customer; all that drive now."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            free = [row["id"] for row in await connection.fetch(_FREE, company_id)]
            payers = [row["owner_id"] for row in await connection.fetch(_PAYERS, company_id)]
            await _begin_drives(connection, company_id, region, free, payers)
        return [Drive(*row.values()) for row in await connection.fetch(_DRIVES, company_id)]
    finally:
        await connection.close()


async def _begin_drives(
    connection: asyncpg.Connection, company_id: CompanyId, region: str, drivers: Sequence[UUID], payers: Sequence[UUID]
) -> None:
    since = SystemClock().now() - _DRIVEN_FOR
    call_ids = [uuid7(since, secrets.token_bytes(10)) for _ in drivers]
    customers = [payers[place % len(payers)] for place in range(len(drivers))]
    await connection.execute(_CALLS, call_ids, drivers, customers, company_id, region, since)
    await connection.execute(_ENGAGEMENTS, call_ids, drivers, company_id, since)
    await connection.execute(_COVERS, call_ids, drivers, company_id, since)


async def vacuum(dsn: str) -> None:
    """What a database that has run for hours knows of its tables."""
    connection = await asyncpg.connect(dsn)
    try:
        for table in ("accounts", "drivers", "customers", "calls", "engagements", "covers", "payment_cards"):
            await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()
