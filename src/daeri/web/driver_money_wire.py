"""What the API's JSON looks like where it is about a driver's balance: statements, withdrawals, top-ups."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.companies.model import BankDetails
from daeri.payments import api as payments
from daeri.payments.api import balances, statements
from daeri.payments.charge_model import CardRefusal, Charge, ChargeState
from daeri.payments.model import PaymentPolicy
from daeri.payments.payout_model import BankAccount, GivenAccount, Payout, PayoutState

LONGEST_HOLDER = payments.payouts.LONGEST_HOLDER
WonIn = Annotated[int, Meta(ge=1, le=1_000_000_000)]
_VISIBLE = r"^[^\x00]*[^\x00\s][^\x00]*$"


class BankAccountIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`bank` is the clearing house's code of three digits; the number may have hyphens and spaces."""

    bank: Annotated[str, Meta(pattern=r"^[0-9]{3}$")]
    number: Annotated[str, Meta(min_length=8, max_length=40, pattern=r"^[0-9 -]+$")]
    holder: Annotated[str, Meta(min_length=1, max_length=LONGEST_HOLDER, pattern=_VISIBLE)]


class BankAccountOut(msgspec.Struct, frozen=True):
    bank: str
    number_masked: str
    holder: str
    changed_at: datetime


class BankAccountPageOut(msgspec.Struct, frozen=True):
    """The account, if there is one, and the codes of the banks that a form offers.

    Who changes the account waits `hold_hours` for the next withdrawal.
    """

    account: BankAccountOut | None
    banks: tuple[str, ...]
    hold_hours: int


class PayoutIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: WonIn


class PayoutOut(msgspec.Struct, frozen=True):
    """A withdrawal. `reference` is the bank's word, or why it came back."""

    id: UUID
    amount: int
    state: PayoutState
    bank: str
    number_masked: str
    holder: str
    requested_at: datetime
    ended_at: datetime | None
    reference: str


class PayoutPageOut(msgspec.Struct, frozen=True):
    items: tuple[PayoutOut, ...]
    next_cursor: str | None


class TopUpIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much, with which of one's own cards; without one with the default card."""

    amount: WonIn
    card_id: UUID | None = None


class TopUpState(StrEnum):
    UNDER_WAY = "under_way"
    DONE = "done"
    REFUSED = "refused"


class TopUpOut(msgspec.Struct, frozen=True):
    """A top-up by card; `refusal` is why the provider said no."""

    id: UUID
    amount: int
    state: TopUpState
    at: datetime
    refusal: CardRefusal | None = None


class TransferToOut(msgspec.Struct, frozen=True):
    """The company's account for top-ups by bank."""

    bank: str
    number: str
    holder: str


class BalanceOut(msgspec.Struct, frozen=True):
    """The prepaid balance, in won. `is_short`: too low for new calls; `is_low`: soon so. Without `minimum` never.

    `payable` may be withdrawn, from `payout_minimum` on, and not before `held_until`. A top-up lies between
    `top_up_floor` and `top_up_ceiling`.
    """

    balance: int
    minimum: int | None
    is_short: bool
    is_low: bool
    payable: int
    payout_minimum: int
    account: BankAccountOut | None
    held_until: datetime | None
    payout: PayoutOut | None
    top_ups: tuple[TopUpOut, ...]
    top_up_floor: int
    top_up_ceiling: int
    can_top_up_by_card: bool
    transfer_to: TransferToOut | None


class StatementLineOut(msgspec.Struct, frozen=True):
    """What a line adds to the balance, and of what: for a ride its fare, of which commission and premium are taken."""

    what: statements.LineWhat
    at: datetime
    amount: int
    call_id: UUID | None
    number: str | None
    fare: int
    commission: int
    commission_percent: int | None
    premium: int
    note: str


class StatementDayOut(msgspec.Struct, frozen=True):
    day: date
    change: int
    closing: int
    lines: tuple[StatementLineOut, ...]


class StatementOut(msgspec.Struct, frozen=True):
    """Newest day first, its lines as they came. `opening` and all changes make `closing`; quiet days are left out."""

    since: date
    until: date
    opening: int
    closing: int
    days: tuple[StatementDayOut, ...]


def given_account(data: BankAccountIn) -> GivenAccount:
    return GivenAccount(data.bank, data.number, data.holder)


def account_out(account: BankAccount) -> BankAccountOut:
    return BankAccountOut(account.bank, account.number_masked, account.holder, account.changed_at)


def payout_out(payout: Payout) -> PayoutOut:
    return PayoutOut(
        payout.id,
        payout.amount,
        payout.state,
        payout.bank,
        payout.number_masked,
        payout.holder,
        payout.requested_at,
        payout.ended_at,
        payout.reference,
    )


def top_up_out(charge: Charge) -> TopUpOut:
    """Nobody need know that the provider is asked in two steps, nor that its answer may be unknown for a while."""
    match charge.state:
        case ChargeState.CAPTURED:
            state = TopUpState.DONE
        case ChargeState.DECLINED:
            state = TopUpState.REFUSED
        case _:
            state = TopUpState.UNDER_WAY
    return TopUpOut(charge.id, charge.amount, state, charge.created_at, charge.refusal)


def balance_out(
    found: balances.Balance,
    *,
    account: BankAccount | None,
    held_until: datetime | None,
    payout: Payout | None,
    top_ups: Iterable[Charge],
    policy: PaymentPolicy,
    has_cards: bool,
    bank: BankDetails,
) -> BalanceOut:
    return BalanceOut(
        balance=found.won,
        minimum=found.minimum_won,
        is_short=found.is_short,
        is_low=found.is_low,
        payable=found.payable_won,
        payout_minimum=found.payout_minimum_won,
        account=None if account is None else account_out(account),
        held_until=held_until,
        payout=None if payout is None else payout_out(payout),
        top_ups=tuple(map(top_up_out, top_ups)),
        top_up_floor=policy.adjust_floor_won,
        top_up_ceiling=policy.adjust_ceiling_won,
        can_top_up_by_card=has_cards,
        transfer_to=TransferToOut(bank.bank, bank.number, bank.holder) if bank.number else None,
    )


def statement_out(found: statements.DriverStatement) -> StatementOut:
    days = tuple(
        StatementDayOut(day.day, day.change, day.closing, tuple(map(line_out, day.lines)))
        for day in reversed(found.days)
    )
    return StatementOut(found.since, found.until, found.opening, found.closing, days)


def line_out(line: statements.DriverLine) -> StatementLineOut:
    return StatementLineOut(
        what=statements.what_of(line),
        at=line.at,
        amount=line.amount,
        call_id=line.call_id,
        number=line.number,
        fare=line.fare,
        commission=line.commission,
        commission_percent=line.commission_percent,
        premium=line.premium,
        note=line.note,
    )
