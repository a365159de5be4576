"""Places, favourites, cars and business accounts over HTTP."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.web.api.running import Person, Running, refused

from daeri.customers import api as customers
from daeri.customers.model import CustomerLimits, Payer
from daeri.kernel.ids import CustomerId
from daeri.kernel.terms import SYSTEM
from daeri.policies import api as policies

HOME = {"label": "집", "name": "서울숲", "lat": 37.5444, "lon": 127.0374}
CAR = {"plate": "12 가 3456", "model": "흰색 세단", "transmission": "manual"}


@pytest.fixture
def me(running: Running) -> Person:
    return running.customer()


def send(person: Person, method: str, path: str, body: Any = None) -> httpx.Response:
    return person.http.request(method, path, json=body, headers={"idempotency-key": uuid4().hex})


def test_a_new_customer_keeps_nothing_yet(me: Person) -> None:
    answer = me.get("/customer").json()
    assert answer == {
        "id": str(me.id),
        "name": "김민준",
        "phone_masked": answer["phone_masked"],
        "favourites": [],
        "cars": [],
        "business": [],
    }
    assert "****" in answer["phone_masked"]


def test_favourites_and_cars_come_and_go(me: Person) -> None:
    place = me.command("/customer/places", HOME).json()
    car = me.command("/customer/cars", CAR).json()
    assert car["plate"] == "12가3456"
    kept = me.get("/customer").json()
    assert kept["favourites"] == [{**HOME, "id": place["id"], "address": ""}]
    assert kept["cars"] == [car]
    changed = send(me, "PUT", f"/customer/cars/{car['id']}", CAR | {"plate": "34나5678"})
    assert changed.json()["plate"] == "34나5678"
    for path in (f"/customer/cars/{car['id']}", f"/customer/places/{place['id']}"):
        assert send(me, "DELETE", path).status_code == 204
        refused(send(me, "DELETE", path), 404)
    assert me.get("/customer").json()["cars"] == []


def test_the_same_command_twice_keeps_one_car(me: Person) -> None:
    answers = [me.command("/customer/cars", CAR, key="once") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {201}
    assert len(me.get("/customer").json()["cars"]) == 1


def test_a_name_is_what_the_customer_says(me: Person) -> None:
    assert send(me, "PUT", "/customer", {"name": " 서연 "}).json()["name"] == "서연"
    assert me.get("/customer").json()["name"] == "서연"
    refused(send(me, "PUT", "/customer", {"name": ""}), 400)


def test_a_bad_plate_is_told_in_words(me: Person) -> None:
    problem = refused(me.command("/customer/cars", {"plate": "hello"}), 422, "plate_invalid")
    assert "12가3456" in problem["detail"]


def test_another_customers_things_look_like_none(running: Running, me: Person) -> None:
    car = running.customer().command("/customer/cars", CAR).json()
    refused(send(me, "PUT", f"/customer/cars/{car['id']}", CAR), 404, "car_not_found")
    refused(send(me, "DELETE", f"/customer/cars/{car['id']}"), 404, "car_not_found")


def test_business_accounts_are_those_of_the_member(running: Running, me: Person) -> None:
    async def open_account(program):
        parts = program.parts
        now, ids = parts.clock.now(), parts.ids
        async with parts.database.transaction() as tx:
            made = await customers.open_business(tx, running.ours, uuid4().hex, Payer.COMPANY, SYSTEM, now=now, ids=ids)
            await customers.add_member(tx, running.ours, made.id, CustomerId(me.id), SYSTEM, now=now, ids=ids)
        return made

    made = running.ask(open_account)
    assert me.get("/customer").json()["business"] == [{"id": str(made.id), "name": made.name, "payer": "company"}]
    assert running.customer().get("/customer").json()["business"] == []


def test_places_are_found_in_the_readers_language(me: Person) -> None:
    korean = me.get("/places", params={"q": "ㄱㄴㅇ", "lat": 37.5, "lon": 127.03}).json()["items"][0]
    assert (korean["name"], korean["kind"]) == ("강남역", "station")
    english = me.get("/places", params={"q": "gangnam"}, headers={"accept-language": "en"}).json()["items"][0]
    assert english["name"] == "Gangnam Station"
    assert me.get("/places", params={"q": "없는곳없는곳"}).json() == {"items": []}


def test_a_point_is_called_by_what_is_there(me: Person) -> None:
    near = me.get("/places/at", params={"lat": 37.4979, "lon": 127.0276}).json()
    assert (near["name"], near["address"]) == ("강남역", "서울 강남구 강남대로 396")
    assert near["region"].startswith("11")
    far = me.get("/places/at", params={"lat": 37.83, "lon": 127.51}).json()
    assert "가평" in far["name"]
    sea = me.get("/places/at", params={"lat": 30.0, "lon": 120.0}).json()
    assert (sea["name"], sea["region"]) == ("", None)


@pytest.mark.parametrize("query", [{"q": "x" * 101}, {}, {"q": "a", "lat": 91, "lon": 0}, {"q": "a", "lat": "x"}])
def test_questions_that_do_not_fit_are_refused(query: dict[str, Any], me: Person) -> None:
    refused(me.get("/places", params=query), 400, "validation_failed")


def test_a_person_searches_only_so_often(running: Running) -> None:
    async def narrow(program):
        parts = program.parts
        async with parts.database.transaction() as tx:
            limits = CustomerLimits(place_searches_per_minute=3)
            await policies.write(tx, running.theirs, limits, now=parts.clock.now(), ids=parts.ids)
        async with parts.database.reading() as tx:
            await parts.shelf.refresh(tx)

    running.ask(narrow)
    somebody, other = running.customer(running.theirs), running.customer(running.theirs)
    answers = [somebody.get("/places", params={"q": "서울"}) for _ in range(8)]  # at most two minutes' worth
    problem = refused(answers[-1], 429, "rate_limited")
    assert problem["facts"]["scope"] == "places"
    assert other.get("/places", params={"q": "서울"}).status_code == 200


@pytest.mark.parametrize("lat", ["nan", "inf", "-inf", "1e400", "0"])
def test_a_point_that_is_none_breaks_nothing(lat: str, me: Person) -> None:
    for path, more in (("/places", {"q": "서울"}), ("/places/at", {})):
        answer = me.get(path, params={"lat": lat, "lon": lat, **more})
        assert answer.status_code == 200 or refused(answer, 400, "validation_failed")
