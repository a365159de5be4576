"""What would have been pushed is collected in a fixed order, each change once."""

from tests.dispatch.factories import Night

from daeri.web.context import WebContext
from daeri.web.live.replay_inbox import Message, ReplayInbox


async def collected(context: WebContext, inbox: ReplayInbox) -> list[Message]:
    async with context.database.transaction() as tx:
        return await inbox.collect(tx)


async def test_everybody_hears_each_change_once(context: WebContext, night: Night) -> None:
    inbox = ReplayInbox(context.bus, context.names)
    driver, idle = await night.driver(), await night.driver()
    customer = await night.customer()
    call = await night.request(customer)
    offer = await night.offer(call.id, driver)
    first = await collected(context, inbox)
    assert [(m.get("driver_id"), m.get("customer_id"), m["type"]) for m in first] == [
        (str(driver), None, "offer"),
        (None, str(customer), "call"),
    ]
    assert str(idle) not in str(first)
    assert await collected(context, inbox) == []

    await night.accept(offer.id, driver)
    second = await collected(context, inbox)
    assert [(m.get("driver_id"), m["type"]) for m in second] == [
        (str(driver), "call"),
        (str(driver), "offer_closed"),
        (None, "call"),
    ]
    await night.cancel(call.id)
    third = await collected(context, inbox)
    assert [m["call"]["state"] for m in third] == ["cancelled_after_assignment"] * 2
    assert await collected(context, inbox) == []
    inbox.close()


async def test_the_order_is_by_driver(context: WebContext, night: Night) -> None:
    inbox = ReplayInbox(context.bus, context.names)
    drivers = [await night.driver() for _ in range(5)]
    for driver in reversed(drivers):
        await night.offer((await night.request()).id, driver)
    messages = await collected(context, inbox)
    told = [message["driver_id"] for message in messages if "driver_id" in message]
    assert told == sorted(map(str, drivers))
    inbox.close()
