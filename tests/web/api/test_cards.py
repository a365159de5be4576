"""Cards of customers and drivers: the provider's window, the way back, the default, and a card that is removed."""

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from tests.web.api.fake_cards import ISSUER, WINDOW, Till, return_url, start_till
from tests.web.api.running import Person, Running, refused

from daeri.bootstrap import Program
from daeri.payments.charge_model import CardRefusal

BASES = pytest.mark.parametrize(
    ("base", "kind", "app"), [("/me/cards", "customer", "/app"), ("/driver/cards", "driver", "/drive")]
)


@pytest.fixture(scope="module")
def till(server_dsn: str, template: str) -> Iterator[Till]:
    with start_till(server_dsn, template, "cards") as made:
        yield made


@pytest.fixture
def me(till: Till) -> Person:
    return till.running.customer()


def delete(person: Person, path: str, key: str | None = None) -> httpx.Response:
    return person.http.delete(path, headers={"idempotency-key": key or uuid4().hex})


def opened(person: Person, base: str = "/me/cards") -> str:
    """The name by which a window of that person knows them."""
    window = person.command(f"{base}/window", {"return_path": "/app/cards" if base == "/me/cards" else "/drive/cards"})
    key: str = window.json()["customer_key"]
    return key


@BASES
def test_a_card_is_registered_in_the_providers_window(till: Till, base: str, kind: str, app: str) -> None:
    person = till.running.customer() if kind == "customer" else till.running.driver()
    assert person.get(base).json() == {"items": [], "can_register": True}
    window = person.command(f"{base}/window", {"return_path": f"{app}/cards/return"})
    assert window.json()["url"].startswith(WINDOW)
    assert return_url(window) == f"{till.running.url}{app}/cards/return"
    key = window.json()["customer_key"]
    assert str(person.id) not in key
    answer = person.command(base, {"auth_key": till.cards.type_card(key), "customer_key": key})
    assert answer.status_code == 201
    card = answer.json()
    assert (card["issuer"], card["is_default"]) == (ISSUER, True)
    assert set(card) == {"id", "issuer", "number_masked", "is_default", "registered_at"}
    assert person.get(base).json()["items"] == [card]


def test_each_window_has_a_name_of_its_own(me: Person) -> None:
    assert opened(me) != opened(me)


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/app/../console",
        "/app//evil.example",
        "/app?x=1",
        "/app#x",
        "/apparition",
        "/drive/cards",
        "/console",
        "/",
        "app/cards",
        "/app/cards\n",
        "/app/카드",
        "javascript:x",
    ],
)
def test_the_window_leads_back_to_the_app_that_opened_it_and_nowhere_else(path: str, me: Person) -> None:
    problem = refused(me.command("/me/cards/window", {"return_path": path}), 422, "return_elsewhere")
    assert problem["facts"] == {"base": "/app"}


def test_a_public_address_is_where_the_window_leads_back_to(till: Till, me: Person) -> None:
    context = till.running.program.context
    before = context.settings
    context.settings = before.model_copy(update={"public_url": "https://daeri.example/"})
    try:
        window = me.command("/me/cards/window", {"return_path": "/app/cards"}, host="evil.example")
    finally:
        context.settings = before
    assert return_url(window) == "https://daeri.example/app/cards"


