"""What may be requested, and what a call is called. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.dispatch.factories import GANGNAM, JAMSIL

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
    RequestPolicies,
    ReservedTooEarly,
    ReservedTooFarAhead,
    RoundTripNeedsVia,
    State,
    Tag,
    Wish,
)
from daeri.calls.policy import build_request, kind_of, label_of
from daeri.kernel.errors import DaeriError
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Option, Payment, Service, Source, Timing
from daeri.policies.model import DispatchPolicy, RequestLimits, ReservationPolicy, Versioned

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
OURS, PARTNER = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))
QUOTED = Quoted(Won(27_000), tariff_version=7)
POLICIES = RequestPolicies(
    limits=RequestLimits(max_note_length=10, fare_floor_won=8_000, fare_ceiling_won=300_000),
    reservation=ReservationPolicy(reservation_lead_min=30, min_minutes_ahead=40, max_days_ahead=14),
    dispatch=Versioned(DispatchPolicy(call_expiry_s=600), version=3),
)
WISH = Wish(company_id=OURS, customer_id=CustomerId(UUID(int=9)), origin=GANGNAM, destination=JAMSIL)


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
    command = build_request(WISH, QUOTED, POLICIES, now=NOW)
    assert (command.source, command.orderer_id, command.timing) == (Source.OWN, OURS, Timing.NOW)
    assert (command.dispatch_at, command.expires_at) == (NOW, NOW + timedelta(minutes=10))
    assert command.fare == Fare(Won(27_000), FarePlan.CALCULATOR, 7)
    assert command.policy_version == 3


@pytest.mark.parametrize("minutes_ahead", [40, 60, 14 * 24 * 60])
def test_a_reserved_call_is_sought_half_an_hour_before(minutes_ahead: int) -> None:
    wanted = NOW + timedelta(minutes=minutes_ahead)
    command = build_request(replace(WISH, reserved_for=wanted), QUOTED, POLICIES, now=NOW)
    assert command.timing is Timing.RESERVED
    assert command.dispatch_at == wanted - timedelta(minutes=30)
    assert command.expires_at == command.dispatch_at + timedelta(minutes=10)


@pytest.mark.rule("R-005")
def test_every_option_and_a_via_reach_the_command() -> None:
    wish = replace(WISH, options=tuple(Option), vias=(JAMSIL,), destination=GANGNAM, payment=Payment.CASH, note="문앞")
    command = build_request(wish, QUOTED, POLICIES, now=NOW)
    assert (command.options, command.vias) == (tuple(Option), (JAMSIL,))
    assert (command.payment, command.note, command.destination) == (Payment.CASH, "문앞", GANGNAM)


@pytest.mark.parametrize("typed", [8_000, 21_500, 300_000])
def test_a_typed_fare_within_the_bounds_is_taken(typed: int) -> None:
    command = build_request(replace(WISH, typed_fare=typed), QUOTED, POLICIES, now=NOW)
    assert command.fare == Fare(Won(typed), FarePlan.TYPED, 7)


NEAR_GANGNAM = Place(Point(GANGNAM.point.lat + 0.00005, GANGNAM.point.lon))  # 5.6 m north


@pytest.mark.parametrize(
    ("changes", "refusal", "facts"),
    [
        ({"note": "가" * 11}, NoteTooLong, {"given": 11, "most": 10}),
        ({"typed_fare": 7_999}, FareOutOfRange, {"floor_won": 8_000, "ceiling_won": 300_000}),
        ({"typed_fare": 300_001}, FareOutOfRange, {"floor_won": 8_000, "ceiling_won": 300_000}),
        ({"typed_fare": -1}, FareOutOfRange, {"floor_won": 8_000, "ceiling_won": 300_000}),
        ({"destination": GANGNAM}, RoundTripNeedsVia, {}),
        ({"destination": NEAR_GANGNAM}, RoundTripNeedsVia, {}),
        ({"reserved_for": NOW + timedelta(minutes=40, seconds=-1)}, ReservedTooEarly, {"min_minutes_ahead": 40}),
        ({"reserved_for": NOW - timedelta(days=1)}, ReservedTooEarly, {"min_minutes_ahead": 40}),
        ({"reserved_for": NOW + timedelta(days=14, seconds=1)}, ReservedTooFarAhead, {"max_days_ahead": 14}),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    changes: dict[str, object], refusal: type[DaeriError], facts: dict[str, object]
) -> None:
    with pytest.raises(refusal) as refused:
        build_request(replace(WISH, **changes), QUOTED, POLICIES, now=NOW)
    assert refused.value.facts == facts


def test_a_note_of_exactly_the_most_characters_is_taken() -> None:
    assert build_request(replace(WISH, note="가" * 10), QUOTED, POLICIES, now=NOW).note == "가" * 10
