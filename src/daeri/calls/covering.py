"""A drive is insured from its start to its end, in the transactions that move its call (I-028)."""

from datetime import datetime

from daeri.calls import policy
from daeri.calls.model import Call, Kind, State
from daeri.infra.database import Tx
from daeri.insurance import api as insurance
from daeri.insurance.model import Drive


async def begin(tx: Tx, call: Call, *, now: datetime) -> None:
    """The drive that has just begun is covered; a reconnected one belongs to the customer's own call."""
    if call.driver_id is None or call.performer_id is None:
        return
    drive = Drive(
        call_id=call.id,
        ride_id=call.reconnects_call_id or call.id,
        company_id=call.company_id,
        driver_id=call.driver_id,
        performer_id=call.performer_id,
        by_partner=policy.label_of(call).kind is Kind.CONSIGNED,
        service=call.service,
        region=call.origin.region,
    )
    await insurance.begin(tx, drive, now=now)


async def end(tx: Tx, call: Call, *, now: datetime) -> None:
    """The drive has arrived, or was cut off; a call that ended before its drive was never covered."""
    if call.state is State.COMPLETED or call.cancelled_from is State.DRIVING:
        await insurance.end(tx, call.id, now=now)
