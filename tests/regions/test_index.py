"""Which region a point lies in, with and without boundaries; ancestors and look-ups."""

from datetime import date

import numpy as np
import pytest

from daeri.kernel.geo import Point
from daeri.regions.geometry import Ring
from daeri.regions.index import RegionIndex
from daeri.regions.model import NOWHERE, Boundary, How, Region

TODAY = date(2026, 11, 22)
SPRING = date(2026, 4, 1)

GWANGJU_IN_GYEONGGI = Point(37.4095, 127.2570)
GWANGJU_CITY_HALL = Point(35.1601, 126.8514)
MOKPO, SUNCHEON = Point(34.8118, 126.3922), Point(34.9506, 127.4872)
CHEONAN, ASAN = Point(36.8151, 127.1139), Point(36.7898, 127.0018)
NEW_YORK = Point(40.7580, -73.9855)
YELLOW_SEA, EAST_SEA = Point(36.5, 124.5), Point(37.5, 130.0)
TSUSHIMA, KAESONG = Point(34.40, 129.30), Point(37.97, 126.55)
ELSEWHERE = [NEW_YORK, YELLOW_SEA, EAST_SEA, TSUSHIMA, KAESONG, Point(0, 0), Point(float("nan"), 127), Point(91, 127)]


def box(west: float, south: float, east: float, north: float) -> Ring:
    return np.array([(west, south), (east, south), (east, north), (west, north)])


@pytest.mark.rule("I-007")
@pytest.mark.parametrize("drawn", [False, pytest.param(True, marks=pytest.mark.shared)])
def test_names_that_are_easily_taken_for_one_another(
    drawn: bool, regions: list[Region], request: pytest.FixtureRequest
) -> None:
    boundaries = request.getfixturevalue("boundaries_2018") if drawn else []
    index = RegionIndex(regions, boundaries, on=SPRING)
    how = How.BOUNDARY if drawn else How.NEAREST
    found = {
        point: index.resolve(point)
        for point in (GWANGJU_IN_GYEONGGI, GWANGJU_CITY_HALL, MOKPO, SUNCHEON, CHEONAN, ASAN)
    }
    assert {resolution.how for resolution in found.values()} == {how}
    assert found[GWANGJU_IN_GYEONGGI].name_ko == "경기도 광주시"
    assert found[GWANGJU_CITY_HALL].name_ko == "광주광역시 서구"
    assert found[GWANGJU_CITY_HALL].name_en == "Seo-gu, Gwangju"
    assert found[MOKPO].name_ko == "전라남도 목포시"
    assert found[SUNCHEON].name_ko == "전라남도 순천시"
    assert index.lies_in(found[CHEONAN].code or "", "44130")
    assert not index.lies_in(found[ASAN].code or "", "44130")
    assert found[ASAN].code == "44200"


@pytest.mark.shared
@pytest.mark.rule("I-007")
def test_boundaries_of_2018_answer_in_the_division_of_today(drawn_index: RegionIndex) -> None:
    assert drawn_index.resolve(MOKPO).code == "12110"
    assert drawn_index.resolve(GWANGJU_CITY_HALL).name_ko == "전남광주통합특별시 서구"
    # 인천 중구 was divided: the airport's side is 영종구, by the nearer point, and that is said.
    airport = drawn_index.resolve(Point(37.4602, 126.4407))
    assert (airport.code, airport.how) == ("28155", How.NEAREST)
    # All of 동구 went to 제물포구: exact.
    assert drawn_index.resolve(Point(37.4790, 126.6370)) == drawn_index.resolve(Point(37.4738, 126.6432))
    assert drawn_index.resolve(Point(37.4790, 126.6370)).how is How.BOUNDARY
    # 화성시 is drawn as a whole: its four districts cannot be told exactly.
    assert drawn_index.resolve(Point(37.2010, 127.0980)).code == "41590"


@pytest.mark.parametrize(
    "point", [NEW_YORK, YELLOW_SEA, EAST_SEA, TSUSHIMA, KAESONG, Point(0, 0), Point(float("nan"), 1)]
)
@pytest.mark.parametrize("drawn", [False, pytest.param(True, marks=pytest.mark.shared)])
def test_points_in_no_region(point: Point, drawn: bool, request: pytest.FixtureRequest) -> None:
    index: RegionIndex = request.getfixturevalue("drawn_index" if drawn else "index")
    assert index.resolve(point) == NOWHERE


def test_without_boundaries_representative_points_resolve_to_themselves(index: RegionIndex) -> None:
    assert all(index.resolve(leaf.point).code == leaf.code for leaf in index.leaves)
    assert index.resolve(index.leaves[0].point).how is How.NEAREST


