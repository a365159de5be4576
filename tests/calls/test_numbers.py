"""The number that people read aloud: made in SQL, checked in Python."""

import pytest
from tests.dispatch.factories import Night

from daeri.infra.database import Database
from daeri.kernel.ids import CALL_NUMBER_LENGTH, check_character, parse_call_number

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
COUNT = 100_000


async def test_a_hundred_thousand_numbers_are_unique_and_check(database: Database) -> None:
    async with database.reading() as tx:
        rows = await tx.rows("SELECT call_number(n) AS number FROM generate_series(1, $1::int) n", COUNT)
    numbers = [row["number"] for row in rows]
    assert len(set(numbers)) == COUNT
    assert {len(number) for number in numbers} == {CALL_NUMBER_LENGTH}
    for number in numbers[::10]:
        assert number[-1] == check_character(number[:-1])


async def test_a_count_far_beyond_any_call_still_makes_a_number(database: Database) -> None:
    async with database.reading() as tx:
        number = await tx.value("SELECT call_number($1)", 2**35 - 1)
    assert parse_call_number(number) == number


async def test_any_single_wrong_character_is_found(night: Night) -> None:
    number = (await night.request()).number
    assert parse_call_number(number) == number
    for place in range(CALL_NUMBER_LENGTH):
        for character in set(ALPHABET) - {number[place]}:
            assert parse_call_number(number[:place] + character + number[place + 1 :]) is None


async def test_a_number_is_read_as_people_type_it(night: Night) -> None:
    number = (await night.request()).number
    typed = f" {number[:4].lower()}-{number[4:].lower().replace('0', 'o').replace('1', 'l')} "
    assert parse_call_number(typed) == number


@pytest.mark.parametrize("text", ["", "1234567", "123456789", "가나다라마바사아", "????????", "0000000" + "\n"])
def test_what_cannot_be_a_number_is_none(text: str) -> None:
    assert parse_call_number(text) is None
