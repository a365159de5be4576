"""A ride's money as the page of its call shows it, and what the asker may do about it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from msgspec.structs import replace

from daeri.accounts.model import Permission, Principal
from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Actor, Source
from daeri.payments import api as payments
from daeri.payments.api import Choices, Money
from daeri.payments.charge_model import Cancel, Card, Charge
from daeri.payments.model import Account, AgreedFare, Bill, PaymentPolicy, Task
from daeri.web.console.money_reads import (
    PaymentAgreement,
    PaymentBill,
    PaymentCall,
    PaymentCancel,
    PaymentCard,
    PaymentCharge,
    PaymentDeed,
    PaymentDeeds,
    PaymentEvent,
    PaymentPage,
    PaymentTask,
    SituationRoom,
)
from daeri.web.console_rows import shown_names
from daeri.web.console_rows.call_rows import UNKNOWN
from daeri.web.context import WebContext

NOT_PERMITTED = "not_permitted"
Names = Mapping[UUID, str]


async def read(tx: Tx, context: WebContext, principal: Principal, call_id: UUID) -> PaymentPage:
    """All that staff may know of the money of the call's ride; CallNotFound."""
    company_id = principal.company_id
    money = await payments.money_of(tx, company_id, call_id)
    original = money.original
    asked = original if original.id == call_id else await calls.get(tx, company_id, call_id)
    rules = context.shelf.of(company_id).read(PaymentPolicy, at=context.clock.now()).value
    goes_on = await calls.reconnection(tx, company_id, original.id)
    page = PaymentPage(
        call_id=call_id,
        original=_call(original),
        goes_on=None if goes_on is None else _call(goes_on),
        deeds=_deeds(principal, await payments.choices_of(tx, asked, rules)),
        floor_won=rules.adjust_floor_won,
        ceiling_won=rules.adjust_ceiling_won,
    )
    if original.source is not Source.OWN:
        room = await payments.situation_room(tx, original)
        return replace(page, room=SituationRoom(room.name_ko, room.name_en, room.phone))
    return await _with_money(tx, context, principal, page, money)


def task_row(task: Task, names: Names) -> PaymentTask:
    """A task as lists show it."""
    return PaymentTask(
        id=task.id,
        kind=task.kind,
        call_id=task.call_id,
        number=task.number,
        amount=task.amount,
        opened_at=task.opened_at,
        due_at=task.due_at,
        escalated_at=task.escalated_at,
        owner_id=task.owner_id,
        owner=None if task.owner_id is None else names.get(task.owner_id, UNKNOWN),
        done_at=task.done_at,
        note=task.note,
    )


async def _with_money(
    tx: Tx, context: WebContext, principal: Principal, page: PaymentPage, money: Money
) -> PaymentPage:  # fmt: skip -- the signature reads as one sentence
    company_id, bill, agreed = principal.company_id, money.bill, money.agreed
    history = await payments.bill_history(tx, company_id, money.original.id)
    names = await _names(tx, context, company_id, money, history)
    cards = [await payments.card_by_id(tx, company_id, each) for each in {charge.card_id for charge in money.charges}]
    used = {card.id: _card(card) for card in cards if card is not None}
    return replace(
        page,
        bill=None if bill is None else _bill(bill, names),
        outstanding=money.outstanding,
        is_under_way=_is_under_way(money),
        charges=[_charge(charge, money.cancels, used.get(charge.card_id), names) for charge in money.charges],
        agreed=None if agreed is None else _agreed(agreed, names),
        tasks=[task_row(task, names) for task in money.tasks],
        history=[_event(event, names) for event in history],
        cards=[] if bill is None else await _cards_to_charge(tx, principal, bill),
    )


async def _cards_to_charge(tx: Tx, principal: Principal, bill: Bill) -> list[PaymentCard]:
    if not _may(principal, Permission.PAYMENTS_SETTLE):
        return []
    return [_card(card) for card in await payments.cards(tx, principal.company_id, bill.payer_id)]


async def _names(
    tx: Tx, context: WebContext, company_id: CompanyId, money: Money, history: Sequence[Event]
) -> Names:  # fmt: skip -- the signature reads as one sentence
    ids = [event.actor.id for event in history]
    ids += [charge.actor.id for charge in money.charges]
    ids += [cancel.actor.id for cancel in money.cancels]
    ids += [task.owner_id for task in money.tasks]
    ids += [] if money.agreed is None else [money.agreed.by_id]
    names = dict(await shown_names.people(tx, context, company_id, ids))
    if money.bill is not None:
        payer = (Account(money.bill.payer.value), money.bill.payer_id)
        names.update(await shown_names.owners(tx, context, company_id, [payer]))
    return names


