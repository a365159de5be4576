"""What customers see and do about money: receipts, claims, paying, what stands against a request, one ride a pair."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.web.api.fake_cards import Till, start_till
from tests.web.api.running import TRIP, Person, refused

from daeri.bootstrap import Program
from daeri.customers import api as customers
from daeri.customers.model import Payer
from daeri.kernel.ids import CustomerId
from daeri.kernel.terms import SYSTEM
from daeri.payments.charge_model import CardRefusal
from daeri.payments.model import ClaimPolicy
from daeri.policies import api as policies
from daeri.policies.model import Policy

SECRETS = ("premium", "commission", "net", "payment_key", "order_id", "billing")  # what no customer is shown


@pytest.fixture(scope="module")
def till(server_dsn: str, template: str) -> Iterator[Till]:
    with start_till(server_dsn, template, "customer_money") as made:
        yield made


@pytest.fixture
def me(till: Till) -> Person:
    return till.running.customer()


@pytest.fixture
def driver(till: Till) -> Person:
    return till.running.driver()


@pytest.fixture
def staff(till: Till) -> Person:
    return till.running.staff()


def receipt_of(person: Person, call_id: str) -> dict[str, Any]:
    answer = person.get(f"/calls/{call_id}/receipt")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert sum(line["amount"] for line in found["lines"]) == found["total"]
    assert not [word for word in SECRETS if f'"{word}' in answer.text]
    return found


def pay(person: Person, call_id: str, card_id: str | None = None, key: str | None = None) -> httpx.Response:
    return person.command(f"/calls/{call_id}/pay", {} if card_id is None else {"card_id": card_id}, key=key)


def short(found: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(move["kind"], move["state"], move["amount"]) for move in found["moves"]]


def write(till: Till, policy: Policy, company: UUID | None = None) -> None:
    async def work(program: Program) -> None:
        parts = program.parts
        async with parts.database.transaction() as tx:
            now = parts.clock.now()
            await policies.write(tx, company or till.running.theirs, policy, now=now, ids=parts.ids)
        async with parts.database.reading() as tx:
            await parts.shelf.refresh(tx)

    till.running.ask(work)


def test_a_ride_by_card_is_prepared_charged_and_paid(till: Till, me: Person, driver: Person) -> None:
    card = till.register(me)
    call_id = till.drive(me, driver, collect=False)
    before = receipt_of(me, call_id)
    assert (before["state"], before["method"], before["card"]["id"]) == ("preparing", "card", card["id"])
    assert (before["moves"], before["can_pay"]) == ([], False)
    till.running.ask(lambda program: program.worker.work_off())
    charging = receipt_of(me, call_id)
    assert (charging["state"], short(charging)) == ("charging", [("charged", "under_way", charging["total"])])
    till.work_off()
    paid = receipt_of(me, call_id)
    assert (paid["state"], short(paid)) == ("paid", [("charged", "done", paid["total"])])
    assert paid["paid_at"] is not None
    assert paid["card"] == {name: card[name] for name in ("id", "issuer", "number_masked")}
    assert me.get(f"/calls/{call_id}").json()["bill"] == {"amount": paid["total"], "state": "paid", "method": "card"}
    assert me.get("/calls").json()["items"][0]["bill"]["state"] == "paid"
    assert me.get("/me/bills").json() == {"items": [], "can_pay": True}
    refused(pay(me, call_id), 409, "nothing_to_settle")


def test_a_provider_that_is_away_leaves_the_ride_in_doubt_and_not_charged_twice(
    till: Till, me: Person, driver: Person
) -> None:
    till.register(me)
    till.cards.is_down = True
    try:
        call_id = till.drive(me, driver)
    finally:
        till.cards.is_down = False
    found = receipt_of(me, call_id)
    assert (found["state"], found["can_pay"]) == ("confirming", False)
    refused(pay(me, call_id), 409, "charge_under_way")
    (order,) = till.running.ask(lambda program: _orders(program, call_id))
    heard = till.running.anybody.post("/webhooks/cards", json={"data": {"orderId": order}})
    assert heard.json() == {"heard": True}
    till.work_off()
    assert receipt_of(me, call_id)["state"] == "paid"


async def _orders(program: Program, call_id: str) -> list[str]:
    async with program.parts.database.reading() as tx:
        return [row["order_id"] for row in await tx.rows("SELECT order_id FROM charges WHERE call_id = $1", call_id)]


def test_a_card_that_is_refused_becomes_a_claim_that_another_card_pays(till: Till, me: Person, driver: Person) -> None:
    till.register(me)
    till.refuse(me, CardRefusal.INSUFFICIENT)
    call_id = till.drive(me, driver)
    found = receipt_of(me, call_id)
    assert (found["state"], found["reason"], found["refusal"]) == ("unpaid", "declined", "insufficient")
    assert (found["can_pay"], found["outstanding"]) == (True, found["total"])
    (owed,) = me.get("/me/bills").json()["items"]
    assert (owed["call_id"], owed["amount"], owed["reason"]) == (call_id, found["total"], "declined")
    assert (owed["origin"], owed["destination"], owed["refusal"]) == ("강남역", "잠실역", "insufficient")
    assert (owed["is_being_charged"], owed["number"]) == (False, found["number"])

    problem = refused(me.command("/calls", TRIP), 409, "claim_open")
    assert problem["facts"] == {"number": found["number"], "amount_won": found["total"]}
    refused(me.command("/calls", {**TRIP, "payment": "cash"}), 409, "claim_open")
    assert me.command("/quotes", TRIP).json()["paying"]["claim"] == {
        "number": found["number"],
        "amount": found["total"],
    }

    other = till.register(me)
    answers = [pay(me, call_id, other["id"], key="pay") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert (answers[0].json()["state"], answers[0].json()["card"]["id"]) == ("charging", other["id"])
    assert me.get("/me/bills").json()["items"][0]["is_being_charged"] is True
    refused(pay(me, call_id, other["id"]), 409, "charge_under_way")
    refused(me.http.delete(f"/me/cards/{other['id']}", headers={"idempotency-key": "rm"}), 409, "charge_under_way")
    till.work_off()
    paid = receipt_of(me, call_id)
    assert (paid["state"], [state for _, state, _ in short(paid)]) == ("paid", ["refused", "done"])
    assert me.get("/me/bills").json()["items"] == []
    assert me.command("/calls", TRIP).status_code == 201


def test_other_peoples_rides_are_neither_seen_nor_paid(till: Till, me: Person, driver: Person) -> None:
    till.register(me)
    till.refuse(me, CardRefusal.DECLINED)
    call_id = till.drive(me, driver)
    before = till.running.rows()
    for other in (till.running.customer(), till.running.customer(till.running.theirs)):
        card = till.register(other)
        refused(other.get(f"/calls/{call_id}/receipt"), 404, "call_not_found")
        refused(pay(other, call_id, card["id"]), 404, "call_not_found")
        refused(pay(me, call_id, card["id"]), 404, "card_not_found")
        assert other.get("/me/bills").json()["items"] == []
    assert till.running.rows()["charges"] == before["charges"]
    refused(pay(driver, call_id), 403, "wrong_account_kind")
    refused(pay(me, str(uuid4())), 404, "call_not_found")


def test_a_ride_whose_card_is_gone_is_owed_until_another_pays(till: Till, me: Person, driver: Person) -> None:
    card = till.register(me)
    call_id = till.drive(me, driver, until="start", payment="card")
    assert me.remove(f"/me/cards/{card['id']}").is_success
    assert driver.command(f"/driver/calls/{call_id}/complete").is_success
    till.work_off()
    found = receipt_of(me, call_id)
    assert (found["state"], found["reason"], found["can_pay"]) == ("unpaid", "no_card", True)
    refused(pay(me, call_id), 404, "card_not_found")
    till.register(me)
    assert pay(me, call_id).json()["state"] == "charging"
    till.work_off()
    assert receipt_of(me, call_id)["state"] == "paid"


@pytest.mark.rule("I-019")
def test_cash_is_shown_as_cash_and_never_on_a_card(till: Till, me: Person, driver: Person) -> None:
    till.register(me)
    call_id = till.drive(me, driver, payment="cash")
    found = receipt_of(me, call_id)
    assert (found["state"], found["method"], found["card"]) == ("paid", "cash", None)
    assert short(found) == [("cash", "done", found["total"])]
    theirs = driver.get(f"/driver/calls/{call_id}").json()
    assert (theirs["payment"], theirs["final_amount"]) == ("cash", found["total"])


def test_cash_that_was_not_paid_is_a_claim_that_a_card_pays(till: Till, me: Person, driver: Person) -> None:
    call_id = till.drive(me, driver, until="start", payment="cash")
    assert driver.command(f"/driver/calls/{call_id}/complete", {"cash_received": False}).is_success
    till.work_off()
    found = receipt_of(me, call_id)
    assert (found["state"], found["reason"], found["moves"]) == ("unpaid", "cash_not_paid", [])
    till.register(me)
    assert pay(me, call_id).status_code == 200
    till.work_off()
    paid = receipt_of(me, call_id)
    assert (paid["state"], short(paid)) == ("paid", [("charged", "done", paid["total"])])


def test_cash_that_came_by_the_bank_is_not_called_cash(till: Till, me: Person, driver: Person, staff: Person) -> None:
    call_id = till.drive(me, driver, until="start", payment="cash")
    assert driver.command(f"/driver/calls/{call_id}/complete", {"cash_received": False}).is_success
    till.work_off()
    answer = staff.command(f"/console/calls/{call_id}/payment/transfer", {"reference": uuid4().hex})
    assert answer.is_success, answer.text
    found = receipt_of(me, call_id)
    assert (found["state"], short(found)) == ("paid", [("transferred", "done", found["total"])])


@pytest.mark.rule("I-020")
def test_an_adjusted_ride_shows_what_was_given_back_and_what_was_charged_anew(
    till: Till, me: Person, driver: Person, staff: Person
) -> None:
    till.register(me)
    call_id = till.drive(me, driver)
    cost = receipt_of(me, call_id)["total"]
    till.by_agent(staff, "adjust", call_id, amount=cost - 5_000)
    changing = receipt_of(me, call_id)
    assert (changing["state"], changing["total"], changing["to_be"]) == ("changing", cost, cost - 5_000)
    assert short(changing) == [("charged", "done", cost), ("given_back", "under_way", cost)]
    till.work_off()
    found = receipt_of(me, call_id)
    assert (found["state"], found["total"], found["to_be"]) == ("paid", cost - 5_000, None)
    assert short(found) == [("charged", "done", cost), ("given_back", "done", cost), ("charged", "done", cost - 5_000)]
    assert {"kind": "adjusted", "amount": -5_000} in found["lines"]
    assert me.get(f"/calls/{call_id}").json()["bill"]["amount"] == cost - 5_000


def test_a_customer_who_did_not_come_reads_what_that_costs(till: Till, me: Person, driver: Person) -> None:
    call_id = till.drive(me, driver, until="arrive")

    async def long_ago(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute("UPDATE calls SET arrived_at = arrived_at - interval '2 hours' WHERE id = $1", call_id)

    till.running.ask(long_ago)
    assert driver.command(f"/driver/calls/{call_id}/no-show").is_success
    till.work_off()
    found = receipt_of(me, call_id)
    assert (found["kind"], [line["kind"] for line in found["lines"]]) == ("no_show", ["no_show"])
    assert found["can_pay"] is True


def test_a_quote_says_what_paying_needs(till: Till, me: Person) -> None:
    assert me.command("/quotes", TRIP).json()["paying"] == {"is_card_needed": True, "card": None, "claim": None}
    first, second = till.register(me), till.register(me)
    assert me.command("/quotes", TRIP).json()["paying"]["card"]["id"] == first["id"]
    me.command(f"/me/cards/{second['id']}/default")
    card = {name: second[name] for name in ("id", "issuer", "number_masked")}
    assert me.command("/quotes", TRIP).json()["paying"]["card"] == card


def test_a_request_by_card_needs_one(till: Till) -> None:
    me = till.running.customer(till.running.theirs)
    refused(me.command("/calls", {**TRIP, "payment": "card"}), 409, "card_missing")
    assert me.command("/calls", {**TRIP, "payment": "cash"}).status_code == 201
    account = till.running.ask(lambda program: _business(program, me, Payer.COMPANY))
    on_account = {**TRIP, "business_account_id": account, "options": ["business"]}
    assert me.command("/calls", on_account).status_code == 201
    till.register(me)
    assert me.command("/calls", {**TRIP, "payment": "card"}).status_code == 201


def test_who_does_not_say_how_they_pay_pays_by_card_where_there_is_one(till: Till, me: Person) -> None:
    assert me.command("/calls", TRIP).json()["payment"] == "cash"
    till.register(me)
    assert me.command("/calls", TRIP).json()["payment"] == "card"


def test_a_company_may_let_those_ride_who_owe(till: Till) -> None:
    write(till, ClaimPolicy(blocks_requests=False))
    me, driver = till.running.customer(till.running.theirs), till.running.driver(till.running.theirs)
    till.register(me)
    till.refuse(me, CardRefusal.DECLINED)
    till.drive(me, driver)
    assert len(me.get("/me/bills").json()["items"]) == 1
    assert me.command("/quotes", TRIP).json()["paying"]["claim"] is None
    assert me.command("/calls", TRIP).status_code == 201


async def _business(program: Program, person: Person, payer: Payer) -> str:
    parts = program.parts
    now, ids = parts.clock.now(), parts.ids
    async with parts.database.transaction() as tx:
        made = await customers.open_business(tx, person.company, uuid4().hex, payer, SYSTEM, now=now, ids=ids)
        await customers.add_member(tx, person.company, made.id, CustomerId(person.id), SYSTEM, now=now, ids=ids)
    return str(made.id)


def test_what_a_company_pays_is_no_business_of_the_riders_card(till: Till, me: Person, driver: Person) -> None:
    till.register(me)
    account = till.running.ask(lambda program: _business(program, me, Payer.COMPANY))
    call_id = till.drive(me, driver, business_account_id=account, options=["business"])
    found = receipt_of(me, call_id)
    assert (found["state"], found["method"], found["card"], found["can_pay"]) == ("on_account", "account", None, False)
    refused(pay(me, call_id), 404, "bill_not_found")


def test_without_a_provider_nothing_can_be_paid_by_card(till: Till, me: Person, driver: Person) -> None:
    call_id = till.drive(me, driver, until="start", payment="cash")
    assert driver.command(f"/driver/calls/{call_id}/complete", {"cash_received": False}).is_success
    till.work_off()
    assert receipt_of(me, call_id)["can_pay"] is True
    context = till.running.program.context
    context.cards = None
    try:
        assert receipt_of(me, call_id)["can_pay"] is False
        assert me.get("/me/bills").json()["can_pay"] is False
        refused(pay(me, call_id), 409, "cards_off")
    finally:
        context.cards = till.cards


# A pair: the customer's own call, which ended by mistake, and the one that it went on as.


@pytest.mark.rule("I-057", "R-116")
def test_a_ride_that_was_cancelled_by_mistake_and_driven_is_one_ride_with_one_receipt(
    till: Till, me: Person, driver: Person, staff: Person
) -> None:
    till.register(me)
    call_id = till.drive(me, driver, until="start")
    fare = me.get(f"/calls/{call_id}").json()["fare_amount"]
    assert me.command(f"/calls/{call_id}/cancel", {}).is_success
    ended = _only(me)
    drive_id = till.reconnect(call_id, driver)
    running = _only(me)
    assert (running["id"], running["number"], running["state"]) == (call_id, ended["number"], "assigned")
    assert running["version"] > ended["version"]
    assert (running["ended_at"], running["fare_amount"], running["can"][0]) == (None, fare, "cancel_warned")
    assert [one["id"] for one in me.get("/calls", params={"state": "assigned"}).json()["items"]] == [call_id]
    assert me.get("/calls", params={"state": "cancelled_after_assignment"}).json()["items"] == []
    assert me.get(f"/calls/{drive_id}").json() == me.get(f"/calls/{call_id}").json()
    refused(me.get(f"/calls/{call_id}/receipt"), 409, "no_receipt")

    till.go(driver, drive_id)
    till.work_off()
    assert _only(me)["state"] == "completed"
    waits = receipt_of(me, call_id)
    assert (waits["state"], waits["total"], waits["moves"], waits["can_pay"]) == ("with_agent", fare, [], False)
    till.by_agent(staff, "settle_by_agent", call_id)
    till.work_off()
    found = receipt_of(me, call_id)
    assert (found["state"], found["number"], short(found)) == ("paid", ended["number"], [("charged", "done", fare)])
    assert receipt_of(me, drive_id) == found
    assert found["started_at"] < found["ended_at"]


def _only(person: Person) -> dict[str, Any]:
    """The customer's only ride."""
    (found,) = person.get("/calls").json()["items"]
    ride: dict[str, Any] = found
    return ride


