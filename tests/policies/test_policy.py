"""The book: which record speaks, for whom and when."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Service
from daeri.policies.model import (
    EVERYONE,
    POLICIES,
    DispatchMode,
    DispatchPolicy,
    Policy,
    PolicyInvalid,
    PolicyRecord,
    RequestLimits,
    ReservationPolicy,
    Scope,
    parse,
)
from daeri.policies.policy import PolicyBook, scopes

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COMPANY = CompanyId(UUID(int=1))


def record(
    version: int, offer_limit_s: int | None, *, scope: Scope = EVERYONE, starts: datetime = NOON
) -> PolicyRecord:
    value: Mapping[str, object] | None = None if offer_limit_s is None else {"offer_limit_s": offer_limit_s}
    identity = UUID(int=version)
    return PolicyRecord(identity, COMPANY, "dispatch", version, scope, value, starts, NOON, None, "")


def limit(
    book: PolicyBook, at: datetime = NOON, chain: Sequence[str] = (), service: Service | None = None
) -> tuple[int, int]:
    read = book.read(DispatchPolicy, at=at, region_chain=chain, service=service)
    return read.value.offer_limit_s, read.version


def test_without_records_the_built_in_default_speaks_as_version_0() -> None:
    read = PolicyBook().read(DispatchPolicy, at=NOON)
    assert (read.value, read.version, read.record_id) == (DispatchPolicy(), 0, None)


def test_a_record_holds_from_its_instant_on_and_until_the_next() -> None:
    book = PolicyBook([record(2, 9, starts=NOON + HOUR), record(1, 8)])
    assert limit(book, NOON - timedelta(microseconds=1)) == (DispatchPolicy().offer_limit_s, 0)
    assert limit(book, NOON) == (8, 1)
    assert limit(book, NOON + HOUR - timedelta(microseconds=1)) == (8, 1)
    assert limit(book, NOON + HOUR) == (9, 2)


def test_of_two_records_for_one_instant_the_later_written_holds() -> None:
    assert limit(PolicyBook([record(2, 9), record(1, 8)])) == (9, 2)


def test_the_most_specific_scope_speaks() -> None:
    widest_first = [
        EVERYONE,
        Scope(service=Service.VIP),
        Scope("11"),
        Scope("11", Service.VIP),
        Scope("11680"),
        Scope("11680", Service.VIP),
    ]
    for count in range(1, len(widest_first) + 1):
        book = PolicyBook([record(n, n, scope=scope) for n, scope in enumerate(widest_first[:count], start=1)])
        assert limit(book, chain=("11680", "11"), service=Service.VIP) == (count, count)


def test_a_scope_of_another_region_or_service_is_silent() -> None:
    book = PolicyBook([record(1, 8, scope=Scope("26")), record(2, 9, scope=Scope(service=Service.VIP))])
    assert limit(book, chain=("11680", "11"), service=Service.GENERAL)[1] == 0
    assert limit(book)[1] == 0


def test_a_withdrawn_scope_gives_way_to_the_wider_one_from_then_on() -> None:
    scope = Scope("11")
    book = PolicyBook([record(1, 8), record(2, 9, scope=scope), record(3, None, scope=scope, starts=NOON + HOUR)])
    assert limit(book, NOON, ("11",)) == (9, 2)
    assert limit(book, NOON + HOUR, ("11",)) == (8, 1)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 60)), max_size=12),
    st.integers(-1, 21),
)
def test_the_book_agrees_with_reading_every_record(written: list[tuple[int, int]], hour: int) -> None:
    records = [record(n, value, starts=NOON + h * HOUR) for n, (h, value) in enumerate(written, start=1)]
    at = NOON + hour * HOUR
    started = [one for one in records if one.effective_from <= at]
    expected = max(started, key=lambda one: (one.effective_from, one.version)).version if started else 0
    assert limit(PolicyBook(records), at)[1] == expected


def test_scopes_never_repeat_and_end_with_everyone() -> None:
    listed = list(scopes(("11680", "11"), Service.VIP))
    assert len(listed) == len(set(listed)) == 6
    assert listed[0] == Scope("11680", Service.VIP)
    assert listed[-1] == EVERYONE


@pytest.mark.parametrize("kind", POLICIES.values(), ids=POLICIES.keys())
def test_every_built_in_default_keeps_its_own_bounds(kind: type[Policy]) -> None:
    assert parse(kind, {}) == kind()


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        (DispatchPolicy, {"offer_limit_s": 0}, "offer_limit_s"),
        (DispatchPolicy, {"offer_limit_s": "12"}, "offer_limit_s"),
        (DispatchPolicy, {"offer_limit": 12}, "offer_limit"),
        (DispatchPolicy, {"mode": "auction"}, "mode"),
        (DispatchPolicy, {"radius_start_m": 6_000, "radius_cap_m": 5_000}, "radius_cap_m"),
        (DispatchPolicy, [], "object"),
        (ReservationPolicy, {"reservation_lead_min": 60, "min_minutes_ahead": 30}, "reservation_lead_min"),
        (RequestLimits, {"fare_floor_won": 2, "fare_ceiling_won": 1}, "fare_ceiling_won"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(kind: type[Policy], value: object, problem: str) -> None:
    with pytest.raises(PolicyInvalid) as refusal:
        parse(kind, value)
    assert problem in str(refusal.value.facts["problem"])


def test_a_value_keeps_what_it_does_not_name_at_the_default() -> None:
    assert parse(DispatchPolicy, {"mode": "open_list"}) == DispatchPolicy(mode=DispatchMode.OPEN_LIST)
