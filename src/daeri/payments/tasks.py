"""What the end of a drive means for money; each reaction is done once for its event."""

from collections.abc import Sequence

from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.ids import CompanyId, DriverId, ids_from
from daeri.kernel.money import Won
from daeri.payments import bill_store, billing, card_store, charging, choices, policy
from daeri.payments.billing import Deed
from daeri.payments.charge_model import Purpose
from daeri.payments.model import Bill, BillKind, BillState, ClaimReason, Method, Payer, TaskKind
from daeri.payments.policy import Course
from daeri.policies import api as policies
from daeri.regions import api as regions
from daeri.rewards import api as rewards
from daeri.rewards.model import RewardKind, Ride


async def settle_drive(tx: Tx, event: Event) -> None:
    """A completed call is owed; the completion of a reconnected one belongs to the customer's own call (R-114)."""
    call = await calls.get(tx, CompanyId(event.company_id), event.aggregate_id)
    if call.driver_id is None:
        return
    deed = await _deed(tx, event)
    if call.reconnects_call_id is None:
        await _settle(deed, call, call.driver_id, policy.cost_of(call), BillKind.FARE, cash_received=call.cash_received)
    else:
        original = await calls.get(tx, call.company_id, call.reconnects_call_id)
        await _settle_reconnected(deed, original, call, call.driver_id)


async def settle_no_show(tx: Tx, event: Event) -> None:
    """A customer who did not come owes the fee of the waiting's policy."""
    call = await calls.get(tx, CompanyId(event.company_id), event.aggregate_id)
    if call.no_show_fee_won and call.driver_id is not None:
        deed = await _deed(tx, event)
        await _settle(deed, call, call.driver_id, call.no_show_fee_won, BillKind.NO_SHOW, cash_received=False)


async def _settle(
    deed: Deed, call: Call, driver_id: DriverId, amount: Won, kind: BillKind, *, cash_received: bool | None
) -> None:
    bill = await _open(deed, call, driver_id, amount, kind)
    if bill is not None:
        await _go_on(deed, bill, cash_received=cash_received, by_agent=False)


async def _settle_reconnected(deed: Deed, original: Call, drive: Call, driver_id: DriverId) -> None:
    """The eight cells (R-116 … R-123): nothing is charged by itself, cash is booked once, an agent does the rest."""
    agreed = await bill_store.agreed(deed.tx, deed.company_id, original.id)
    bill = await billing.lock(deed, original.id)
    amount = policy.cost_after_reconnection(original, bill, agreed)
    if bill is not None and bill.kind is BillKind.NO_SHOW:  # the customer came after all, and was driven
        await _award(deed, original, driver_id, await _chain(deed, original))
    if bill is None:
        opened = await _open(deed, original, driver_id, amount, BillKind.FARE)
        if opened is not None:
            await _go_on(deed, opened, cash_received=drive.cash_received, by_agent=True)
        return
    facts = await choices.facts_of(deed.tx, original, bill)
    if policy.is_said_otherwise(facts, cash_received=drive.cash_received):
        await billing.open_task(deed, TaskKind.CASH, bill)
        await _leave_to_agent(deed, bill, amount)
    elif original.state is State.COMPLETED and policy.is_cash_alone(facts):
        await _go_on_in_cash(deed, original, bill, amount, cash_received=drive.cash_received)
    else:
        await _leave_to_agent(deed, bill, amount)


async def _leave_to_agent(deed: Deed, bill: Bill, amount: Won) -> None:
    if bill.amount != amount or bill.state is not BillState.PAID:
        await billing.open_task(deed, TaskKind.ADJUST if bill.amount != amount else TaskKind.SETTLE, bill)


async def _go_on_in_cash(
    deed: Deed, original: Call, bill: Bill, amount: Won, *, cash_received: bool | None
) -> None:  # fmt: skip -- the signature reads as one sentence
    """What was agreed holds, and what is a claim by then is paid where the driver says so."""
    if bill.amount != amount:
        bill = await billing.rebook(deed, bill, original, amount, "agreed_before_the_drive")
    if bill.state is BillState.PAID:
        return
    if cash_received:
        await billing.collect_cash(deed, bill)
    else:
        await billing.open_task(deed, TaskKind.SETTLE, bill)


async def _open(deed: Deed, call: Call, driver_id: DriverId, amount: Won, kind: BillKind) -> Bill | None:
    debtor = policy.debtor_of(call)
    if debtor is None:
        return None
    chain = await _chain(deed, call)
    split = billing.split_of(deed.book, call, amount, at=deed.now, chain=chain)
    bill = await billing.open_bill(deed, call, driver_id, debtor, split, kind=kind, drive_ended_at=deed.now)
    if bill is not None and kind is BillKind.FARE:
        await _award(deed, call, driver_id, chain)
    return bill


async def _award(deed: Deed, call: Call, driver_id: DriverId, chain: Sequence[str]) -> None:
    """The drive counts for its driver, once for the customer's own call (I-010); a fee for nothing driven does not."""
    ride = Ride(
        call_id=call.id,
        company_id=call.company_id,
        driver_id=driver_id,
        number=call.number,
        kind=RewardKind(calls.label(call).kind.value),
        service=call.service,
        wanted_at=call.reserved_for or call.requested_at,
        read_at=call.dispatch_at,
        ended_at=deed.now,
    )
    await rewards.award(deed.tx, deed.book, ride, region_chain=chain)


async def _go_on(deed: Deed, bill: Bill, *, cash_received: bool | None, by_agent: bool) -> None:
    if bill.amount == 0:
        await billing.pay(deed, bill, "nothing")
        return
    card = None
    if bill.method is Method.CARD and bill.payer is Payer.CUSTOMER:
        card = await card_store.default_card(deed.tx, bill.company_id, bill.payer_id)
    course, reason = policy.course_of(
        bill.method,
        bill.kind,
        has_card=card is not None,
        cash_received=cash_received,
        by_agent=by_agent,
    )
    match course:
        case Course.CASH:
            await billing.collect_cash(deed, bill)
        case Course.CHARGE if card is not None:
            await charging.charge(deed, bill, card, Purpose.FARE)
        case Course.AGENT:
            await billing.open_task(deed, TaskKind.SETTLE, bill)
        case Course.CLAIM:
            await billing.claim(deed, bill, reason or ClaimReason.NO_CARD)


async def _chain(deed: Deed, call: Call) -> Sequence[str]:
    region = call.origin.region
    return () if region is None else await regions.lineage(deed.tx, region)


async def _deed(tx: Tx, event: Event) -> Deed:
    company_id = CompanyId(event.company_id)
    book = await policies.load_book(tx, company_id)
    return billing.by_system(tx, company_id, book, now=event.at, ids=ids_from(event.id, event.at))