@pytest.mark.rule("I-057", "R-117", "I-019")
def test_cash_for_a_reconnected_ride_is_the_agreed_fare_to_both_and_shown_once(
    till: Till, me: Person, driver: Person, staff: Person
) -> None:
    call_id = till.drive(me, driver, until="start", payment="cash")
    fare = me.get(f"/calls/{call_id}").json()["fare_amount"]
    assert me.command(f"/calls/{call_id}/cancel", {}).is_success
    till.by_agent(staff, "agree_fare", call_id, amount=fare + 4_000)
    drive_id = till.reconnect(call_id, driver, fare=fare + 4_000)
    assert me.get(f"/calls/{call_id}").json()["fare_amount"] == fare + 4_000
    assert driver.get("/driver").json()["call"]["fare_amount"] == fare + 4_000
    till.go(driver, drive_id)
    till.work_off()
    assert driver.get(f"/driver/calls/{drive_id}").json()["final_amount"] == fare + 4_000
    found = receipt_of(me, call_id)
    assert (found["state"], found["total"], short(found)) == ("paid", fare + 4_000, [("cash", "done", fare + 4_000)])
    assert _only(me)["bill"] == {"amount": fare + 4_000, "state": "paid", "method": "cash"}


@pytest.mark.rule("I-057", "R-120", "R-122")
def test_a_paid_ride_that_goes_on_stays_paid_and_is_charged_anew_where_another_fare_was_agreed(
    till: Till, me: Person, driver: Person, staff: Person
) -> None:
    till.register(me)
    call_id = till.drive(me, driver)
    cost = receipt_of(me, call_id)["total"]
    drive_id = till.reconnect(call_id, driver)
    running = _only(me)
    assert (running["state"], running["final_amount"]) == ("assigned", cost)
    till.by_agent(staff, "agree_fare", call_id, amount=cost + 3_000)
    till.go(driver, drive_id)
    till.work_off()
    due = receipt_of(me, call_id)
    assert (due["state"], due["total"], due["to_be"]) == ("paid", cost, cost + 3_000)
    till.by_agent(staff, "adjust", call_id, amount=cost + 3_000)
    till.work_off()
    found = receipt_of(me, call_id)
    assert (found["state"], found["total"], found["to_be"]) == ("paid", cost + 3_000, None)
    assert [kind for kind, _, _ in short(found)] == ["charged", "given_back", "charged"]


