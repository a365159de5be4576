"""Cover and rewards over HTTP: what a card promises, what a run counted, where a driver stands, a ride's gaps."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.web.api.running import Person, Running, refused

from daeri.accounts.model import Role
from daeri.bootstrap import Program
from daeri.calls import api as calls
from daeri.calls.model import Change
from daeri.kernel.terms import Actor, ActorKind
from daeri.policies import api as policies
from daeri.policies.model import Policy
from daeri.pricing.model import PremiumPolicy
from daeri.rewards.model import RewardLevel, RewardPolicy

LEVELS = (RewardLevel(name="basic", from_score=0), RewardLevel(name="우수", from_score=8))
FLAT = RewardPolicy(base_score=4, slots=(), points_per_run=10, levels=LEVELS)


def _write(running: Running, *written: Policy) -> None:
    async def write(program: Program) -> None:
        parts = program.parts
        async with parts.database.transaction() as tx:
            for policy in written:
                await policies.write(tx, running.ours, policy, now=parts.clock.now(), ids=parts.ids)
            await parts.shelf.refresh(tx)

    running.ask(write)


def _drive(driver: Person, call_id: str, *steps: str) -> None:
    for step in steps:
        answer = driver.command(f"/driver/calls/{call_id}/{step}")
        assert answer.is_success, answer.text


def _driven(running: Running, driver: Person) -> tuple[str, dict[str, Any]]:
    """A ride that has arrived and was settled: its id, and the card on which it came."""
    call_id, offer_id = running.offered(running.customer(), driver)
    (card,) = driver.get("/driver").json()["offers"]
    assert driver.command(f"/driver/offers/{offer_id}/accept").is_success
    _drive(driver, call_id, "arrive", "start", "complete")
    running.ask(lambda program: program.worker.work_off())
    return call_id, card


@pytest.mark.rule("R-015", "I-049", "I-059")
def test_a_card_tells_score_and_premium_and_the_statement_the_same(running: Running) -> None:
    _write(running, FLAT, PremiumPolicy(own_won=300))
    driver = running.driver()
    call_id, card = _driven(running, driver)
    assert (card["score"], card["net"]["premium"]) == (4, 300)
    (day,) = driver.get("/driver/earnings").json()["days"]
    (run,) = driver.get(f"/driver/earnings/{day['day']}").json()["calls"]
    told = {name: run[name] for name in ("call_id", "kind", "premium", "score", "points", "slot", "is_drive")}
    assert told == {
        "call_id": call_id,
        "kind": "own",
        "premium": 300,
        "score": 4,
        "points": 10,
        "slot": None,
        "is_drive": True,
    }


@pytest.mark.rule("R-024", "I-049")
def test_a_driver_sees_their_level_and_what_each_ride_counted(running: Running) -> None:
    _write(running, FLAT)
    driver = running.driver()
    standing = driver.get("/driver/standing").json()
    assert (standing["level"]["name"], standing["score"], standing["points"], standing["runs"]) == ("basic", 0, 0, 0)
    rides = [_driven(running, driver)[0] for _ in range(2)]
    assert driver.get("/driver/standing").json() == {
        "level": {"name": "우수", "from_score": 8},
        "next_level": None,
        "score": 8,
        "points": 20,
        "window_days": 28,
        "rating": None,
        "runs": 2,
    }
    told = driver.get("/driver/rewards").json()
    assert [item["call_id"] for item in told["items"]] == rides[::-1]
    assert told["next_cursor"] is None
    on = driver.get("/driver/rewards", params={"cursor": rides[1]}).json()
    assert [item["call_id"] for item in on["items"]] == rides[:1]
    assert running.driver().get("/driver/rewards").json()["items"] == []
    refused(driver.get("/driver/rewards", params={"cursor": "x"}), 400)


def test_staff_see_the_drivers_rewards_on_their_file(running: Running) -> None:
    _write(running, FLAT)
    driver, staff = running.driver(), running.staff(role=Role.DISPATCHER)
    call_id, _ = _driven(running, driver)
    panel = staff.get(f"/console/drivers/{driver.id}").json()["rewards"]
    assert (panel["level"]["name"], panel["next_level"], panel["score"], panel["points"]) == (
        "basic",
        {"name": "우수", "from_score": 8},
        4,
        10,
    )
    assert [item["call_id"] for item in panel["items"]] == [call_id]
    assert staff.get(f"/console/drivers/{driver.id}/rewards").json()["items"] == panel["items"]
    foreign = running.driver(running.theirs)
    refused(staff.get(f"/console/drivers/{foreign.id}/rewards"), 404, "driver_not_found")
    refused(driver.get(f"/console/drivers/{driver.id}/rewards"), 403)


@pytest.mark.rule("R-030", "I-028")
def test_the_page_of_a_call_proves_the_gap_before_it_was_reconnected(running: Running) -> None:
    driver, customer, staff = running.driver(), running.customer(), running.staff()
    call_id, offer_id = running.offered(customer, driver)
    assert driver.command(f"/driver/offers/{offer_id}/accept").is_success
    never = staff.get(f"/console/calls/{call_id}/cover").json()
    assert never == {"call_id": call_id, "covers": [], "gaps": []}
    assert staff.get(f"/console/calls/{call_id}").json()["cover"] is None
    _drive(driver, call_id, "arrive", "start", "cancel")
    one = staff.get(f"/console/calls/{call_id}/cover").json()
    assert ([cover["is_reconnected"] for cover in one["covers"]], one["gaps"]) == ([False], [])
    again = running.ask(lambda program: _reconnect(program, running, call_id))
    told = staff.get(f"/console/calls/{again}/cover").json()
    assert told["call_id"] == call_id
    (gap,) = told["gaps"]
    assert (gap["since"], gap["until"], gap["seconds"]) == (told["covers"][0]["ends_at"], None, None)
    running.ask(lambda program: _go_on(program, running, again, driver))
    told = staff.get(f"/console/calls/{call_id}").json()["cover"]
    first, second = told["covers"]
    assert (first["call_id"], second["call_id"], second["is_reconnected"]) == (call_id, str(again), True)
    (gap,) = told["gaps"]
    assert (gap["since"], gap["until"]) == (first["ends_at"], second["starts_at"])
    assert gap["seconds"] == timedelta(minutes=9).seconds
    assert (first["source"], first["insurer"], first["driver"]) == ("driver", "", "김민준")


def test_cover_is_shown_to_those_who_may_read_calls(running: Running) -> None:
    staff, theirs = running.staff(), running.staff(running.theirs)
    call_id, _ = running.offered(running.customer(), running.driver())
    refused(theirs.get(f"/console/calls/{call_id}/cover"), 404, "call_not_found")
    refused(running.customer().get(f"/console/calls/{call_id}/cover"), 403)
    refused(staff.get(f"/console/calls/{uuid4()}/cover"), 404, "call_not_found")


async def _reconnect(program: Program, running: Running, call_id: str) -> UUID:
    parts = program.parts
    async with parts.database.transaction() as tx:
        change = Change(Actor(ActorKind.STAFF, None), "ended by mistake")
        call = await calls.reopen_for(tx, UUID(call_id), running.ours, change, now=parts.clock.now(), ids=parts.ids)
    return call.id


async def _go_on(program: Program, running: Running, call_id: UUID, driver: Person) -> None:
    """The reconnected drive begins nine minutes after the first was cut off."""
    parts, ids = program.parts, program.parts.ids
    async with parts.database.transaction() as tx:
        call = await calls.get(tx, running.ours, call_id)
        original = await calls.get(tx, running.ours, call.reconnects_call_id or call_id)
        assert original.ended_at is not None
        at = original.ended_at + timedelta(minutes=9)
        for step in (calls.arrive, calls.start, calls.complete):
            await step(tx, call_id, running.ours, driver.id, now=at, ids=ids)
