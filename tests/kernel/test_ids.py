"""Identifiers: the layout of RFC 9562, and the check character of call numbers."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.ids import Ids, check_character, parse_call_number, uuid7
from daeri.kernel.time import SteppedClock, from_millis, to_millis

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
INSTANTS = st.integers(0, 253_000_000_000_000).map(from_millis)
BODIES = st.text(ALPHABET, min_size=7, max_size=7)


def test_the_layout_is_the_example_of_the_rfc() -> None:
    """RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC."""
    at = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    rand_a, rand_b = 0xCC3, 0x18C4DC0C0C07398F
    given_bits = rand_a << 68 | rand_b
    assert str(uuid7(at, given_bits.to_bytes(10, "big"))) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(at=INSTANTS, randomness=st.binary(min_size=10, max_size=10))
def test_time_version_and_variant_stand_where_they_should(at: datetime, randomness: bytes) -> None:
    made = uuid7(at, randomness)
    assert made.int >> 80 == to_millis(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


@given(at=INSTANTS, randomness=st.binary(min_size=10, max_size=10), bit=st.integers(0, 73))
def test_each_of_the_74_random_bits_counts(at: datetime, randomness: bytes, bit: int) -> None:
    place = bit if bit < 62 else bit + 6  # 62 low bits, and 12 beyond the 6 that are left out
    flipped = (int.from_bytes(randomness, "big") ^ 1 << place).to_bytes(10, "big")
    assert uuid7(at, flipped) != uuid7(at, randomness)


def test_later_ids_sort_after_earlier_ones_and_none_is_made_twice() -> None:
    clock = SteppedClock(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))
    ids = Ids(clock, random.Random(1).randbytes)
    made = []
    for _ in range(2_000):
        made.append(ids.new())
        clock.advance_to(clock.now() + timedelta(milliseconds=1))
    assert made == sorted(made)
    at_one_instant = [ids.new() for _ in range(20_000)]
    assert at_one_instant == sorted(set(at_one_instant))
    assert {(made.int >> 80, made.version, made.variant) for made in at_one_instant} == {
        (to_millis(clock.now()), 7, "specified in RFC 4122")
    }


@given(body=BODIES)
def test_a_number_with_its_check_character_is_read(body: str) -> None:
    number = body + check_character(body)
    assert parse_call_number(number) == parse_call_number(number.lower()) == number


@given(body=BODIES, place=st.integers(0, 7), other=st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_found(body: str, place: int, other: str) -> None:
    number = body + check_character(body)
    wrong = number[:place] + other + number[place + 1 :]
    assert (parse_call_number(wrong) is None) == (wrong != number)


def test_most_swapped_neighbours_are_found() -> None:
    drawn = random.Random(2)
    missed = total = 0
    for _ in range(3_000):
        body = "".join(drawn.choices(ALPHABET, k=7))
        number = body + check_character(body)
        for place in range(7):
            swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
            if swapped != number:
                total += 1
                missed += parse_call_number(swapped) is not None
    assert missed / total < 0.005


@pytest.mark.parametrize(("typed", "meant"), [("I", "1"), ("L", "1"), ("O", "0"), ("U", "V"), ("o", "0")])
def test_lookalikes_are_read_as_what_was_meant(typed: str, meant: str) -> None:
    body = meant * 7
    number = body + check_character(body)
    assert parse_call_number(typed * 7 + number[-1]) == number


@given(millis=st.integers(0, 253_000_000_000_000))
def test_milliseconds_go_there_and_back(millis: int) -> None:
    assert to_millis(from_millis(millis)) == millis
