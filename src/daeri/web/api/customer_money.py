"""What customers read and do about the money of their rides: the receipt, what they owe, and paying it."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.infra.database import Tx
from daeri.payments import api as payments
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.money import cards_of, deed_of
from daeri.web.money_wire import OwedPageOut, ReceiptOut
from daeri.web.principals import WhoAsks, customer_of
from daeri.web.receipts import Wallet, owed_out, receipt_of

MOST_CLAIMS: Final = 20  # who owes more sees the oldest first

Req = Request[Any, Any, Any]


class PayIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `card_id` the default card is charged."""

    card_id: UUID | None = None


@get("/calls/{call_id:uuid}/receipt")
async def get_receipt(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> ReceiptOut:
    """What a ride has cost, and how it is or will be paid."""
    customer_id = customer_of(principal)
    async with context.database.snapshot() as tx:
        ride = await calls.get_for_customer(tx, principal.company_id, call_id, customer_id)
        return await _receipt(tx, context, ride, customer_id)


@get("/me/bills")
async def list_owed(context: Context, principal: WhoAsks) -> OwedPageOut:
    """What the customer has not paid: how much, since when, and why."""
    customer_id = customer_of(principal)
    async with context.database.snapshot() as tx:
        claims = (await payments.claims_of(tx, principal.company_id, customer_id))[:MOST_CLAIMS]
        rides = {ride.id: ride for ride in await calls.rides_named(tx, [bill.call_id for bill in claims])}
        found = [
            owed_out(rides[bill.call_id], await payments.money_of(tx, principal.company_id, bill.call_id), bill)
            for bill in claims
            if bill.call_id in rides
        ]
    return OwedPageOut(tuple(owed for owed in found if owed is not None), context.cards is not None)


@post("/calls/{call_id:uuid}/pay", status_code=200, operation_class=Command, responses=answers(200, ReceiptOut))
async def pay_ride(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[PayIn | None] = None
) -> Response[bytes]:
    """Charge what is not paid to a card of one's own."""
    customer_id = customer_of(principal)

    async def work(tx: Tx) -> ReceiptOut:
        ride = await calls.get_for_customer(tx, principal.company_id, call_id, customer_id)
        cards_of(context)
        card_id = None if data is None else data.card_id
        await payments.pay_claim(deed_of(tx, context, principal), ride.id, customer_id, card_id)
        return await _receipt(tx, context, ride, customer_id)

    return await context.commands.run(request, principal, work)


async def _receipt(tx: Tx, context: WebContext, ride: Call, customer_id: UUID) -> ReceiptOut:
    company_id = ride.company_id
    money = await payments.money_of(tx, company_id, ride.id)
    charged = await payments.cards_by_id(tx, company_id, [charge.card_id for charge in money.charges])
    own = await payments.cards(tx, company_id, customer_id)
    names = {} if ride.driver_id is None else await context.names.of(tx, company_id, [ride.driver_id])
    driver_name = None if ride.driver_id is None else names.get(ride.driver_id)
    return receipt_of(ride, money, Wallet(charged, own, context.cards is not None), driver_name)


router = Router(path="/", route_handlers=[get_receipt, list_owed, pay_ride], tags=["customer"])
