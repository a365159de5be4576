"""GeoJSON and TopoJSON as publishers write them, and files that are neither."""

import json

import numpy as np
import pytest

from daeri.kernel.geo import Point
from daeri.regions.boundary_files import Feature, read_features
from daeri.regions.geometry import Edges, ring_area
from daeri.regions.model import BoundaryFileUnreadable

SQUARE = [[127.0, 37.0], [128.0, 37.0], [128.0, 38.0], [127.0, 38.0], [127.0, 37.0]]
METRES = [[950000, 1950000], [960000, 1950000], [960000, 1960000]]
HOLE = [[127.4, 37.4], [127.6, 37.4], [127.6, 37.6], [127.4, 37.6], [127.4, 37.4]]


def geojson(geometry: object, **properties: object) -> bytes:
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def test_geojson_with_hole_parts_and_heights() -> None:
    island = [[130.0, 37.0, 5.0], [131.0, 37.0, 5.0], [131.0, 38.0, 5.0], [130.0, 37.0, 5.0]]
    data = geojson(
        {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [island]]}, SIG_KOR_NM=" 광주시 ", SIG_CD=41610
    )
    (feature,) = read_features(b"\xef\xbb\xbf" + data)
    assert (feature.name, feature.code, feature.parent_name) == ("광주시", "41610", "")
    assert [[len(ring) for ring in polygon] for polygon in feature.shape] == [[4, 4], [3]]
    edges = Edges.of(feature.shape)
    assert edges.contain(Point(37.1, 127.1))
    assert not edges.contain(Point(37.5, 127.5))


def test_features_without_ground_are_kept_for_the_report() -> None:
    for geometry in (None, {"type": "Point", "coordinates": [127.0, 37.0]}, {"type": "Polygon", "coordinates": []}):
        assert read_features(geojson(geometry, name="점")) == [Feature("점", "", "", ())]


def test_topojson_arcs_are_shared_turned_round_and_added_up() -> None:
    """Two squares side by side; their border is one arc, which the second square runs backwards."""
    topology = {
        "type": "Topology",
        "transform": {"scale": [0.001, 0.001], "translate": [127.0, 37.0]},
        "objects": {
            "all": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "서", "code": "1"}},
                    {"type": "MultiPolygon", "arcs": [[[2, ~0]]], "properties": {"name": "동", "code": "2"}},
                ],
            }
        },
        "arcs": [
            [[1000, 0], [0, 1000]],
            [[1000, 1000], [-1000, 0], [0, -1000], [1000, 0]],
            [[1000, 0], [1000, 0], [0, 1000], [-1000, 0]],
        ],
    }
    west, east = read_features(json.dumps(topology).encode())
    assert (west.name, east.name) == ("서", "동")
    np.testing.assert_allclose(west.shape[0][0], [(128, 37), (128, 38), (127, 38), (127, 37)])
    assert ring_area(east.shape[0][0]) == pytest.approx(1.0)
    assert Edges.of(east.shape).contain(Point(37.5, 128.5))
    assert not Edges.of(east.shape).contain(Point(37.5, 127.5))


def test_topojson_without_a_transform() -> None:
    topology = {
        "type": "Topology",
        "objects": {"one": {"type": "Polygon", "arcs": [[0]], "properties": {"name": "하나"}}},
        "arcs": [SQUARE],
    }
    (feature,) = read_features(json.dumps(topology).encode())
    np.testing.assert_allclose(feature.shape[0][0], SQUARE[:-1])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"\xff\xfe{}", "malformed"),
        (b"[]", "malformed"),
        (b'{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[1]]}}]}', "malformed"),
        (b'{"type":"Topology","objects":{"a":{"type":"Polygon","arcs":[[7]]}},"arcs":[]}', "malformed"),
        (b'{"type":"Feature"}', "unknown_type"),
        (geojson({"type": "Polygon", "coordinates": [METRES]}), "not_degrees"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(BoundaryFileUnreadable) as refusal:
        read_features(data)
    assert refusal.value.facts["reason"] == reason
