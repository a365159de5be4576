"""PURE: what may be requested, and what each audience calls a call (R-001, R-005, R-012, R-021)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from daeri.calls.lifecycle import ENDED, ENGAGED
from daeri.calls.model import NOTHING, Call, Can, Fare, Kind, Label, NoShowTooEarly, NotWaiting, Place, State, Tag
from daeri.calls.request_model import (
    BusinessNeedsAccount,
    DeliveryNeedsCar,
    NoteTooLong,
    OptionsExclude,
    RequestCall,
    RequestPolicies,
    ReservedInThePast,
    ReservedTooEarly,
    ReservedTooFarAhead,
    RiderPhoneRepeated,
    RidersMismatch,
    RidersUnexpected,
    RoundTripNeedsVia,
    Wish,
)
from daeri.customers.model import Payer
from daeri.kernel.geo import distance_m
from daeri.kernel.ids import CompanyId
from daeri.kernel.money import Won
from daeri.kernel.terms import ActorKind, Option, Payment, Service, Source, Timing
from daeri.policies.model import RequestLimits, ReservationPolicy
from daeri.pricing.model import FarePlan, Quote
from daeri.pricing.plan_model import ShortageLevel

SAME_PLACE_M = 10.0  # two points nearer than this are one place

_GRADES = {Source.AFFILIATE: Kind.AFFILIATE, Source.PHONE: Kind.PHONE}


def build_requests(
    wish: Wish, fare: Fare, quote: Quote, policies: RequestPolicies, *, shortage: ShortageLevel | None, now: datetime
) -> tuple[RequestCall, ...]:
    """The commands to request what a customer wishes, one for each car; raises the refusal that names what misfits."""
    check(wish, policies, now=now)
    dispatch_at = now if wish.reserved_for is None else _search_begins(wish.reserved_for, policies, now)
    plain = RequestCall(
        company_id=wish.company_id,
        orderer_id=wish.company_id,
        source=Source.OWN,
        customer_id=wish.customer_id,
        service=wish.service,
        options=wish.options,
        payment=_payment(wish),
        fare=fare,
        origin=wish.origin,
        destination=wish.destination,
        vias=wish.vias,
        note=wish.note,
        reserved_for=wish.reserved_for,
        dispatch_at=dispatch_at,
        expires_at=dispatch_at + timedelta(seconds=policies.dispatch.value.call_expiry_s),
        policy_version=policies.dispatch.version,
        most_open=policies.limits.max_open_calls,
        quote=quote,
        plans_version=policies.plans.policy.version,
        shortage=shortage,
        car=wish.car,
        business=wish.business,
    )
    if not wish.riders:
        return (plain,)
    return tuple(replace(plain, rider=rider, car=rider.car or wish.car) for rider in wish.riders)


def may(call: Call, viewer: ActorKind | None) -> tuple[Can, ...]:
    """What whoever looks at the call may do with it now; only its customer may do any of these."""
    if viewer is not ActorKind.CUSTOMER:
        return ()
    return tuple(can for can in Can if _CAN[can](call))


def check(wish: Wish, policies: RequestPolicies, *, now: datetime) -> None:
    """Raises the refusal that names what of the wish does not fit."""
    if len(wish.note) > policies.limits.max_note_length:
        raise NoteTooLong(given=len(wish.note), most=policies.limits.max_note_length)
    check_trip(wish.origin, wish.destination, wish.vias)
    check_time(wish.reserved_for, policies.reservation, now)
    _check_riders(wish, policies.limits)
    if wish.service is Service.DELIVERY and not _names_every_car(wish):
        raise DeliveryNeedsCar()
    if (Option.BUSINESS in wish.options) != (wish.business is not None):
        raise BusinessNeedsAccount()


def check_trip(origin: Place, destination: Place, vias: Sequence[Place]) -> None:
    """RoundTripNeedsVia where a drive would end where it began, without anything between."""
    if not vias and is_same(origin, destination):
        raise RoundTripNeedsVia()


def check_time(wanted: datetime | None, policy: ReservationPolicy, now: datetime) -> None:
    """ReservedInThePast, ReservedTooEarly or ReservedTooFarAhead; None is now."""
    if wanted is None:
        return
    if wanted <= now:
        raise ReservedInThePast(min_minutes_ahead=policy.min_minutes_ahead)
    if wanted < now + timedelta(minutes=policy.min_minutes_ahead):
        raise ReservedTooEarly(min_minutes_ahead=policy.min_minutes_ahead)
    if wanted > now + timedelta(days=policy.max_days_ahead):
        raise ReservedTooFarAhead(max_days_ahead=policy.max_days_ahead)


def is_same(a: Place, b: Place) -> bool:
    """Whether two places are one to a driver."""
    return distance_m(a.point, b.point) < SAME_PLACE_M


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


def _check_riders(wish: Wish, limits: RequestLimits) -> None:
    """Several cars have a rider each, another person is one, a delivery may have a receiver; nobody else has any."""
    given = len(wish.riders)
    if Option.MULTI in wish.options and Option.FOR_ANOTHER in wish.options:
        raise OptionsExclude()
    if Option.MULTI in wish.options:
        least, most = 2, limits.max_group
    elif Option.FOR_ANOTHER in wish.options:
        least, most = 1, 1
    else:
        least, most = 0, 1 if wish.service is Service.DELIVERY else 0
    if given and not most:
        raise RidersUnexpected()
    if not least <= given <= most:
        raise RidersMismatch(given=given, least=least, most=most)
    hashes = [rider.phone.whole_hash for rider in wish.riders]
    for place, known in enumerate(hashes):
        if known in hashes[:place]:
            raise RiderPhoneRepeated(rider=place + 1)


def _names_every_car(wish: Wish) -> bool:
    return wish.car is not None or (bool(wish.riders) and all(rider.car is not None for rider in wish.riders))


def _payment(wish: Wish) -> Payment:
    """What a business pays for is never collected by the driver."""
    is_billed = wish.business is not None and wish.business.payer is Payer.COMPANY
    return Payment.CARD if is_billed else wish.payment


def _search_begins(reserved_for: datetime, policies: RequestPolicies, now: datetime) -> datetime:
    return max(now, reserved_for - timedelta(minutes=policies.reservation.reservation_lead_min))


_BEFORE = frozenset({State.RESERVED, State.REQUESTED})
_CAN: Mapping[Can, Callable[[Call], bool]] = MappingProxyType(
    {
        Can.CANCEL: lambda call: call.state in _BEFORE,
        Can.CANCEL_WARNED: lambda call: call.state in ENGAGED,
        Can.CORRECT_RIDER: lambda call: call.rider is not None and call.ended_at is None,
        Can.CHANGE_FARE: lambda call: call.state is State.REQUESTED,
        Can.RATE: lambda call: call.state is State.COMPLETED,
        Can.NEVER_MEET: lambda call: call.driver_id is not None,
        Can.LOST_ITEM: lambda call: call.state is State.COMPLETED,
        Can.REQUEST_AGAIN: lambda call: call.ended_at is not None,
    }
)


def waiting_won(call: Call, *, until: datetime) -> Won:
    """What the driver's waiting at the origin has cost by then; nothing where the fare of a reconnection was agreed."""
    if call.waiting is None or call.arrived_at is None or call.reconnects_call_id is not None:
        return Won(0)
    return call.waiting.cost(call.arrived_at, until)


