"""What is changed about a call that goes on: its fare, its rider's number."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from daeri.calls import change_store
from daeri.calls.announcing import TOPIC, announce
from daeri.calls.lookup import get
from daeri.calls.model import Call, FareFixed, RiderFixed, State
from daeri.calls.request_model import NewFare, RiderPhone
from daeri.infra.database import Tx
from daeri.kernel.ids import Ids
from daeri.kernel.terms import Actor
from daeri.pricing import api as pricing


async def change_fare(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    wanted: NewFare,
    actor: Actor,
    *,
    now: datetime,
    ids: Ids,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """Another plan or amount for a call that waits, and goes on waiting (R-056); FareFixed when it does not wait.

    The plans are those of the trip as it was quoted. FareOutOfRange, FareNotTyped, FareMoved, PlanNotOffered.
    """
    known = await get(tx, company_id, call_id)
    if known.state is not State.REQUESTED or known.quote is None:
        raise FareFixed(state=known.state)
    sheet = pricing.plan_sheet(known.quote, wanted.terms, wanted.shortage)
    fare = replace(known.fare, plan=wanted.plan, amount=pricing.choose(sheet, wanted.plan, wanted.amount))
    call = await change_store.change_fare(
        tx,
        call_id,
        company_id,
        fare=fare,
        shortage=wanted.shortage,
        waits_until=now + wanted.waits_for,
        actor=actor,
        event_id=ids.new(),
        now=now,
    )
    if call is None:
        raise FareFixed(state=(await get(tx, company_id, call_id)).state)
    announce(tx, call)
    return call


async def correct_rider(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    phone: RiderPhone,
    *,
    name: str | None = None,
    actor: Actor,
    now: datetime,
    ids: Ids,
) -> Call:
    """The right number for the rider of a call that has not ended (I-058); RiderFixed says why not.

    Without `name` the name stays. Whoever connects voice reads the number at each new call, so that this rebinds it.
    """
    call = await change_store.correct_rider(
        tx, call_id, company_id, name=name, phone=phone, actor=actor, event_id=ids.new(), now=now
    )
    if call is None:
        found = await get(tx, company_id, call_id)
        raise RiderFixed(reason="no_rider" if found.rider is None else "ended")
    tx.hint(f"{TOPIC}.{call.id}", call.state.encode())
    return call
