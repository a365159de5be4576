"""Over HTTP: why a call went elsewhere, how short drivers are, and what staff say of the weather."""

from uuid import UUID, uuid4

import httpx
from tests.dispatch.test_why import decided
from tests.web.api.running import TRIP, Person, Running, refused

from daeri.accounts.model import Role
from daeri.dispatch.model import Considered
from daeri.dispatch.plan import Reason
from daeri.kernel.ids import CallId, DriverId


def say(person: Person, body: dict[str, str]) -> httpx.Response:
    return person.http.put("/console/weather", json=body, headers={"idempotency-key": uuid4().hex})


def test_a_driver_is_told_why_and_nobody_else_is(running: Running) -> None:
    customer, driver, other = running.customer(), running.driver(), running.driver()
    made = customer.command("/calls", TRIP).json()
    night = running.night()

    async def log(_: object) -> None:
        call = await night.get(CallId(UUID(made["id"])))
        pair = Considered(DriverId(driver.id), 730, Reason.NEVER_MEET, None)
        await night.apply(decisions=[decided(night, call, pair)])

    running.ask(log)
    (told,) = driver.get("/driver/why?hours=1").json()["items"]
    assert told["reason"] == "barred"
    assert told["facts"] == {}
    assert told["origin"]["distance_m"] == 700
    assert told["call_id"] == made["id"]
    assert str(customer.id) not in str(told)
    one = driver.get(f"/driver/why/{made['id']}").json()
    assert [step["reason"] for step in one["steps"]] == ["barred"]
    assert other.get("/driver/why").json() == {"items": []}
    refused(other.get(f"/driver/why/{made['id']}"), 404, "call_not_found")
    refused(driver.get(f"/driver/why/{uuid4()}"), 404, "call_not_found")
    assert driver.get("/driver/why?hours=25").status_code == 400
    assert customer.get("/driver/why").status_code == 403


def test_staff_say_the_weather_and_phones_hear_the_shortage(running: Running) -> None:
    company = running.company()
    staff, customer = running.staff(company), running.customer(company)
    said = say(staff, {"condition": "storm", "region": "11"})
    assert said.status_code == 200, said.text
    there = customer.get("/shortage?lat=37.4979&lon=127.0276").json()
    assert (there["level"], there["reason"]) == ("short", "weather")
    assert customer.get("/shortage?lat=35.1796&lon=129.0756").json()["level"] == "none"
    board = staff.get("/console/shortage").json()
    assert {"condition": "storm", "region": "11"}.items() <= board["weather"][0].items()
    assert say(staff, {"condition": "clear", "region": "11"}).status_code == 200
    assert customer.get("/shortage?lat=37.4979&lon=127.0276").json()["reason"] is None


def test_the_weather_is_for_staff_who_may_and_for_regions_that_are(running: Running) -> None:
    staff, driver = running.staff(), running.driver()
    unknown = say(staff, {"condition": "rain", "region": "99999"})
    refused(unknown, 422, "region_unknown")
    past = {"condition": "rain", "until": "2020-01-01T00:00:00Z"}
    refused(say(staff, past), 422, "weather_ends_in_the_past")
    assert say(driver, {"condition": "rain"}).status_code == 403
    assert driver.get("/console/shortage").status_code == 403


def test_a_role_that_only_talks_does_not_say_the_weather(running: Running) -> None:
    assert say(running.staff(role=Role.SUPPORT_AGENT), {"condition": "rain"}).status_code == 403
