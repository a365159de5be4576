"""What one tick decides: nearest first among those who may, each call once, and the reasons behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daeri.dispatch.fleet import Duty, LiveFleet, Status
from daeri.dispatch.plan import (
    Answer,
    Asked,
    CallOutcome,
    DispatchParameters,
    Mode,
    Outcome,
    Plan,
    RadiusSteps,
    Reason,
    Snapshot,
    WaitingCall,
)
from daeri.dispatch.policy import decide
from daeri.kernel.geo import METRES_PER_DEGREE, Point, distance_m
from daeri.kernel.ids import CallId, CompanyId, DriverId
from daeri.kernel.time import to_millis

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
NOW_MS = to_millis(NOW)
LAT, LON = 37.5, 127.0
STEADY = DispatchParameters(radius=RadiusSteps(start_m=3_000, step_m=0, cap_m=3_000))
COMPANIES = [CompanyId(UUID(int=1000 + number)) for number in range(3)]
DRIVES, VIP = 1, 2


def driving(north: float, *, ends: float, age_s: float = 1) -> "Stand":
    """Somebody who drives at `north` to `ends`, and may have a next call."""
    return Stand(north, status=Status.BUSY, age_s=age_s, ends=(ends, 0))


@dataclass(frozen=True)
class Stand:
    """A driver on duty, `north` and `east` metres from the centre; their place in the list is their slot."""

    north: float
    east: float = 0
    status: Status = Status.IDLE
    age_s: float = 1
    can: int = DRIVES
    company: int = 0
    ends: tuple[float, float] | None = None  # where the drive ends, north and east, of who may have a next call


def place(north: float, east: float = 0) -> tuple[float, float]:
    return LAT + north / METRES_PER_DEGREE, LON + east / METRES_PER_DEGREE / float(np.cos(np.radians(LAT)))


def fleet_of(stands: Sequence[Stand]) -> LiveFleet:
    fleet = LiveFleet()
    for company in COMPANIES:
        fleet.company_index(company)
    for slot, stand in enumerate(stands):
        driver = DriverId(UUID(int=(slot + 1) << 64))
        company = COMPANIES[stand.company]
        fleet.set_duty(driver, company_id=company, capabilities=stand.can, duty=Duty.ON, version=1)
        fleet.set_status(driver, stand.status, version=1)
        lat, lon = place(stand.north, stand.east)
        fleet.place(slot, at_ms=NOW_MS - round(stand.age_s * 1000), lat=lat, lon=lon)
        if stand.ends is not None:
            fleet.set_status(driver, stand.status, version=2, ends_at=Point(*place(*stand.ends)))
    return fleet


def call(number: int = 0, north: float = 0, east: float = 0, *, waited_s: float = 20, **facts: object) -> WaitingCall:
    lat, lon = place(north, east)
    plain = WaitingCall(CallId(UUID(int=number)), 0, lat, lon, NOW_MS - round(waited_s * 1000), needs=DRIVES)
    return msgspec.structs.replace(plain, **facts)


def tick(stands: Sequence[Stand], *calls: WaitingCall, parameters: DispatchParameters = STEADY) -> Plan:
    return decide(Snapshot(calls, fleet_of(stands).view()), NOW, parameters)


def offered(plan: Plan) -> dict[int, int]:
    """By the number of the call: the slot."""
    return {offer.call_id.int: offer.slot for offer in plan.offers}


def outcome_of(plan: Plan, number: int = 0) -> CallOutcome:
    return next(change for change in plan.changes if change.call_id.int == number)


def reasons(plan: Plan, number: int = 0) -> dict[int, Reason]:
    """By slot: why the driver did or did not get the call."""
    change = outcome_of(plan, number)
    pairs = slice(change.first, change.last)
    slots, codes = plan.considered.slot[pairs].tolist(), plan.considered.reason[pairs].tolist()
    return {slot: Reason(code) for slot, code in zip(slots, codes, strict=True)}


@pytest.mark.rule("R-051")
def test_the_nearest_driver_is_offered_the_call() -> None:
    plan = tick([Stand(900), Stand(300)], call())

    (offer,) = plan.offers
    assert offer.slot == 1
    assert offer.straight_m == 300
    assert offer.pickup_m == 390
    assert offer.pickup_s == 78
    assert offer.expires_at == NOW + STEADY.offer_limit
    assert outcome_of(plan).outcome is Outcome.OFFERED
    assert reasons(plan) == {1: Reason.CHOSEN, 0: Reason.FARTHER}


@pytest.mark.rule("I-040")
def test_a_stale_nearer_driver_is_skipped_and_the_log_says_so() -> None:
    plan = tick([Stand(300, age_s=31), Stand(900)], call())
    assert offered(plan) == {0: 1}
    assert reasons(plan) == {0: Reason.STALE_POSITION, 1: Reason.CHOSEN}


@pytest.mark.rule("I-040")
def test_drivers_at_the_same_distance_go_by_their_ids() -> None:
    stands = [Stand(200, east=metres) for metres in (300, -300, 300)]
    assert offered(tick(stands, call())) == {0: 0}
    assert offered(tick([replace(stands[0], status=Status.BUSY), *stands[1:]], call())) == {0: 1}


@pytest.mark.rule("I-040")
def test_the_log_says_why_each_driver_did_not_get_the_call() -> None:
    stands = [
        Stand(100, status=Status.BUSY),
        Stand(110, status=Status.HELD),
        Stand(120, age_s=3600),
        Stand(130, can=VIP),
        Stand(140),
        Stand(150),
        Stand(160),
        Stand(400),
        Stand(3_500),
        Stand(50, company=1),
    ]
    asked = (Asked(4, Answer.DECLINED, NOW_MS - 5_000), Asked(5, Answer.IGNORED, NOW_MS - 9_000))
    steps = RadiusSteps(start_m=1_000, step_m=0, cap_m=5_000)
    plan = tick(stands, call(asked=asked), parameters=replace(STEADY, radius=steps))
    assert reasons(plan) == {
        0: Reason.BUSY,
        1: Reason.HELD_BY_OTHER_OFFER,
        2: Reason.STALE_POSITION,
        3: Reason.NOT_ELIGIBLE,
        4: Reason.ALREADY_DECLINED,
        5: Reason.ALREADY_IGNORED,
        6: Reason.CHOSEN,
        7: Reason.FARTHER,
        8: Reason.OUT_OF_RADIUS,
    }


def test_an_eligible_seventeenth_is_found_and_logged_behind_a_hundred_others() -> None:
    stands = [Stand(10 + number, can=VIP) for number in range(50)] + [
        Stand(100 + number, age_s=99) for number in range(50)
    ]
    plan = tick([*stands, Stand(500)], call())
    assert offered(plan) == {0: 100}
    change = outcome_of(plan)
    assert change.last - change.first == STEADY.logged_drivers + 1
    assert reasons(plan)[100] is Reason.CHOSEN


def test_a_driver_who_gave_the_call_away_is_not_asked_while_anybody_else_is_within_the_cap() -> None:
    asked = (Asked(0, Answer.DECLINED, NOW_MS - 999_000),)
    steps = RadiusSteps(start_m=500, step_m=0, cap_m=3_000)
    plan = tick([Stand(100), Stand(2_500)], call(asked=asked), parameters=replace(STEADY, radius=steps))
    assert plan.offers == ()
    assert outcome_of(plan).outcome is Outcome.ALL_ASKED


@pytest.mark.parametrize(("ago_s", "expected"), [(59, {}), (60, {0: 1})])
def test_when_nobody_else_is_left_they_are_asked_again_after_a_pause(ago_s: int, expected: dict[int, int]) -> None:
    asked = (Asked(0, Answer.DECLINED, NOW_MS), Asked(1, Answer.IGNORED, NOW_MS - ago_s * 1000))
    others = [Stand(50, status=Status.BUSY), Stand(60, can=VIP), Stand(70, company=1)]
    assert offered(tick([Stand(100), Stand(200), *others], call(asked=asked))) == expected


def test_the_radius_widens_in_steps_and_never_past_the_cap() -> None:
    steps = RadiusSteps(start_m=1_000, step_m=500, every=timedelta(seconds=10), cap_m=2_000)
    parameters = replace(STEADY, radius=steps)
    for waited_s, metres, found in [
        (9.9, 1_001, False),
        (9.9, 999, True),
        (10, 1_499, True),
        (10, 1_501, False),
        (3600, 1_999, True),
        (3600, 2_001, False),
    ]:
        plan = tick([Stand(metres)], call(waited_s=waited_s), parameters=parameters)
        assert bool(plan.offers) is found, (waited_s, metres)


def test_a_call_with_steps_of_its_own_uses_them() -> None:
    own = RadiusSteps(start_m=100, step_m=0, cap_m=100)
    plan = tick([Stand(150)], call(0, radius=own), call(1))
    assert offered(plan) == {1: 0}
    assert outcome_of(plan, 0).radius_m == 100


def test_a_reserved_call_is_left_alone_before_its_time() -> None:
    plan = tick([Stand(100)], call(waited_s=-1))
    assert plan.changes == ()
    assert plan.offers == ()


@pytest.mark.rule("I-038")
@pytest.mark.parametrize(
    ("stands", "outcome", "rest"),
    [
        ([], Outcome.NO_DRIVER_IN_RADIUS, {}),
        ([Stand(3_100)], Outcome.NO_DRIVER_IN_RADIUS, {}),
        ([Stand(100, company=1)], Outcome.NO_DRIVER_IN_RADIUS, {}),
        ([Stand(100, can=VIP)], Outcome.NONE_ELIGIBLE, {}),
        ([Stand(100, age_s=99), Stand(50, can=VIP)], Outcome.POSITIONS_STALE, {}),
        ([Stand(100, status=Status.HELD), Stand(50, age_s=99)], Outcome.ALL_BUSY, {}),
        ([Stand(10 + n, can=VIP) for n in range(70)] + [Stand(2_000, status=Status.BUSY)], Outcome.ALL_BUSY,
         {Reason.NOT_ELIGIBLE: 6, Reason.BUSY: 1}),
    ],
)  # fmt: skip
def test_an_unmet_call_keeps_its_reason(stands: list[Stand], outcome: Outcome, rest: dict[Reason, int]) -> None:
    plan = tick(stands, call())
    assert plan.offers == ()
    assert plan.unmet == {outcome: 1}
    assert outcome_of(plan).outcome is outcome
    assert outcome_of(plan).rest == rest


def test_an_unchanged_outcome_is_not_written_again() -> None:
    plan = tick([Stand(100, status=Status.BUSY)], call(previous=Outcome.ALL_BUSY), call(1, previous=Outcome.OFFERED))
    assert [change.call_id.int for change in plan.changes] == [1]
    assert plan.unmet == {Outcome.ALL_BUSY: 2}
    assert plan.considered.change.tolist() == [0]


def test_the_older_call_wins_a_tie_and_the_other_names_it() -> None:
    plan = tick([Stand(0)], call(1, 100, waited_s=5), call(2, -100, waited_s=50))
    assert offered(plan) == {2: 0}
    loser = outcome_of(plan, 1)
    assert loser.outcome is Outcome.BEATEN_BY_CALL
    assert loser.beaten_by == CallId(UUID(int=2))
    assert reasons(plan, 1) == {0: Reason.NEARER_TO_OTHER_CALL}
    assert plan.changes[int(plan.considered.other[loser.first])].call_id.int == 2


def test_a_call_that_gave_its_nearest_away_says_to_whom() -> None:
    plan = tick(
        [Stand(0), Stand(300)], call(0, 10), call(1, -100, radius=RadiusSteps(start_m=200, step_m=0, cap_m=200))
    )
    assert offered(plan) == {0: 1, 1: 0}
    assert reasons(plan, 0) == {0: Reason.NEARER_TO_OTHER_CALL, 1: Reason.CHOSEN}
    assert outcome_of(plan, 0).beaten_by == CallId(UUID(int=1))


def test_an_open_call_is_listed_to_those_near_and_offered_to_nobody() -> None:
    stands = [Stand(900), Stand(300), Stand(200, status=Status.BUSY), Stand(100, can=VIP), Stand(4_000), Stand(500)]
    plan = tick(stands, call(mode=Mode.OPEN_LIST), parameters=replace(STEADY, listed_drivers=2))

    (listing,) = plan.listings
    assert plan.offers == ()
    assert listing.slots == (1, 5)
    assert listing.straight_m == (300, 500)
    assert outcome_of(plan).outcome is Outcome.LISTED
    assert reasons(plan)[1] is Reason.LISTED
    assert reasons(plan)[0] is Reason.FARTHER


def test_an_open_call_that_nobody_sees_keeps_its_reason() -> None:
    plan = tick([Stand(200, status=Status.BUSY)], call(mode=Mode.OPEN_LIST))
    assert plan.listings[0].slots == ()
    assert outcome_of(plan).outcome is Outcome.ALL_BUSY


def test_who_is_about_to_finish_comes_from_the_end_of_the_drive_and_drives_the_rest_first() -> None:
    plan = tick([driving(-1_000, ends=-400)], call())

    (offer,) = plan.offers
    assert (offer.slot, offer.is_next) == (0, True)
    assert offer.straight_m == 600 + 400
    assert offer.pickup_m == 1_300
    assert reasons(plan) == {0: Reason.CHOSEN}


def test_who_finishes_competes_with_the_rest_of_the_drive() -> None:
    stands = [driving(-700, ends=-200), Stand(800), Stand(600)]
    plan = tick(stands, call())

    assert offered(plan) == {0: 2}
    assert reasons(plan) == {0: Reason.FARTHER_AFTER_DRIVE, 1: Reason.FARTHER, 2: Reason.CHOSEN}
    considered = dict(zip(plan.considered.slot.tolist(), plan.considered.straight_m.tolist(), strict=True))
    assert considered[0] == pytest.approx(700, abs=1)
    assert offered(tick([driving(-700, ends=-200), Stand(800)], call())) == {0: 0}


@pytest.mark.parametrize(
    "stand",
    [
        driving(-2_000, ends=-400),  # 1 600 m from the end
        driving(-400, ends=-300, age_s=40),
        Stand(-400, status=Status.BUSY),  # nobody knows the end, or something else follows
        replace(driving(-400, ends=-300), status=Status.HELD),
    ],
)
def test_who_is_far_from_the_end_or_not_heard_of_has_no_next_call(stand: Stand) -> None:
    assert tick([stand], call()).offers == ()


def test_next_calls_can_be_switched_off() -> None:
    parameters = replace(STEADY, next_call_radius_m=0)
    plan = tick([driving(0, ends=0)], call(), parameters=parameters)
    assert plan.offers == ()
    assert reasons(plan) == {0: Reason.BUSY}


def test_the_way_with_the_rest_of_the_drive_keeps_to_the_radius() -> None:
    near_end = driving(-2_900, ends=-1_900)
    assert tick([near_end], call()).offers != ()
    assert tick([replace(near_end, north=-3_100)], call()).offers == ()


def test_an_idle_driver_is_found_behind_many_who_finish() -> None:
    crowd = [driving(-1_400, ends=-10 - place) for place in range(100)]
    parameters = replace(STEADY, radius=RadiusSteps(start_m=1_000, step_m=0, cap_m=3_000))
    assert offered(tick([*crowd, Stand(900)], call(), parameters=parameters)) == {0: 100}


def test_who_finishes_sees_the_open_list() -> None:
    plan = tick([driving(-900, ends=-500), Stand(700)], call(mode=Mode.OPEN_LIST))
    (listing,) = plan.listings
    assert listing.slots == (1, 0)


@pytest.mark.rule("I-006")
def test_who_shall_not_meet_the_customer_is_passed_over_and_the_log_says_so() -> None:
    plan = tick([Stand(100), Stand(500)], call(barred=(0,)))
    assert offered(plan) == {0: 1}
    assert reasons(plan) == {0: Reason.NEVER_MEET, 1: Reason.CHOSEN}


@pytest.mark.rule("I-006")
def test_a_call_whose_only_driver_is_barred_is_offered_to_nobody_however_long_it_waits() -> None:
    long_ago = Asked(0, Answer.IGNORED, NOW_MS - 3_600_000)
    for facts in ({}, {"asked": (long_ago,)}, {"mode": Mode.OPEN_LIST}):
        plan = tick([Stand(100)], call(waited_s=600, barred=(0,), **facts))
        assert plan.offers == ()
        assert [listing.slots for listing in plan.listings] in ([], [()])
        assert outcome_of(plan).outcome is Outcome.NONE_ELIGIBLE
        assert reasons(plan) == {0: Reason.NEVER_MEET}


@pytest.mark.rule("I-006")
def test_a_bar_is_of_one_call_only_and_counts_no_one_else() -> None:
    crowd = [Stand(10 + place) for place in range(100)]
    plan = tick([*crowd, Stand(900)], call(0, barred=tuple(range(100))), call(1, north=5))
    assert offered(plan)[0] == 100
    assert offered(plan)[1] < 100


def test_the_age_of_a_stale_position_is_kept() -> None:
    plan = tick([Stand(100, age_s=47.5), Stand(300)], call())
    ages = dict(zip(plan.considered.slot.tolist(), plan.considered.age_s.tolist(), strict=True))
    assert ages == {0: 47, 1: 0}


def test_an_empty_world_gives_an_empty_plan() -> None:
    plan = tick([])
    assert (plan.offers, plan.listings, plan.changes, plan.unmet) == ((), (), (), {})


stand = st.builds(
    Stand,
    north=st.integers(-40, 40).map(lambda step: step * 100.0),
    east=st.integers(-40, 40).map(lambda step: step * 100.0),
    status=st.sampled_from([Status.IDLE, Status.IDLE, Status.IDLE, Status.HELD, Status.BUSY]),
    age_s=st.sampled_from([1, 1, 1, 99]),
    can=st.sampled_from([DRIVES, VIP, DRIVES | VIP]),
    company=st.integers(0, 1),
)
waiting = st.tuples(
    st.integers(-30, 30), st.integers(-30, 30), st.sampled_from([DRIVES, VIP, DRIVES | VIP]), st.integers(0, 1),
    st.lists(st.tuples(st.integers(0, 39), st.sampled_from(Answer), st.sampled_from([5, 100])), max_size=3),
)  # fmt: skip


def free_for(waiting_call: WaitingCall, stands: Sequence[Stand], radius_m: float) -> dict[int, float]:
    """By slot: metres to everybody who could be offered the call, asked before or not."""
    at = Point(waiting_call.lat, waiting_call.lon)
    metres = {slot: distance_m(at, Point(*place(stand.north, stand.east))) for slot, stand in enumerate(stands)}
    return {
        slot: metres[slot]
        for slot, stand in enumerate(stands)
        if stand.status == Status.IDLE and stand.age_s < 30 and stand.company == waiting_call.company
        if stand.can & waiting_call.needs == waiting_call.needs and metres[slot] <= radius_m
    }


@pytest.mark.rule("R-051", "I-040")
@settings(max_examples=120, deadline=None)
@given(st.lists(stand, max_size=40), st.lists(waiting, max_size=8), st.sampled_from([0, 10**6]))
def test_no_driver_left_free_is_nearer_than_the_one_chosen(
    stands: list[Stand], waits: list[tuple], budget: int
) -> None:
    calls = [
        call(number, north * 100.0, east * 100.0, waited_s=number, needs=needs, company=company,
             asked=tuple(Asked(slot, answer, NOW_MS - ago * 1000) for slot, answer, ago in asked))
        for number, (north, east, needs, company, asked) in enumerate(waits)
    ]  # fmt: skip
    plan = tick(stands, *calls, parameters=replace(STEADY, matching_pair_budget=budget))
    again = tick(stands, *reversed(calls), parameters=replace(STEADY, matching_pair_budget=budget))
    assert plan.offers == again.offers
    assert plan.changes == again.changes

    chosen = offered(plan)
    assert len(set(chosen.values())) == len(chosen)
    for waiting_call in calls:
        could = free_for(waiting_call, stands, 3_000)
        before = {asked.slot for asked in waiting_call.asked}
        unasked = {slot: metres for slot, metres in could.items() if slot not in before}
        slot = chosen.get(waiting_call.call_id.int)
        left = {other for other in unasked if other not in chosen.values()}
        if slot is None:
            assert not left
        else:
            assert slot in could
            assert slot in unasked or not unasked
            assert all(unasked[other] >= could[slot] - 0.5 for other in left)
        assert len(reasons(plan, waiting_call.call_id.int)) <= STEADY.logged_drivers + 1
