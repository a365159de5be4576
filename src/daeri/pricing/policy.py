"""Pure: what a drive costs."""

from collections.abc import Iterator
from datetime import datetime, time
from fractions import Fraction

from daeri.kernel.money import Won, round_won
from daeri.kernel.terms import Service
from daeri.kernel.time import KST
from daeri.policies.model import Versioned
from daeri.pricing.model import LineKind, Quote, QuoteLine, Route, ServiceRate, Tariff


def quote(
    tariff: Versioned[Tariff],
    route: Route,
    *,
    departure: datetime,
    vias: int = 0,
    service: Service = Service.GENERAL,
) -> Quote:
    """The fare of `route` for a departure at `departure` with `vias` stops on the way (I-026).

    Every line is rounded to whole won first and the sum to the tariff's unit last, so a longer way never costs less.
    """
    lines = tuple(line for line in _lines(tariff.value, route, departure, vias, service) if line.amount != 0)
    return Quote(
        amount=Won(sum(line.amount for line in lines)),
        distance_m=route.distance_m,
        duration_s=route.duration_s,
        exact=route.exact,
        lines=lines,
        tariff_version=tariff.version,
    )


def is_night(tariff: Tariff, departure: datetime) -> bool:
    """Whether `departure` lies in the tariff's night, in Korean time."""
    clock = departure.astimezone(KST).time()
    return _within(clock, tariff.night_from, tariff.night_until)


def _within(clock: time, start: time, end: time) -> bool:
    """Whether `clock` is in [start, end), which may cross midnight; equal ends hold nothing."""
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def _lines(tariff: Tariff, route: Route, departure: datetime, vias: int, service: Service) -> Iterator[QuoteLine]:
    """Each line that the tariff knows, zero ones too, in the order in which they build on each other."""
    fare = 0
    for line in _way(tariff, route, vias):
        fare += line.amount
        yield line
    night = round_won(Fraction(fare * tariff.night_percent, 100)) if is_night(tariff, departure) else Won(0)
    yield QuoteLine(LineKind.NIGHT, night)
    fare += night
    rate = tariff.services.get(service, ServiceRate())
    served = round_won(Fraction(fare * rate.percent, 100)) + rate.addition_won
    yield QuoteLine(LineKind.SERVICE, Won(served - fare))
    lifted = max(served, tariff.minimum_won)
    yield QuoteLine(LineKind.MINIMUM, Won(lifted - served))
    yield QuoteLine(LineKind.ROUNDING, Won(round_won(lifted, tariff.rounding_unit_won) - lifted))


def _way(tariff: Tariff, route: Route, vias: int) -> Iterator[QuoteLine]:
    """What the way itself costs, before night and service."""
    charged_m = max(0, route.distance_m - tariff.included_m)
    yield QuoteLine(LineKind.BASE, Won(tariff.base_won))
    yield QuoteLine(LineKind.DISTANCE, round_won(Fraction(charged_m * tariff.per_km_won, 1_000)))
    yield QuoteLine(LineKind.TIME, round_won(Fraction(route.duration_s * tariff.per_minute_won, 60)))
    yield QuoteLine(LineKind.VIAS, Won(vias * tariff.per_via_won))