def no_show_fee(call: Call, *, now: datetime) -> Won:
    """What a customer who did not come is to pay; NotWaiting, or NoShowTooEarly with the seconds left."""
    if call.state is not State.ARRIVED or call.waiting is None or call.arrived_at is None:
        raise NotWaiting(state=call.state)
    left = call.waiting.no_show_at(call.arrived_at) - now
    if left > timedelta(0):
        raise NoShowTooEarly(left_s=-(-left // timedelta(seconds=1)))
    return Won(call.waiting.no_show_fee_won)


def one_ride(own: Call, drive: Call | None) -> Call:
    """The customer's own call with the truth of the call that it went on as, while that runs and once it arrived.

    Its id and number stay, its version grows with each of the two. What the reconnected drive costs was agreed before:
    nothing is added for waiting.
    """
    if drive is None:
        return own
    version = own.version + drive.version
    if drive.state in ENDED - {State.COMPLETED}:
        return replace(own, version=version)
    is_anew = _is_agreed_anew(own, drive)
    arrived_for = drive.fare.amount if drive.state is State.COMPLETED else None
    return replace(
        own,
        version=version,
        state=drive.state,
        driver_id=drive.driver_id,
        performer_id=drive.performer_id,
        fare=drive.fare if is_anew else own.fare,
        final_amount=arrived_for if is_anew or own.final_amount is None else own.final_amount,
        dispatch_at=drive.dispatch_at,
        expires_at=drive.expires_at,
        assigned_at=drive.assigned_at,
        arrived_at=drive.arrived_at,
        started_at=drive.started_at,
        ended_at=drive.ended_at,
        ended_by=drive.ended_by,
        cancelled_from=drive.cancelled_from,
        end_reason=drive.end_reason,
        waiting=None,
        waiting_won=NOTHING if is_anew or own.final_amount is None else own.waiting_won,
        no_show_fee_won=None,
        cash_received=drive.cash_received,
        vias_reached=drive.vias_reached,
        goes_on_as=drive.id,
    )


def _is_agreed_anew(own: Call, drive: Call) -> bool:
    """Whether the ride costs something else than its customer knew; what a meter would have shown is fixed (I-027)."""
    if own.final_amount is not None:
        return drive.fare.amount != own.final_amount
    return drive.fare.amount != own.fare.amount or own.fare.plan is FarePlan.METER