def _is_under_way(money: Money) -> bool:
    charged = any(charge.ended_at is None for charge in money.charges)
    return charged or any(cancel.ended_at is None for cancel in money.cancels)


def _deeds(principal: Principal, found: Choices) -> PaymentDeeds:
    settle, adjust = Permission.PAYMENTS_SETTLE, Permission.PAYMENTS_ADJUST
    return PaymentDeeds(
        settle=_deed(principal, settle, found.settle),
        adjust=_deed(principal, adjust, found.adjust),
        agree=_deed(principal, adjust, found.agree),
        ask_again=_deed(principal, settle, found.ask_again),
        write_off=_deed(principal, Permission.PAYMENTS_WRITE_OFF, found.write_off),
        transfer=_deed(principal, settle, found.transfer),
        cash_received=_deed(principal, adjust, found.cash_received),
        cash_not_received=_deed(principal, adjust, found.cash_not_received),
    )


def _deed(principal: Principal, needed: Permission, why_not: StrEnum | None) -> PaymentDeed:
    """What cannot be done by anybody is told first: nobody need ask for a permission then."""
    reason = why_not or (None if _may(principal, needed) else NOT_PERMITTED)
    return PaymentDeed(reason is None, reason)


def _may(principal: Principal, needed: Permission) -> bool:
    return needed in principal.permissions


def _call(call: Call) -> PaymentCall:
    return PaymentCall(call.id, call.number, call.state)


def _card(card: Card) -> PaymentCard:
    return PaymentCard(card.id, card.issuer, card.number_masked, card.is_default)


def _bill(bill: Bill, names: Names) -> PaymentBill:
    split = bill.split
    return PaymentBill(
        kind=bill.kind,
        payer=bill.payer,
        payer_name=names.get(bill.payer_id, UNKNOWN),
        method=bill.method,
        state=bill.state,
        amount=split.amount,
        commission=split.commission,
        commission_percent=split.commission_percent,
        premium=split.premium,
        net=split.net,
        fares=bill.split_count,
        opened_at=bill.opened_at,
        settled_at=bill.settled_at,
        claimed_at=bill.claimed_at,
        claim_reason=bill.claim_reason,
    )


def _charge(charge: Charge, cancels: Sequence[Cancel], card: PaymentCard | None, names: Names) -> PaymentCharge:
    return PaymentCharge(
        id=charge.id,
        purpose=charge.purpose,
        amount=charge.amount,
        cancelled=charge.cancelled,
        state=charge.state,
        refusal=charge.refusal,
        attempts=charge.attempts,
        at=charge.created_at,
        ended_at=charge.ended_at,
        actor_kind=charge.actor.kind,
        actor_name=_name(charge.actor, names),
        card=card,
        cancels=[_cancel(cancel, names) for cancel in cancels if cancel.charge_id == charge.id],
    )


def _cancel(cancel: Cancel, names: Names) -> PaymentCancel:
    return PaymentCancel(
        id=cancel.id,
        amount=cancel.amount,
        then_amount=cancel.then_amount,
        state=cancel.state,
        reason=cancel.reason,
        refusal=cancel.refusal,
        attempts=cancel.attempts,
        at=cancel.created_at,
        ended_at=cancel.ended_at,
        actor_kind=cancel.actor.kind,
        actor_name=_name(cancel.actor, names),
    )


def _agreed(agreed: AgreedFare, names: Names) -> PaymentAgreement:
    return PaymentAgreement(agreed.amount, agreed.reason, agreed.at, names.get(agreed.by_id, UNKNOWN))


def _event(event: Event, names: Names) -> PaymentEvent:
    told = event.data
    return PaymentEvent(
        at=event.at,
        kind=event.kind,
        actor_kind=event.actor.kind,
        actor_name=_name(event.actor, names),
        amount=_won(told.get("amount")),
        amount_before=_won(told.get("amount_before")),
        then_amount=_won(told.get("then_amount")),
        reason=_text(told.get("reason")),
        refusal=_text(told.get("refusal")),
        how=_text(told.get("how")),
    )


def _name(actor: Actor, names: Names) -> str | None:
    return None if actor.id is None else names.get(actor.id, UNKNOWN)


def _won(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
