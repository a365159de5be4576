"""The console's stream over real HTTP: the old snapshot with its events is what a fresh snapshot shows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.dispatch.factories import Night
from tests.web.live.stage import Listening, cookie_of, hire, hire_people, listening, moment, serving, token_of, until

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Role
from daeri.dispatch.fleet import Duty as FleetDuty
from daeri.dispatch.fleet import Status
from daeri.drivers.model import Duty
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.time import to_millis
from daeri.web.app import build_app
from daeri.web.console.live import DriverStatus
from daeri.web.context import WebContext
from daeri.web.live.call_feed import CallFeed
from daeri.web.live.console_stream import ConsoleStreams, console_stream_router
from daeri.web.live.outbox import Outbox

ENDED = {"completed", "cancelled_before_assignment", "cancelled_after_assignment", "expired"}
FIGURES = ("waiting", "offered", "driving", "on_duty", "finished_today")


@pytest.fixture
async def streams(context: WebContext) -> AsyncIterator[ConsoleStreams]:
    made = ConsoleStreams(context, CallFeed(context.database, context.bus, context.names))
    yield made
    await made.drain()


@pytest.fixture
async def address(context: WebContext, streams: ConsoleStreams) -> AsyncIterator[str]:
    async with serving(build_app(context, [console_stream_router(streams)])) as found:
        yield found


class Screen:
    """What static/js/live/state.js does, in Python."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.calls = {call["id"]: call for call in snapshot["calls"]}
        self.board = {row["id"]: row for row in snapshot["board"]}
        self.drivers: dict[int, tuple[Any, ...]] = {}
        self.figures = snapshot["figures"]
        self._draw(snapshot["drivers"])

    def apply(self, name: str, data: dict[str, Any]) -> None:
        if name == "call":
            known = self.calls.get(data["id"])
            if known is not None and data["version"] <= known["version"]:
                return
            self.calls[data["id"]] = data
            if data["state"] in ENDED:
                del self.calls[data["id"]]
        elif name == "drivers":
            self._draw(data)
        elif name == "board":
            self.board = {row["id"]: row for row in data["rows"]}
        else:
            self.figures = data

    def _draw(self, columns: dict[str, Any]) -> None:
        for place, slot in enumerate(columns["slots"]):
            status = columns["status"][place]
            known = self.drivers.pop(slot, None)
            if status == DriverStatus.GONE:
                continue
            who = (columns["ids"][place], columns["names"][place]) if columns["ids"] else ("", "")
            if not who[0]:
                assert known is not None, f"slot {slot} came without a name"
                who = known[:2]
            self.drivers[slot] = (*who, columns["lat"][place], columns["lon"][place], status)

    def shows(self) -> tuple[Any, ...]:
        return self.calls, self.board, self.drivers, {name: self.figures[name] for name in FIGURES}


def put(context: WebContext, company: CompanyId, driver: DriverId, lat: float, status: Status = Status.IDLE) -> None:
    """What the engine's keeper and a socket would have done."""
    fleet, now = context.fleet, context.clock.now()
    slot = fleet.set_duty(driver, company_id=company, capabilities=1, duty=FleetDuty.ON, version=1)
    fleet.set_status(driver, status, version=int(fleet.columns.occupation_version[slot]) + 1)
    fleet.place(slot, at_ms=to_millis(now), lat=lat, lon=127.0)


async def applied(screen: Screen, stream: Listening, kind: str) -> dict[str, Any]:
    """Apply events up to the next of this kind, which is returned."""
    while True:
        name, data = await stream.hear()
        screen.apply(name, data)
        if name == kind:
            return data


async def same_soon(screen: Screen, stream: Listening, address: str, cookie: str) -> None:
    """Two seconds on, the screen is soon what a fresh snapshot shows."""
    for _ in range(2):
        await applied(screen, stream, "figures")
    for _ in range(12):
        async with listening(address, "/live/console", cookie=cookie) as other:
            _, fresh = await other.hear("snapshot")
        if screen.shows() == Screen(fresh).shows():
            return
        screen.apply(*await stream.hear())
    assert screen.shows() == Screen(fresh).shows()


