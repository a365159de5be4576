"""A driver's money: the prepaid balance and what made it, withdrawals to a bank, top-ups."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, Router, get, post, put
from litestar.params import FromQuery, JSONBody

from daeri.accounts.model import Principal
from daeri.companies import api as companies
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.payments import api as payments
from daeri.payments.model import BalancePolicy, PaymentPolicy
from daeri.payments.payout_model import BANKS, PayoutFilter
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.driver_money_wire import (
    BalanceOut,
    BankAccountIn,
    BankAccountOut,
    BankAccountPageOut,
    PayoutIn,
    PayoutOut,
    PayoutPageOut,
    StatementOut,
    TopUpIn,
    TopUpOut,
    account_out,
    balance_out,
    given_account,
    payout_out,
    statement_out,
    top_up_out,
)
from daeri.web.money import audit, cards_of, deed_of
from daeri.web.principals import WhoAsks, driver_of
from daeri.web.spans import QUARTER, From, To, span

Req = Request[Any, Any, Any]
PAGE: Final = 30


@get("/driver/balance")
async def get_balance(context: Context, principal: WhoAsks) -> BalanceOut:
    """The driver's balance, whether it is too low for calls, and how to fill and withdraw it."""
    driver_id = driver_of(principal)
    async with context.database.snapshot() as tx:
        return await read_balance(tx, context, principal, driver_id)


@get("/driver/statement")
async def get_statement(context: Context, principal: WhoAsks, since: From = None, until: To = None) -> StatementOut:
    """What made the balance, day by day and line by line; both ends included, a quarter of a year at most."""
    driver_id = driver_of(principal)
    first, last = span(context, since, until, longest=QUARTER)
    async with context.database.snapshot() as tx:
        return statement_out(await payments.statements.of_driver(tx, principal.company_id, driver_id, first, last))


@get("/driver/bank-account")
async def get_bank_account(context: Context, principal: WhoAsks) -> BankAccountPageOut:
    """Where withdrawals go; the number is masked."""
    driver_id = driver_of(principal)
    async with context.database.reading() as tx:
        found = await payments.payouts.account(tx, principal.company_id, driver_id)
    policy = context.shelf.of(principal.company_id).read(BalancePolicy, at=context.clock.now()).value
    return BankAccountPageOut(None if found is None else account_out(found), BANKS, policy.account_hold_hours)


@put("/driver/bank-account", status_code=200, operation_class=Command, responses=answers(200, BankAccountOut))
async def put_bank_account(
    request: Req, context: Context, principal: WhoAsks, data: JSONBody[BankAccountIn]
) -> Response[bytes]:
    """Where withdrawals go from now on; one that is under way goes where it was to go."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> BankAccountOut:
        now, ring = context.clock.now(), context.gate.ring
        kept = await payments.payouts.put_account(
            tx, ring, principal.company_id, driver_id, given_account(data), now=now
        )  # fmt: skip -- one call
        await audit(
            tx,
            request,
            context,
            principal,
            action="bank_account.put",
            subject_kind="driver",
            subject_id=driver_id,
            facts={"bank": kept.bank, "version": kept.version},
        )
        return account_out(kept)

    return await context.commands.run(request, principal, work)


@get("/driver/payouts")
async def list_payouts(context: Context, principal: WhoAsks, cursor: FromQuery[UUID | None] = None) -> PayoutPageOut:
    """The driver's withdrawals, newest first."""
    wanted = PayoutFilter(principal.company_id, driver_id=driver_of(principal))
    async with context.database.reading() as tx:
        found = await payments.payouts.find(tx, wanted, before=cursor, limit=PAGE + 1)
    shown = found[:PAGE]
    return PayoutPageOut(tuple(map(payout_out, shown)), str(shown[-1].id) if len(found) > PAGE else None)


@post("/driver/payouts", status_code=201, operation_class=Command, responses=answers(201, PayoutOut))
async def request_payout(
    request: Req, context: Context, principal: WhoAsks, data: JSONBody[PayoutIn]
) -> Response[bytes]:
    """Withdraw from the balance, which is debited at once; one withdrawal at a time."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> PayoutOut:
        return payout_out(
            await payments.payouts.request(deed_of(tx, context, principal), driver_id, data.amount)
        )  # fmt: skip -- one call

    return await context.commands.run(request, principal, work, status=201)


@post("/driver/top-ups", status_code=201, operation_class=Command, responses=answers(201, TopUpOut))
async def top_up(request: Req, context: Context, principal: WhoAsks, data: JSONBody[TopUpIn]) -> Response[bytes]:
    """Fill the balance from one's own card; the provider is asked at once, and its answer is in the balance."""
    driver_id = driver_of(principal)
    cards_of(context)

    async def work(tx: Tx) -> TopUpOut:
        deed = deed_of(tx, context, principal)
        charge_id = await payments.receipts.top_up_by_card(deed, driver_id, data.amount, data.card_id)
        newest = await payments.balances.top_ups(tx, principal.company_id, driver_id)
        return top_up_out(next(charge for charge in newest if charge.id == charge_id))

    return await context.commands.run(request, principal, work, status=201)


async def read_balance(tx: Tx, context: WebContext, principal: Principal, driver_id: DriverId) -> BalanceOut:
    """The balance as it stands, with everything that its screen needs."""
    company_id, now = principal.company_id, context.clock.now()
    book = context.shelf.of(company_id)
    found = await payments.balance_of(tx, book, company_id, driver_id, now=now)
    account = await payments.payouts.account(tx, company_id, driver_id)
    rules = book.read(BalancePolicy, at=now).value
    return balance_out(
        found,
        account=account,
        held_until=payments.payouts.held_until(account, rules, now),
        payout=await payments.payouts.open_of(tx, company_id, driver_id),
        top_ups=await payments.balances.top_ups(tx, company_id, driver_id),
        policy=book.read(PaymentPolicy, at=now).value,
        has_cards=context.cards is not None,
        bank=(await companies.get(tx, company_id)).settings.top_up_bank,
    )


router = Router(
    path="/",
    route_handlers=[
        get_balance,
        get_statement,
        get_bank_account,
        put_bank_account,
        list_payouts,
        request_payout,
        top_up,
    ],
    tags=["driver"],
)
