"""PURE: what may be requested, and what each audience calls a call (R-001, R-005, R-012, R-021)."""

from datetime import datetime, timedelta

from daeri.calls.model import (
    Call,
    Fare,
    FareOutOfRange,
    FarePlan,
    Kind,
    Label,
    NoteTooLong,
    Place,
    Quoted,
    RequestCall,
    RequestPolicies,
    ReservedTooEarly,
    ReservedTooFarAhead,
    RoundTripNeedsVia,
    Tag,
    Wish,
)
from daeri.kernel.geo import distance_m
from daeri.kernel.ids import CompanyId
from daeri.kernel.money import Won
from daeri.kernel.terms import Option, Service, Source, Timing

SAME_PLACE_M = 10.0  # two points nearer than this are one place

_GRADES = {Source.AFFILIATE: Kind.AFFILIATE, Source.PHONE: Kind.PHONE}


def build_request(wish: Wish, quoted: Quoted, policies: RequestPolicies, *, now: datetime) -> RequestCall:
    """The command to request what a customer wishes; raises the refusal that names what does not fit."""
    _check(wish, policies, now)
    dispatch_at = now if wish.reserved_for is None else _search_begins(wish.reserved_for, policies, now)
    return RequestCall(
        company_id=wish.company_id,
        orderer_id=wish.company_id,
        source=Source.OWN,
        customer_id=wish.customer_id,
        service=wish.service,
        options=wish.options,
        payment=wish.payment,
        fare=_fare(wish, quoted, policies),
        origin=wish.origin,
        destination=wish.destination,
        vias=wish.vias,
        note=wish.note,
        reserved_for=wish.reserved_for,
        dispatch_at=dispatch_at,
        expires_at=dispatch_at + timedelta(seconds=policies.dispatch.value.call_expiry_s),
        policy_version=policies.dispatch.version,
        most_open=policies.limits.max_open_calls,
    )


def kind_of(source: Source, orderer: CompanyId, performer: CompanyId | None) -> Kind:
    """Consigned is an own call that a partner's driver performs; a partner's order keeps its grade."""
    if source is not Source.OWN:
        return _GRADES[source]
    return Kind.OWN if performer in (None, orderer) else Kind.CONSIGNED


def label_of(call: Call) -> Label:
    """What the call is called, for the locale files to put into each audience's words."""
    tags = [] if call.service is Service.GENERAL else [Tag(call.service)]
    if call.timing is Timing.RESERVED:
        tags.append(Tag.RESERVED)
    tags.extend(Tag(option) for option in Option if option in call.options)
    if call.vias:
        tags.append(Tag.VIA)
    return Label(kind_of(call.source, call.orderer_id, call.performer_id), tuple(tags))


def _check(wish: Wish, policies: RequestPolicies, now: datetime) -> None:
    limits, reservation = policies.limits, policies.reservation
    if len(wish.note) > limits.max_note_length:
        raise NoteTooLong(given=len(wish.note), most=limits.max_note_length)
    if not wish.vias and _is_same(wish.origin, wish.destination):
        raise RoundTripNeedsVia()
    if wish.reserved_for is None:
        return
    if wish.reserved_for < now + timedelta(minutes=reservation.min_minutes_ahead):
        raise ReservedTooEarly(min_minutes_ahead=reservation.min_minutes_ahead)
    if wish.reserved_for > now + timedelta(days=reservation.max_days_ahead):
        raise ReservedTooFarAhead(max_days_ahead=reservation.max_days_ahead)


def _fare(wish: Wish, quoted: Quoted, policies: RequestPolicies) -> Fare:
    """The typed fare within its bounds (R-055), else the calculator's."""
    if wish.typed_fare is None:
        return Fare(quoted.amount, FarePlan.CALCULATOR, quoted.tariff_version)
    floor, ceiling = policies.limits.fare_floor_won, policies.limits.fare_ceiling_won
    if not floor <= wish.typed_fare <= ceiling:
        raise FareOutOfRange(floor_won=floor, ceiling_won=ceiling)
    return Fare(Won(wish.typed_fare), FarePlan.TYPED, quoted.tariff_version)


def _search_begins(reserved_for: datetime, policies: RequestPolicies, now: datetime) -> datetime:
    return max(now, reserved_for - timedelta(minutes=policies.reservation.reservation_lead_min))


def _is_same(a: Place, b: Place) -> bool:
    return distance_m(a.point, b.point) < SAME_PLACE_M
