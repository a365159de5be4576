"""Money in the console over HTTP: who may do what, on which call, with what left behind, and what two agents hear."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.web.api.running import JAMSIL, SEOUL, Person, Running, refused
from tests.web.api.tills import Counter, Ride

from daeri.accounts.model import Role
from daeri.customers import api as customers
from daeri.customers.model import Payer
from daeri.kernel.terms import SYSTEM, Source
from daeri.payments.lifecycle import Answer
from daeri.payments.model import BusinessAdjust, PaymentPolicy

WHY = {"reason": "고객과 통화함"}
DEEDS = ("settle", "adjust", "agree", "ask-again", "write-off", "transfer")
BODIES: dict[str, dict[str, Any] | None] = {
    "settle": WHY,
    "adjust": {"amount": 20_000, **WHY},
    "agree": {"amount": 20_000, **WHY},
    "ask-again": None,
    "write-off": WHY,
    "transfer": {"reference": "20261128-0001"},
}


@pytest.fixture(scope="module")
def counter(running: Running) -> Counter:
    return Counter(running, running.ours)


@pytest.fixture(scope="module")
def agent(running: Running) -> Person:
    return running.staff(role=Role.SUPPORT_AGENT)


def payment(staff: Person, call_id: str) -> dict[str, Any]:
    answer = staff.get(f"/console/calls/{call_id}/payment")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def do(staff: Person, call_id: str, deed: str, body: Any = None, **options: Any) -> httpx.Response:
    sent = BODIES[deed] if body is None else body
    return staff.command(f"/console/calls/{call_id}/payment/{deed}", sent, **options)


def reasons(found: dict[str, Any]) -> dict[str, str | None]:
    return {name: deed["reason"] for name, deed in found["deeds"].items()}


def audited(running: Running, subject: str) -> list[tuple[str, UUID, dict[str, Any]]]:
    """Action, actor and facts of the audit rows about it, oldest first."""

    async def read(program: Any) -> Any:
        sql = "SELECT action, actor_id, facts FROM audit_log WHERE subject_id = $1 ORDER BY seq"
        async with program.parts.database.reading() as tx:
            return [(row["action"], row["actor_id"], row["facts"]) for row in await tx.rows(sql, UUID(subject))]

    found: list[tuple[str, UUID, dict[str, Any]]] = running.ask(read)
    return found


# --- who may do what (I-050)

LOOKING = {"payment", "payments", "payment-tasks"}
ACTING = {"settle", "adjust", "agree", "ask-again", "transfer", "tasks"}
MATRIX: dict[Role, set[str]] = {
    Role.DISPATCHER: LOOKING,
    Role.SUPPORT_AGENT: LOOKING | ACTING,
    Role.AGENCY_STAFF: set(),
    Role.OPERATOR: LOOKING | ACTING | {"write-off", "ledger", "totals"},
    Role.ADMIN: LOOKING | ACTING | {"write-off", "ledger", "totals"},
}
PATHS = {
    "payments": "/console/payments",
    "payment-tasks": "/console/payment-tasks",
    "ledger": "/console/ledger",
    "totals": "/console/ledger/totals",
}


@pytest.mark.rule("I-050")
@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_do_what_its_permissions_say_and_nothing_else(role: Role, running: Running) -> None:
    staff, nobody = running.staff(role=role), str(uuid4())
    before = running.rows()
    answers = {name: staff.get(path) for name, path in PATHS.items()}
    answers["payment"] = staff.get(f"/console/calls/{nobody}/payment")
    answers |= {deed: do(staff, nobody, deed) for deed in DEEDS}
    answers["tasks"] = staff.command(f"/console/payment-tasks/{nobody}/take")
    for name, answer in answers.items():
        if name in MATRIX[role]:
            assert answer.status_code == (200 if name in PATHS else 404), (name, answer.text)
        else:
            refused(answer, 403, "not_permitted")
    for verb, body in (("release", None), ("done", {"note": "끝"})):
        answer = staff.command(f"/console/payment-tasks/{nobody}/{verb}", body)
        refused(answer, 404 if "tasks" in MATRIX[role] else 403)
    assert running.rows() == before


@pytest.mark.rule("I-050")
def test_who_may_only_look_is_told_so_and_sees_no_cards_to_charge(running: Running, counter: Counter) -> None:
    ride = counter.broken_off()
    counter.drive_on(counter.reconnect(ride))
    looking, acting = running.staff(role=Role.DISPATCHER), running.staff(role=Role.SUPPORT_AGENT)
    found = payment(looking, ride.id)
    assert (found["bill"]["state"], found["cards"]) == ("open", [])
    assert reasons(found)["settle"] == reasons(found)["adjust"] == "not_permitted"
    assert reasons(payment(acting, ride.id))["write_off"] == "not_permitted"
    assert len(payment(acting, ride.id)["cards"]) == 1


# --- settle (R-112 … R-116)


@pytest.mark.rule("R-112", "R-114", "R-116", "I-050")
def test_a_ride_that_was_cancelled_and_then_driven_is_settled_by_hand(
    running: Running, counter: Counter, agent: Person
) -> None:
    ride = counter.broken_off()
    assert reasons(payment(agent, ride.id))["settle"] == "not_driven"
    again = counter.reconnect(ride)
    assert reasons(payment(agent, ride.id))["settle"] == "not_driven"
    counter.drive_on(again)
    found = payment(agent, ride.id)
    assert [task["kind"] for task in found["tasks"]] == ["settle"]
    assert (found["charges"], found["goes_on"]["id"], reasons(found)["settle"]) == ([], again, None)
    answer = do(agent, ride.id, "settle")
    assert answer.status_code == 200, answer.text
    (charge,) = answer.json()["charges"]
    assert (charge["purpose"], charge["state"], charge["amount"]) == ("by_agent", "intended", found["bill"]["amount"])
    assert (charge["actor_kind"], answer.json()["is_under_way"]) == ("staff", True)
    refused(do(agent, ride.id, "settle"), 409, "charge_under_way")
    counter.answer(ride.id)
    after = payment(agent, ride.id)
    assert (after["bill"]["state"], after["outstanding"], after["is_under_way"]) == ("paid", 0, False)
    assert all(task["done_at"] for task in after["tasks"])
    refused(do(agent, ride.id, "settle"), 409, "nothing_to_settle")
    assert audited(running, ride.id)[-1] == ("payment.settled", agent.id, {"amount_won": found["bill"]["amount"]})


def test_the_card_that_is_named_is_charged_and_only_the_payers_own(
    running: Running, counter: Counter, agent: Person
) -> None:
    ride = counter.ride()
    counter.answer(ride.id, Answer.DECLINED)
    other, somebodys = counter.card(ride.customer), counter.card(running.customer())
    for card_id in (somebodys, str(uuid4())):
        refused(do(agent, ride.id, "settle", {**WHY, "card_id": card_id}), 404, "card_not_found")
    answer = do(agent, ride.id, "settle", {**WHY, "card_id": other})
    assert answer.json()["charges"][-1]["card"]["id"] == other


@pytest.mark.rule("R-114")
def test_money_is_moved_on_the_call_that_the_customer_requested_alone(
    running: Running, counter: Counter, staff: Person
) -> None:
    ride = counter.paid()
    again = counter.reconnect(ride)
    counter.drive_on(again)
    found = payment(staff, again)
    assert (found["original"]["id"], found["goes_on"]["id"]) == (ride.id, again)
    assert set(reasons(found).values()) == {"on_original"}
    before = running.rows()
    for deed in DEEDS:
        problem = refused(do(staff, again, deed), 409, "pay_on_original")
        assert problem["facts"] == {"call_id": ride.id, "number": ride.number}
        assert ride.number in problem["detail"]
    assert running.rows() == before


@pytest.mark.rule("R-029")
@pytest.mark.parametrize("source", [Source.PHONE, Source.AFFILIATE])
def test_a_partners_call_shows_nothing_but_whom_to_ask(
    source: Source, running: Running, counter: Counter, staff: Person
) -> None:
    call_id = counter.partners(source)
    found = payment(staff, call_id)
    assert found["room"] == {"name_ko": "새벽대리", "name_en": "Saebyeok", "phone": ""}
    assert [found[name] for name in ("bill", "charges", "agreed", "tasks", "history", "cards")] == [None, [], None] + [
        []
    ] * 3
    assert set(reasons(found).values()) == {"partners_call"}
    before = running.rows()
    for deed in DEEDS:
        refused(do(staff, call_id, deed), 409, "partners_call")
    assert running.rows() == before
    listed = [row for row in staff.get("/console/payments").json()["items"] if row["call_id"] == call_id]
    assert [(row["payer"], row["customer_id"]) for row in listed] == [("orderer", None)]


@pytest.mark.parametrize(
    ("payment_of", "how", "reason"),
    [("cash", {}, "already_paid"), ("card", {"has_card": False}, "no_card"), ("card", {}, "under_way")],
)
def test_why_a_ride_is_not_settled(
    payment_of: str, how: dict[str, Any], reason: str, counter: Counter, staff: Person
) -> None:
    ride = counter.ride(payment_of, **how)
    assert reasons(payment(staff, ride.id))["settle"] == reason
    refused(do(staff, ride.id, "settle"), 409)


def test_cash_that_was_not_paid_may_be_charged_to_a_card(counter: Counter, agent: Person) -> None:
    ride = counter.ride("cash", cash_received=False)
    found = payment(agent, ride.id)
    assert (found["bill"]["state"], found["bill"]["claim_reason"]) == ("claimed", "cash_not_paid")
    assert do(agent, ride.id, "settle").status_code == 200
    counter.answer(ride.id)
    assert payment(agent, ride.id)["bill"]["state"] == "paid"


# --- adjust (I-020)


@pytest.mark.rule("I-020", "R-113", "R-114")
@pytest.mark.parametrize("change", [5_000, -5_000])
def test_an_adjustment_gives_back_and_charges_anew(
    change: int, running: Running, counter: Counter, agent: Person
) -> None:
    ride = counter.paid()
    before = payment(agent, ride.id)["bill"]["amount"]
    amount = before + change
    answer = do(agent, ride.id, "adjust", {"amount": amount, **WHY})
    assert answer.status_code == 200, answer.text
    (cancel,) = answer.json()["charges"][0]["cancels"]
    assert (cancel["amount"], cancel["then_amount"], cancel["state"]) == (before, amount, "intended")
    assert answer.json()["is_under_way"]
    refused(do(agent, ride.id, "adjust", {"amount": amount + 1_000, **WHY}), 409, "charge_under_way")
    counter.answer(ride.id)
    found = payment(agent, ride.id)
    assert [(one["amount"], one["cancelled"], one["state"]) for one in found["charges"]] == [
        (before, before, "captured"),
        (amount, 0, "captured"),
    ]
    assert (found["bill"]["amount"], found["bill"]["state"], found["bill"]["fares"]) == (amount, "paid", 2)
    kinds = [event["kind"] for event in found["history"]]
    assert kinds.index("bill.cancelling") < kinds.index("bill.cancelled") < kinds.index("bill.rebooked")
    assert audited(running, ride.id)[-1] == ("payment.adjusted", agent.id, {"amount_won": amount, "before_won": before})


def test_a_fare_that_cannot_be_is_refused_and_leaves_nothing(running: Running, counter: Counter, agent: Person) -> None:
    ride = counter.paid()
    before = running.rows()
    for amount in (0, -5_000, 10**10, 999, 1_000_001):
        code = "amount_invalid" if 0 < amount < 10**10 else "validation_failed"
        for deed in ("adjust", "agree"):
            refused(do(agent, ride.id, deed, {"amount": amount, **WHY}), code=code)
    assert running.rows() == before


@pytest.mark.parametrize("reason", ["", " ", "\n\t ", "x" * 501, "\0"])
def test_every_deed_says_why(reason: str, running: Running, counter: Counter, staff: Person) -> None:
    ride = counter.paid()
    before = running.rows()
    for deed in ("settle", "adjust", "agree", "write-off"):
        body = {**(BODIES[deed] or {}), "reason": reason}
        refused(do(staff, ride.id, deed, body), 400, "validation_failed")
    assert running.rows() == before


def test_the_fare_that_it_costs_already_changes_nothing(counter: Counter, agent: Person) -> None:
    ride = counter.paid()
    amount = payment(agent, ride.id)["bill"]["amount"]
    refused(do(agent, ride.id, "adjust", {"amount": amount, **WHY}), 409, "amount_same")


@pytest.mark.rule("I-020", "I-019")
def test_a_cash_ride_is_adjusted_without_any_card(counter: Counter, agent: Person) -> None:
    ride = counter.ride("cash")
    answer = do(agent, ride.id, "adjust", {"amount": 15_000, **WHY})
    assert (answer.json()["bill"]["amount"], answer.json()["bill"]["state"]) == (15_000, "paid")
    assert answer.json()["charges"] == []


@pytest.fixture
def business(running: Running, counter: Counter) -> Iterator[Ride]:
    """A ride that the account of a company pays for."""
    customer = running.customer()

    async def open_account(program: Any) -> str:
        parts = program.parts
        now, ids = parts.clock.now(), parts.ids
        async with parts.database.transaction() as tx:
            made = await customers.open_business(
                tx, running.ours, f"한무역 {uuid4().hex[:6]}", Payer.COMPANY, SYSTEM, now=now, ids=ids
            )
            await customers.add_member(tx, running.ours, made.id, customer.id, SYSTEM, now=now, ids=ids)
        return str(made.id)

    account = running.ask(open_account)
    yield counter.ride(customer=customer, options=["business"], business_account_id=account)
    counter.write(PaymentPolicy())


@pytest.mark.rule("I-023")
def test_the_fare_of_a_business_call_is_its_companys_until_the_policy_says_otherwise(
    business: Ride, counter: Counter, agent: Person
) -> None:
    found = payment(agent, business.id)
    assert (found["bill"]["payer"], found["bill"]["method"]) == ("business", "account")
    assert (reasons(found)["adjust"], reasons(found)["agree"]) == ("business", "business")
    for deed in ("adjust", "agree"):
        assert "한무역" in refused(do(agent, business.id, deed), 409, "business_refer")["detail"]
    counter.write(PaymentPolicy(business_adjust=BusinessAdjust.COMPANY_CONSENTS))
    assert do(agent, business.id, "adjust").json()["bill"]["amount"] == 20_000
    phone = counter.running.staff().get(f"/console/customers/{business.customer.id}").json()["customer"]["phone"]
    found = agent.get("/console/payments", params={"q": phone[-4:]}).json()["items"]
    assert business.id in [row["call_id"] for row in found]


# --- an agreed fare, asking again, giving up


@pytest.mark.rule("R-118", "R-122")
def test_a_fare_that_was_agreed_waits_for_the_end_of_the_drive(
    running: Running, counter: Counter, agent: Person
) -> None:
    ride = counter.paid()
    before = payment(agent, ride.id)["bill"]["amount"]
    again = counter.reconnect(ride)
    answer = do(agent, ride.id, "agree", {"amount": 31_000, **WHY})
    assert (answer.json()["agreed"]["amount"], answer.json()["bill"]["amount"]) == (31_000, before)
    counter.drive_on(again)
    found = payment(agent, ride.id)
    assert ([task["kind"] for task in found["tasks"]], found["bill"]["amount"]) == (["adjust"], before)
    assert reasons(found)["agree"] == "drive_over"
    refused(do(agent, ride.id, "agree"), 409, "nothing_to_settle")
    assert audited(running, ride.id)[-1] == ("payment.agreed", agent.id, {"amount_won": 31_000})


def test_a_call_that_goes_on_is_not_agreed_about(running: Running, counter: Counter, agent: Person) -> None:
    call_id = running.customer().command("/calls", {"origin": SEOUL, "destination": JAMSIL}).json()["id"]
    assert reasons(payment(agent, call_id))["agree"] == "not_ended"
    refused(do(agent, call_id, "agree"), 409, "nothing_to_settle")


@pytest.mark.rule("I-017")
def test_what_nobody_knows_is_asked_again_at_once(running: Running, counter: Counter, agent: Person) -> None:
    ride = counter.ride()
    for _ in range(3):
        counter.answer(ride.id, Answer.LOST)
    found = payment(agent, ride.id)
    assert (found["charges"][0]["state"], found["is_under_way"], reasons(found)["ask_again"]) == ("unknown", True, None)
    assert {reasons(found)[name] for name in ("settle", "adjust", "write_off", "transfer")} == {"under_way"}
    assert do(agent, ride.id, "ask-again").status_code == 200
    assert [row[0] for row in audited(running, ride.id)] == ["payment.asked"]
    counter.answer(ride.id)
    refused(do(agent, ride.id, "ask-again"), 409, "nothing_to_settle")


@pytest.mark.rule("I-050")
def test_what_nobody_will_pay_is_written_off_by_an_operator(running: Running, counter: Counter) -> None:
    operator, ride = running.staff(role=Role.OPERATOR), counter.ride()
    refused(do(operator, ride.id, "write-off"), 409, "charge_under_way")
    counter.answer(ride.id, Answer.DECLINED)
    amount = payment(operator, ride.id)["outstanding"]
    answer = do(operator, ride.id, "write-off")
    assert (answer.json()["bill"]["state"], answer.json()["outstanding"]) == ("written_off", 0)
    refused(do(operator, ride.id, "write-off"), 409, "nothing_to_settle")
    refused(do(operator, ride.id, "settle"), 409, "nothing_to_settle")
    assert audited(running, ride.id)[-1] == ("payment.written_off", operator.id, {"amount_won": amount})


@pytest.mark.rule("I-019")
def test_what_a_driver_said_of_the_cash_is_put_right(running: Running, counter: Counter, agent: Person) -> None:
    ride = counter.ride("cash")
    amount = payment(agent, ride.id)["bill"]["amount"]
    assert reasons(payment(agent, ride.id))["cash_not_received"] is None
    refused(do(agent, ride.id, "cash", {"received": True, **WHY}), 409, "nothing_to_settle")
    refused(do(agent, ride.id, "cash", {"received": False, "reason": " "}), 400, "validation_failed")
    answer = do(agent, ride.id, "cash", {"received": False, **WHY})
    assert (answer.json()["bill"]["state"], answer.json()["outstanding"]) == ("claimed", amount)
    told = next(event for event in answer.json()["history"] if event["kind"] == "bill.cash_corrected")
    assert (told["how"], told["reason"], told["actor_kind"]) == ("cash_not_received", WHY["reason"], "staff")
    assert do(agent, ride.id, "cash", {"received": True, **WHY}).json()["bill"]["state"] == "paid"
    assert [row[0] for row in audited(running, ride.id)] == ["payment.cash_corrected"] * 2
    assert audited(running, ride.id)[-1][2] == {"amount_won": amount, "received": True}


# --- once, and one after the other


def test_a_command_that_is_sent_again_has_one_effect_and_one_answer(
    running: Running, counter: Counter, agent: Person
) -> None:
    ride = counter.broken_off()
    counter.drive_on(counter.reconnect(ride))
    key = uuid4().hex
    first, second = (do(agent, ride.id, "settle", key=key) for _ in range(2))
    assert first.json() == second.json()
    assert len(payment(agent, ride.id)["charges"]) == 1
    assert [row[0] for row in audited(running, ride.id)] == ["payment.settled"]
    refused(do(agent, ride.id, "settle", {"reason": "something else"}, key=key), 422, "idempotency_key_reused")


@pytest.mark.rule("I-017")
@pytest.mark.parametrize("deed", ["settle", "adjust", "write-off"])
def test_of_two_agents_at_once_one_does_it_and_the_other_hears_why_not(
    deed: str, running: Running, counter: Counter
) -> None:
    agents = [running.staff() for _ in range(2)]
    if deed == "settle":
        ride = counter.broken_off()
        counter.drive_on(counter.reconnect(ride))
    elif deed == "adjust":
        ride = counter.paid()
    else:
        ride = counter.ride()
        counter.answer(ride.id, Answer.DECLINED)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: do(one, ride.id, deed), agents))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (loser,) = [answer for answer in answers if answer.status_code == 409]
    assert refused(loser)["code"] in {"charge_under_way", "nothing_to_settle"}
    assert len([row for row in audited(running, ride.id) if row[0].startswith("payment.")]) == 1
    counter.answer(ride.id)
    assert payment(agents[0], ride.id)["bill"]["state"] in {"paid", "written_off"}


def test_nothing_of_another_company_is_found(running: Running, staff: Person) -> None:
    ride = Counter(running, running.theirs).ride()
    before = running.rows()
    refused(staff.get(f"/console/calls/{ride.id}/payment"), 404, "call_not_found")
    for deed in DEEDS:
        refused(do(staff, ride.id, deed), 404, "call_not_found")
    for path in ("/console/payments", "/console/ledger", "/console/payment-tasks"):
        assert ride.id not in staff.get(path).text
    for path in ("/console/payments", "/console/ledger"):
        assert staff.get(path, params={"q": ride.number}).json()["items"] == []
    assert running.rows() == before


# --- lists


def test_payments_are_found_by_state_method_number_and_telephone(
    running: Running, counter: Counter, agent: Person
) -> None:
    cash, card = counter.ride("cash"), counter.ride()
    counter.answer(card.id, Answer.DECLINED)

    def found(**query: str) -> list[str]:
        answer = agent.get("/console/payments", params=query)
        assert answer.status_code == 200, answer.text
        return [row["call_id"] for row in answer.json()["items"]]

    assert found()[:2] == [card.id, cash.id]
    assert card.id in found(state="claimed")
    assert cash.id not in found(state="claimed")
    assert (cash.id in found(method="cash"), card.id in found(method="cash")) == (True, False)
    assert found(q=cash.number) == [cash.id]
    phone = running.staff().get(f"/console/customers/{card.customer.id}").json()["customer"]["phone"]
    assert card.id in found(q=phone[-4:])
    drivers = running.staff().get(f"/console/drivers/{cash.driver.id}").json()["phone"]
    assert cash.id in found(q=drivers[-4:])
    assert found(q="0000") == found(q="nobody") == []
    (row,) = agent.get("/console/payments", params={"q": card.number}).json()["items"]
    assert (row["customer_id"], row["driver_id"]) == (str(card.customer.id), str(card.driver.id))
    assert row["net"] == row["amount"] - row["commission"] - row["premium"]


@pytest.mark.rule("R-114")
def test_the_number_of_a_reconnected_call_leads_to_the_ride(counter: Counter, agent: Person) -> None:
    ride = counter.paid()
    counter.drive_on(counter.reconnect(ride))
    number = payment(agent, ride.id)["goes_on"]["number"]
    (row,) = agent.get("/console/payments", params={"q": number}).json()["items"]
    assert (row["call_id"], row["number"]) == (ride.id, ride.number)


def test_lists_go_on_after_their_last_row(running: Running) -> None:
    counter, staff = Counter(running, running.theirs), running.staff(running.theirs)
    made = [counter.ride("cash").id for _ in range(3)]
    for path, name in (("/console/payments", "call_id"), ("/console/ledger", "id")):
        every = staff.get(path).json()["items"]
        cursor = every[0]["call_id"] if name == "call_id" else every[0]["seq"]
        rest = staff.get(path, params={"cursor": cursor}).json()["items"]
        assert [row[name] for row in rest] == [row[name] for row in every[1:]]
    assert {row["call_id"] for row in staff.get("/console/payments").json()["items"]} >= set(made)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("payments?state=bogus", "state"),
        ("payments?method=boat", "method"),
        ("payments?cursor=x", "cursor"),
        ("payments?q=" + "1" * 41, "q"),
        ("payments?status=paid", "status"),
        ("payment-tasks?kind=x", "kind"),
        ("payment-tasks?mine=perhaps", "mine"),
        ("payment-tasks?owner=me", "owner"),
        ("ledger?account=gold", "account"),
        ("ledger?kind=x", "kind"),
        ("ledger?owner=x", "owner"),
        ("ledger?from=soon", "from"),
        ("ledger?cursor=-1", "cursor"),
        ("ledger?cursor=" + "9" * 30, "cursor"),
        ("ledger?until=2026-01-01", "until"),
    ],
)  # fmt: skip -- a table
def test_a_filter_that_cannot_be_meant_is_named(path: str, field: str, staff: Person) -> None:
    problem = refused(staff.get(f"/console/{path}"), 400, "validation_failed")
    assert problem["facts"]["fields"].startswith(f"{field}: ")


@pytest.mark.parametrize("query", ["q=%00", "q=%25%5F", "q=' OR 1=1 --", "q=%E2%80%AE", "q=%F0%9F%98%80", "q="])
def test_no_search_breaks_a_list(query: str, staff: Person) -> None:
    for path in ("payments", "ledger"):
        answer = staff.get(f"/console/{path}?{query}")
        assert answer.status_code == 200 or refused(answer)


# --- what must be seen to (I-016)


@pytest.mark.rule("I-016")
def test_a_task_has_an_owner_a_time_and_an_end(running: Running, counter: Counter) -> None:
    first, second = running.staff(role=Role.SUPPORT_AGENT), running.staff(role=Role.SUPPORT_AGENT)
    ride = counter.ride("cash", cash_received=False)

    def task(**query: str) -> dict[str, Any]:
        rows = first.get("/console/payment-tasks", params=query).json()["items"]
        (one,) = [row for row in rows if row["call_id"] == ride.id]
        found: dict[str, Any] = one
        return found

    made = task()
    assert (made["kind"], made["owner"], made["done_at"]) == ("unpaid", None, None)
    assert made["due_at"] > made["opened_at"]
    path = f"/console/payment-tasks/{made['id']}"
    assert first.command(f"{path}/take").json()["owner_id"] == str(first.id)
    refused(second.command(f"{path}/take"), 409, "payment_task_taken")
    refused(second.command(f"{path}/release"), 409, "payment_task_taken")
    assert task(mine="true")["owner"] == "관제"
    assert first.get("/console/payment-tasks").json()["figures"]["mine"] == 1
    taken = second.command(f"{path}/take", {"instead_of": str(first.id)})
    assert taken.json()["owner_id"] == str(second.id)
    assert second.command(f"{path}/release").json()["owner_id"] is None
    assert second.command(f"{path}/done", {"note": "현금으로 받음"}).json()["note"] == "현금으로 받음"
    refused(second.command(f"{path}/done", {"note": "또"}), 404, "payment_task_not_found")
    refused(first.command(f"{path}/take"), 404, "payment_task_not_found")
    assert task(done="true")["done_at"] is not None
    assert ride.id not in first.get("/console/payment-tasks").text
    actions = [(action, actor) for action, actor, _ in audited(running, made["id"])]
    assert actions == [
        ("payment_task.taken", first.id),
        ("payment_task.taken", second.id),
        ("payment_task.released", second.id),
        ("payment_task.done", second.id),
    ]


@pytest.mark.rule("I-016")
def test_of_two_who_take_a_task_at_once_one_has_it(running: Running, counter: Counter) -> None:
    ride = counter.ride("cash", cash_received=False)
    agents = [running.staff() for _ in range(2)]
    rows = agents[0].get("/console/payment-tasks", params={"kind": "unpaid"}).json()["items"]
    (task,) = [row for row in rows if row["call_id"] == ride.id]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one.command(f"/console/payment-tasks/{task['id']}/take"), agents))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.rule("I-016")
def test_a_task_ends_by_itself_when_what_it_waited_for_came_about(counter: Counter, agent: Person) -> None:
    ride = counter.ride()
    counter.answer(ride.id, Answer.DECLINED)
    counter.card(ride.customer)
    assert ride.id in agent.get("/console/payment-tasks").text
    assert do(agent, ride.id, "settle").status_code == 200
    counter.answer(ride.id)
    assert ride.id not in agent.get("/console/payment-tasks").text


# --- the books


def test_every_entry_and_all_accounts_together_are_zero(running: Running, counter: Counter) -> None:
    operator, ride = running.staff(role=Role.OPERATOR), counter.paid()
    assert do(operator, ride.id, "adjust").status_code == 200
    counter.answer(ride.id)
    items = operator.get("/console/ledger", params={"q": ride.number}).json()["items"]
    assert [item["kind"] for item in items][::-1] == [
        *("fare_due", "card_captured", "card_cancelled", "fare_undone", "fare_due", "card_captured"),
    ]
    assert all(sum(line["amount"] for line in item["lines"]) == 0 for item in items)
    assert all((line["owner"] is None) == (line["owner_id"] is None) for item in items for line in item["lines"])
    undone = next(item for item in items if item["kind"] == "fare_undone")
    assert undone["reverses_id"] in {item["id"] for item in items}
    totals = operator.get("/console/ledger/totals").json()
    assert totals["sum"] == 0 == sum(each["balance"] for each in totals["items"])
    assert len(totals["items"]) == 10


def test_the_books_are_searched_by_account_kind_owner_and_time(running: Running, counter: Counter) -> None:
    operator, ride = running.staff(role=Role.OPERATOR), counter.paid()

    def found(**query: Any) -> list[dict[str, Any]]:
        answer = operator.get("/console/ledger", params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    drivers = found(owner=str(ride.driver.id))
    assert [(item["kind"], item["call_id"]) for item in drivers] == [("fare_due", ride.id)]
    assert [item["kind"] for item in found(owner=str(ride.customer.id), account="cards")] == ["card_captured"]
    assert {item["kind"] for item in found(kind="card_captured")} == {"card_captured"}
    assert found(owner=str(ride.driver.id), **{"from": "2098-01-01T00:00"}) == []
    assert found(owner=str(ride.driver.id), to="2020-01-01T00:00") == []
    assert found(owner=str(uuid4())) == []


# --- transfers and files


def test_a_transfer_pays_the_whole_once_by_the_banks_reference(
    running: Running, counter: Counter, agent: Person
) -> None:
    first, second = (counter.ride("cash", cash_received=False) for _ in range(2))
    left, reference = payment(agent, first.id)["outstanding"], uuid4().hex
    problem = refused(do(agent, first.id, "transfer", {"reference": reference, "amount": left - 1}), 409)
    assert (problem["code"], problem["facts"]) == ("transfer_amount_differs", {"due_won": left})
    answer = do(agent, first.id, "transfer", {"reference": reference, "amount": left})
    assert (answer.json()["bill"]["state"], answer.json()["outstanding"]) == ("paid", 0)
    assert answer.json()["history"][-1]["how"] == "transfer"
    refused(do(agent, second.id, "transfer", {"reference": reference}), 409, "bank_reference_used")
    refused(do(agent, first.id, "transfer", {"reference": uuid4().hex}), 409, "nothing_to_settle")
    assert do(agent, second.id, "transfer", {"reference": uuid4().hex}).status_code == 200
    assert audited(running, first.id)[-1] == ("payment.transferred", agent.id, {"amount_won": left})
    entry = running.staff().get("/console/ledger", params={"q": first.number}).json()["items"][0]
    assert (entry["kind"], entry["note"]) == ("transfer_received", reference)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_lists_are_saved_as_files_by_who_may_read_the_books(form: str, running: Running, counter: Counter) -> None:
    operator, ride = running.staff(role=Role.OPERATOR), counter.paid()
    for path in ("payments", "ledger"):
        refused(running.staff(role=Role.SUPPORT_AGENT).get(f"/console/{path}.{form}"), 403, "not_permitted")
        answer = operator.get(f"/console/{path}.{form}", params={"q": ride.number})
        assert answer.status_code == 200, answer.text
        assert f'.{form}"' in answer.headers["content-disposition"]
        assert answer.headers["cache-control"] == "no-store"
        if form == "csv":
            lines = answer.content.decode("utf-8-sig").splitlines()
            shown = operator.get(f"/console/{path}", params={"q": ride.number}).json()["items"]
            assert len(lines) == 1 + (1 if path == "payments" else sum(len(entry["lines"]) for entry in shown))
            assert all(ride.number in line for line in lines[1:])
        saved = audited(running, str(running.ours))[-1]
        assert (saved[0], saved[1], saved[2]["format"]) == (f"{path}.saved", operator.id, form)
    refused(operator.get(f"/console/payments.{form}?cursor={uuid4()}"), 400, "validation_failed")


def test_a_file_ends_where_it_would_be_too_large(
    running: Running, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.paid()
    monkeypatch.setattr("daeri.web.api.console_money_files.MOST_ROWS", 1)
    refused(running.staff().get("/console/ledger.csv"), 422, "export_too_large")
