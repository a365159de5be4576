"""What staff see and do about money: a ride's payment, and the list of payments."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from daeri.accounts.model import Permission, Principal
from daeri.infra.database import Tx
from daeri.kernel.result import Fact
from daeri.payments import api as payments
from daeri.payments.api import Deed
from daeri.payments.model import BillState, Method
from daeri.web.api.documented import Command, answers
from daeri.web.api.filters import refuse_unknown
from daeri.web.console.money_reads import PaymentPage, PaymentRows
from daeri.web.console.queries import Q_LIMIT
from daeri.web.console_rows import payment_page, payment_rows
from daeri.web.console_rows.payment_rows import PaymentQuery
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context, WebContext
from daeri.web.money import Why, audit, deed_of
from daeri.web.principals import WhoAsks, require_staff

Req = Request[Any, Any, Any]
Facts = dict[str, Fact]
WonIn = Annotated[int, Meta(ge=1, le=1_000_000_000)]
_PAYMENT_FIELDS = ("q", "state", "method", "cursor")


class SettleIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, and with which of the payer's cards; without one with the card that they prefer."""

    reason: Why
    card_id: UUID | None = None


class FareChangeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the ride shall cost, in won, and why."""

    amount: WonIn
    reason: Why


class WriteOffIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Why


class CashIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the driver has the cash, other than they said, and why that is known."""

    received: bool
    reason: Why


class TransferIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's reference, taken once, and how much came where that is known: the whole of what is left."""

    reference: Annotated[
        str, Meta(min_length=1, max_length=payments.receipts.LONGEST_REFERENCE, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
    ]
    amount: WonIn | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """What shall be done about the money of a call, by what permission, and as what the audit log knows it."""

    call_id: UUID
    permission: Permission
    action: str
    deed: Callable[[Deed], Awaitable[Facts]]


@get("/console/calls/{call_id:uuid}/payment")
async def get_payment(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> PaymentPage:
    """The money of the call's ride, whichever call of a reconnected pair is asked for, and what may be done about it.

    A partner's call shows nothing but the situation room to ask (R-029).
    """
    _require(principal, Permission.PAYMENTS_READ)
    async with context.database.snapshot() as tx:
        return await payment_page.read(tx, context, principal, call_id)


@post(
    "/console/calls/{call_id:uuid}/payment/settle",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentPage),
)
async def settle_payment(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[SettleIn]
) -> Response[bytes]:
    """Charge a ride by hand (운행강제결제, R-112 … R-116)."""

    async def settle(deed: Deed) -> Facts:
        bill = await payments.settle_by_agent(deed, call_id, data.reason, card_id=data.card_id)
        return {"amount_won": bill.amount}

    return await _do(
        request, context, principal, _Order(call_id, Permission.PAYMENTS_SETTLE, "payment.settled", settle)
    )


@post(
    "/console/calls/{call_id:uuid}/payment/adjust",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentPage),
)
async def adjust_payment(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[FareChangeIn]
) -> Response[bytes]:
    """Let a ride cost something else: what was charged is cancelled and charged anew, up or down (I-020)."""

    async def adjust(deed: Deed) -> Facts:
        before = await payments.bill_of(deed.tx, deed.company_id, call_id)
        await payments.adjust(deed, call_id, data.amount, data.reason)
        return {"amount_won": data.amount, "before_won": None if before is None else before.amount}

    return await _do(
        request, context, principal, _Order(call_id, Permission.PAYMENTS_ADJUST, "payment.adjusted", adjust)
    )


@post(
    "/console/calls/{call_id:uuid}/payment/agree",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentPage),
)
async def agree_fare(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[FareChangeIn]
) -> Response[bytes]:
    """Keep the fare that both sides agreed to before a reconnected drive; it holds when that drive is over (R-118)."""

    async def agree(deed: Deed) -> Facts:
        await payments.agree_fare(deed, call_id, data.amount, data.reason)
        return {"amount_won": data.amount}

    return await _do(request, context, principal, _Order(call_id, Permission.PAYMENTS_ADJUST, "payment.agreed", agree))


