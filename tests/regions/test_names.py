"""Codes for what files call regions."""

from datetime import date

import pytest

from daeri.regions.api import match_features
from daeri.regions.boundary_files import Feature
from daeri.regions.model import Region, UnmatchedReason
from daeri.regions.names import RegionNames

DRAWN = date(2018, 12, 31)


@pytest.fixture(scope="module")
def names(regions: list[Region]) -> RegionNames:
    return RegionNames(regions, as_of=DRAWN)


@pytest.mark.shared
def test_every_boundary_of_2018_maps_to_its_own_code(features_2018: list[Feature], regions: list[Region]) -> None:
    boundaries, report = match_features(features_2018, regions, as_of=DRAWN)
    assert report.unmatched == ()
    assert len(report.matched) == len(features_2018) == len(boundaries) == 250
    by_code = {region.code: region for region in regions}
    for feature, match in zip(features_2018, report.matched, strict=True):
        last = by_code[match.code].name_ko
        renamed = feature.name in ("세종시", "남구")
        assert renamed or feature.name.endswith(last), (feature.name, match.code)


@pytest.mark.rule("I-007")
@pytest.mark.parametrize(
    ("name", "parent_name", "code", "expected"),
    [
        ("광주시", "", "31250", "41610"),  # the statistics office's numbering
        ("동구", "", "24010", "29110"),  # of 광주광역시
        ("중구", "", "21010", "26110"),
        ("중구", "", "26010", "31110"),  # 26 is 울산 there and 부산 here
        ("오산시", "", "31140", "41370"),  # 31140 is 울산 남구 here
        ("남구", "", "23030", "28177"),  # 미추홀구 since
        ("군위군", "", "37310", "27720"),  # to 대구 since
        ("세종시", "", "29010", "36110"),
        ("고성군", "", "32400", "51820"),
        ("고성군", "", "38340", "48820"),
        ("수원시장안구", "", "31011", "41111"),
        ("수원시 장안구", "경기도", "", "41111"),
        ("경기도 수원시 장안구", "", "", "41111"),
        ("남구", "경상북도", "", "47111"),  # only 포항시 has one there
        ("중구", "대전광역시", "", "30140"),
        ("전라북도", "", "", "52"),
        ("울산광역시", "", "26", "31"),
        ("강원도", "강원도", "42", "51"),
        ("장안구", "", "41111", "41111"),  # a legal code and a name that agrees
        ("장안구", "", "4111100000", "41111"),
        ("서울특별시", "", "1100000000", "11"),
    ],
)  # fmt: skip
def test_found(names: RegionNames, name: str, parent_name: str, code: str, expected: str) -> None:
    assert names.find(name, parent_name=parent_name, code=code) == expected


@pytest.mark.parametrize(
    ("name", "parent_name", "code", "reason"),
    [
        ("중구", "", "", UnmatchedReason.AMBIGUOUS_NAME),
        ("고성군", "", "", UnmatchedReason.AMBIGUOUS_NAME),
        ("Manhattan", "", "36061", UnmatchedReason.UNKNOWN_NAME),
        ("중구", "경기도", "", UnmatchedReason.UNKNOWN_NAME),
        ("", "", "31011", UnmatchedReason.NO_NAME),
    ],
)
def test_not_found_and_why(names: RegionNames, name: str, parent_name: str, code: str, reason: UnmatchedReason) -> None:
    assert names.find(name, parent_name=parent_name, code=code) is reason


def test_the_name_of_the_day_that_the_file_was_drawn(regions: list[Region]) -> None:
    before, after = (RegionNames(regions, as_of=day) for day in (date(2026, 6, 30), date(2026, 7, 1)))
    assert before.find("목포시", parent_name="전남", code="") == "46110"
    assert after.find("목포시", parent_name="전남광주통합특별시", code="") == "12110"
    assert after.find("목포시", parent_name="", code="") == "12110"