def test_the_same_command_keeps_one_card_and_asks_once(till: Till, me: Person) -> None:
    key, asked = opened(me), till.cards.asked
    body = {"auth_key": till.cards.type_card(key), "customer_key": key}
    answers = [me.command("/me/cards", body, key="once") for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert till.cards.asked == asked + 1
    refused(me.command("/me/cards", {**body, "auth_key": "other"}, key="once"), 422, "idempotency_key_reused")


def test_what_the_window_gave_becomes_one_card_though_it_is_brought_by_two_commands(till: Till, me: Person) -> None:
    key = opened(me)
    body = {"auth_key": till.cards.type_card(key), "customer_key": key}
    first, second = (me.command("/me/cards", body) for _ in range(2))
    assert first.json() == second.json()
    assert len(me.get("/me/cards").json()["items"]) == 1


def test_what_the_window_gave_is_worth_nothing_once_its_card_was_removed(till: Till, me: Person) -> None:
    key = opened(me)
    body = {"auth_key": till.cards.type_card(key), "customer_key": key}
    card = me.command("/me/cards", body).json()
    assert delete(me, f"/me/cards/{card['id']}").status_code == 204
    problem = refused(me.command("/me/cards", body), 409, "card_refused")
    assert problem["facts"] == {"refusal": "key_gone"}
    assert me.get("/me/cards").json()["items"] == []


def test_the_same_command_at_the_same_moment_is_told_to_wait(till: Till, me: Person) -> None:
    key = opened(me)
    body = {"auth_key": till.cards.type_card(key), "customer_key": key}
    till.cards.is_slow = asyncio.Event()
    first: list[httpx.Response] = []
    asked = till.cards.asked
    thread = threading.Thread(target=lambda: first.append(me.command("/me/cards", body, key="at-once")))
    thread.start()
    until = time.monotonic() + 10
    while till.cards.asked == asked and time.monotonic() < until:
        time.sleep(0.01)
    refused(me.command("/me/cards", body, key="at-once"), 409, "in_progress")
    till.running.ask(_go_on(till))
    thread.join()
    assert first[0].status_code == 201
    assert me.command("/me/cards", body, key="at-once").text == first[0].text
    assert till.cards.asked == asked + 1


def _go_on(till: Till):
    async def work(_: Program) -> None:
        waiting, till.cards.is_slow = till.cards.is_slow, None
        assert waiting is not None
        waiting.set()

    return work


@pytest.mark.parametrize("forged", ["x", "-", "", "0" * 32, "0" * 32 + "-" + "0" * 24, "é", "a" * 301])
def test_a_forged_name_registers_nothing(forged: str, till: Till, me: Person) -> None:
    asked, before = till.cards.asked, till.running.rows()
    answer = me.command("/me/cards", {"auth_key": till.cards.type_card(forged), "customer_key": forged})
    assert answer.status_code in {400, 409}
    refused(answer)
    assert (till.cards.asked, till.running.rows()) == (asked, before)


def test_the_name_of_somebody_elses_window_registers_nothing(till: Till, me: Person) -> None:
    """Whoever leads somebody else back with an authorisation of their own gets no card into that one's account."""
    key = opened(till.running.customer())
    asked = till.cards.asked
    refused(me.command("/me/cards", {"auth_key": till.cards.type_card(key), "customer_key": key}), 409, "card_refused")
    assert till.cards.asked == asked
    assert me.get("/me/cards").json()["items"] == []


def test_an_authorisation_for_another_window_is_the_providers_to_refuse(till: Till, me: Person) -> None:
    before = till.running.rows()
    auth_key = till.cards.type_card(opened(till.running.customer()))
    body = {"auth_key": auth_key, "customer_key": opened(me)}
    problem = refused(me.command("/me/cards", body), 409, "card_refused")
    assert problem["facts"] == {"refusal": CardRefusal.KEY_GONE}
    assert till.running.rows()["payment_cards"] == before["payment_cards"]


def test_while_the_provider_is_away_nothing_is_kept_and_the_same_command_works_later(till: Till, me: Person) -> None:
    key = opened(me)
    body = {"auth_key": till.cards.type_card(key), "customer_key": key}
    till.cards.is_down = True
    try:
        answer = me.command("/me/cards", body, key="patient")
    finally:
        till.cards.is_down = False
    assert (answer.status_code, answer.json()["code"]) == (503, "cards_unreachable")
    assert answer.json()["detail"] != "problem.cards_unreachable"
    assert me.get("/me/cards").json()["items"] == []
    assert me.command("/me/cards", body, key="patient").status_code == 201


def test_a_death_after_the_registration_leaves_nothing_but_that(till: Till, me: Person) -> None:
    key = opened(me)
    body = {"auth_key": till.cards.type_card(key), "customer_key": key}
    till.cards.dies = True
    try:
        assert me.command("/me/cards", body, key="mortal").status_code == 500
    finally:
        till.cards.dies = False
    assert key in till.cards.registered.values()
    assert me.get("/me/cards").json()["items"] == []
    assert me.command("/me/cards", body, key="mortal").status_code == 201
    assert len(me.get("/me/cards").json()["items"]) == 1


def test_without_a_provider_there_are_no_cards_to_register(running: Running, customer: Person) -> None:
    """The server of the other tests has none."""
    assert customer.get("/me/cards").json() == {"items": [], "can_register": False}
    refused(customer.command("/me/cards/window", {"return_path": "/app/cards"}), 409, "cards_off")
    body = {"auth_key": "x", "customer_key": "x"}
    refused(customer.command("/me/cards", body), 409, "cards_off")


def test_one_card_is_the_default_and_the_newest_takes_its_place(till: Till, me: Person) -> None:
    first, second, third = (till.register(me)["id"] for _ in range(3))
    chosen = me.command(f"/me/cards/{second}/default").json()["items"]
    assert [(one["id"], one["is_default"]) for one in chosen] == [(second, True), (third, False), (first, False)]
    assert delete(me, f"/me/cards/{second}").status_code == 204
    left = me.get("/me/cards").json()["items"]
    assert [(one["id"], one["is_default"]) for one in left] == [(third, True), (first, False)]


def test_a_removed_card_is_forgotten_by_the_provider_too_and_once(till: Till, me: Person) -> None:
    card = till.register(me)
    (billing_key,) = [
        key for key, owner in till.cards.registered.items() if key == f"billing-auth-{len(till.cards.typed) - 1}"
    ]
    assert [delete(me, f"/me/cards/{card['id']}", "once").status_code for _ in range(2)] == [204, 204]
    assert till.cards.forgotten.count(billing_key) == 1
    refused(delete(me, f"/me/cards/{card['id']}"), 404, "card_not_found")
    refused(me.command(f"/me/cards/{card['id']}/default"), 404, "card_not_found")


def test_a_card_is_removed_though_the_provider_is_away(till: Till, me: Person) -> None:
    card = till.register(me)
    till.cards.is_down = True
    try:
        assert delete(me, f"/me/cards/{card['id']}").status_code == 204
    finally:
        till.cards.is_down = False
    assert me.get("/me/cards").json()["items"] == []


def test_other_peoples_cards_are_not_found_and_stay(till: Till, me: Person) -> None:
    own = till.register(me)
    for other in (till.running.customer(), till.running.customer(till.running.theirs)):
        assert other.get("/me/cards").json()["items"] == []
        refused(other.command(f"/me/cards/{own['id']}/default"), 404, "card_not_found")
        refused(delete(other, f"/me/cards/{own['id']}"), 404, "card_not_found")
    driver = till.running.driver()
    refused(delete(driver, f"/driver/cards/{own['id']}"), 404, "card_not_found")
    refused(driver.get("/me/cards"), 403, "wrong_account_kind")
    refused(me.get("/driver/cards"), 403, "wrong_account_kind")
    assert me.get("/me/cards").json()["items"] == [own]


def test_the_key_is_sealed_and_no_answer_shows_it(till: Till, me: Person) -> None:
    card = till.register(me)

    async def row(program: Program) -> bytes:
        async with program.parts.database.reading() as tx:
            sealed: bytes = await tx.value("SELECT billing_key_sealed FROM payment_cards WHERE id = $1", card["id"])
            return sealed

    assert b"billing-" not in till.running.ask(row)
    assert "billing-" not in me.get("/me/cards").text


def test_nobody_has_more_cards_than_they_need(till: Till, me: Person) -> None:
    for _ in range(10):
        till.register(me)
    problem = refused(me.command("/me/cards/window", {"return_path": "/app/cards"}), 409, "cards_full")
    assert problem["facts"] == {"most": 10}
    assert "10" in problem["detail"]


def test_a_person_asks_the_provider_only_so_often(till: Till, me: Person) -> None:
    asked = till.cards.asked
    answers = [me.command("/me/cards", {"auth_key": f"x{n}", "customer_key": opened(me)}) for n in range(45)]
    assert refused(answers[-1], 429, "rate_limited")["facts"]["scope"] == "cards"
    assert till.cards.asked - asked <= 40  # at most two minutes' worth
    assert till.register(till.running.customer())


def test_notices_of_orders_that_are_not_ours_are_passed_over(till: Till) -> None:
    before = till.running.rows()
    for body in ({"order_id": "x"}, {"data": {"orderId": "x", "status": "DONE"}, "eventType": "?"}, {}, {"data": None}):
        answer = till.running.anybody.post("/webhooks/cards", json=body)
        assert (answer.status_code, answer.json()) == (200, {"heard": True})
    refused(till.running.anybody.post("/webhooks/cards", content=b"x" * 70_000), 413, "body_too_large")
    refused(till.running.anybody.post("/webhooks/cards", json={"order_id": "a\0b"}), 400)
    assert till.running.rows() == before


def test_where_a_secret_is_set_a_notice_must_be_signed(till: Till) -> None:
    context = till.running.program.context
    before = context.settings
    context.settings = type(before).model_validate({**before.model_dump(), "cards_webhook_secret": "whsec"})
    notice = {
        "event_id": "e1",
        "number": 1,
        "order_id": "daeri-x",
        "payment_key": "p",
        "status": "captured",
        "changed_at": "2026-11-22T14:00:00Z",
    }
    body = json.dumps(notice).encode()
    try:
        for headers in ({}, _signed(b"other", "whsec"), _signed(body, "guess"), _signed(body, "whsec", age_s=3_600)):
            sent = {"content-type": "application/json", **headers}
            refused(till.running.anybody.post("/webhooks/cards", content=body, headers=sent), 403, "notice_unsigned")
        sent = {"content-type": "application/json", **_signed(body, "whsec")}
        assert till.running.anybody.post("/webhooks/cards", content=body, headers=sent).status_code == 200
    finally:
        context.settings = before


def _signed(body: bytes, secret: str, age_s: int = 0) -> dict[str, str]:
    at = int(time.time()) - age_s
    proof = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"sandbox-signature": f"t={at},v1={proof}"}