@post(
    "/console/calls/{call_id:uuid}/payment/ask-again",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentPage),
)
async def ask_provider_again(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID]
) -> Response[bytes]:  # fmt: skip -- the signature reads as one sentence
    """Ask the card provider at once about what is open for the ride, instead of at the next planned time."""

    async def ask(deed: Deed) -> Facts:
        await payments.ask_again(deed, call_id)
        return {}

    return await _do(request, context, principal, _Order(call_id, Permission.PAYMENTS_SETTLE, "payment.asked", ask))


@post(
    "/console/calls/{call_id:uuid}/payment/write-off",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentPage),
)
async def write_off_payment(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[WriteOffIn]
) -> Response[bytes]:
    """Give up what is left of a bill: the company bears it, never the driver."""

    async def give_up(deed: Deed) -> Facts:
        left = (await payments.money_of(deed.tx, deed.company_id, call_id)).outstanding
        await payments.write_off(deed, call_id, data.reason)
        return {"amount_won": left}

    return await _do(
        request, context, principal, _Order(call_id, Permission.PAYMENTS_WRITE_OFF, "payment.written_off", give_up)
    )


@post(
    "/console/calls/{call_id:uuid}/payment/transfer",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentPage),
)
async def receive_payment_transfer(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[TransferIn]
) -> Response[bytes]:
    """The payer sent what is left of a bill to the company's bank."""

    async def receive(deed: Deed) -> Facts:
        left = (await payments.money_of(deed.tx, deed.company_id, call_id)).outstanding
        await payments.receive_transfer(deed, call_id, data.reference, data.amount)
        return {"amount_won": left}

    return await _do(
        request, context, principal, _Order(call_id, Permission.PAYMENTS_SETTLE, "payment.transferred", receive)
    )


@post(
    "/console/calls/{call_id:uuid}/payment/cash",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentPage),
)
async def correct_payment_cash(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[CashIn]
) -> Response[bytes]:
    """Put right what the driver said of the cash; what they have not received is owed again (I-019)."""

    async def correct(deed: Deed) -> Facts:
        bill = await payments.correct_cash(deed, call_id, data.reason, received=data.received)
        return {"amount_won": bill.amount, "received": data.received}

    return await _do(
        request, context, principal, _Order(call_id, Permission.PAYMENTS_ADJUST, "payment.cash_corrected", correct)
    )


@get("/console/payments")
async def list_payments(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Annotated[str, QueryParameter(max_length=Q_LIMIT)] = "",
    wanted: Annotated[BillState | None, QueryParameter(name="state")] = None,
    method: FromQuery[Method | None] = None,
    cursor: FromQuery[UUID | None] = None,
) -> PaymentRows:
    """The company's bills, newest first; `q` is a call number or a telephone number, whole or its last four digits."""
    refuse_unknown(request, _PAYMENT_FIELDS)
    return await payment_rows.search(context, viewer_of(principal), PaymentQuery(q, wanted, method, cursor))


async def _do(request: Req, context: WebContext, principal: Principal, order: _Order) -> Response[bytes]:
    """Do it, keep it in the audit log, and answer with the ride's money as it is now."""
    _require(principal, Permission.PAYMENTS_READ)
    principal.require(order.permission)

    async def work(tx: Tx) -> PaymentPage:
        facts = await order.deed(deed_of(tx, context, principal))
        await audit(
            tx,
            request,
            context,
            principal,
            action=order.action,
            subject_kind="call",
            subject_id=order.call_id,
            facts=facts,
        )
        return await payment_page.read(tx, context, principal, order.call_id)

    return await context.commands.run(request, principal, work)


def _require(principal: Principal, permission: Permission) -> None:
    require_staff(principal)
    principal.require(permission)


router = Router(
    path="/",
    route_handlers=[
        get_payment,
        settle_payment,
        adjust_payment,
        agree_fare,
        ask_provider_again,
        write_off_payment,
        receive_payment_transfer,
        correct_payment_cash,
        list_payments,
    ],
    tags=["console"],
)
