"""Maps what a boundary file calls a region to its code: by code, by parent and name, by former names. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date

from daeri.regions.model import TABLE_SINCE, Level, Region, UnmatchedReason

# The statistics office numbers provinces in its own way; several codes where a province has been replaced since.
_STATISTICS_PROVINCES: Mapping[str, tuple[str, ...]] = {
    "11": ("11",), "21": ("26",), "22": ("27",), "23": ("28",), "24": ("29", "12"), "25": ("30",), "26": ("31",),
    "29": ("36",), "31": ("41",), "32": ("51",), "33": ("43",), "34": ("44",), "35": ("52",), "36": ("46", "12"),
    "37": ("47",), "38": ("48",), "39": ("50",),
}  # fmt: skip

# Names that provinces bear or bore beside the one in the table.
_PROVINCE_NAMES: Mapping[str, tuple[str, ...]] = {
    "서울": ("11",), "서울시": ("11",), "부산": ("26",), "부산시": ("26",), "대구": ("27",), "대구시": ("27",),
    "인천": ("28",), "인천시": ("28",), "광주": ("29", "12"), "대전": ("30",), "대전시": ("30",), "울산": ("31",),
    "울산시": ("31",), "세종": ("36",), "세종시": ("36",), "경기": ("41",), "강원": ("51",), "강원도": ("51",),
    "충북": ("43",), "충남": ("44",), "전북": ("52",), "전라북도": ("52",), "전남": ("46", "12"), "경북": ("47",),
    "경남": ("48",), "제주": ("50",), "제주도": ("50",),
}  # fmt: skip

# (province of then, name of then) → code: renamed, or moved to another province, since 2018.
_FORMER: Mapping[tuple[str, str], str] = {
    ("28", "남구"): "28177",  # 미추홀구 since 2018-07-01
    ("47", "군위군"): "27720",  # to 대구 on 2023-07-01
    ("36", "세종시"): "36110",
}


class RegionNames:
    """Finds codes for the names of a file of the day `as_of`."""

    def __init__(self, regions: Iterable[Region], *, as_of: date) -> None:
        self._as_of = max(as_of, TABLE_SINCE)
        self._by_code = {region.code: region for region in regions}
        self._by_name: dict[str, list[Region]] = {}
        for region in self._by_code.values():
            for name in {_squeeze(region.name_ko), self._joined(region)}:
                self._by_name.setdefault(name, []).append(region)

    def find(self, name: str, *, parent_name: str, code: str) -> str | UnmatchedReason:
        """The code of the region, or why none can be told for certain."""
        squeezed = _squeeze(name)
        if not squeezed:
            return UnmatchedReason.NO_NAME
        legal = self._by_code.get(code[:5].removesuffix("000") if len(code) in (2, 5, 10) else "")
        if legal is not None and squeezed.endswith(_squeeze(legal.name_ko)):
            return legal.code
        parent = _squeeze(parent_name)
        provinces, own = self._province_of(squeezed, "" if parent == squeezed else parent, code)
        if len(own) == 0:
            return self._province_code(squeezed)
        return self._municipality(own, provinces)

    def _province_of(self, name: str, parent_name: str, code: str) -> tuple[tuple[str, ...], str]:
        """Provinces that the feature may lie in (empty: it does not say), and the name without the province's."""
        if parent_name and self._provinces_named(parent_name):
            return self._provinces_named(parent_name), name.removeprefix(parent_name) or name
        if len(code) == 5 and code[:2] in _STATISTICS_PROVINCES:
            return _STATISTICS_PROVINCES[code[:2]], name
        for region in self._by_code.values():
            if region.level is Level.PROVINCE and name.startswith(region.name_ko):
                return (region.code,), name.removeprefix(region.name_ko)
        whole = self._provinces_named(name) if len(code) == 2 or name not in self._by_name else ()
        return (whole, "") if whole else ((), name)

    def _provinces_named(self, name: str) -> tuple[str, ...]:
        exact = tuple(r.code for r in self._by_name.get(name, ()) if r.level is Level.PROVINCE)
        return exact or _PROVINCE_NAMES.get(name, ())

    def _province_code(self, name: str) -> str | UnmatchedReason:
        found = [self._by_code[code] for code in self._provinces_named(name) if code in self._by_code]
        return self._only(found)

    def _municipality(self, name: str, provinces: tuple[str, ...]) -> str | UnmatchedReason:
        former = [code for (province, old), code in _FORMER.items() if old == name and province in provinces]
        if former:
            return former[0]
        named = [region for region in self._by_name.get(name, ()) if region.level is not Level.PROVINCE]
        return self._only([region for region in named if not provinces or region.code[:2] in provinces])

    def _only(self, found: list[Region]) -> str | UnmatchedReason:
        """Of regions with one name those in force when the file was drawn, and of them the only one."""
        candidates = [region for region in found if region.in_force(self._as_of)] or found
        if len(candidates) == 1:
            return candidates[0].code
        return UnmatchedReason.AMBIGUOUS_NAME if candidates else UnmatchedReason.UNKNOWN_NAME

    def _joined(self, region: Region) -> str:
        """수원시장안구 for a district, the name alone for others."""
        if region.level is not Level.DISTRICT or region.parent is None:
            return _squeeze(region.name_ko)
        return _squeeze(self._by_code[region.parent].name_ko + region.name_ko)


def _squeeze(name: str) -> str:
    return "".join(name.split())
