"""Korean number plates."""

import pytest

from daeri.customers.policy import parse_plate


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("12가3456", "12가3456"),
        ("123가4567", "123가4567"),
        (" 12 가 3456 ", "12가3456"),
        ("12-가-3456", "12가3456"),
        ("１２가３４５６", "12가3456"),
        ("서울12가3456", "서울12가3456"),
        ("서울 1 가 2345", "서울1가2345"),
        ("37하1234", "37하1234"),
        ("80배1234", "80배1234"),
    ],
)
def test_plates_have_one_spelling(typed: str, plate: str) -> None:
    assert parse_plate(typed) == plate


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "가",
        "1234",
        "12가345",
        "12가34567",
        "012가3456",
        "12갸3456",
        "12A3456",
        "파리12가3456",
        "12가 345 6 7",
        "١٢가3456",
    ],
)
def test_what_is_no_plate_is_none(typed: str) -> None:
    assert parse_plate(typed) is None
