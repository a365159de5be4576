"""What a drive has cost, as its customer sees it. Pure."""

from daeri.calls.model import Call, NoReceipt, State
from daeri.customers.model import Payer
from daeri.kernel.money import Won
from daeri.pricing.model import FarePlan, LineKind, QuoteLine
from daeri.web.wire_parts import ReceiptOut


def receipt_of(call: Call, driver_name: str | None) -> ReceiptOut:
    """The receipt of a completed call, whose lines add up to its total; NoReceipt for any other."""
    if call.state is not State.COMPLETED or call.ended_at is None:
        raise NoReceipt(state=call.state)
    total = call.fare.amount if call.final_amount is None else call.final_amount
    duration = None if call.started_at is None else call.ended_at - call.started_at
    return ReceiptOut(
        number=call.number,
        lines=_lines(call, total),
        total=total,
        payment=call.payment,
        payer=Payer.CUSTOMER if call.business is None else call.business.payer,
        started_at=call.started_at,
        ended_at=call.ended_at,
        distance_m=call.route_m,
        duration_s=None if duration is None else int(duration.total_seconds()),
        driver_name=driver_name,
    )


def _lines(call: Call, total: Won) -> tuple[QuoteLine, ...]:
    """What was agreed, and what waiting added; by meter what it showed."""
    waited = (QuoteLine(LineKind.WAITING, call.waiting_won),) if call.waiting_won else ()
    if call.fare.plan is FarePlan.METER:
        return (QuoteLine(LineKind.METER, Won(total - call.waiting_won)), *waited)
    agreed = call.lines or (QuoteLine(LineKind.TYPED, call.fare.amount),)
    return (*agreed, *waited)
