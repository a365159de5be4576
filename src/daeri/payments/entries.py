"""PURE: what each thing that happens to money writes into the ledger; the lines of an entry sum to zero."""

from uuid import UUID

from daeri.kernel.money import Won
from daeri.payments.model import Account, Bill, Line


def fare_due(bill: Bill) -> tuple[Line, ...]:
    """The ride is owed: what it leaves to its driver, to the company and to the insurer."""
    split = bill.split
    return (
        Line(Account(bill.payer.value), split.amount, bill.payer_id),
        Line(Account.DRIVER, -split.net, bill.driver_id),
        Line(Account.COMMISSION, -split.commission),
        Line(Account.PREMIUM, -split.premium),
    )


def cash_collected(bill: Bill) -> tuple[Line, ...]:
    """The driver has the money of the payer: commission and premium come out of the driver's balance."""
    return (
        Line(Account.DRIVER, bill.amount, bill.driver_id),
        Line(Account(bill.payer.value), -bill.amount, bill.payer_id),
    )


def captured(bill: Bill, amount: Won) -> tuple[Line, ...]:
    """The provider holds what the payer owed."""
    return Line(Account.CARDS, amount), Line(Account(bill.payer.value), -amount, bill.payer_id)


def cancelled(bill: Bill, amount: Won) -> tuple[Line, ...]:
    """The provider gave it back, and the payer owes it again."""
    return Line(Account.CARDS, -amount), Line(Account(bill.payer.value), amount, bill.payer_id)


def written_off(bill: Bill, amount: Won) -> tuple[Line, ...]:
    """Nobody will pay it: the company bears it, never the driver."""
    return Line(Account.WRITE_OFFS, amount), Line(Account(bill.payer.value), -amount, bill.payer_id)


def transfer_received(bill: Bill, amount: Won) -> tuple[Line, ...]:
    """The payer sent it to the company's bank."""
    return Line(Account.BANK, amount), Line(Account(bill.payer.value), -amount, bill.payer_id)


def topped_up_by_card(driver_id: UUID, amount: Won) -> tuple[Line, ...]:
    return Line(Account.CARDS, amount), Line(Account.DRIVER, -amount, driver_id)


def top_up_cancelled(driver_id: UUID, amount: Won) -> tuple[Line, ...]:
    return Line(Account.CARDS, -amount), Line(Account.DRIVER, amount, driver_id)


def topped_up(driver_id: UUID, amount: Won) -> tuple[Line, ...]:
    """The driver sent money to the company's bank."""
    return Line(Account.BANK, amount), Line(Account.DRIVER, -amount, driver_id)


def payout_begun(driver_id: UUID, amount: Won) -> tuple[Line, ...]:
    """Debited when it is asked for, once."""
    return Line(Account.DRIVER, amount, driver_id), Line(Account.PAYOUTS, -amount)


def payout_done(amount: Won) -> tuple[Line, ...]:
    return Line(Account.PAYOUTS, amount), Line(Account.BANK, -amount)


def payout_returned(driver_id: UUID, amount: Won) -> tuple[Line, ...]:
    """The bank sent it back: it is the driver's again."""
    return Line(Account.PAYOUTS, amount), Line(Account.DRIVER, -amount, driver_id)


def account_settled(account: Account, owner_id: UUID, amount: Won) -> tuple[Line, ...]:
    """A business account or an orderer paid a month's statement."""
    return Line(Account.BANK, amount), Line(account, -amount, owner_id)