@pytest.mark.rule("I-057")
def test_what_the_customer_does_to_the_ride_is_done_to_the_drive_under_way(
    till: Till, me: Person, driver: Person
) -> None:
    call_id = till.drive(me, driver)
    drive_id = till.reconnect(call_id, driver)
    assert me.command(f"/calls/{call_id}/cancel", {}).json()["state"] == "completed"  # what it was before, and is paid
    assert driver.get(f"/driver/calls/{drive_id}").json()["state"] == "cancelled_after_assignment"
    assert driver.get("/driver").json()["call"] is None
    rated = me.command(f"/calls/{drive_id}/rating", {"stars": 5}).json()
    assert (rated["call_id"], me.get(f"/calls/{call_id}/rating").json()["stars"]) == (call_id, 5)


@pytest.mark.rule("I-057", "I-027")
def test_waiting_adds_nothing_to_a_reconnected_drive(till: Till, me: Person, driver: Person) -> None:
    call_id = till.drive(me, driver, payment="cash")
    cost = receipt_of(me, call_id)["total"]
    drive_id = till.reconnect(call_id, driver)
    till.go(driver, drive_id, until="arrive")

    async def long_ago(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute("UPDATE calls SET arrived_at = arrived_at - interval '2 hours' WHERE id = $1", drive_id)

    till.running.ask(long_ago)
    waiting = driver.get("/driver").json()["call"]["waiting"]
    assert (waiting["per_min_won"], waiting["no_show_fee_won"], waiting["extra_won"]) == (0, 0, 0)
    for step in ("start", "complete"):
        assert driver.command(f"/driver/calls/{drive_id}/{step}").is_success
    till.work_off()
    assert driver.get(f"/driver/calls/{drive_id}").json()["final_amount"] == cost
    assert (receipt_of(me, call_id)["total"], receipt_of(me, call_id)["state"]) == (cost, "paid")


@pytest.mark.rule("R-114")
def test_nobody_at_a_reconnected_drive_costs_nothing_more(till: Till, me: Person, driver: Person) -> None:
    till.register(me)
    call_id = till.drive(me, driver)
    before = receipt_of(me, call_id)
    drive_id = till.reconnect(call_id, driver)
    till.go(driver, drive_id, until="arrive")

    async def long_ago(program: Program) -> None:
        async with program.parts.database.transaction() as tx:
            await tx.execute("UPDATE calls SET arrived_at = arrived_at - interval '2 hours' WHERE id = $1", drive_id)

    till.running.ask(long_ago)
    assert driver.command(f"/driver/calls/{drive_id}/no-show").is_success
    bills = till.running.rows()["bills"]
    till.work_off()
    assert till.running.rows()["bills"] == bills
    assert receipt_of(me, call_id) == before
    assert _only(me)["state"] == "completed"
