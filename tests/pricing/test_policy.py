"""The fare: what each line costs, where the night begins, and that a longer way is never cheaper."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.terms import Service
from daeri.kernel.time import KST
from daeri.policies.model import PolicyInvalid, Versioned, parse
from daeri.pricing.model import LineKind, Quote, Route, ServiceRate, Tariff
from daeri.pricing.policy import is_night, quote

DAY = datetime(2026, 11, 22, 13, 0, tzinfo=KST)
NIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=KST)
PLAIN = Tariff(
    base_won=10_000,
    included_m=2_000,
    per_km_won=900,
    per_minute_won=50,
    per_via_won=5_000,
    night_percent=20,
    minimum_won=10_000,
    services={Service.VIP: ServiceRate(percent=150, addition_won=3_000)},
)

won = st.integers(0, 100_000)
tariffs = st.builds(
    Tariff,
    base_won=won,
    included_m=st.integers(0, 10_000),
    per_km_won=st.integers(0, 5_000),
    per_minute_won=st.integers(0, 1_000),
    per_via_won=st.integers(0, 20_000),
    night_percent=st.integers(0, 500),
    night_from=st.times(),
    night_until=st.times(),
    minimum_won=st.integers(0, 500).map(lambda hundreds: hundreds * 100),
    rounding_unit_won=st.sampled_from([1, 10, 100]),
    services=st.dictionaries(
        st.sampled_from(Service),
        st.builds(ServiceRate, percent=st.integers(0, 1_000), addition_won=won),
    ),
)
instants = st.integers(0, 2 * 365 * 86_400).map(lambda seconds: DAY.astimezone(UTC) + timedelta(seconds=seconds))
metres = st.integers(0, 500_000)
seconds = st.integers(0, 36_000)


@dataclass(frozen=True)
class Drive:
    distance_m: int
    duration_s: int
    departure: datetime = DAY
    vias: int = 0
    service: Service = Service.GENERAL

    def price(self, tariff: Tariff) -> Quote:
        route = Route(self.distance_m, self.duration_s, exact=True)
        read = Versioned(tariff, 7)
        return quote(read, route, departure=self.departure, vias=self.vias, service=self.service)


drives = st.builds(Drive, metres, seconds, instants, st.integers(0, 5), st.sampled_from(Service))


def lines(of: Quote) -> dict[LineKind, int]:
    return {line.kind: line.amount for line in of.lines}


@pytest.mark.rule("I-026")
def test_every_line_of_a_night_drive_with_a_via() -> None:
    drive = Drive(12_340, 1_530, departure=NIGHT, vias=1, service=Service.VIP).price(PLAIN)
    # 10,340 m × 900 = 9,306; 25.5 min × 50 = 1,275; 25,581 × 20 % = 5,116.2; 30,697 × 150 % = 46,045.5 + 3,000
    assert lines(drive) == {
        LineKind.BASE: 10_000,
        LineKind.DISTANCE: 9_306,
        LineKind.TIME: 1_275,
        LineKind.VIAS: 5_000,
        LineKind.NIGHT: 5_116,
        LineKind.SERVICE: 18_349,
        LineKind.ROUNDING: -46,
    }
    assert (drive.amount, drive.tariff_version, drive.exact) == (49_000, 7, True)


def test_what_the_base_includes_costs_nothing_more() -> None:
    assert Drive(2_000, 0).price(PLAIN).amount == 10_000
    assert Drive(0, 0).price(PLAIN).amount == 10_000
    assert Drive(3_000, 0).price(PLAIN).amount == 10_900


def test_the_minimum_lifts_a_cheap_drive() -> None:
    cheap = Drive(500, 60).price(Tariff(base_won=1_000, included_m=1_000, minimum_won=9_900))
    assert lines(cheap) == {LineKind.BASE: 1_000, LineKind.TIME: 50, LineKind.MINIMUM: 8_850}
    assert cheap.amount == 9_900


@pytest.mark.parametrize(("base_won", "amount"), [(10_049, 10_000), (10_050, 10_100), (10_051, 10_100)])
def test_the_fare_is_rounded_to_the_nearest_100_won_halves_up(base_won: int, amount: int) -> None:
    assert Drive(0, 0).price(Tariff(base_won=base_won)).amount == amount


@given(tariffs, drives)
def test_the_lines_add_up_and_the_fare_keeps_unit_and_minimum(tariff: Tariff, drive: Drive) -> None:
    price = drive.price(tariff)
    assert price.amount == sum(line.amount for line in price.lines)
    assert price.amount % tariff.rounding_unit_won == 0
    assert price.amount >= tariff.minimum_won
    assert all(type(line.amount) is int for line in price.lines)


@given(tariffs, drives, metres, seconds, st.integers(0, 3))
def test_a_longer_way_is_never_cheaper(tariff: Tariff, drive: Drive, more_m: int, more_s: int, more_vias: int) -> None:
    longer = replace(
        drive,
        distance_m=drive.distance_m + more_m,
        duration_s=drive.duration_s + more_s,
        vias=drive.vias + more_vias,
    )
    assert longer.price(tariff).amount >= drive.price(tariff).amount


@pytest.mark.rule("I-026")
@given(tariffs, drives)
def test_the_same_drive_costs_the_same_wherever_the_clock_is_read(tariff: Tariff, drive: Drive) -> None:
    in_korea = replace(drive, departure=drive.departure.astimezone(KST))
    assert drive.price(tariff) == in_korea.price(tariff) == drive.price(tariff)


@pytest.mark.parametrize(
    ("clock", "night"),
    [
        (time(21, 59, 59, 999_999), False),
        (time(22, 0), True),
        (time(23, 59, 59), True),
        (time(0, 0), True),
        (time(3, 59, 59, 999_999), True),
        (time(4, 0), False),
        (time(13, 0), False),
    ],
)
def test_the_night_crosses_midnight_in_korean_time(clock: time, night: bool) -> None:
    departure = datetime.combine(DAY.date(), clock, KST)
    tariff = Tariff(night_from=time(22, 0), night_until=time(4, 0))
    assert is_night(tariff, departure.astimezone(UTC)) is night
    assert (LineKind.NIGHT in lines(Drive(0, 0, departure).price(tariff))) is night


def test_a_night_within_one_day_and_none_at_all() -> None:
    early = Tariff(night_from=time(0, 0), night_until=time(5, 0))
    assert is_night(early, datetime(2026, 11, 22, 0, 0, tzinfo=KST))
    assert not is_night(early, datetime(2026, 11, 22, 5, 0, tzinfo=KST))
    none = Tariff(night_from=time(3, 0), night_until=time(3, 0))
    assert not any(is_night(none, DAY + timedelta(hours=hour)) for hour in range(24))


def test_a_tariff_travels_through_json_and_keeps_its_bounds() -> None:
    value = {"night_from": "23:30:00", "services": {"vip": {"percent": 130}}}
    assert parse(Tariff, value) == Tariff(night_from=time(23, 30), services={Service.VIP: ServiceRate(percent=130)})
    for wrong in ({"base_won": -1}, {"base_won": 1.5}, {"minimum_won": 10_050}, {"services": {"gold": {}}}):
        with pytest.raises(PolicyInvalid):
            parse(Tariff, wrong)
