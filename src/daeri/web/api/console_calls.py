"""What staff do on the page of a call: change its status, assign and release, memos, the fare calculator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from daeri.accounts.model import Permission, Principal
from daeri.calls import api as calls
from daeri.calls.model import Call, CallChanged, Change, IllegalMove, Move, Place
from daeri.calls.note_model import FareCalculation, Memo
from daeri.dispatch import api as dispatch
from daeri.infra.database import Tx
from daeri.kernel.errors import Invalid
from daeri.kernel.geo import Point
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Service
from daeri.policies.model import DispatchPolicy
from daeri.pricing import api as pricing
from daeri.pricing.model import Quote, QuoteLine, Trip
from daeri.web.api.documented import Command, answers
from daeri.web.console_rows.moves import STAFF_MOVES
from daeri.web.context import Context, WebContext
from daeri.web.metering import read_meter
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.waiting import waiting_policy
from daeri.web.wire import MAX_VIAS, NO_NUL, CallOut, PlaceIn, PlaceOut, call_out, driver_ids_of, place, place_out

Req = Request[Any, Any, Any]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]


class ReasonMissing(Invalid):
    """What staff change is kept with why."""

    code = "reason_missing"


class DriverMissing(Invalid):
    """To assign a call, one must say to whom."""

    code = "driver_missing"


class MemoEmpty(Invalid):
    """A memo says something."""

    code = "memo_empty"


class StatusIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`driver_id` is who gets the call where it is assigned; for other moves, who is expected to have it."""

    move: Move
    reason: Reason
    driver_id: UUID | None = None


class AssignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    driver_id: UUID
    reason: Reason


class WhyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Reason


class MemoIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`links` are numbers of other calls."""

    text: Annotated[str, Meta(min_length=1, max_length=4_000, pattern=NO_NUL)]
    links: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=20, pattern=NO_NUL)], ...], Meta(max_length=20)
    ] = ()


class PersonOut(msgspec.Struct, frozen=True):
    id: UUID
    name: str


class MemoLinkOut(msgspec.Struct, frozen=True):
    call_id: UUID
    number: str


class MemoOut(msgspec.Struct, frozen=True):
    """`call_id` and `number` are those of the call that it was written on, which may be another one that links here."""

    id: UUID
    call_id: UUID
    number: str
    author: PersonOut
    at: datetime
    text: str
    links: tuple[MemoLinkOut, ...]


class MemosOut(msgspec.Struct, frozen=True):
    items: tuple[MemoOut, ...]


class CalculationIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trip; without `service` the call's own."""

    origin: PlaceIn
    destination: PlaceIn
    vias: Annotated[tuple[PlaceIn, ...], Meta(max_length=MAX_VIAS)] = ()
    service: Service | None = None


class CalculationOut(msgspec.Struct, frozen=True):
    """A kept calculation: who asked when, the trip, and the fare in won."""

    id: UUID
    by: PersonOut
    at: datetime
    origin: PlaceOut
    vias: tuple[PlaceOut, ...]
    destination: PlaceOut
    service: Service
    departure: datetime
    amount: int
    distance_m: int
    duration_s: int
    exact: bool
    lines: tuple[QuoteLine, ...]
    tariff_version: int


class CalculationsOut(msgspec.Struct, frozen=True):
    items: tuple[CalculationOut, ...]


@dataclass(frozen=True, slots=True)
class _Order:
    """A move that staff want, and of which driver."""

    call_id: UUID
    move: Move
    reason: str
    driver_id: DriverId | None


