"""One effect and one answer a key, however often, from wherever and however close together a command comes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from uuid import uuid4

import httpx
import pytest
from asyncpg import InterfaceError
from tests.web.api.running import TRIP, Person, Running, refused

from daeri.infra.idempotency import MAX_KEY_LENGTH, InProgress

_TOO_LATE = {"call_already_taken", "call_not_listed", "driver_engaged", "offer_closed"}


@pytest.fixture
def caller(running: Running) -> Person:
    """A customer without calls."""
    return running.customer()


def test_the_same_command_twice_has_one_effect_and_the_same_bytes(caller: Person) -> None:
    first, second = (caller.command("/calls", TRIP, key="once") for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content) == (201, first.content)
    assert first.headers["content-type"] == second.headers["content-type"] == "application/json"
    assert len(_calls(caller)) == 1


def test_the_kept_answer_is_that_of_then_and_not_of_now(caller: Person) -> None:
    call_id = caller.command("/calls", TRIP, key="once").json()["id"]
    assert caller.command(f"/calls/{call_id}/cancel").status_code == 200
    assert caller.command("/calls", TRIP, key="once").json()["state"] == "requested"
    assert caller.get(f"/calls/{call_id}").json()["state"] == "cancelled_before_assignment"


@pytest.mark.parametrize("change", [{"note": "다른 말"}, {"payment": "cash"}])
def test_the_key_with_another_body_is_refused(change: dict[str, str], caller: Person) -> None:
    assert caller.command("/calls", TRIP, key="once").status_code == 201
    refused(caller.command("/calls", {**TRIP, **change}, key="once"), 422, "idempotency_key_reused")
    assert len(_calls(caller)) == 1


def test_the_key_for_another_call_is_refused(caller: Person) -> None:
    first, second = (caller.command("/calls", TRIP).json()["id"] for _ in range(2))
    assert caller.command(f"/calls/{first}/cancel", key="once").status_code == 200
    refused(caller.command(f"/calls/{second}/cancel", key="once"), 422, "idempotency_key_reused")
    assert {call["id"]: call["state"] for call in _calls(caller)}[second] == "requested"


def test_the_key_of_another_route_or_actor_is_another_key(running: Running, caller: Person) -> None:
    other = running.customer()
    mine, theirs = (each.command("/calls", TRIP, key="once").json()["id"] for each in (caller, other))
    assert mine != theirs
    assert caller.command(f"/calls/{mine}/cancel", key="once").status_code == 200


def test_a_refusal_is_kept_too(running: Running, caller: Person) -> None:
    """What was refused once stays refused under its key, though by now it would be possible."""
    driver = running.driver()
    call_id, offer_id = running.offered(caller, driver)
    first = driver.command(f"/driver/calls/{call_id}/arrive", key="early")
    problem = refused(first)
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    again = driver.command(f"/driver/calls/{call_id}/arrive", key="early")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] != again.headers["x-request-id"]
    assert driver.get("/driver").json()["call"]["state"] == "assigned"
    assert driver.command(f"/driver/calls/{call_id}/arrive", key="later").json()["state"] == "arrived"


@pytest.mark.parametrize("fault", [InProgress(), ConnectionResetError(), InterfaceError("closed")])
def test_a_refusal_that_cannot_be_kept_is_still_the_answer(
    fault: Exception, caller: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forget(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("daeri.infra.idempotency.remember", forget)
    refused(caller.command(f"/calls/{uuid4()}/cancel", key="once"), 404, "call_not_found")


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY_LENGTH + 1), "with space", "tab\there", "x" * 5_000])
def test_a_key_that_is_none_is_refused(key: str, caller: Person) -> None:
    answer = caller.http.post("/calls", json=TRIP, headers={"idempotency-key": key})
    refused(answer, 422, "idempotency_key_required")
    assert _calls(caller) == []


@pytest.mark.parametrize("key", ["'\"; DROP TABLE idempotency_keys;--", "x" * MAX_KEY_LENGTH, "!"])
def test_any_visible_characters_make_a_key(key: str, caller: Person) -> None:
    key = key.replace(" ", "_")
    assert {caller.command("/calls", TRIP, key=key).status_code for _ in range(2)} == {201}
    assert len(_calls(caller)) == 1


def test_without_a_key_nothing_happens(running: Running, caller: Person) -> None:
    call_id = caller.command("/calls", TRIP).json()["id"]
    before = running.rows()
    for path, body in (("/calls", TRIP), (f"/calls/{call_id}/cancel", {})):
        refused(caller.http.post(path, json=body), 422, "idempotency_key_required")
    assert running.rows() == before


def test_a_key_in_latin_letters_beyond_ascii_is_refused(caller: Person) -> None:
    answer = caller.http.post("/calls", json=TRIP, headers={"idempotency-key": "é".encode("latin-1")})
    refused(answer, 422, "idempotency_key_required")


def test_the_same_command_from_eight_lines_at_once_has_one_effect(running: Running, caller: Person) -> None:
    for _ in range(5):
        key = uuid4().hex
        answers = _at_once(8, lambda key=key: caller.command("/calls", TRIP, key=key))
        kept = {answer.content for answer in answers if answer.status_code == 201}
        assert len(kept) == 1
        for answer in answers:
            assert answer.status_code == 201 or refused(answer, 409, "in_progress")
        assert caller.command("/calls", TRIP, key=key).content in kept
    assert len(_calls(caller)) == 5


def test_two_devices_of_one_driver_accept_once(running: Running, caller: Person) -> None:
    driver = running.driver()
    _, offer_id = running.offered(caller, driver)
    answers = _at_once(2, lambda: driver.command(f"/driver/offers/{offer_id}/accept"))
    assert 200 in {answer.status_code for answer in answers}
    for answer in answers:
        assert answer.status_code == 200 or refused(answer)["code"] in _TOO_LATE
    assert len(_events(running, answers)) == 1


def test_of_drivers_who_take_one_call_one_gets_it(running: Running, caller: Person) -> None:
    drivers = [running.driver() for _ in range(6)]
    call_id = caller.command("/calls", TRIP).json()["id"]
    for driver in drivers:
        assert driver.command("/driver/duty", {"on": True}).status_code == 200
    night = running.night()
    running.ask(lambda _: night.list_for(call_id, *(driver.id for driver in drivers)))
    waiting = iter(drivers)
    answers = _at_once(6, lambda: next(waiting).command(f"/driver/calls/{call_id}/take"))
    assert [answer.status_code for answer in answers].count(200) == 1
    for answer in answers:
        assert answer.status_code == 200 or refused(answer)["code"] in _TOO_LATE


def test_cancel_and_accept_at_once_end_in_one_truth(running: Running) -> None:
    for _ in range(4):
        customer, driver = running.customer(), running.driver()
        call_id, offer_id = running.offered(customer, driver)
        cancel = partial(customer.command, f"/calls/{call_id}/cancel")
        commands = iter([cancel, partial(driver.command, f"/driver/offers/{offer_id}/accept")])
        cancelled, accepted = _at_once(2, partial(_next, commands))
        assert {cancelled.status_code, accepted.status_code} <= {200, 404, 409, 410}
        state = customer.get(f"/calls/{call_id}").json()["state"]
        on_call = driver.get("/driver").json()["call"]
        assert (on_call is not None) is (state == "assigned")
        assert state in {"assigned", "cancelled_before_assignment", "cancelled_after_assignment"}


def _next(commands: Iterator[Callable[[], httpx.Response]]) -> httpx.Response:
    return next(commands)()


def _calls(caller: Person) -> list[dict[str, str]]:
    items: list[dict[str, str]] = caller.get("/calls").json()["items"]
    return items


def _at_once(count: int, work: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """`work` in so many threads, begun together."""
    gate = Barrier(count)

    def run() -> httpx.Response:
        gate.wait()
        return work()

    with ThreadPoolExecutor(count) as pool:
        return [running.result() for running in [pool.submit(run) for _ in range(count)]]


def _events(running: Running, answers: list[httpx.Response]) -> list[object]:
    call_id = next(answer.json()["id"] for answer in answers if answer.status_code == 200)
    sql = "SELECT id FROM events WHERE aggregate_id = $1 AND kind = 'call.assigned'"

    async def read(program):
        async with program.parts.database.reading() as tx:
            return await tx.rows(sql, call_id)

    return running.ask(read)
