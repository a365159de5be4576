"""What lies between a customer, a driver and the company: counted cancels, ratings, never meet again, reports."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from daeri.accounts.model import Principal
from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.customers import api as customers
from daeri.customers.bond_model import LONGEST_COMMENT, LONGEST_REASON, MOST_TAGS, Rating, RatingTag, Ride, Said
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId
from daeri.kernel.result import Fact
from daeri.kernel.terms import ActorKind
from daeri.support import api as support
from daeri.support.model import LONGEST_TEXT, Case, CaseFilter, CaseKind, CaseState, Report
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks, customer_of, driver_of
from daeri.web.wire_parts import NO_NUL

Req = Request[Any, Any, Any]
CaseText = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL)]
MOST_CASES = 50  # of a customer, as their app shows them


class CountedCancelOut(msgspec.Struct, frozen=True):
    """A cancel after assignment; `counts` unless it was forgiven or is older than the window."""

    call_id: UUID
    number: str
    at: datetime
    counts: bool


class CancellationsOut(msgspec.Struct, frozen=True):
    """`count` of `limit` in `window_days`; a full count refuses new calls for `length_hours`."""

    count: int
    limit: int
    window_days: int
    length_hours: int
    restricted_until: datetime | None
    items: tuple[CountedCancelOut, ...]


class RatingIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`never_meet` asks it or takes it back; left out, it stays as it is."""

    stars: Annotated[int, Meta(ge=1, le=5)]
    tags: Annotated[tuple[RatingTag, ...], Meta(max_length=MOST_TAGS)] = ()
    comment: Annotated[str, Meta(max_length=LONGEST_COMMENT, pattern=NO_NUL)] = ""
    never_meet: bool | None = None


class RatingOut(msgspec.Struct, frozen=True):
    """What the customer said, until when they may change it, and whether they asked never to meet the driver again."""

    call_id: UUID
    stars: int
    tags: tuple[RatingTag, ...]
    comment: str
    rated_at: datetime
    changeable_until: datetime
    never_meet: bool


class NeverMeetIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(max_length=LONGEST_REASON, pattern=NO_NUL)] = ""


class NeverMeetOut(msgspec.Struct, frozen=True):
    """Whether the asking side never wants to meet the other again; what the other side asked is never told."""

    never_meet: bool


class LostItemIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`where` it was last seen; `phone` to be called on, when not one's own number."""

    what: CaseText
    where: Annotated[str, Meta(max_length=200, pattern=NO_NUL)] = ""
    phone: Annotated[str, Meta(max_length=40, pattern=NO_NUL)] | None = None


class AccidentIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened, whether anybody is injured, whether the police were called."""

    what: CaseText
    injured: bool
    police: bool


class CaseOpenedOut(msgspec.Struct, frozen=True):
    case_id: UUID
    number: str


class CustomerCaseOut(msgspec.Struct, frozen=True):
    id: UUID
    number: str
    kind: CaseKind
    state: CaseState
    call_id: UUID
    call_number: str
    text: str
    facts: dict[str, Fact]
    opened_at: datetime
    closed_at: datetime | None


class CustomerCasesOut(msgspec.Struct, frozen=True):
    items: tuple[CustomerCaseOut, ...]


@get("/customer/cancellations")
async def get_cancellations(context: Context, principal: WhoAsks) -> CancellationsOut:
    """How many cancels after assignment count, how many may, and what follows (R-062, I-008)."""
    customer_id = customer_of(principal)
    async with context.database.reading() as tx:
        found = await customers.standing(tx, principal.company_id, customer_id, now=context.clock.now())
        numbers = await numbers_of(tx, [cancel.call_id for cancel, _ in found.cancels])
    return CancellationsOut(
        count=found.count,
        limit=found.limit,
        window_days=found.window_days,
        length_hours=found.length_hours,
        restricted_until=None if found.in_force is None else found.in_force.until,
        items=tuple(
            CountedCancelOut(cancel.call_id, numbers.get(cancel.call_id, ""), cancel.at, counts)
            for cancel, counts in found.cancels
        ),
    )


@post("/calls/{call_id:uuid}/rating", status_code=200, operation_class=Command, responses=answers(200, RatingOut))
async def rate_call(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[RatingIn]
) -> Response[bytes]:
    """Rate a completed call, or change what was said while that is possible."""

    async def work(tx: Tx) -> RatingOut:
        call, now = await _customers_call(tx, principal, call_id), context.clock.now()
        ride, said = ride_of(call), Said(data.stars, tuple(dict.fromkeys(data.tags)), data.comment.strip())
        rating = await customers.rate(tx, ride, said, principal.actor, now=now, ids=context.ids)
        if data.never_meet is not None:
            await _set_never_meet(tx, context, principal, ride, wanted=data.never_meet)
        return await _rating_out(tx, context, principal, ride, rating)

    return await context.commands.run(request, principal, work)


@get("/calls/{call_id:uuid}/rating")
async def get_rating(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> RatingOut:
    """What the customer said of the call."""
    async with context.database.reading() as tx:
        ride = ride_of(await _customers_call(tx, principal, call_id))
        rating = await customers.rating_of(tx, principal.company_id, ride.call_id)
        return await _rating_out(tx, context, principal, ride, rating)


@get("/calls/{call_id:uuid}/never-meet")
async def get_never_meet(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> NeverMeetOut:
    """Whether the customer has asked never to be given the driver of this call again."""
    async with context.database.reading() as tx:
        ride = ride_of(await _customers_call(tx, principal, call_id))
        return NeverMeetOut(never_meet=await customers.has_asked_never_meet(tx, ride, ActorKind.CUSTOMER))


@post(
    "/calls/{call_id:uuid}/never-meet", status_code=200, operation_class=Command, responses=answers(200, NeverMeetOut)
)
async def ask_never_meet(
    request: Req,
    context: Context,
    principal: WhoAsks,
    call_id: FromPath[UUID],
    data: JSONBody[NeverMeetIn | None] = None,
) -> Response[bytes]:
    """Never be given the driver of this call again (I-006). The call itself stays as it is."""

    async def work(tx: Tx) -> NeverMeetOut:
        ride = ride_of(await _customers_call(tx, principal, call_id))
        await _set_never_meet(tx, context, principal, ride, wanted=True, reason="" if data is None else data.reason)
        return NeverMeetOut(never_meet=True)

    return await context.commands.run(request, principal, work)


@delete(
    "/calls/{call_id:uuid}/never-meet", status_code=200, operation_class=Command, responses=answers(200, NeverMeetOut)
)
async def take_back_never_meet(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID]
) -> Response[bytes]:
    """The driver of this call may come again, as far as the customer is concerned."""

    async def work(tx: Tx) -> NeverMeetOut:
        ride = ride_of(await _customers_call(tx, principal, call_id))
        await _set_never_meet(tx, context, principal, ride, wanted=False)
        return NeverMeetOut(never_meet=False)

    return await context.commands.run(request, principal, work)


@post(
    "/driver/calls/{call_id:uuid}/never-meet",
    status_code=200,
    operation_class=Command,
    responses=answers(200, NeverMeetOut),
)
async def driver_asks_never_meet(
    request: Req,
    context: Context,
    principal: WhoAsks,
    call_id: FromPath[UUID],
    data: JSONBody[NeverMeetIn | None] = None,
) -> Response[bytes]:
    """Never be given a call of this call's customer again (I-006)."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> NeverMeetOut:
        ride = ride_of(await calls.get_for_driver(tx, principal.company_id, call_id, driver_id))
        await _set_never_meet(tx, context, principal, ride, wanted=True, reason="" if data is None else data.reason)
        return NeverMeetOut(never_meet=True)

    return await context.commands.run(request, principal, work)


@post(
    "/calls/{call_id:uuid}/lost-item", status_code=201, operation_class=Command, responses=answers(201, CaseOpenedOut)
)
async def report_lost_item(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[LostItemIn]
) -> Response[bytes]:
    """Say what was lost on a call; staff see to it."""
    report = Report(CaseKind.LOST_ITEM, data.what, {"where": data.where.strip()}, phone=data.phone)

    async def work(tx: Tx) -> CaseOpenedOut:
        return await _open_case(tx, context, principal, await _customers_call(tx, principal, call_id), report)

    return await context.commands.run(request, principal, work, status=201)


