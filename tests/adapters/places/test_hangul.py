"""Korean as it is typed: initials, half a syllable, a final that is about to move on."""

from unicodedata import normalize

import pytest

from daeri.adapters.places.hangul import find, fold


@pytest.mark.parametrize(
    ("typed", "name", "where"),
    [
        ("강남", "강남역", 0),
        ("남역", "강남역", 1),
        ("ㄱㄴ", "강남역", 0),
        ("ㄱㄴㅇ", "강남역", 0),
        ("강ㄴ", "강남역", 0),
        ("가", "강남역", 0),
        ("강나", "강남역", 0),
        ("간", "가나다시장", 0),  # on the way to 가나
        ("닭", "달고기", 0),  # on the way to 달고
        ("가남", "강남역", None),  # only the last syllable may be half
        ("ㄴㄱ", "강남역", None),
        ("ㄱㄱ", "강남역", None),
        ("강남역사거리", "강남역", None),
        ("", "강남역", 0),
        ("seoul", "seoulstation", 0),
        ("ㄱ", "kaist", None),
    ],
)
def test_what_is_typed_is_found(typed: str, name: str, where: int | None) -> None:
    assert find(typed, name) == where


def test_spelling_spaces_and_signs_do_not_matter() -> None:
    assert fold("서울 역 · Seoul-Station!") == "서울역seoulstation"
    assert fold(normalize("NFD", "강남")) == fold("강남")
