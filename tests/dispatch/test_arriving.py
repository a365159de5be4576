"""When a driver will be there: by road, by the policy's pace or the quoted way's, and after what comes first."""

from dataclasses import replace

import pytest
from tests.dispatch.factories import Night

from daeri.calls.model import Call, Place, State
from daeri.dispatch import api
from daeri.dispatch.model import Arrival, Goal
from daeri.kernel.geo import METRES_PER_DEGREE, Point
from daeri.kernel.money import Won
from daeri.policies.model import DispatchPolicy
from daeri.pricing.model import Quote

POLICY = DispatchPolicy(pickup_speed_kmh=18.0, detour_factor=1.25)  # 5 m/s
QUOTE = Quote(amount=Won(25_000), distance_m=9_000, duration_s=900, exact=True, lines=(), tariff_version=0)  # 10 m/s


def north(metres: float) -> Point:
    return Point(37.5 + metres / METRES_PER_DEGREE, 127.0)


@pytest.fixture
async def call(night: Night) -> Call:
    """From 0 m north to 8 km north."""
    asked = await night.request(quote=QUOTE)
    return replace(asked, origin=Place(north(0)), destination=Place(north(8_000)), vias=())


def test_who_comes_takes_the_road_at_the_policys_pace(call: Call) -> None:
    coming = replace(call, state=State.ASSIGNED)
    assert api.arrival(coming, north(2_000), POLICY) == Arrival(500, Goal.ORIGIN)
    assert api.arrival(coming, north(0), POLICY) == Arrival(0, Goal.ORIGIN)


def test_who_drives_another_customer_first_comes_after_that(call: Call) -> None:
    coming = replace(call, state=State.ASSIGNED)
    first = replace(call, state=State.DRIVING, destination=Place(north(1_000)), vias=())
    # 1 km at 10 m/s to the end of the first drive, then 1 km back at 5 m/s.
    assert api.arrival(coming, north(2_000), POLICY, before=first) == Arrival(125 + 250, Goal.ORIGIN)


def test_on_the_way_it_is_the_next_stop_at_the_pace_of_the_quoted_way(call: Call) -> None:
    driving = replace(call, state=State.DRIVING, vias=(Place(north(3_000)), Place(north(5_000))))
    assert api.arrival(driving, north(1_000), POLICY) == Arrival(250, Goal.VIA)
    passed = replace(driving, vias_reached=(0,))
    assert api.arrival(passed, north(1_000), POLICY) == Arrival(500, Goal.VIA)
    assert api.arrival(replace(driving, vias_reached=(1, 0)), north(4_000), POLICY) == Arrival(500, Goal.DESTINATION)
    assert api.arrival(replace(driving, quote=None, vias=()), north(4_000), POLICY) == Arrival(1_000, Goal.DESTINATION)


@pytest.mark.parametrize("state", sorted(set(State) - {State.ASSIGNED, State.DRIVING}))
def test_else_nobody_goes_anywhere(call: Call, state: State) -> None:
    assert api.arrival(replace(call, state=state), north(0), POLICY) is None
