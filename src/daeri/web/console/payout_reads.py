"""The shapes of money that leaves and comes in as the console shows it: payouts, files, statements."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from daeri.customers.model import Payer
from daeri.payments.model import BillKind, BillState
from daeri.payments.payout_model import PayoutState
from daeri.web.driver_money_wire import StatementOut


class PayoutRow(msgspec.Struct, frozen=True):
    """One withdrawal; `reference` is the bank's word, or why it came back.

    Whoever sends it looks twice where the driver is suspended, or the account is in another name than the driver's.
    """

    id: UUID
    driver_id: UUID
    driver_name: str
    driver_suspended: bool
    amount: int
    state: PayoutState
    bank: str
    number_masked: str
    holder: str
    holder_differs: bool
    file_id: UUID | None
    requested_at: datetime
    ended_at: datetime | None
    reference: str


class PayoutFigures(msgspec.Struct, frozen=True):
    """What waits for the next file, and what the bank has not answered about: how many, and how much."""

    requested: int
    requested_won: int
    sent: int
    sent_won: int


class PayoutRows(msgspec.Struct, frozen=True):
    """Newest first."""

    items: list[PayoutRow]
    figures: PayoutFigures
    next_cursor: str | None = None


class PayoutFileRow(msgspec.Struct, frozen=True):
    """Payouts that went to the bank together."""

    id: UUID
    made_at: datetime
    made_by: str
    payouts: int
    total: int


class PayoutFileRows(msgspec.Struct, frozen=True):
    items: list[PayoutFileRow]
    next_cursor: str | None = None


class ReceiptRow(msgspec.Struct, frozen=True):
    """Money that came to the company's bank."""

    id: UUID
    reference: str
    amount: int
    at: datetime


class DriverMoney(msgspec.Struct, frozen=True):
    """A driver's balance now, and the statement of the days that were asked for."""

    driver_id: UUID
    driver_name: str
    balance: int
    minimum: int | None
    is_short: bool
    is_low: bool
    top_up_floor: int
    top_up_ceiling: int
    may_manage: bool
    statement: StatementOut


class BusinessRow(msgspec.Struct, frozen=True):
    """A business account: its rides of this month and their sum, and all that is not paid."""

    id: UUID
    name: str
    payer: Payer
    closed_at: datetime | None
    rides: int
    total: int
    due: int


class BusinessRows(msgspec.Struct, frozen=True):
    """By name; `month` is its first day in Korea."""

    month: date
    items: list[BusinessRow]


class BusinessRideRow(msgspec.Struct, frozen=True):
    """A ride of a statement."""

    call_id: UUID
    number: str
    kind: BillKind
    ended_at: datetime
    rider: str
    origin: str
    destination: str
    amount: int
    state: BillState


class BusinessMonthRow(msgspec.Struct, frozen=True):
    month: date
    rides: int
    total: int
    due: int


class BusinessMonth(msgspec.Struct, frozen=True):
    """A business account's statement of a month; `due` is what of its `total` is not paid. `months` are all it has."""

    id: UUID
    name: str
    month: date
    rides: list[BusinessRideRow]
    total: int
    due: int
    receipts: list[ReceiptRow]
    months: list[BusinessMonthRow]
    may_manage: bool