async def test_events_on_the_old_snapshot_make_the_new_one(
    context: WebContext, streams: ConsoleStreams, address: str, night: Night
) -> None:
    one, two, three = map(DriverId, await hire_people(context, night, AccountKind.DRIVER, "김하나", "이둘", "박셋"))
    for driver in (one, two, three):
        await night.set_duty(driver, Duty.ON)
    put(context, night.company, one, 37.5)
    waiting, first = await night.request(), await night.request()
    cookie = await cookie_of(context, await hire(context, night.company))
    async with listening(address, "/live/console", cookie=cookie) as stream:
        name, snapshot = await stream.hear()
        assert name == "snapshot"
        screen = Screen(snapshot)
        assert set(screen.calls) == {str(waiting.id), str(first.id)}
        assert screen.figures["waiting"] == 2
        assert [driver[1] for driver in screen.drivers.values()] == ["김하나"]

        offer = await night.offer(first.id, one)
        night.later(seconds=1)
        put(context, night.company, one, 37.501, Status.HELD)
        put(context, night.company, two, 37.6)
        board = await applied(screen, stream, "board")
        assert {row["offered_to"] for row in board["rows"]} == {None, "김하나"}
        await same_soon(screen, stream, address, cookie)

        night.later(seconds=1)
        await night.accept(offer.id, one)
        put(context, night.company, one, 37.502, Status.BUSY)
        told = await applied(screen, stream, "call")
        assert (told["state"], told["driver_name"]) == ("assigned", "김하나")
        for step in (night.arrive, night.start, night.complete):
            await step(first.id, one)
        await night.cancel(waiting.id)
        put(context, night.company, three, 37.7)
        night.later(seconds=25)  # one and two have not been heard of since
        put(context, night.company, three, 37.71)
        context.fleet.set_duty(one, company_id=night.company, capabilities=1, duty=FleetDuty.OFF, version=2)
        await same_soon(screen, stream, address, cookie)
        assert screen.calls == {}
        assert sorted(driver[4] for driver in screen.drivers.values()) == [DriverStatus.IDLE, DriverStatus.STALE]
    await until(lambda: len(streams) == 0)


async def test_another_company_is_never_seen(
    context: WebContext, address: str, night: Night, other_night: Night
) -> None:
    (ours,) = map(DriverId, await hire_people(context, night, AccountKind.DRIVER, "김우리"))
    (theirs,) = map(DriverId, await hire_people(context, other_night, AccountKind.DRIVER, "최남의"))
    await other_night.set_duty(theirs, Duty.ON)
    put(context, night.company, ours, 37.5)
    put(context, other_night.company, theirs, 37.4)
    their_call = await other_night.request()
    cookie = await cookie_of(context, await hire(context, night.company))
    async with listening(address, "/live/console", cookie=cookie) as stream:
        heard = [await stream.hear("snapshot")]
        await other_night.offer(their_call.id, theirs)
        put(context, other_night.company, theirs, 37.41, Status.HELD)
        await other_night.cancel(their_call.id)
        heard += [await stream.hear() for _ in range(2)]
        our_call = await night.request()
        heard.append(await stream.hear("call"))
    assert heard[-1][1]["id"] == str(our_call.id)
    assert str(their_call.id) not in str(heard)
    assert "최남의" not in str(heard)
    assert heard[0][1]["figures"]["waiting"] == 0


async def test_only_staff_who_may_read_calls_watch(context: WebContext, address: str, night: Night) -> None:
    customer = await night.customer()
    token = await token_of(context, night.company, customer)
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/live/console")).status_code == 401
        answer = await client.get("/live/console", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 403
        async with context.database.transaction() as tx:
            await tx.execute("DELETE FROM role_permissions WHERE role = 'agency_staff' AND permission = 'calls.read'")
        staff = await hire(context, night.company, Role.AGENCY_STAFF)
        token = await token_of(context, night.company, staff.account_id)
        answer = await client.get("/live/console", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


async def test_the_stream_ends_with_the_session(context: WebContext, address: str, night: Night) -> None:
    cookie = await cookie_of(context, await hire(context, night.company))
    principal = await context.authenticator.authenticate(cookie)
    async with listening(address, "/live/console", cookie=cookie) as stream:
        await stream.hear("snapshot")
        async with context.database.transaction() as tx:
            await accounts.sign_out(tx, context.gate, principal, moment=moment(context))
        with pytest.raises(EOFError):
            await stream.hear("never")


async def test_the_stream_ends_when_the_process_drains(
    context: WebContext, streams: ConsoleStreams, address: str, night: Night
) -> None:
    cookie = await cookie_of(context, await hire(context, night.company))
    async with listening(address, "/live/console", cookie=cookie) as stream:
        await stream.hear("snapshot")
        await streams.drain()
        with pytest.raises(EOFError):
            await stream.hear("never")


async def test_a_lost_hint_of_a_call_is_made_up_for(
    context: WebContext, streams: ConsoleStreams, address: str, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daeri.web.live.console_stream.REREAD_EVERY", 1)
    call = await night.request()
    cookie = await cookie_of(context, await hire(context, night.company))
    async with listening(address, "/live/console", cookie=cookie) as stream:
        await stream.hear("snapshot")
        async with context.database.pool.acquire() as connection:  # a change that no hint speaks of
            await connection.execute("UPDATE calls SET version = version + 1, note = 'x' WHERE id = $1", call.id)
        _, told = await stream.hear("call")
        assert told["version"] == 2


async def test_a_slow_browser_is_let_go() -> None:
    outbox = Outbox(most_bytes=100)
    outbox.put(b"x" * 60)
    assert not outbox.is_closed
    outbox.put(b"x" * 60)
    assert outbox.is_closed
    async with asyncio.timeout(1):
        assert [chunk async for chunk in outbox.chunks()] == []
