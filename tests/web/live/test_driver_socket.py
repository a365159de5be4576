"""Driver sockets over real connections: hello, positions, messages, limits, drain."""

import asyncio
from datetime import timedelta

import pytest
from tests.dispatch.factories import GANGNAM, Night
from tests.web.live.stage import app, make_gateway, moment, token_of, until
from websockets.exceptions import InvalidStatus

from daeri.accounts import api as accounts
from daeri.calls.model import State
from daeri.dispatch import api as dispatch
from daeri.dispatch.positions import DropReason
from daeri.drivers.model import Duty, Suspend
from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import to_millis
from daeri.rewards.api import score_of
from daeri.rewards.model import RewardKind, RewardPolicy
from daeri.web.context import WebContext
from daeri.web.live.driver_hub import SWEEP_SHARES
from daeri.web.live.driver_listener import DriverListener
from daeri.web.live.positions import pack


def record(context: WebContext, *, lat: float = 37.5, lon: float = 127.0) -> bytes:
    return pack(context.clock.now(), lat, lon, 5.0)


def where(context: WebContext, driver: DriverId) -> tuple[float, float] | None:
    """Absorb, as a tick would, and say where the driver is."""
    context.fleet.absorb(to_millis(context.clock.now()))
    slot = context.fleet.slot_of(driver)
    if slot is None or context.fleet.columns.at_ms[slot] < 0:
        return None
    return round(float(context.fleet.columns.lat[slot]), 6), round(float(context.fleet.columns.lon[slot]), 6)


async def test_the_welcome_is_the_drivers_truth(listener: DriverListener, context: WebContext, night: Night) -> None:
    driver, call = await night.driver(), await night.request()
    offer = await night.offer(call.id, driver)
    async with app(listener.port) as phone:
        welcome = await phone.hello(await token_of(context, night.company, driver))
    assert welcome["driver_id"] == str(driver)
    assert welcome["cadence_s"] == 3
    assert welcome["call"] is None
    assert [card["offer_id"] for card in welcome["offers"]] == [str(offer.id)]


async def test_records_and_rows_move_the_driver(listener: DriverListener, context: WebContext, night: Night) -> None:
    driver = await night.driver()
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        await phone.socket.send(record(context, lat=37.51))
        await until(lambda: where(context, driver) == (37.51, 127.0))
        night.later(seconds=3)
        at_ms = to_millis(context.clock.now())
        await phone.say(type="positions", points=[[at_ms, 37.5101, 127.0001, 8]])
        await until(lambda: where(context, driver) == (37.5101, 127.0001))


