"""Customers, who shall not meet whom, and cases, as the console shows them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Permission
from daeri.calls import api as calls
from daeri.customers import api as customers
from daeri.customers.bond_model import Cancel, InForce, NeverMeet, Rating, Restriction
from daeri.customers.model import Customer
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.ids import AccountId, CompanyId, CustomerId
from daeri.payments import api as payments
from daeri.payments.model import ClaimPolicy
from daeri.support import api as support
from daeri.support.model import Case, CaseFilter, CaseKind, CaseState
from daeri.web.console.customer_reads import (
    CancelRow,
    CaseEvent,
    CasePage,
    CaseRow,
    CaseRows,
    ClaimRow,
    CustomerPage,
    CustomerRow,
    CustomerRows,
    NeverMeetRow,
    NeverMeetRows,
    RatingRow,
    RestrictionRow,
)
from daeri.web.console.reads import CALLS_PER_PAGE, Viewer
from daeri.web.console_rows import store
from daeri.web.console_rows.call_rows import UNKNOWN, read_cursor
from daeri.web.console_rows.store import CustomerCalls
from daeri.web.console_rows.viewers import StaffViewer, permitted
from daeri.web.context import WebContext

_PEOPLE = (AccountKind.CUSTOMER, AccountKind.DRIVER)
_MOST_ON_A_PAGE = 20  # of each kind of thing on the page of one customer
_NO_CALLS = CustomerCalls()


async def search(
    context: WebContext, viewer: Viewer, q: str, cursor: str | None, *, restricted: bool = False
) -> CustomerRows:
    """The company's customers, newest first; `q` is a telephone number, whole or its last four digits."""
    company_id = permitted(viewer, Permission.CUSTOMERS_READ)
    now = context.clock.now()
    async with context.database.snapshot() as tx:
        ids = await _ids_of(tx, context, company_id, q, (AccountKind.CUSTOMER,))
        found = await customers.page(
            tx,
            company_id,
            ids=ids,
            restricted_at=now if restricted else None,
            before=read_cursor(cursor),
            limit=CALLS_PER_PAGE + 1,
        )
        shown = found[:CALLS_PER_PAGE]
        items = await _customers(tx, context, company_id, shown, now)
        limit = await customers.cancel_limit(tx, company_id, now=now)
    return CustomerRows(items, str(shown[-1].id) if len(found) > len(shown) else None, limit)


async def page(context: WebContext, viewer: Viewer, customer_id: UUID) -> CustomerPage:
    """Everything about a customer of the company; raises CustomerNotFound."""
    company_id = permitted(viewer, Permission.CUSTOMERS_READ)
    now = context.clock.now()
    async with context.database.snapshot() as tx:
        customer = await customers.get(tx, CustomerId(customer_id), company_id)
        (row,) = await _customers(tx, context, company_id, [customer], now)
        standing = await customers.standing(tx, company_id, customer.id, now=now)
        restrictions = await customers.restrictions(tx, company_id, customer.id)
        wishes = await customers.never_meet_list(tx, company_id, people=[customer.id], limit=_MOST_ON_A_PAGE)
        said = await customers.ratings_by(tx, customer.id, limit=_MOST_ON_A_PAGE)
        cases = await _cases_of(tx, viewer, company_id, customer.id)
        claims = await _claims_of(tx, viewer, company_id, customer.id)
        names = await _Names.read(
            tx,
            context,
            company_id,
            people=[
                *(cancel.forgiven_by for cancel, _ in standing.cancels),
                *(restriction.lifted_by for restriction in restrictions),
                *_people_of(wishes),
                *(rating.driver_id for rating in said),
                *_people_in(cases),
            ],
            call_ids=[
                *(cancel.call_id for cancel, _ in standing.cancels),
                *(wish.call_id for wish in wishes),
                *(rating.call_id for rating in said),
                *(case.call_id for case in cases),
            ],
        )
    return CustomerPage(
        customer=row,
        limit=standing.limit,
        window_days=standing.window_days,
        length_hours=standing.length_hours,
        cancels=[_cancel(cancel, names, counts=counts) for cancel, counts in standing.cancels],
        restrictions=[_restriction(each, names) for each in restrictions],
        never_meet=[_never_meet(wish, names) for wish in wishes],
        ratings=[_rating(rating, names) for rating in said],
        cases=[_case(context, case, names) for case in cases],
        claims=claims,
        claims_block=context.shelf.of(company_id).read(ClaimPolicy, at=now).value.blocks_requests,
    )