@post("/console/calls/{call_id:uuid}/status", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def change_status(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[StatusIn]
) -> Response[bytes]:
    """Move a call along its lifecycle by hand, with a reason (콜 상태 변경)."""
    driver_id = None if data.driver_id is None else DriverId(data.driver_id)
    return await _do(request, context, principal, _Order(call_id, data.move, data.reason, driver_id))


@post("/console/calls/{call_id:uuid}/assign", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def assign_call(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[AssignIn]
) -> Response[bytes]:
    """Give a waiting call to a driver of one's choice."""
    order = _Order(call_id, Move.ASSIGN, data.reason, DriverId(data.driver_id))
    return await _do(request, context, principal, order)


@post(
    "/console/calls/{call_id:uuid}/release", status_code=200, operation_class=Command, responses=answers(200, CallOut)
)
async def release_call(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[WhyIn]
) -> Response[bytes]:
    """Take the driver off a call, which waits for another one."""
    return await _do(request, context, principal, _Order(call_id, Move.RELEASE, data.reason, None))


@get("/console/calls/{call_id:uuid}/memos")
async def list_memos(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> MemosOut:
    """What staff wrote on a call, and on others with a link to it, oldest first."""
    _require(principal, Permission.CALLS_READ)
    async with context.database.snapshot() as tx:
        found = await calls.memos(tx, principal.company_id, call_id)
        names = await context.names.of(tx, principal.company_id, [memo.author_id for memo in found])
    return MemosOut(tuple(_memo(memo, names.get(memo.author_id, "")) for memo in found))


@post("/console/calls/{call_id:uuid}/memos", status_code=201, operation_class=Command, responses=answers(201, MemoOut))
async def write_memo(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[MemoIn]
) -> Response[bytes]:
    """Write something down about a call, for good (운영메모)."""
    _require(principal, Permission.CALLS_NOTE)
    text = data.text.strip()

    async def work(tx: Tx) -> MemoOut:
        if not text:
            raise MemoEmpty()
        company_id, author_id, now = principal.company_id, principal.account_id, context.clock.now()
        memo = await calls.add_memo(
            tx, company_id, call_id, author_id, text=text, links=data.links, now=now, ids=context.ids
        )
        return _memo(memo, (await context.names.of(tx, company_id, [author_id])).get(author_id, ""))

    return await context.commands.run(request, principal, work, status=201)


@get("/console/calls/{call_id:uuid}/fare-calculations")
async def list_calculations(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> CalculationsOut:
    """The fares that were calculated for a call, oldest first."""
    _require(principal, Permission.CALLS_READ)
    async with context.database.snapshot() as tx:
        found = await calls.calculations(tx, principal.company_id, call_id)
        names = await context.names.of(tx, principal.company_id, [made.by_id for made in found])
    return CalculationsOut(tuple(_calculation(made, names.get(made.by_id, "")) for made in found))


@post(
    "/console/calls/{call_id:uuid}/fare-calculations",
    status_code=201,
    operation_class=Command,
    responses=answers(201, CalculationOut),
)
async def calculate_fare(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[CalculationIn]
) -> Response[bytes]:
    """Calculate a fare for a call with other points, and keep it (요금계산기)."""
    _require(principal, Permission.CALLS_NOTE)
    async with context.database.reading() as tx:
        call = await calls.get(tx, principal.company_id, call_id)
    way = tuple(_known(context, stop) for stop in (data.origin, *data.vias, data.destination))
    calls.check_trip(way[0], way[-1], way[1:-1])
    now, service = context.clock.now(), data.service or call.service
    departure = call.started_at or call.reserved_for or now
    quote = await _quote(context, call, way, service, departure)

    async def work(tx: Tx) -> CalculationOut:
        company_id, by_id = principal.company_id, principal.account_id
        made = await calls.keep_calculation(
            tx,
            company_id,
            call_id,
            by_id,
            way=way,
            service=service,
            departure=departure,
            quote=quote,
            now=now,
            ids=context.ids,
        )
        return _calculation(made, (await context.names.of(tx, company_id, [by_id])).get(by_id, ""))

    return await context.commands.run(request, principal, work, status=201)


async def _do(request: Req, context: WebContext, principal: Principal, order: _Order) -> Response[bytes]:
    require_staff(principal)
    if order.move in STAFF_MOVES:
        principal.require(STAFF_MOVES[order.move])

    async def work(tx: Tx) -> CallOut:
        reason = order.reason.strip()
        if not reason:
            raise ReasonMissing()
        known = await calls.get(tx, principal.company_id, order.call_id)
        call = await _move(tx, context, known, order, Change(principal.actor, reason))
        return call_out(call, await context.names.of(tx, call.company_id, driver_ids_of([call])))

    return await context.commands.run(request, principal, work)


async def _move(tx: Tx, context: WebContext, call: Call, order: _Order, change: Change) -> Call:
    """The same command that a driver or the engine would give, with who and why; never around the lifecycle."""
    company_id, now, ids, driver_id = call.company_id, context.clock.now(), context.ids, order.driver_id
    if order.move is Move.ASSIGN:
        if driver_id is None:
            raise DriverMissing()
        return await dispatch.assign_by_hand(tx, call.id, driver_id, company_id, change, now=now, ids=ids)
    if driver_id is not None and driver_id != call.driver_id:
        raise CallChanged()
    match order.move, call.driver_id:
        case Move.CANCEL, _:
            return await dispatch.cancel(tx, call.id, company_id, change, now=now, ids=ids)
        case Move.RELEASE, _:
            waits_for = _waits_for(context, call, now)
            return await dispatch.release(tx, call.id, company_id, change, waits_for=waits_for, now=now, ids=ids)
        case Move.ARRIVE, UUID() as has_it:
            waiting = waiting_policy(context, call, now)
            return await dispatch.arrive(
                tx, call.id, DriverId(has_it), company_id, now=now, ids=ids, waiting=waiting, change=change
            )
        case Move.START, UUID() as has_it:
            return await dispatch.start(tx, call.id, DriverId(has_it), company_id, now=now, ids=ids, change=change)
        case Move.COMPLETE, UUID() as has_it:
            reading = await read_meter(tx, context, call, now=now)
            amount = None if reading is None else reading.amount
            return await dispatch.complete(
                tx, call.id, DriverId(has_it), company_id, now=now, ids=ids, final_amount=amount, change=change
            )
        case _:
            raise IllegalMove(state=call.state, move=order.move)


def _waits_for(context: WebContext, call: Call, now: datetime) -> timedelta:
    book, chain = context.shelf.of(call.company_id), context.region_chain(call.origin.region)
    policy = book.read(DispatchPolicy, at=now, region_chain=chain, service=call.service).value
    return timedelta(seconds=policy.call_expiry_s)


async def _quote(
    context: WebContext, call: Call, way: tuple[Place, ...], service: Service, departure: datetime
) -> Quote:
    """Over the network: no transaction may be open."""
    trip = Trip(way[0].point, way[-1].point, tuple(via.point for via in way[1:-1]))
    return await pricing.calculate(
        context.router,
        context.fallback_router,
        context.shelf.of(call.company_id),
        trip,
        departure=departure,
        region_chain=context.region_chain(way[0].region),
        service=service,
    )


def _known(context: WebContext, given: PlaceIn) -> Place:
    return place(given, context.region_of(Point(given.lat, given.lon)))


def _require(principal: Principal, permission: Permission) -> None:
    require_staff(principal)
    principal.require(permission)


def _memo(memo: Memo, author: str) -> MemoOut:
    return MemoOut(
        id=memo.id,
        call_id=memo.call_id,
        number=memo.call_number,
        author=PersonOut(memo.author_id, author),
        at=memo.at,
        text=memo.text,
        links=tuple(MemoLinkOut(link.call_id, link.number) for link in memo.links),
    )


def _calculation(made: FareCalculation, by: str) -> CalculationOut:
    quote = made.quote
    return CalculationOut(
        id=made.id,
        by=PersonOut(made.by_id, by),
        at=made.at,
        origin=place_out(made.way[0]),
        vias=tuple(map(place_out, made.way[1:-1])),
        destination=place_out(made.way[-1]),
        service=made.service,
        departure=made.departure,
        amount=quote.amount,
        distance_m=quote.distance_m,
        duration_s=quote.duration_s,
        exact=quote.exact,
        lines=quote.lines,
        tariff_version=quote.tariff_version,
    )


router = Router(
    path="/",
    route_handlers=[
        change_status,
        assign_call,
        release_call,
        list_memos,
        write_memo,
        list_calculations,
        calculate_fare,
    ],
    tags=["console"],
)