async def test_a_message_in_several_frames_counts_as_one(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    driver = await night.driver()
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        whole = record(context, lat=37.52)
        await phone.socket.send([whole[:7], whole[7:15], whole[15:]])
        await until(lambda: where(context, driver) == (37.52, 127.0))


async def test_what_makes_no_sense_is_counted_and_the_socket_lives(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    driver = await night.driver()

    def malformed() -> float:
        return context.metrics.positions_dropped.labels("malformed")._value.get()

    async with app(listener.port) as phone:
        await phone.socket.send(record(context))  # before the hello
        await phone.hello(await token_of(context, night.company, driver))
        assert malformed() == 1
        await phone.socket.send("{not json")
        await phone.say(type="unheard_of")
        await phone.say(type="hello", token="again")
        await phone.say(type="positions", points=[["x"]])
        await until(lambda: malformed() == 5)
        await phone.socket.send(b"\x00" * 19)
        await phone.say(type="positions", points=[[], [1e300, 1, 1, 0]])
        await phone.socket.send(record(context, lat=37.53))
        dropped = {}

        def moved() -> bool:
            report = context.fleet.absorb(to_millis(context.clock.now()))
            dropped.update(report.dropped)
            return report.believed == 1

        await until(moved)
        assert dropped[DropReason.MALFORMED] == 1


@pytest.mark.parametrize("path", ["/", "/live/console", "/live/driver/more"])
async def test_other_paths_are_not_found(listener: DriverListener, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with app(listener.port, path):
            pass
    assert refused.value.response.status_code == 404


async def test_who_is_not_known_is_let_go(listener: DriverListener, context: WebContext, night: Night) -> None:
    customer = await night.customer()
    async with app(listener.port) as phone:
        await phone.say(type="hello", token="made-up")
        assert await phone.closed() == (4401, "token_unknown")
    async with app(listener.port) as phone:
        await phone.say(type="hello", token=await token_of(context, night.company, customer))
        assert (await phone.closed())[0] == 4403
    async with app(listener.port) as phone:
        assert (await phone.closed())[0] == 4408
    await until(lambda: len(listener) == 0)


async def test_offers_and_calls_are_told_as_they_change(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    driver, first, second = await night.driver(), await night.request(), await night.request()
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        offer = await night.offer(first.id, driver)
        heard = await phone.hear("offer")
        assert heard["offer"]["offer_id"] == str(offer.id)
        assert heard["offer"]["origin"]["name"] == GANGNAM.name
        await night.decline(offer.id, driver)
        assert await phone.hear("offer_closed") == {
            "type": "offer_closed",
            "offer_id": str(offer.id),
            "reason": "declined",
        }
        offer = await night.offer(second.id, driver)
        await phone.hear("offer")
        await night.accept(offer.id, driver)
        assert (await phone.hear("offer_closed"))["reason"] == "accepted"
        told = (await phone.hear("call"))["call"]
        assert (told["state"], told["driver"]["id"]) == ("assigned", str(driver))
        await night.arrive(second.id, driver)
        assert (await phone.hear("call"))["call"]["state"] == "arrived"
        await night.cancel(second.id)
        assert (await phone.hear("call"))["call"]["state"] == "cancelled_after_assignment"
        assert await phone.silence()


async def test_an_offer_that_ran_out_or_was_withdrawn_is_closed(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    driver, call = await night.driver(), await night.request()
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        await night.offer(call.id, driver)
        await phone.hear("offer")
        night.later(seconds=13)
        await night.expire_offers()
        assert (await phone.hear("offer_closed"))["reason"] == "expired"
        await night.offer(call.id, driver)
        await phone.hear("offer")
        await night.cancel(call.id)
        assert (await phone.hear("offer_closed"))["reason"] == "cancelled"


async def test_whether_one_may_work_and_is_on_duty_is_told_as_it_changes(
    listener: DriverListener, context: WebContext, night: Night, database: Database
) -> None:
    driver = await night.driver()
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        await night.set_duty(driver, Duty.OFF)
        assert await phone.hear("work") == {"type": "work", "status": "approved", "duty": "off"}
        await night.set_duty(driver, Duty.ON)
        assert (await phone.hear("work"))["duty"] == "on"
        what = Suspend("반복 취소", "콜 세 건", None)
        async with database.transaction() as tx:
            await dispatch.suspend(tx, driver, night.company, what, SYSTEM, now=night.clock.now(), ids=night.ids)
        told = await phone.hear("work")
        while told["duty"] == "on":  # the suspension, and the end of duty that follows from it
            told = await phone.hear("work")
        assert (told["status"], told["duty"]) == ("suspended", "off")
        assert await phone.silence()
        async with database.transaction() as tx:  # no hint: as if it had been lost
            await tx.execute("UPDATE drivers SET status = 'approved' WHERE id = $1", driver)
        for _ in range(SWEEP_SHARES):
            await listener.hub.sweep()
        assert (await phone.hear("work"))["status"] == "approved"


async def test_two_sockets_of_a_driver_hear_the_same(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    driver, call = await night.driver(), await night.request()
    token = await token_of(context, night.company, driver)
    async with app(listener.port) as phone, app(listener.port) as tablet:
        await phone.hello(token)
        await tablet.hello(token)
        offer = await night.offer(call.id, driver)
        assert await phone.hear("offer") == await tablet.hear("offer")
        await tablet.socket.close()
        await night.decline(offer.id, driver)
        await phone.hear("offer_closed")


async def test_a_lost_hint_is_made_up_for(listener: DriverListener, context: WebContext, night: Night) -> None:
    driver, call = await night.driver(), await night.request()
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        assert await phone.silence()
        async with context.database.pool.acquire() as connection:  # a change that no hint speaks of
            await connection.execute(
                """
                INSERT INTO offers (id, company_id, call_id, driver_id, mode, state, offered_at, expires_at, pickup_m,
                                    pickup_s, policy_version, slot)
                VALUES ($1, $2, $3, $4, 'exclusive', 'live', $5, $6, 1, 1, 0, 'now')
                """,
                context.ids.new(), night.company, call.id, driver, context.clock.now(),
                context.clock.now() + timedelta(seconds=12),
            )  # fmt: skip
        for _ in range(SWEEP_SHARES):
            await listener.hub.sweep()
        await phone.hear("offer")


async def test_a_gateway_moves_and_hears_its_own_companys_drivers(
    listener: DriverListener, context: WebContext, night: Night, other_night: Night
) -> None:
    one, two, stranger = await night.driver(), await night.driver(), await other_night.driver()
    call = await night.request()
    token = await token_of(context, night.company, await make_gateway(context, night.company))
    async with app(listener.port) as gate:
        welcome = await gate.hello(token)
        assert welcome == {"type": "welcome", "gateway": True, "cadence_s": 3}
        await gate.say(type="drivers", ids=[str(one), str(stranger), str(two)])
        assert (await gate.hear("handles"))["handles"] == [0, None, 2]
        place = record(context, lat=37.54)
        await gate.socket.send(b"".join(handle.to_bytes(4, "little") + place for handle in (0, 1, 2)))
        await until(lambda: where(context, two) == (37.54, 127.0))
        assert where(context, one) == (37.54, 127.0)
        assert where(context, stranger) is None
        offer = await night.offer(call.id, two)
        heard = await gate.hear("offer")
        assert (heard["driver_id"], heard["offer"]["offer_id"]) == (str(two), str(offer.id))
        theirs = await other_night.request()
        await other_night.offer(theirs.id, stranger)
        assert await gate.silence()
        await gate.say(type="drivers", ids=[str(two)])
        assert (await gate.hear("handles"))["handles"] == [0]
        assert (await gate.hear("offer"))["driver_id"] == str(two)


async def test_a_driver_cannot_name_drivers(listener: DriverListener, context: WebContext, night: Night) -> None:
    driver, other = await night.driver(), await night.driver()
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        await phone.say(type="drivers", ids=[str(other)])
        assert await phone.silence()


async def test_a_revoked_session_loses_its_socket(
    listener: DriverListener, context: WebContext, night: Night, company: CompanyId
) -> None:
    driver = await night.driver()
    token = await token_of(context, company, driver)
    async with app(listener.port) as phone:
        await phone.hello(token)
        principal = await context.authenticator.authenticate(token)
        async with context.database.transaction() as tx:
            await accounts.sign_out(tx, context.gate, principal, moment=moment(context))
        assert await phone.closed() == (4401, "session_revoked")


async def test_too_much_is_refused(listener: DriverListener, context: WebContext, night: Night) -> None:
    driver = await night.driver()
    token = await token_of(context, night.company, driver)
    async with app(listener.port) as phone:
        await phone.hello(token)
        await phone.socket.send(b"\x00" * 70_000)
        assert (await phone.closed())[0] == 1009
    async with app(listener.port) as phone:
        await phone.hello(token)
        await phone.socket.send(b"\x00" * 2_000_000)
        assert (await phone.closed())[0] == 1009
    async with app(listener.port) as phone:
        await phone.hello(token)
        for _ in range(301):
            await phone.socket.send(record(context))
        assert (await phone.closed())[0] == 1008


async def test_who_does_not_read_is_let_go(listener: DriverListener, context: WebContext, night: Night) -> None:
    driver = await night.driver()
    token = await token_of(context, night.company, driver)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, limit=1_024)
    writer.write(
        b"GET /live/driver HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    hello = b'{"type":"hello","token":"%s"}' % token.encode()
    writer.write(bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello)
    await until(lambda: len(listener) == 1 and next(iter(listener._sockets)).cadence_s == 3)
    (socket,) = listener._sockets
    for _ in range(2_000):
        socket.send(b"x" * 10_000)
    await until(lambda: len(listener) == 0)
    writer.close()


async def test_drain_says_so_and_closes(context: WebContext, night: Night) -> None:
    driver = await night.driver()
    token = await token_of(context, night.company, driver)
    listener = DriverListener(context)
    await listener.start()
    port = listener.port
    async with app(port) as phone:
        await phone.hello(token)
        draining = asyncio.ensure_future(listener.drain(0.05))
        assert await phone.hear() == {"type": "drain"}
        assert (await phone.closed())[0] == 1012
        await draining
    assert len(listener) == 0
    with pytest.raises(OSError, match="Connect call failed"):
        async with app(port):
            pass


async def test_the_open_list_is_pushed_and_a_lost_race_is_told_at_once(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    driver, other = await night.driver(), await night.driver()
    call, second = await night.request(), await night.request()
    async with app(listener.port) as phone:
        assert (await phone.hello(await token_of(context, night.company, driver)))["listed"] == []
        await night.list_for(call.id, driver, other)
        (card,) = (await phone.hear("listed"))["items"]
        assert (card["call_id"], card["pickup_m"], card["slot"]) == (str(call.id), 100, "now")
        assert card["net"]["fare"] == call.fare.amount
        assert card["score"] == score_of(RewardPolicy(), RewardKind.OWN, wanted_at=call.requested_at).score
        await night.list_for(call.id, other, driver)  # the same drivers, from another distance: nothing to say
        assert await phone.silence()
        await night.list_for(second.id, driver)
        assert len((await phone.hear("listed"))["items"]) == 2
        await night.take(call.id, other)
        heard = await phone.hear("listed")
        assert [card["call_id"] for card in heard["items"]] == [str(second.id)]
        assert heard["gone"] == [{"call_id": str(call.id), "reason": "taken"}]
        await night.cancel(second.id)
        heard = await phone.hear("listed")
        assert (heard["items"], heard["gone"][0]["reason"]) == ([], "cancelled")


@pytest.mark.rule("I-006")
async def test_who_shall_not_meet_the_customer_does_not_see_the_call(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    driver, customer = await night.driver(), await night.customer()
    await night.never_meet(customer, driver)
    call = await night.request(customer)
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        await night.list_for(call.id, driver)
        assert await phone.silence()


async def test_the_next_call_is_told_until_it_is_under_way(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    now, driver = await night.in_state(State.DRIVING)
    following = await night.request()
    assert driver is not None
    async with app(listener.port) as phone:
        token = await token_of(context, night.company, driver)
        assert (await phone.hello(token))["next_call"] is None
        offer = await night.offer_next(following.id, driver)
        assert (await phone.hear("offer"))["offer"]["slot"] == "next"
        await night.accept(offer.id, driver)
        assert (await phone.hear("offer_closed"))["reason"] == "accepted"
        assert (await phone.hear("next_call"))["call"]["id"] == str(following.id)
        async with app(listener.port) as another:
            welcome = await another.hello(token)
            assert (welcome["call"]["id"], welcome["next_call"]["id"]) == (str(now.id), str(following.id))
        await night.complete(now.id, driver)
        assert (await phone.hear("call"))["call"]["state"] == "completed"
        assert (await phone.hear("call"))["call"]["id"] == str(following.id)
        assert await phone.hear("next_call") == {"type": "next_call", "call": None, "gone": None}
        assert await phone.silence()


async def test_a_next_call_that_was_cancelled_is_told(
    listener: DriverListener, context: WebContext, night: Night
) -> None:
    _, driver = await night.in_state(State.DRIVING)
    following = await night.request()
    assert driver is not None
    offer = await night.offer_next(following.id, driver)
    await night.accept(offer.id, driver)
    async with app(listener.port) as phone:
        await phone.hello(await token_of(context, night.company, driver))
        await night.cancel(following.id)
        heard = await phone.hear("next_call")
        assert heard["call"] is None
        assert heard["gone"]["state"] == "cancelled_after_assignment"
