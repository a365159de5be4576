"""The outline map in GeoJSON."""

from datetime import date

import msgspec
import numpy as np
import pytest

from daeri.kernel.geo import Point
from daeri.regions.api import outline
from daeri.regions.geometry import Edges, Shape, open_ring
from daeri.regions.index import RegionIndex
from daeri.regions.model import Boundary, Region
from daeri.regions.outline import OUTLINE_LIMIT_BYTES
from daeri.regions.simplify import weigh_shapes

TODAY = date(2026, 11, 22)


class Properties(msgspec.Struct):
    code: str
    name_ko: str
    name_en: str
    source: str


class Geometry(msgspec.Struct):
    type: str
    coordinates: list[list[list[list[float]]]]

    def shape(self) -> Shape:
        return tuple(tuple(open_ring(np.array(ring)) for ring in polygon) for polygon in self.coordinates)


class Feature(msgspec.Struct):
    type: str
    id: str
    properties: Properties
    geometry: Geometry


class Collection(msgspec.Struct):
    type: str
    source: str
    as_of: date
    features: list[Feature]


def read(data: bytes) -> Collection:
    assert len(data) < OUTLINE_LIMIT_BYTES
    collection = msgspec.json.decode(data, type=Collection)
    for feature in collection.features:
        assert feature.geometry.coordinates
        for polygon in feature.geometry.coordinates:
            for ring in polygon:
                assert len(ring) >= 4
                assert ring[0] == ring[-1]
    return collection


def test_cells_when_nothing_is_imported(index: RegionIndex) -> None:
    collection = read(outline(index))
    assert (collection.source, collection.as_of) == ("cells", TODAY)
    assert [feature.id for feature in collection.features] == [leaf.code for leaf in index.leaves]
    for feature, leaf in zip(collection.features, index.leaves, strict=True):
        assert Edges.of(feature.geometry.shape()).contain(leaf.point)
        assert (feature.properties.name_ko, feature.properties.name_en) == (leaf.name_ko, leaf.name_en)


def test_cells_are_what_the_nearest_point_answers(index: RegionIndex) -> None:
    cells = {f.id: Edges.of(f.geometry.shape()) for f in read(outline(index)).features}
    rng = np.random.default_rng(7)
    points = [Point(lat, lon) for lat, lon in rng.uniform((34.5, 126.5), (37.9, 129.2), (300, 2)).tolist()]
    wrong = 0
    for point in points:
        found = {code for code, edges in cells.items() if edges.contain(point)}
        code = index.resolve(point).code
        wrong += found != ({code} if code else set())
    # The cells' plane is that of 36° north, and they are rounded to ten metres: at their edges they may differ.
    assert wrong <= 6


@pytest.mark.shared
def test_boundaries_when_they_are_imported(drawn_index: RegionIndex) -> None:
    collection = read(outline(drawn_index))
    assert collection.source == "boundaries"
    by_code = {feature.id: feature for feature in collection.features}
    assert by_code["12110"].properties.name_ko == "목포시"  # drawn as 46110
    assert by_code["41610"].properties.source == "boundary"
    inside = [leaf for leaf in drawn_index.leaves if leaf.code in by_code]
    assert len(inside) > 230
    for leaf in inside:
        assert Edges.of(by_code[leaf.code].geometry.shape()).contain(leaf.point) or leaf.code == "28125"


@pytest.mark.shared
def test_a_map_of_both_says_so(regions: list[Region], boundaries_2018: list[Boundary]) -> None:
    seoul = [boundary for boundary in boundaries_2018 if boundary.code.startswith("11")]
    collection = read(outline(RegionIndex(regions, seoul, on=TODAY)))
    assert collection.source == "mixed"
    kinds = {feature.id: feature.properties.source for feature in collection.features}
    assert (kinds["11110"], kinds["26110"]) == ("boundary", "cell")
    assert len(kinds) == len(collection.features)


def test_neighbours_keep_their_common_border() -> None:
    steps = np.linspace(0, 1, 101)
    wave = np.column_stack([127 + 0.05 * np.sin(steps * 40), 37 + steps])
    west = np.vstack([wave, [(126, 38), (126, 37)]])
    east = np.vstack([[(128, 37), (128, 38)], wave[::-1]])
    tolerance = 0.02
    weighed = weigh_shapes([((west,),), ((east,),)], 0.001)
    (left,), (right,) = (shape.simplified(tolerance)[0] for shape in weighed)
    shared = {tuple(v) for v in left.tolist()} & {tuple(v) for v in right.tolist()}
    assert len(left) == len(right) < 60
    assert len(shared) == len(left) - 2  # all but the two outer corners of each