@get("/customer/cases")
async def list_customer_cases(context: Context, principal: WhoAsks) -> CustomerCasesOut:
    """What the customer has reported, newest first."""
    wanted = CaseFilter(principal.company_id, opened_by=customer_of(principal))
    async with context.database.reading() as tx:
        page = await support.list_cases(tx, wanted, limit=MOST_CASES)
        numbers = await numbers_of(tx, [case.call_id for case in page.cases])
    return CustomerCasesOut(tuple(_case_out(case, numbers) for case in page.cases))


@post(
    "/driver/calls/{call_id:uuid}/accident",
    status_code=201,
    operation_class=Command,
    responses=answers(201, CaseOpenedOut),
)
async def report_accident(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[AccidentIn]
) -> Response[bytes]:
    """Report an accident on one's call; staff see to it."""
    driver_id = driver_of(principal)
    report = Report(CaseKind.ACCIDENT, data.what, {"injured": data.injured, "police": data.police})

    async def work(tx: Tx) -> CaseOpenedOut:
        call = await calls.get_for_driver(tx, principal.company_id, call_id, driver_id)
        return await _open_case(tx, context, principal, call, report)

    return await context.commands.run(request, principal, work, status=201)


def ride_of(call: Call) -> Ride:
    """What the customers' room must know of a call."""
    return Ride(call.id, call.company_id, call.customer_id, call.driver_id, call.state is State.COMPLETED)


async def numbers_of(tx: Tx, call_ids: list[CallId]) -> dict[UUID, str]:
    """The calls' numbers by id."""
    if not call_ids:
        return {}
    return {call.id: call.number for call in await calls.get_many(tx, call_ids)}


async def _customers_call(tx: Tx, principal: Principal, call_id: UUID) -> Call:
    return await calls.get_for_customer(tx, principal.company_id, call_id, customer_of(principal))


async def _set_never_meet(
    tx: Tx, context: WebContext, principal: Principal, ride: Ride, *, wanted: bool, reason: str = ""
) -> None:
    now, actor = context.clock.now(), principal.actor
    if wanted:
        await customers.ask_never_meet(tx, ride, actor, reason, now=now, ids=context.ids)
    else:
        await customers.take_back_never_meet(tx, ride, actor, now=now, ids=context.ids)


async def _rating_out(tx: Tx, context: WebContext, principal: Principal, ride: Ride, rating: Rating) -> RatingOut:
    until = await customers.rating_changeable_until(tx, principal.company_id, rating, now=context.clock.now())
    return RatingOut(
        call_id=rating.call_id,
        stars=rating.said.stars,
        tags=rating.said.tags,
        comment=rating.said.comment,
        rated_at=rating.rated_at,
        changeable_until=until,
        never_meet=await customers.has_asked_never_meet(tx, ride, ActorKind.CUSTOMER),
    )


async def _open_case(tx: Tx, context: WebContext, principal: Principal, call: Call, report: Report) -> CaseOpenedOut:
    case = await support.open_case(
        tx, context.gate.vault, call, report, principal.actor, now=context.clock.now(), ids=context.ids
    )
    return CaseOpenedOut(case.id, case.number)


def _case_out(case: Case, numbers: dict[UUID, str]) -> CustomerCaseOut:
    return CustomerCaseOut(
        id=case.id,
        number=case.number,
        kind=case.kind,
        state=case.state,
        call_id=case.call_id,
        call_number=numbers.get(case.call_id, ""),
        text=case.text,
        facts=dict(case.facts),
        opened_at=case.opened_at,
        closed_at=case.closed_at,
    )


router = Router(
    path="/",
    route_handlers=[
        get_cancellations,
        rate_call,
        get_rating,
        get_never_meet,
        ask_never_meet,
        take_back_never_meet,
        report_lost_item,
        list_customer_cases,
    ],
    tags=["customer"],
)
driver_router = Router(path="/", route_handlers=[driver_asks_never_meet, report_accident], tags=["driver"])