async def never_meetings(context: WebContext, viewer: Viewer, q: str, cursor: str | None) -> NeverMeetRows:
    """Who asked never to meet whom, newest first; `q` is a customer's or driver's number, whole or its last four."""
    company_id = permitted(viewer, Permission.CUSTOMERS_READ)
    async with context.database.snapshot() as tx:
        people = await _ids_of(tx, context, company_id, q, _PEOPLE)
        before, limit = read_cursor(cursor), CALLS_PER_PAGE + 1
        found = await customers.never_meet_list(tx, company_id, people=people, before=before, limit=limit)
        shown = found[:CALLS_PER_PAGE]
        names = await _Names.read(
            tx, context, company_id, people=_people_of(shown), call_ids=[wish.call_id for wish in shown]
        )
    items = [_never_meet(wish, names) for wish in shown]
    return NeverMeetRows(items, str(shown[-1].id) if len(found) > len(shown) else None)


async def cases(
    context: WebContext,
    viewer: Viewer,
    *,
    state: CaseState | None = None,
    kind: CaseKind | None = None,
    call_id: UUID | None = None,
    cursor: str | None = None,
) -> CaseRows:
    """The company's cases that fit, newest first."""
    company_id = permitted(viewer, Permission.CASES_READ)
    wanted = CaseFilter(company_id, state=state, kind=kind, call_id=call_id)
    async with context.database.snapshot() as tx:
        found = await support.list_cases(tx, wanted, before=read_cursor(cursor), limit=CALLS_PER_PAGE)
        names = await _names_of_cases(tx, context, company_id, found.cases)
    items = [_case(context, case, names) for case in found.cases]
    return CaseRows(items, None if found.next_before is None else str(found.next_before))


async def case_page(context: WebContext, viewer: Viewer, case_id: UUID) -> CasePage:
    """One case with its history; raises CaseNotFound."""
    company_id = permitted(viewer, Permission.CASES_READ)
    async with context.database.snapshot() as tx:
        case = await support.get_case(tx, company_id, case_id)
        history = await support.case_history(tx, company_id, case_id)
        names = await _names_of_cases(tx, context, company_id, [case])
    return CasePage(_case(context, case, names), [_event(event, names) for event in history])


async def case_row(tx: Tx, context: WebContext, case: Case) -> CaseRow:
    """A case as the list shows it."""
    return _case(context, case, await _names_of_cases(tx, context, case.company_id, [case]))


class _Names:
    """What people and calls are shown as: a name, or a masked number where there is none."""

    def __init__(self, people: Mapping[UUID, str], numbers: Mapping[UUID, str]) -> None:
        self._people = people
        self._numbers = numbers

    @classmethod
    async def read(
        cls,
        tx: Tx,
        context: WebContext,
        company_id: CompanyId,
        *,
        people: Iterable[UUID | None],
        call_ids: Iterable[UUID],
    ) -> "_Names":
        ids = {person for person in people if person is not None}
        names = {key: name for key, name in (await context.names.of(tx, company_id, ids)).items() if name}
        nameless = [AccountId(key) for key in ids if key not in names]
        if nameless:
            masked: Mapping[Any, str] = await accounts.masked_phones(tx, context.gate, company_id, nameless)
            names.update(masked)
        wanted = list(set(call_ids))
        found = await calls.get_many(tx, wanted) if wanted else []
        return cls(names, {call.id: call.number for call in found})

    def person(self, person: UUID) -> str:
        return self._people.get(person, UNKNOWN)

    def maybe(self, person: UUID | None) -> str | None:
        return None if person is None else self.person(person)

    def number(self, call_id: UUID) -> str:
        return self._numbers.get(call_id, UNKNOWN)


async def _ids_of(
    tx: Tx, context: WebContext, company_id: CompanyId, q: str, kinds: Sequence[AccountKind]
) -> list[AccountId] | None:
    """None when nothing narrows the list."""
    words = q.strip()
    return await accounts.find_by_phone(tx, context.gate, company_id, words, kinds=kinds) if words else None


async def _customers(
    tx: Tx, context: WebContext, company_id: CompanyId, found: Sequence[Customer], now: datetime
) -> list[CustomerRow]:
    ids = [customer.id for customer in found]
    names = await context.names.of(tx, company_id, ids)
    phones: Mapping[Any, str] = await accounts.masked_phones(tx, context.gate, company_id, [AccountId(i) for i in ids])
    standings = await customers.standings(tx, company_id, ids, now=now)
    counted = await store.calls_of_customers(tx, company_id, ids)
    return [
        _customer(
            customer,
            names.get(customer.id, ""),
            phones.get(customer.id, UNKNOWN),
            standings[customer.id],
            counted.get(customer.id, _NO_CALLS),
        )
        for customer in found
    ]


