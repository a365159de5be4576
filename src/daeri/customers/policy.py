"""PURE: what a Korean number plate looks like."""

import re
import unicodedata
from typing import Final

# Old plates name their region, and may have one digit; what a car is for is told by its syllable.
_REGIONS: Final = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_PRIVATE: Final = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"
_RENTAL: Final = "하허호"
_TRADE: Final = "아바사자배"
_SERVICE: Final = "국합육해공"
_PLATE: Final = re.compile(
    f"(?:{_REGIONS})?[0-9]{{1,2}}[{_PRIVATE}{_RENTAL}{_TRADE}][0-9]{{4}}"
    f"|[1-9][0-9]{{2}}[{_PRIVATE}{_RENTAL}{_TRADE}][0-9]{{4}}"
    f"|[0-9]{{2}}[{_SERVICE}][0-9]{{4}}"
)
_BETWEEN: Final = re.compile(r"[\s\-·.]+")


def parse_plate(text: str) -> str | None:
    """`12 가 3456` → `12가3456`; None when it is no plate of a car that a designated driver may drive."""
    plate = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    return plate if _PLATE.fullmatch(plate) else None