@pytest.mark.shared
def test_representative_points_lie_in_their_own_boundaries(
    regions: list[Region], boundaries_2018: list[Boundary], drawn_index: RegionIndex
) -> None:
    drawn = RegionIndex(regions, boundaries_2018, on=SPRING)
    codes = {boundary.code for boundary in boundaries_2018}
    for region in regions:
        found = drawn.resolve(region.point)
        if region.code in codes:
            assert (found.code, found.how) == (region.code, How.BOUNDARY)
    # Younger regions: in the ground of the region that was divided, or of the city that they are in.
    for leaf in drawn_index.leaves:
        assert drawn_index.lies_in(leaf.code, drawn_index.resolve(leaf.point).code or ""), leaf


@pytest.mark.shared
def test_a_beach_beyond_the_simplified_shore_belongs_to_its_region(drawn_index: RegionIndex) -> None:
    haeundae = drawn_index.resolve(Point(35.1560, 129.1640))
    assert (haeundae.code, haeundae.how) == ("26350", How.NEAREST)
    assert drawn_index.resolve(Point(35.12, 129.20)) == NOWHERE


def test_a_hole_belongs_to_the_region_around_which_it_was_cut(regions: list[Region]) -> None:
    outer, hole = box(127.0, 37.0, 127.4, 37.4), box(127.1, 37.1, 127.3, 37.3)
    city = Boundary("41610", TODAY, ((outer, hole), (box(127.6, 37.0, 127.7, 37.1),)))
    inner = Boundary("41500", TODAY, ((hole,),))
    index = RegionIndex(regions, [city, inner], on=TODAY)
    assert index.resolve(Point(37.05, 127.05)).code == "41610"
    assert index.resolve(Point(37.20, 127.20)).code == "41500"
    assert index.resolve(Point(37.05, 127.65)).code == "41610"
    alone = RegionIndex(regions, [city], on=TODAY)
    assert alone.resolve(Point(37.20, 127.20)).how is How.NEAREST


def test_the_finer_and_then_the_younger_boundary_counts(regions: list[Region]) -> None:
    square = ((box(127.0, 37.0, 127.4, 37.4),),)
    city, district = Boundary("41110", TODAY, square), Boundary("41111", SPRING, square)
    other = Boundary("41113", date(2020, 1, 1), square)
    index = RegionIndex(regions, [city, other, district], on=TODAY)
    assert index.resolve(Point(37.2, 127.2)).code == "41111"


def test_without_its_boundary_a_region_is_found_by_its_point(regions: list[Region]) -> None:
    """Boundaries of one city must not make the rest of the country vanish."""
    seoul_only = Boundary("11110", TODAY, ((box(126.9, 37.5, 127.0, 37.6),),))
    index = RegionIndex(regions, [seoul_only], on=TODAY)
    busan = index.resolve(Point(35.1796, 129.0756))
    assert busan.how is How.NEAREST
    assert index.lies_in(busan.code or "", "26")


def test_a_day_before_the_table_is_answered_with_its_first_day(regions: list[Region]) -> None:
    index = RegionIndex(regions, [], on=date(2014, 12, 21))
    assert index.on == date(2024, 1, 18)
    assert index.resolve(Point(37.8813, 127.7298)).name_ko == "강원특별자치도 춘천시"


def test_ancestors_and_names(index: RegionIndex) -> None:
    assert [region.code for region in index.ancestors("41111")] == ["41110", "41"]
    assert index.ancestors("41") == ()
    assert index.ancestors("99999") == ()
    assert index.full_name_ko("41111") == "경기도 수원시 장안구"
    assert index.full_name_en("41111") == "Jangan-gu, Suwon-si, Gyeonggi-do"
    assert index.full_name_ko("36110") == "세종특별자치시"
    assert [region.name_ko for region in index.children("50")] == ["제주시", "서귀포시"]
    assert len(index.provinces()) == 16


def test_look_up_by_code(index: RegionIndex) -> None:
    assert index.by_code("41610") is index.by_code("4161000000")
    assert index.by_code("4161010100") is index.by_code("41610")  # a 동 of it
    assert index.by_code("4100000000") is index.by_code("41")
    assert index.by_code("46110") is not None  # ended, but calls of that time still name it
    assert index.by_code("99999") is None
    assert index.by_code("") is None


@pytest.mark.rule("I-007")
def test_search(index: RegionIndex) -> None:
    assert [r.code for r in index.search("광주")] == ["41610", "12"]
    assert [r.code for r in index.search("경기 광주")] == ["41610"]
    assert {r.parent for r in index.search("중구")} == {"11", "26", "27", "30", "31"}
    assert [r.code for r in index.search("Busan Jung-gu")] == ["26110"]
    assert index.search("목포시")[0].code == "12110"
    assert index.search(" ") == ()
    assert index.search("뉴욕") == ()
