"""Reads boundary files, GeoJSON (RFC 7946) and TopoJSON 1.0, into features with a shape in degrees. Pure.

What a publisher calls its columns differs: the name, the parent's name and the code are looked for under the
names that the usual publishers use (the ministry's SIG_KOR_NM, the statistics office's SIGUNGU_NM, …).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from daeri.regions.geometry import Polygon, Ring, Shape, is_ring, open_ring
from daeri.regions.model import BoundaryFileUnreadable

_NAME_KEYS = ("name_ko", "name", "SIG_KOR_NM", "SIGUNGU_NM", "sggnm", "SGG_NM", "CTP_KOR_NM", "SIDO_NM", "sidonm")
_PARENT_KEYS = ("parent_name", "CTP_KOR_NM", "SIDO_NM", "sidonm", "province", "sido")
_CODE_KEYS = ("code", "SIG_CD", "SIGUNGU_CD", "sgg", "SGG_CD", "CTPRVN_CD", "SIDO_CD", "sidocd")

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a file: what it calls itself, empty where it does not say, and its ground (may be empty)."""

    name: str
    parent_name: str
    code: str
    shape: Shape


class _Geometry(msgspec.Struct):
    type: str = ""
    coordinates: msgspec.Raw = msgspec.Raw(b"[]")
    arcs: msgspec.Raw = msgspec.Raw(b"[]")
    geometries: "list[_Geometry]" = []
    properties: dict[str, msgspec.Raw] | None = None
    id: Scalar = None


class _GeoFeature(msgspec.Struct):
    geometry: _Geometry | None = None
    properties: dict[str, msgspec.Raw] | None = None
    id: Scalar = None


class _Transform(msgspec.Struct):
    scale: tuple[float, float]
    translate: tuple[float, float]


class _File(msgspec.Struct):
    type: str = ""
    features: list[_GeoFeature] = []
    objects: dict[str, _Geometry] = {}
    arcs: list[list[list[float]]] = []
    transform: _Transform | None = None


def read_features(data: bytes) -> list[Feature]:
    """Every feature of the file in its order.

    Raises:
        BoundaryFileUnreadable: it is neither GeoJSON nor TopoJSON, or its coordinates are not WGS84 degrees.
    """
    try:
        file = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_File)
        features = list(_features(file))
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError, ValueError) as error:
        raise BoundaryFileUnreadable(reason="malformed", detail=str(error)) from error
    for position, feature in enumerate(features):
        _check_degrees(position, feature.shape)
    return features


def _features(file: _File) -> Iterator[Feature]:
    match file.type:
        case "FeatureCollection":
            for item in file.features:
                geometry = item.geometry or _Geometry()
                yield _feature(item.properties, item.id, _geojson_shape(geometry))
        case "Topology":
            arcs = _decode_arcs(file)
            for leaf in _leaves(file.objects.values()):
                yield _feature(leaf.properties, leaf.id, _topojson_shape(leaf, arcs))
        case other:
            raise BoundaryFileUnreadable(reason="unknown_type", type=other)


def _leaves(geometries: Iterable[_Geometry]) -> Iterator[_Geometry]:
    """A collection without properties of its own only groups others."""
    for geometry in geometries:
        if geometry.type == "GeometryCollection" and geometry.properties is None:
            yield from _leaves(geometry.geometries)
        else:
            yield geometry


def _feature(properties: Mapping[str, msgspec.Raw] | None, identifier: Scalar, shape: Shape) -> Feature:
    texts = {key: _text(raw) for key, raw in (properties or {}).items()}
    code = _first(texts, _CODE_KEYS) or ("" if identifier is None else str(identifier))
    return Feature(_first(texts, _NAME_KEYS), _first(texts, _PARENT_KEYS), code, shape)


def _text(raw: msgspec.Raw) -> str:
    value = msgspec.json.decode(raw)
    return str(value).strip() if isinstance(value, str | int) else ""


def _first(texts: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((texts[key] for key in keys if texts.get(key)), "")


def _geojson_shape(geometry: _Geometry) -> Shape:
    match geometry.type:
        case "Polygon":
            polygons = [msgspec.json.decode(geometry.coordinates, type=list[list[list[float]]])]
        case "MultiPolygon":
            polygons = msgspec.json.decode(geometry.coordinates, type=list[list[list[list[float]]]])
        case "GeometryCollection":
            return tuple(polygon for part in geometry.geometries for polygon in _geojson_shape(part))
        case _:
            return ()
    return _shape([[_ring(ring) for ring in polygon] for polygon in polygons])


def _ring(vertices: Sequence[Sequence[float]]) -> Ring:
    """A third coordinate (height) is left out."""
    return np.array([vertex[:2] for vertex in vertices], dtype=np.float64).reshape(-1, 2)


def _shape(polygons: Sequence[Sequence[Ring]]) -> Shape:
    """Rings of fewer than three vertices are dropped, and with its outer ring a polygon."""
    opened = [[open_ring(ring) for ring in polygon] for polygon in polygons]
    return tuple(_proper(polygon) for polygon in opened if polygon and is_ring(polygon[0]))


def _proper(polygon: Sequence[Ring]) -> Polygon:
    return tuple(ring for ring in polygon if is_ring(ring))


def _decode_arcs(file: _File) -> list[Ring]:
    """Arcs in degrees: with a transform they are integers, each a difference from the one before."""
    arcs = [_ring(arc) for arc in file.arcs]
    if file.transform is None:
        return arcs
    scale, translate = np.array(file.transform.scale), np.array(file.transform.translate)
    return [np.cumsum(arc, axis=0) * scale + translate for arc in arcs]


def _topojson_shape(geometry: _Geometry, arcs: Sequence[Ring]) -> Shape:
    match geometry.type:
        case "Polygon":
            polygons = [msgspec.json.decode(geometry.arcs, type=list[list[int]])]
        case "MultiPolygon":
            polygons = msgspec.json.decode(geometry.arcs, type=list[list[list[int]]])
        case _:
            return ()
    return _shape([[_join(ring, arcs) for ring in polygon] for polygon in polygons])


def _join(indexes: Sequence[int], arcs: Sequence[Ring]) -> Ring:
    """A ring of arcs end to end; a negative index ~i is arc i backwards; joints are written once."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indexes]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])]) if parts else np.empty((0, 2))


def _check_degrees(position: int, shape: Shape) -> None:
    for polygon in shape:
        for ring in polygon:
            longitude, latitude = np.abs(ring).max(axis=0)
            if not (np.isfinite(ring).all() and longitude <= 180 and latitude <= 90):
                raise BoundaryFileUnreadable(reason="not_degrees", position=position)
