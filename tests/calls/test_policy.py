"""What may be requested, and what a call is called. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.dispatch.factories import GANGNAM, JAMSIL

from daeri.calls.api import build_requests
from daeri.calls.model import Business, Call, Can, Fare, Kind, Label, Place, Rider, State, Tag
from daeri.calls.policy import kind_of, label_of, may
from daeri.calls.request_model import (
    BusinessNeedsAccount,
    DeliveryNeedsCar,
    NewRider,
    NoteTooLong,
    OptionsExclude,
    RequestCall,
    RequestPolicies,
    ReservedInThePast,
    ReservedTooEarly,
    ReservedTooFarAhead,
    RiderPhone,
    RiderPhoneRepeated,
    RidersMismatch,
    RidersUnexpected,
    RoundTripNeedsVia,
    Wish,
)
from daeri.customers.model import BusinessId, CarDetails, Payer
from daeri.kernel.errors import DaeriError
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import ActorKind, Option, Payment, Service, Source, Timing
from daeri.policies.model import DispatchPolicy, RequestLimits, ReservationPolicy, Versioned
from daeri.pricing.model import FarePlan, Quote
from daeri.pricing.plan_model import (
    FareMoved,
    FareNotTyped,
    FareOutOfRange,
    FarePlanPolicy,
    PlanNotOffered,
    PlanTerms,
    ShortageLevel,
)

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
OURS, PARTNER = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))
QUOTED = Quote(amount=Won(27_000), distance_m=12_000, duration_s=1_500, exact=True, lines=(), tariff_version=7)
PLANS = FarePlanPolicy(tight_percent=110, typed_floor_percent=50, typed_ceiling_percent=400)
POLICIES = RequestPolicies(
    limits=RequestLimits(max_note_length=10, fare_floor_won=8_000, fare_ceiling_won=300_000),
    reservation=ReservationPolicy(reservation_lead_min=30, min_minutes_ahead=40, max_days_ahead=14),
    dispatch=Versioned(DispatchPolicy(call_expiry_s=600), version=3),
    plans=PlanTerms(Versioned(PLANS, version=4), 8_000, 300_000, 100),
)
WISH = Wish(company_id=OURS, customer_id=CustomerId(UUID(int=9)), origin=GANGNAM, destination=JAMSIL)


CAR = CarDetails("12가3456", "은색 세단")
BUSINESS = Business(BusinessId(UUID(int=8)), "한빛상사", Payer.COMPANY)


def build(wish: Wish, *, shortage: ShortageLevel = ShortageLevel.NONE) -> tuple[RequestCall, ...]:
    return build_requests(wish, QUOTED, POLICIES, shortage=shortage, now=NOW)


def only(wish: Wish, *, shortage: ShortageLevel = ShortageLevel.NONE) -> RequestCall:
    (command,) = build(wish, shortage=shortage)
    return command


def rider(number: int, car: CarDetails | None = None) -> NewRider:
    mark = number.to_bytes(32, "big")
    return NewRider(f"탑승자 {number}", RiderPhone(b"sealed", mark, mark, f"010-****-{number:04}"), car)


def riders(count: int) -> tuple[NewRider, ...]:
    return tuple(rider(number) for number in range(count))


def call(**changes: object) -> Call:
    """An own call that waits."""
    plain = Call(
        id=CallId(UUID(int=5)),
        company_id=OURS,
        number="",
        version=1,
        state=State.REQUESTED,
        source=Source.OWN,
        orderer_id=OURS,
        performer_id=None,
        driver_id=None,
        customer_id=CustomerId(UUID(int=9)),
        service=Service.GENERAL,
        timing=Timing.NOW,
        options=(),
        payment=Payment.CARD,
        fare=Fare(Won(27_000), FarePlan.CALCULATOR, 7),
        origin=GANGNAM,
        destination=JAMSIL,
        vias=(),
        note="",
        requested_at=NOW,
        reserved_for=None,
        dispatch_at=NOW,
        expires_at=NOW,
        assigned_at=None,
        arrived_at=None,
        started_at=None,
        ended_at=None,
        ended_by=None,
        cancelled_from=None,
        end_reason=None,
        releases=0,
        policy_version=0,
    )
    return replace(plain, **changes)


@pytest.mark.rule("R-001", "R-021")
@pytest.mark.parametrize(
    ("source", "orderer", "performer", "kind"),
    [
        (Source.OWN, OURS, None, Kind.OWN),
        (Source.OWN, OURS, OURS, Kind.OWN),
        (Source.OWN, OURS, PARTNER, Kind.CONSIGNED),
        (Source.AFFILIATE, PARTNER, None, Kind.AFFILIATE),
        (Source.AFFILIATE, PARTNER, OURS, Kind.AFFILIATE),
        (Source.PHONE, PARTNER, OURS, Kind.PHONE),
    ],
)
def test_the_kind_follows_from_source_orderer_and_performer(
    source: Source, orderer: CompanyId, performer: CompanyId | None, kind: Kind
) -> None:
    assert kind_of(source, orderer, performer) is kind


@pytest.mark.rule("R-001", "R-012")
def test_two_calls_of_one_partner_keep_their_own_grades() -> None:
    phone, affiliate = (
        call(source=grade, orderer_id=PARTNER, performer_id=OURS, driver_id=DriverId(UUID(int=4)))
        for grade in (Source.PHONE, Source.AFFILIATE)
    )
    assert (label_of(phone).kind, label_of(affiliate).kind) == (Kind.PHONE, Kind.AFFILIATE)


@pytest.mark.rule("R-002", "R-003")
@pytest.mark.parametrize(
    ("changes", "tags"),
    [
        ({}, ()),
        ({"service": Service.VIP}, (Tag.VIP,)),
        ({"service": Service.TAILORED}, (Tag.TAILORED,)),
        ({"service": Service.DELIVERY}, (Tag.DELIVERY,)),
        ({"timing": Timing.RESERVED}, (Tag.RESERVED,)),
        ({"options": (Option.BUSINESS, Option.MULTI)}, (Tag.MULTI, Tag.BUSINESS)),
        ({"options": (Option.FOR_ANOTHER,), "vias": (JAMSIL,)}, (Tag.FOR_ANOTHER, Tag.VIA)),
        ({"service": Service.VIP, "timing": Timing.RESERVED, "vias": (JAMSIL,)}, (Tag.VIP, Tag.RESERVED, Tag.VIA)),
    ],
)
def test_the_tags_follow_from_the_facts_in_a_fixed_order(changes: dict[str, object], tags: tuple[Tag, ...]) -> None:
    assert label_of(call(**changes)) == Label(Kind.OWN, tags)


def test_a_call_for_now_is_sought_from_now_until_the_policy_gives_up() -> None:
    command = only(WISH)
    assert (command.source, command.orderer_id, command.timing) == (Source.OWN, OURS, Timing.NOW)
    assert (command.dispatch_at, command.expires_at) == (NOW, NOW + timedelta(minutes=10))
    assert command.fare == Fare(Won(27_000), FarePlan.CALCULATOR, 7)
    assert command.policy_version == 3


@pytest.mark.parametrize("minutes_ahead", [40, 60, 14 * 24 * 60])
def test_a_reserved_call_is_sought_half_an_hour_before(minutes_ahead: int) -> None:
    wanted = NOW + timedelta(minutes=minutes_ahead)
    command = only(replace(WISH, reserved_for=wanted))
    assert command.timing is Timing.RESERVED
    assert command.dispatch_at == wanted - timedelta(minutes=30)
    assert command.expires_at == command.dispatch_at + timedelta(minutes=10)


@pytest.mark.rule("R-005")
def test_options_and_a_via_reach_the_command() -> None:
    wish = replace(
        WISH,
        options=(Option.FOR_ANOTHER, Option.BUSINESS),
        riders=riders(1),
        business=replace(BUSINESS, payer=Payer.CUSTOMER),
        vias=(JAMSIL,),
        destination=GANGNAM,
        payment=Payment.CASH,
        note="문앞",
    )
    command = only(wish)
    assert (command.options, command.vias) == (wish.options, (JAMSIL,))
    assert (command.payment, command.note, command.destination) == (Payment.CASH, "문앞", GANGNAM)
    assert (command.rider, command.business, command.quote) == (wish.riders[0], wish.business, QUOTED)


@pytest.mark.rule("R-005")
@pytest.mark.parametrize("count", [2, 5])
def test_several_cars_are_a_call_each_with_its_own_rider_and_car(count: int) -> None:
    own = CarDetails("34나5678")
    wish = replace(WISH, options=(Option.MULTI,), riders=(rider(0, own), *riders(count)[1:]), car=CAR)
    commands = build(wish)
    assert [command.rider for command in commands] == list(wish.riders)
    assert [command.car for command in commands] == [own, *[CAR] * (count - 1)]
    assert {command.fare for command in commands} == {Fare(Won(27_000), FarePlan.CALCULATOR, 7)}


@pytest.mark.rule("R-005")
def test_a_delivery_names_its_car_and_may_name_who_receives_it() -> None:
    wish = replace(WISH, service=Service.DELIVERY, car=CAR)
    assert only(wish).rider is None
    assert only(replace(wish, riders=riders(1))).rider == rider(0)
    assert only(replace(wish, car=None, riders=(rider(0, CAR),))).car == CAR


@pytest.mark.rule("R-005")
@pytest.mark.parametrize(("payer", "payment"), [(Payer.COMPANY, Payment.CARD), (Payer.CUSTOMER, Payment.CASH)])
def test_the_accounts_setting_says_who_pays(payer: Payer, payment: Payment) -> None:
    business = replace(BUSINESS, payer=payer)
    wish = replace(WISH, options=(Option.BUSINESS,), business=business, payment=Payment.CASH)
    assert only(wish).payment is payment


@pytest.mark.rule("R-055")
@pytest.mark.parametrize("typed", [13_500, 21_500, 108_000])
def test_a_typed_fare_within_the_bounds_is_taken(typed: int) -> None:
    command = only(replace(WISH, plan=FarePlan.TYPED, agreed_fare=typed))
    assert command.fare == Fare(Won(typed), FarePlan.TYPED, 7)


@pytest.mark.rule("R-054")
def test_the_recommended_fare_follows_the_shortage_and_is_what_the_customer_agreed_to() -> None:
    wish = replace(WISH, plan=FarePlan.RECOMMENDED)
    command = only(replace(wish, agreed_fare=29_700), shortage=ShortageLevel.TIGHT)
    assert command.fare == Fare(Won(29_700), FarePlan.RECOMMENDED, 7)
    assert (command.shortage, command.plans_version) == (ShortageLevel.TIGHT, 4)
    with pytest.raises(FareMoved) as refused:
        only(replace(wish, agreed_fare=27_000), shortage=ShortageLevel.TIGHT)
    assert refused.value.facts == {"plan": "recommended", "agreed_won": 27_000, "amount_won": 29_700}


TYPED_BOUNDS = {"floor_won": 13_500, "ceiling_won": 108_000}
MULTI = {"least": 2, "most": 5}
NEAR_GANGNAM = Place(Point(GANGNAM.point.lat + 0.00005, GANGNAM.point.lon))  # 5.6 m north


@pytest.mark.parametrize(
    ("changes", "refusal", "facts"),
    [
        ({"note": "가" * 11}, NoteTooLong, {"given": 11, "most": 10}),
        *(
            ({"plan": FarePlan.TYPED, "agreed_fare": typed}, FareOutOfRange, TYPED_BOUNDS)
            for typed in (13_499, 108_001, 0, -1, 10**12)
        ),
        ({"plan": FarePlan.TYPED}, FareNotTyped, TYPED_BOUNDS),
        ({"plan": FarePlan.METER}, PlanNotOffered, {"plan": "meter"}),
        ({"destination": GANGNAM}, RoundTripNeedsVia, {}),
        ({"destination": NEAR_GANGNAM}, RoundTripNeedsVia, {}),
        ({"reserved_for": NOW + timedelta(minutes=40, seconds=-1)}, ReservedTooEarly, {"min_minutes_ahead": 40}),
        ({"reserved_for": NOW}, ReservedInThePast, {"min_minutes_ahead": 40}),
        ({"reserved_for": NOW - timedelta(days=1)}, ReservedInThePast, {"min_minutes_ahead": 40}),
        ({"reserved_for": NOW + timedelta(days=14, seconds=1)}, ReservedTooFarAhead, {"max_days_ahead": 14}),
        *(
            ({"options": (Option.MULTI,), "riders": riders(count)}, RidersMismatch, {"given": count} | MULTI)
            for count in (0, 1, 6, 20)
        ),
        (
            {"options": (Option.FOR_ANOTHER,), "riders": riders(2)},
            RidersMismatch,
            {"given": 2, "least": 1, "most": 1},
        ),
        ({"options": (Option.FOR_ANOTHER,)}, RidersMismatch, {"given": 0, "least": 1, "most": 1}),
        ({"options": (Option.FOR_ANOTHER, Option.MULTI), "riders": riders(2)}, OptionsExclude, {}),
        ({"riders": riders(1)}, RidersUnexpected, {}),
        ({"options": (Option.MULTI,), "riders": (*riders(2), rider(0))}, RiderPhoneRepeated, {"rider": 3}),
        ({"service": Service.DELIVERY}, DeliveryNeedsCar, {}),
        ({"service": Service.DELIVERY, "riders": riders(1)}, DeliveryNeedsCar, {}),
        ({"options": (Option.BUSINESS,)}, BusinessNeedsAccount, {}),
        ({"business": BUSINESS}, BusinessNeedsAccount, {}),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    changes: dict[str, object], refusal: type[DaeriError], facts: dict[str, object]
) -> None:
    with pytest.raises(refusal) as refused:
        build(replace(WISH, **changes))
    assert refused.value.facts == facts


def test_a_note_of_exactly_the_most_characters_is_taken() -> None:
    assert only(replace(WISH, note="가" * 10)).note == "가" * 10
    assert only(replace(WISH, note="🚗" * 10)).note == "🚗" * 10


BEFORE, DURING = {Can.CANCEL}, {Can.CANCEL_WARNED, Can.NEVER_MEET}
AFTER = {Can.RATE, Can.NEVER_MEET, Can.LOST_ITEM, Can.REQUEST_AGAIN}
DRIVER, RIDER = DriverId(UUID(int=7)), Rider("이수민", "010-****-0001")
CANCELLED = State.CANCELLED_AFTER_ASSIGNMENT


@pytest.mark.parametrize(
    ("changes", "can"),
    [
        ({"state": State.RESERVED}, BEFORE),
        ({"state": State.REQUESTED}, BEFORE | {Can.CHANGE_FARE}),
        (
            {"state": State.REQUESTED, "rider": Rider("", "010-****-0001")},
            BEFORE | {Can.CHANGE_FARE, Can.CORRECT_RIDER},
        ),
        ({"state": State.ASSIGNED, "driver_id": DRIVER}, DURING),
        ({"state": State.DRIVING, "driver_id": DRIVER, "rider": RIDER}, DURING | {Can.CORRECT_RIDER}),
        ({"state": State.COMPLETED, "driver_id": DRIVER, "ended_at": NOW}, AFTER),
        (
            {"state": State.CANCELLED_AFTER_ASSIGNMENT, "driver_id": DRIVER, "ended_at": NOW},
            AFTER - {Can.RATE, Can.LOST_ITEM},
        ),
        ({"state": State.EXPIRED, "ended_at": NOW, "rider": Rider("", "")}, {Can.REQUEST_AGAIN}),
    ],
)
def test_what_a_customer_may_do_follows_from_the_row(changes: dict[str, object], can: set[Can]) -> None:
    assert set(may(call(**changes), ActorKind.CUSTOMER)) == can
    for other in (None, ActorKind.DRIVER, ActorKind.STAFF):
        assert may(call(**changes), other) == ()
