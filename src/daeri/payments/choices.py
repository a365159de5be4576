"""What staff may do about a ride's money as it stands, and why not: the same decisions that the commands make."""

from dataclasses import dataclass
from typing import TypeVar

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.companies import api as companies
from daeri.infra.database import Tx
from daeri.kernel.result import Allowed, Refused
from daeri.payments import bill_store, card_store, charge_store, claiming, ledger, policy
from daeri.payments.model import Bill, EntryKind, PaymentPolicy
from daeri.payments.policy import (
    AdjustRefusal,
    AgreeRefusal,
    AskRefusal,
    CashRefusal,
    MoneyFacts,
    RestRefusal,
    SettleRefusal,
)

Refusal = SettleRefusal | AdjustRefusal | AgreeRefusal | RestRefusal | CashRefusal | AskRefusal
One = TypeVar("One", SettleRefusal, AdjustRefusal, AgreeRefusal, RestRefusal, CashRefusal, AskRefusal)


@dataclass(frozen=True, slots=True)
class Choices:
    """For each deed why it is refused now; None where it may be done."""

    settle: SettleRefusal | None
    adjust: AdjustRefusal | None  # by whatever amount
    agree: AgreeRefusal | None
    ask_again: AskRefusal | None
    write_off: RestRefusal | None
    transfer: RestRefusal | None
    cash_received: CashRefusal | None
    cash_not_received: CashRefusal | None


@dataclass(frozen=True, slots=True)
class Room:
    """Whom to call about a partner's call; `phone` may be empty."""

    name_ko: str
    name_en: str
    phone: str


async def read(tx: Tx, call: Call, rules: PaymentPolicy) -> Choices:
    """For this very call, which may be a reconnected one or a partner's."""
    bill = await bill_store.get(tx, call.company_id, call.id)
    facts = await facts_of(tx, call, bill)
    return Choices(
        settle=_why_not(policy.decide_settle(facts)),
        adjust=_why_not(policy.decide_adjust(facts, None, rules)),
        agree=_why_not(policy.decide_agree(facts, rules)),
        ask_again=_why_not(policy.decide_ask_again(facts)),
        write_off=_why_not(policy.decide_write_off(facts)),
        transfer=_why_not(policy.decide_transfer(facts)),
        cash_received=_why_not(policy.decide_cash(facts, received=True)),
        cash_not_received=_why_not(policy.decide_cash(facts, received=False)),
    )


async def facts_of(tx: Tx, call: Call, bill: Bill | None) -> MoneyFacts:
    """What the policy decides by."""
    has_card = bill is not None and bool(await card_store.cards(tx, call.company_id, bill.payer_id))
    is_under_way = await charge_store.is_under_way(tx, call.id)
    by_bank = bill is not None and await claiming.is_paid_by_bank(tx, bill)
    goes_on = await calls.reconnection(tx, call.company_id, call.id)
    has_cash = bill is not None and await ledger.stands(tx, call.id, EntryKind.CASH_COLLECTED)
    return MoneyFacts(call, bill, is_under_way, has_card, goes_on, is_paid_by_bank=by_bank, has_driver_cash=has_cash)


async def room_of(tx: Tx, call: Call) -> Room:
    """The orderer's situation room: its customers' payments are not visible here (R-029)."""
    orderer = await companies.get(tx, call.orderer_id)
    centre = orderer.settings.customer_centre
    return Room(centre.name_ko or orderer.brand_ko, centre.name_en or orderer.brand_en, centre.phone)


def _why_not(decided: Allowed | Refused[One]) -> One | None:
    return decided.reason if isinstance(decided, Refused) else None
