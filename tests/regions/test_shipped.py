"""The shipped table: complete, consistent, and true to its dates."""

from collections import Counter
from datetime import date

import pytest

from daeri.regions.index import RegionIndex
from daeri.regions.korea import in_korea
from daeri.regions.model import TABLE_SINCE, Level, Region
from daeri.regions.shipped import shipped_rows, table_notice

LAST_DAY_OF_17 = date(2026, 6, 30)
MERGER = date(2026, 7, 1)


def on(regions: list[Region], day: date) -> list[Region]:
    return [region for region in regions if region.in_force(day)]


@pytest.mark.rule("I-007")
def test_the_seventeen_provinces(regions: list[Region]) -> None:
    provinces = {r.code: r.name_ko for r in on(regions, LAST_DAY_OF_17) if r.level is Level.PROVINCE}
    assert provinces == {
        "11": "서울특별시", "26": "부산광역시", "27": "대구광역시", "28": "인천광역시", "29": "광주광역시",
        "30": "대전광역시", "31": "울산광역시", "36": "세종특별자치시", "41": "경기도", "43": "충청북도",
        "44": "충청남도", "46": "전라남도", "47": "경상북도", "48": "경상남도", "50": "제주특별자치도",
        "51": "강원특별자치도", "52": "전북특별자치도",
    }  # fmt: skip


def test_gwangju_and_jeonnam_are_one_since_july_2026(regions: list[Region]) -> None:
    now = {r.code: r.name_ko for r in on(regions, MERGER) if r.level is Level.PROVINCE}
    assert len(now) == 16
    assert now["12"] == "전남광주통합특별시"
    assert not {"29", "46"} & now.keys()


def test_municipalities_of_each_province(regions: list[Region]) -> None:
    """226 municipalities that govern themselves, the two cities of Jeju, and Sejong as its own."""
    counts = Counter(r.parent for r in on(regions, LAST_DAY_OF_17) if r.level is Level.MUNICIPALITY)
    assert counts == {
        "11": 25, "26": 16, "27": 9, "28": 10, "29": 5, "30": 5, "31": 5, "36": 1, "41": 31, "43": 11, "44": 15,
        "46": 22, "47": 22, "48": 18, "50": 2, "51": 18, "52": 14,
    }  # fmt: skip
    assert sum(counts.values()) == 226 + 2 + 1


def test_incheon_has_eleven_since_july_2026(regions: list[Region]) -> None:
    names = {r.name_ko for r in on(regions, MERGER) if r.parent == "28"}
    assert len(names) == 11
    assert {"제물포구", "영종구", "서해구", "검단구"} <= names
    assert not {"중구", "동구", "서구"} & names


def test_districts_of_cities(regions: list[Region], index: RegionIndex) -> None:
    cities = Counter(r.parent for r in index.leaves if r.level is Level.DISTRICT)
    named = {index.full_name_ko(code or ""): count for code, count in cities.items()}
    assert named == {
        "경기도 수원시": 4, "경기도 성남시": 3, "경기도 안양시": 2, "경기도 부천시": 3, "경기도 안산시": 2,
        "경기도 고양시": 3, "경기도 용인시": 3, "경기도 화성시": 4, "충청북도 청주시": 4, "충청남도 천안시": 2,
        "전북특별자치도 전주시": 2, "경상북도 포항시": 2, "경상남도 창원시": 5,
    }  # fmt: skip


def test_parents_stand_before_their_children_and_above_them(regions: list[Region]) -> None:
    above = {Level.MUNICIPALITY: Level.PROVINCE, Level.DISTRICT: Level.MUNICIPALITY}
    seen: dict[str, Region] = {}
    for region in regions:
        if region.parent is None:
            assert region.level is Level.PROVINCE
        else:
            parent = seen[region.parent]
            assert parent.level is above[region.level]
            assert region.code.startswith(parent.code[:2])
        assert region.code not in seen
        seen[region.code] = region


def test_a_region_in_force_has_a_parent_in_force(regions: list[Region]) -> None:
    for day in (TABLE_SINCE, LAST_DAY_OF_17, MERGER):
        codes = {r.code for r in on(regions, day)}
        assert {r.parent for r in on(regions, day)} - {None} <= codes


def test_names_in_both_languages(regions: list[Region]) -> None:
    endings = {"시": "-si", "군": "-gun", "구": "-gu"}
    for region in regions:
        assert region.name_ko
        assert region.name_en.isascii()
        if region.level is not Level.PROVINCE:
            assert region.name_en.endswith(endings[region.name_ko[-1]]), region


def test_siblings_in_force_have_different_names(regions: list[Region]) -> None:
    for day in (LAST_DAY_OF_17, MERGER):
        for language in ("name_ko", "name_en"):
            names = Counter((r.parent, getattr(r, language)) for r in on(regions, day))
            # The two Goseong, Gwangju and the many Jung-gu lie in different provinces.
            assert [name for name, count in names.items() if count > 1] == []


def test_who_ends_is_succeeded_that_day(regions: list[Region]) -> None:
    by_code = {region.code: region for region in regions}
    for region in regions:
        assert (region.valid_to is None) == (region.successors == ())
        for successor in region.successors:
            assert by_code[successor].valid_from == region.valid_to


def test_dates_of_the_changes(regions: list[Region]) -> None:
    since = {region.code: region.valid_from for region in regions}
    assert since["51"] == since["51110"] == date(2023, 6, 11)
    assert since["52"] == since["52111"] == date(2024, 1, 18)
    assert since["27720"] == date(2023, 7, 1)
    assert since["28177"] == date(2018, 7, 1)
    assert since["41192"] == date(2024, 1, 1)
    assert since["41597"] == date(2026, 2, 1)


def test_points_lie_in_korea(regions: list[Region]) -> None:
    assert [region for region in regions if not in_korea(region.point)] == []


def test_the_notice_says_what_the_table_is() -> None:
    notice = table_notice()
    assert notice.since == TABLE_SINCE
    assert notice.sources
    assert {row.point_source for row in shipped_rows()} == notice.points.keys()
    changes = [r.region.valid_from for r in shipped_rows() if r.region.valid_from]
    assert max(changes) <= notice.as_of
