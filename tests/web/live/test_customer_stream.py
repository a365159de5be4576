"""A customer hears of their own calls and of where their driver is, and of nothing else."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.dispatch.factories import Night
from tests.web.live.stage import hire, listening, moment, serving, token_of

from daeri.accounts import api as accounts
from daeri.calls import api as calls
from daeri.calls.model import Change, State
from daeri.dispatch.fleet import LiveFleet
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Actor, ActorKind
from daeri.kernel.time import to_millis
from daeri.payments import tasks
from daeri.policies.model import DispatchPolicy
from daeri.web.app import build_app
from daeri.web.context import WebContext
from daeri.web.live import customer_stream
from daeri.web.live.call_feed import CallFeed
from daeri.web.live.customer_stream import CustomerStreams, customer_stream_router


@pytest.fixture
async def address(context: WebContext) -> AsyncIterator[str]:
    streams = CustomerStreams(context, CallFeed(context.database, context.bus, context.names))
    async with serving(build_app(context, [customer_stream_router(streams)])) as found:
        yield found
        await streams.drain()


def move(fleet: LiveFleet, driver: DriverId, lat: float, at_ms: int) -> None:
    fleet.place(fleet.slot_for(driver), at_ms=at_ms, lat=lat, lon=127.0)


async def test_a_customer_follows_their_call(context: WebContext, address: str, night: Night) -> None:
    customer, driver = await night.customer(), await night.driver()
    call, ended = await night.request(customer), await night.request(customer)
    await night.cancel(ended.id, customer)
    others = await night.request()
    token = await token_of(context, night.company, customer)
    move(context.fleet, driver, 37.5, to_millis(context.clock.now()))
    async with listening(address, "/live/calls", token=token) as stream:
        _, snapshot = await stream.hear("snapshot")
        assert [one["id"] for one in snapshot["calls"]] == [str(call.id)]
        await night.cancel(others.id)
        offer = await night.offer(call.id, driver)
        await night.accept(offer.id, driver)
        name, told = await stream.hear()
        assert (name, told["id"], told["state"]) == ("call", str(call.id), "assigned")
        name, place = await stream.hear()
        assert (name, place["call_id"], place["lat"]) == ("position", str(call.id), 37.5)
        move(context.fleet, driver, 37.6, to_millis(context.clock.now()) + 1_000)
        assert (await stream.hear())[1]["lat"] == 37.6
        for step in (night.arrive, night.start, night.complete):
            await step(call.id, driver)
        while told["state"] != "completed":
            _, told = await stream.hear("call")
        move(context.fleet, driver, 37.7, to_millis(context.clock.now()) + 2_000)
        again = await night.request(customer)
        assert await stream.hear() == ("call", (await stream_call(context, token, address, str(again.id))))


async def test_a_change_without_a_hint_is_told_by_reading_again(
    context: WebContext, address: str, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_stream, "REREAD_EVERY", 1)
    customer = await night.customer()
    call = await night.request(customer)
    token = await token_of(context, night.company, customer)
    async with listening(address, "/live/calls", token=token) as stream:
        await stream.hear("snapshot")
        async with night.transaction() as tx:
            await tx.execute(
                "UPDATE calls SET state = 'expired', ended_at = expires_at, version = 2 WHERE id = $1", call.id
            )
        name, told = await stream.hear()
        assert (name, told["id"], told["state"]) == ("call", str(call.id), "expired")
        again = await night.request(customer)
        assert (await stream.hear())[1]["id"] == str(again.id)  # and the ended one is not told twice


async def stream_call(context: WebContext, token: str, address: str, call_id: str) -> dict[str, object]:
    """The call as the API tells it."""
    async with httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {token}"}) as client:
        found: dict[str, object] = (await client.get(f"/api/v1/calls/{call_id}")).json()
    return found


async def test_staff_and_strangers_do_not_follow(context: WebContext, address: str, night: Night) -> None:
    staff = await hire(context, night.company)
    token = await token_of(context, night.company, staff.account_id)
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/live/calls")).status_code == 401
        answer = await client.get("/live/calls", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 403


async def test_the_stream_ends_with_the_session(context: WebContext, address: str, night: Night) -> None:
    token = await token_of(context, night.company, await night.customer())
    principal = await context.authenticator.authenticate(token)
    async with listening(address, "/live/calls", token=token) as stream:
        await stream.hear("snapshot")
        async with context.database.transaction() as tx:
            await accounts.sign_out(tx, context.gate, principal, moment=moment(context))
        with pytest.raises(EOFError):
            await stream.hear("never")


@pytest.mark.rule("I-040")
async def test_when_the_driver_comes_is_told_until_their_position_is_old(
    context: WebContext, address: str, night: Night
) -> None:
    customer, driver = await night.customer(), await night.driver()
    call = await night.request(customer)
    move(context.fleet, driver, call.origin.point.lat + 0.01, to_millis(context.clock.now()))
    async with listening(address, "/live/calls", token=await token_of(context, night.company, customer)) as stream:
        await stream.hear("snapshot")
        await night.accept((await night.offer(call.id, driver)).id, driver)
        _, place = await stream.hear("position")
        assert (place["eta_to"], place["eta_s"] > 0) == ("origin", True)
        far = place["eta_s"]
        move(context.fleet, driver, call.origin.point.lat + 0.005, to_millis(context.clock.now()) + 1_000)
        assert (await stream.hear("position"))[1]["eta_s"] < far
        night.later(seconds=DispatchPolicy().position_max_age_s + 2)
        _, stale = await stream.hear("position")
        assert (stale["eta_s"], stale["eta_to"]) == (None, None)


async def test_who_is_to_finish_a_drive_first_comes_later(context: WebContext, address: str, night: Night) -> None:
    customer = await night.customer()
    _, driver = await night.in_state(State.DRIVING)
    assert driver is not None
    call = await night.request(customer)
    await night.accept((await night.offer_next(call.id, driver)).id, driver)
    at = call.origin.point
    context.fleet.place(context.fleet.slot_for(driver), at_ms=to_millis(context.clock.now()), lat=at.lat, lon=at.lon)
    token = await token_of(context, night.company, customer)
    async with listening(address, "/live/calls", token=token) as stream:
        _, snapshot = await stream.hear("snapshot")
        assert snapshot["calls"][0]["eta_s"] > 60  # to the end of the other drive and back
        assert (await stream.hear("position"))[1]["eta_s"] == snapshot["calls"][0]["eta_s"]
    assert (await stream_call(context, token, address, str(call.id)))["eta_s"] == snapshot["calls"][0]["eta_s"]


@pytest.mark.rule("R-052", "I-038")
async def test_a_waiting_customer_hears_how_the_search_goes_when_it_changes(
    context: WebContext, address: str, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_stream, "PROGRESS_EVERY", 1)
    customer, driver = await night.customer(), await night.driver()
    call = await night.request(customer)
    async with listening(address, "/live/calls", token=await token_of(context, night.company, customer)) as stream:
        await stream.hear("snapshot")
        _, first = await stream.hear("progress")
        assert (first["call_id"], first["asked"], first["reason"]) == (str(call.id), 0, None)
        await night.offer(call.id, driver)
        _, second = await stream.hear()  # nothing is said again while only time passes
        assert (second["asked"], second["expected_s"]) == (1, 150)


@pytest.mark.rule("I-057")
async def test_a_ride_that_goes_on_as_another_call_is_told_as_one(
    context: WebContext, address: str, night: Night
) -> None:
    customer, driver = await night.customer(), await night.driver()
    call = await night.request(customer)
    await night.accept((await night.offer(call.id, driver)).id, driver)
    for step in (night.arrive, night.start, night.complete):
        await step(call.id, driver)
    token = await token_of(context, night.company, customer)
    async with listening(address, "/live/calls", token=token) as stream:
        assert (await stream.hear("snapshot"))[1] == {"calls": []}
        change = Change(Actor(ActorKind.STAFF, None), "ended by mistake")
        async with night.transaction() as tx:
            drive = await calls.reopen_for(tx, call.id, night.company, change, now=night.clock.now(), ids=night.ids)
        _, told = await stream.hear("call")
        assert (told["id"], told["number"], told["state"]) == (str(call.id), call.number, "assigned")
        move(context.fleet, driver, 37.5, to_millis(context.clock.now()))
        assert (await stream.hear("position"))[1]["call_id"] == str(call.id)
        async with listening(address, "/live/calls", token=token) as another:
            assert [one["id"] for one in (await another.hear("snapshot"))[1]["calls"]] == [str(call.id)]
        async with night.transaction() as tx:
            now, ids = night.clock.now(), night.ids
            await calls.arrive(tx, drive.id, night.company, driver, now=now, ids=ids)
            await calls.start(tx, drive.id, night.company, driver, now=now, ids=ids)
            await calls.complete(tx, drive.id, night.company, driver, now=now, ids=ids)
        while told["state"] != "completed":
            _, told = await stream.hear("call")
            assert told["id"] == str(call.id)


async def test_a_bill_that_changes_is_told_to_its_customer_alone(
    context: WebContext, address: str, night: Night
) -> None:
    customer, other, driver = await night.customer(), await night.customer(), await night.driver()
    call = await night.request(customer)
    await night.accept((await night.offer(call.id, driver)).id, driver)
    for step in (night.arrive, night.start, night.complete):
        await step(call.id, driver)
    token, others = [await token_of(context, night.company, one) for one in (customer, other)]
    async with (
        listening(address, "/live/calls", token=token) as stream,
        listening(address, "/live/calls", token=others) as elsewhere,
    ):
        await stream.hear("snapshot")
        await elsewhere.hear("snapshot")
        async with night.transaction() as tx:
            (event,) = (await calls.timeline(tx, night.company, call.id))[-1:]
            await tasks.settle_drive(tx, event)
        _, told = await stream.hear("bill")
        fare = call.fare.amount
        assert told == {"call_id": str(call.id), "bill": {"amount": fare, "state": "claimed", "method": "card"}}
        again = await night.request(other)
        name, first = await elsewhere.hear()
        assert (name, first["id"]) == ("call", str(again.id))
