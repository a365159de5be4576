"""Ids of another company's things open no route: all that a company has is tried on all that our people may do."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.drivers.factories import JPEG
from tests.web.api.running import TRIP, Person, Running, refused
from tests.web.api.test_requests import BODIES, OTHERS, QUERIES, ROUTES
from tests.web.api.tills import Counter

from daeri.bootstrap import Program
from daeri.calls import api as calls
from daeri.payments import api as payments
from daeri.payments import tasks
from daeri.payments.ports import RegisteredCard

OF_EACH = 2  # ids of each table
# Lists of what belongs to a call are empty for a call that is not ours.
EMPTY = {"/console/calls/{id}/decisions", "/console/calls/{id}/memos", "/console/calls/{id}/fare-calculations"}
BY_ID = [(f"{method} {path}", min(who)) for method, path, who in ROUTES if "{id}" in path]
_TABLES = """
SELECT a.table_name AS name FROM information_schema.columns a
  JOIN information_schema.columns b USING (table_schema, table_name)
 WHERE a.table_schema = 'public' AND a.column_name = 'id' AND a.data_type = 'uuid'
   AND b.column_name = 'company_id' ORDER BY 1"""


@pytest.fixture(scope="module")
def theirs(running: Running) -> dict[str, list[UUID]]:
    """Ids by table of a company with something of everything."""
    _live_a_night(running)
    return running.ask(lambda program: _ids(program, running.theirs))


@pytest.fixture(scope="module")
def ours(running: Running) -> dict[str, Person]:
    return {"customer": running.customer(), "driver": running.driver(), "staff": running.staff()}


def test_their_night_has_something_of_everything(theirs: dict[str, list[UUID]]) -> None:
    wanted = {
        "accounts",
        "calls",
        "offers",
        "call_memos",
        "cases",
        "customer_cars",
        "customer_places",
        "driver_suspensions",
        "driver_appeals",
        "driver_applications",
        "never_meetings",
        "notices",
        "charge_cancels",
        "payment_tasks",
        "ledger_entries",
        "payouts",
        "payout_files",
        "bank_receipts",
        "payment_cards",
        "charges",
    }  # fmt: skip -- names
    assert set(theirs) >= wanted, sorted(theirs)


@pytest.mark.parametrize(("route", "who"), BY_ID, ids=[route for route, _ in BY_ID])
def test_nothing_of_another_company_is_found(
    route: str, who: str, running: Running, ours: dict[str, Person], theirs: dict[str, list[UUID]]
) -> None:
    method, _, path = route.partition(" ")
    before = running.rows()
    for found in theirs.values():
        for one in found:
            answer = _send(ours[who], method, path, one)
            if method == "GET" and path in EMPTY and answer.is_success:
                assert answer.json()["items"] == []
            else:
                refused(answer, 404)
    assert running.rows() == before


def test_no_list_shows_anything_of_another_company(
    running: Running, ours: dict[str, Person], theirs: dict[str, list[UUID]]
) -> None:
    ids = {str(one) for found in theirs.values() for one in found}
    for method, path, who in ROUTES:
        if method == "GET" and "{" not in path:
            for kind in who & set(ours):
                told = _send(ours[kind], method, path, uuid4()).text
                assert not {one for one in ids if one in told}, path


def _send(person: Person, method: str, path: str, one: UUID) -> Any:
    headers = {"idempotency-key": uuid4().hex}
    target, query = path.format(id=one, **OTHERS), QUERIES.get(path)
    if path in BODIES and method in {"POST", "PUT"}:
        return person.http.request(method, target, headers=headers, params=query, json=BODIES[path])
    if method == "PUT":
        return person.http.put(target, headers={**headers, "content-type": "image/jpeg"}, content=JPEG)
    return person.http.request(method, target, headers=headers, params=query)


def _live_a_night(running: Running) -> None:
    """Each person of the other company does what leaves something behind."""
    customer, driver = running.customer(running.theirs), running.driver(running.theirs)
    staff = running.staff(running.theirs)
    call_id, offer_id = running.offered(customer, driver)
    for sent in _deeds(customer, driver, staff, call_id, offer_id):
        assert sent.is_success, (sent.request.url, sent.text)
    suspension = driver.get("/driver/suspensions").json()["items"][0]["id"]
    assert driver.command(f"/driver/suspensions/{suspension}/appeal", {"text": "아니에요"}).is_success
    assert customer.command("/calls", TRIP).is_success  # one that waits
    counter = Counter(running, running.theirs)
    adjusted = counter.paid()
    assert staff.command(f"/console/calls/{adjusted.id}/payment/adjust", {"amount": 30_000, "reason": "x"}).is_success
    counter.ride("cash", cash_received=False)
    for owner in (customer, driver):
        running.ask(lambda program, owner=owner: _keep_card(program, owner))
    running.ask(lambda program: _charge(program, customer, UUID(call_id)))


def _deeds(customer: Person, driver: Person, staff: Person, call_id: str, offer_id: str) -> Iterator[Any]:
    yield driver.command(f"/driver/offers/{offer_id}/accept")
    for step in ("arrive", "start", "complete"):
        yield driver.command(f"/driver/calls/{call_id}/{step}")
    yield customer.command(f"/calls/{call_id}/rating", {"stars": 1, "never_meet": True})
    yield customer.command(f"/calls/{call_id}/lost-item", {"what": "우산"})
    yield customer.command("/customer/cars", BODIES["/customer/cars"])
    yield customer.command("/customer/places", BODIES["/customer/places"])
    yield staff.command(f"/console/calls/{call_id}/memos", {"text": "메모"})
    yield staff.command(f"/console/calls/{call_id}/fare-calculations", TRIP)
    yield staff.command("/console/notices", {"audience": "all", "title_ko": "안내", "title_en": "Notice"})
    headers = {"idempotency-key": uuid4().hex, "content-type": "image/jpeg"}
    yield driver.http.put("/driver/documents/licence", headers=headers, content=JPEG)
    yield driver.command("/driver/application", BODIES["/driver/application"])
    yield staff.command(f"/console/drivers/{driver.id}/suspend", {"reason": "확인 중"})
    yield staff.command(f"/console/drivers/{driver.id}/top-ups", {"amount": 100_000, "reference": "B-1"})
    headers = {"idempotency-key": uuid4().hex}
    yield driver.http.put("/driver/bank-account", headers=headers, json=BODIES["/driver/bank-account"])
    yield driver.command("/driver/payouts", {"amount": 10_000})
    yield staff.command("/console/payouts/file")


async def _keep_card(program: Program, owner: Person) -> None:
    parts, card = program.parts, RegisteredCard("billing-key", "구름시험카드", "****-****-****-0001")
    async with parts.database.transaction() as tx:
        await payments.keep_card(
            tx,
            parts.gate.ring,
            owner.company,
            owner.id,
            registered=card,
            known_as=uuid4().hex,
            now=parts.clock.now(),
            ids=parts.ids,
        )


async def _charge(program: Program, customer: Person, call_id: UUID) -> None:
    """The ride is owed, and its card is being charged; nobody asks a provider here."""
    parts = program.parts
    async with parts.database.transaction() as tx:
        ended = [
            event for event in await calls.timeline(tx, customer.company, call_id) if event.kind == "call.completed"
        ]
        await tasks.settle_drive(tx, ended[0])


async def _ids(program: Program, company_id: UUID) -> dict[str, list[UUID]]:
    found = {}
    async with program.parts.database.reading() as tx:
        for table in [row["name"] for row in await tx.rows(_TABLES)]:
            statement = f"SELECT id FROM {table} WHERE company_id = $1 ORDER BY id DESC LIMIT {OF_EACH}"
            rows = await tx.rows(statement, company_id)
            if rows:
                found[table] = [row["id"] for row in rows]
    return found
