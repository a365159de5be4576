"""A new key reaches everything that is sealed: whatever column there is, and nothing needs the old key afterwards."""

from collections.abc import Iterator
from uuid import uuid4

import msgspec
import pytest
from tests.drivers.factories import JPEG
from tests.web.api.conftest import start_running
from tests.web.api.running import TRIP, Person, Running
from tests.web.api.test_requests import BODIES

from daeri.bootstrap import Program
from daeri.cli.keeping import SEALED
from daeri.drivers import api as drivers
from daeri.infra.keys import KeyRing, read_keys, reseal, rotate_ring
from daeri.payments import api as payments
from daeri.payments.ports import RegisteredCard

EVERY = (*SEALED, drivers.SEALED_DOCUMENTS)
_COLUMNS = r"""
SELECT c.table_name, c.column_name FROM information_schema.columns c
  JOIN information_schema.tables t USING (table_schema, table_name)
 WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type = 'bytea'
   AND c.column_name LIKE '%\_sealed'"""


@pytest.fixture
def server(server_dsn: str, template: str) -> Iterator[Running]:
    """One whose keys no other test needs."""
    with start_running(server_dsn, template, "rotation") as running:
        yield running


def test_nothing_needs_the_old_key_after_a_rotation(server: Running) -> None:
    _seal_something_everywhere(server)
    found = server.ask(_sealed_columns)
    assert found == {(column.table, column.column) for column in EVERY}
    rotate_ring(server.settings.keys_path)
    keys = read_keys(server.settings.keys_path)
    new = KeyRing(keys)
    counts = server.ask(lambda program: reseal(program.parts.database, new, EVERY, batch=3))
    assert min(counts.values()) > 0, counts
    retired = KeyRing(msgspec.structs.replace(keys, sealing={keys.sealing_active: keys.sealing[keys.sealing_active]}))
    for column in EVERY:
        values = server.ask(lambda program, column=column: _values(program, column.table, column.column))
        assert values
        assert all(retired.open(value, column.purpose) for value in values)
    again = server.ask(lambda program: reseal(program.parts.database, new, EVERY))
    assert sum(again.values()) == 0


def _seal_something_everywhere(server: Running) -> None:
    customer, driver, staff = server.customer(), server.driver(), server.staff()
    call_id, offer_id = server.offered(customer, driver)
    asked = {"phone": "010-0000-9999", "role": "customer", "company": "hanbit"}
    plain = {"idempotency-key": uuid4().hex}
    headers = {**plain, "content-type": "image/jpeg"}
    server.ask(lambda program: _keep_card(program, customer))
    for sent in (
        server.anybody.post("/auth/codes", json=asked),
        driver.http.put("/driver/documents/licence", headers=headers, content=JPEG),
        driver.command("/driver/application", BODIES["/driver/application"]),
        driver.command(f"/driver/offers/{offer_id}/accept"),
        customer.command(f"/calls/{call_id}/lost-item", {"what": "우산", "phone": "010-0000-4321"}),
        staff.command(f"/console/drivers/{driver.id}/top-ups", {"amount": 20_000, "reference": "B-1"}),
        driver.http.put("/driver/bank-account", headers=plain, json=BODIES["/driver/bank-account"]),
        driver.command("/driver/payouts", {"amount": 10_000}),
        customer.command("/calls", {**TRIP, "options": ["for_another"], "riders": [{"phone": "010-0000-1234"}]}),
    ):
        assert sent.is_success, (sent.request.url, sent.text)


async def _keep_card(program: Program, owner: Person) -> None:
    card = RegisteredCard("billing-key", "구름시험카드", "****-****-****-0001")
    parts, now = program.parts, program.parts.clock.now()
    async with parts.database.transaction() as tx:
        await payments.keep_card(
            tx, parts.gate.ring, owner.company, owner.id, registered=card, known_as="ck", now=now, ids=parts.ids
        )  # fmt: skip -- one call


async def _sealed_columns(program: Program) -> set[tuple[str, str]]:
    async with program.parts.database.reading() as tx:
        return {(row["table_name"], row["column_name"]) for row in await tx.rows(_COLUMNS)}


async def _values(program: Program, table: str, column: str) -> list[bytes]:
    async with program.parts.database.reading() as tx:
        rows = await tx.rows(f"SELECT {column} AS sealed FROM {table} WHERE {column} IS NOT NULL")
        return [row["sealed"] for row in rows]
