"""Matching as Korean is typed: by initial consonants, and while the last syllable is not yet whole. Pure."""

import unicodedata
from collections.abc import Iterator
from typing import Final

_FIRST: Final = 0xAC00
_LAST: Final = 0xD7A3
_FINALS: Final = 28
_SYLLABLES_AN_INITIAL: Final = 21 * _FINALS
_INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
# Each final as what stays with its syllable (a number of a final) and the initial that would move on.
_MOVING: Final = {
    1: (0, "ㄱ"),
    2: (0, "ㄲ"),
    3: (1, "ㅅ"),
    4: (0, "ㄴ"),
    5: (4, "ㅈ"),
    6: (4, "ㅎ"),
    7: (0, "ㄷ"),
    8: (0, "ㄹ"),
    9: (8, "ㄱ"),
    10: (8, "ㅁ"),
    11: (8, "ㅂ"),
    12: (8, "ㅅ"),
    13: (8, "ㅌ"),
    14: (8, "ㅍ"),
    15: (8, "ㅎ"),
    16: (0, "ㅁ"),
    17: (0, "ㅂ"),
    18: (17, "ㅅ"),
    19: (0, "ㅅ"),
    20: (0, "ㅆ"),
    21: (0, "ㅇ"),
    22: (0, "ㅈ"),
    23: (0, "ㅊ"),
    24: (0, "ㅋ"),
    25: (0, "ㅌ"),
    26: (0, "ㅍ"),
    27: (0, "ㅎ"),
}  # fmt: skip -- the finals in the order of their numbers


def fold(text: str) -> str:
    """`text` for comparing: one spelling, small letters, nothing but letters and digits."""
    composed = unicodedata.normalize("NFC", text).casefold()
    return "".join(character for character in composed if character.isalnum())


def find(typed: str, name: str) -> int | None:
    """Where the folded `typed` begins in the folded `name`; None when it does not stand there.

    A lone consonant stands for any syllable that begins with it (ㄱㄴ finds 강남). The last syllable may still be
    without its final (가 finds 강남), or have one that belongs to the next syllable (간 finds 가나).
    """
    places = (place for spelling in _spellings(typed) for place in _places(spelling, name))
    return min(places, default=None)


def _spellings(typed: str) -> Iterator[str]:
    yield typed
    last = ord(typed[-1]) if typed else 0
    if _FIRST <= last <= _LAST and (final := (last - _FIRST) % _FINALS):
        stays, moves = _MOVING[final]
        yield f"{typed[:-1]}{chr(last - final + stays)}{moves}"


def _places(typed: str, name: str) -> Iterator[int]:
    end = len(typed) - 1
    for start in range(len(name) - end):
        if all(_fits(one, name[start + place], is_last=place == end) for place, one in enumerate(typed)):
            yield start


def _fits(typed: str, real: str, *, is_last: bool) -> bool:
    if typed == real:
        return True
    if not _FIRST <= ord(real) <= _LAST:
        return False
    at = ord(real) - _FIRST
    if typed in _INITIALS:
        return _INITIALS[at // _SYLLABLES_AN_INITIAL] == typed
    return is_last and ord(typed) == ord(real) - at % _FINALS