def _customer(
    customer: Customer, name: str, phone: str, standing: tuple[int, InForce | None], counted: CustomerCalls
) -> CustomerRow:
    cancels, in_force = standing
    return CustomerRow(
        id=customer.id,
        name=name,
        phone=phone,
        joined_at=customer.created_at,
        calls=counted.calls,
        completed=counted.completed,
        last_call_at=counted.last_at,
        cancels=cancels,
        restricted_until=None if in_force is None else in_force.until,
    )


async def _cases_of(tx: Tx, viewer: Viewer, company_id: CompanyId, customer_id: CustomerId) -> list[Case]:
    if not isinstance(viewer, StaffViewer) or Permission.CASES_READ not in viewer.principal.permissions:
        return []
    return (await support.list_cases(tx, CaseFilter(company_id, opened_by=customer_id), limit=_MOST_ON_A_PAGE)).cases


async def _claims_of(tx: Tx, viewer: Viewer, company_id: CompanyId, customer_id: CustomerId) -> list[ClaimRow]:
    if not isinstance(viewer, StaffViewer) or Permission.PAYMENTS_READ not in viewer.principal.permissions:
        return []
    found = await payments.claims_of(tx, company_id, customer_id)
    return [ClaimRow(bill.call_id, bill.number, bill.amount, bill.claim_reason, bill.claimed_at) for bill in found]


async def _names_of_cases(tx: Tx, context: WebContext, company_id: CompanyId, found: Sequence[Case]) -> _Names:
    call_ids = [case.call_id for case in found]
    return await _Names.read(tx, context, company_id, people=_people_in(found), call_ids=call_ids)


def _people_of(wishes: Sequence[NeverMeet]) -> list[UUID | None]:
    return [person for wish in wishes for person in (wish.customer_id, wish.driver_id, wish.lifted_by)]


def _people_in(found: Sequence[Case]) -> list[UUID | None]:
    return [person for case in found for person in (case.opened_by, case.closed_by)]


def _cancel(cancel: Cancel, names: _Names, *, counts: bool) -> CancelRow:
    return CancelRow(
        call_id=cancel.call_id,
        call_number=names.number(cancel.call_id),
        cancelled_from=cancel.cancelled_from,
        at=cancel.at,
        counts=counts,
        forgiven_at=cancel.forgiven_at,
        forgiven_by=names.maybe(cancel.forgiven_by),
        forgiven_for=cancel.forgiven_for,
    )


def _restriction(found: Restriction, names: _Names) -> RestrictionRow:
    return RestrictionRow(
        id=found.id,
        call_id=found.call_id,
        reason=found.reason,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        count=found.count,
        limit=found.limit,
        window_days=found.window_days,
        policy_version=found.policy_version,
        lifted_at=found.lifted_at,
        lifted_as=found.lifted_as,
        lifted_by=names.maybe(found.lifted_by),
        lifted_for=found.lifted_for,
    )


def _never_meet(wish: NeverMeet, names: _Names) -> NeverMeetRow:
    return NeverMeetRow(
        id=wish.id,
        customer_id=wish.customer_id,
        customer=names.person(wish.customer_id),
        driver_id=wish.driver_id,
        driver=names.person(wish.driver_id),
        asked_by=wish.asked_by,
        call_id=wish.call_id,
        call_number=names.number(wish.call_id),
        reason=wish.reason,
        asked_at=wish.asked_at,
        lifted_at=wish.lifted_at,
        lifted_by=names.maybe(wish.lifted_by),
        lifted_for=wish.lifted_for,
    )


def _rating(rating: Rating, names: _Names) -> RatingRow:
    return RatingRow(
        call_id=rating.call_id,
        call_number=names.number(rating.call_id),
        driver_id=rating.driver_id,
        driver=names.person(rating.driver_id),
        stars=rating.said.stars,
        tags=list(rating.said.tags),
        comment=rating.said.comment,
        rated_at=rating.rated_at,
    )


def _case(context: WebContext, case: Case, names: _Names) -> CaseRow:
    return CaseRow(
        id=case.id,
        number=case.number,
        kind=case.kind,
        state=case.state,
        call_id=case.call_id,
        call_number=names.number(case.call_id),
        opened_by_kind=case.opened_by_kind,
        opened_by=names.person(case.opened_by),
        text=case.text,
        facts=dict(case.facts),
        phone=None if case.phone_sealed is None else context.gate.vault.masked(case.phone_sealed),
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        closed_by=names.maybe(case.closed_by),
        note=case.note,
    )


def _event(event: Event, names: _Names) -> CaseEvent:
    return CaseEvent(event.at, event.kind, event.actor.kind, names.maybe(event.actor.id))
