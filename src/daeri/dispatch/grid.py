"""The nearest drivers, exactly: a grid of cells sorted by one packed key, and batched searches in growing discs.

A layer is a company: its drivers have their own cells, so that one sort and one search serve all companies and no
search ever meets another company's driver. Who may be found is decided before the search (`Grid.restrict`), so that
an eligible seventeenth is never hidden behind sixteen who are not. A layer must not cross the antimeridian.
"""

from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daeri.kernel.geo import METRES_PER_DEGREE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_DRIVERS_PER_CELL = 4.0  # where the average driver stands
_LEAST_SIDE_M = 25.0
_MOST_CELLS_A_SIDE = 1 << 16
_CELLS_A_DRIVER = 4  # at most, in a table of the cells' first entries
_MOST_COUNTED = (1 << 16) - 1  # the largest cell that NumPy sorts by counting
_SAMPLE = 4096
_SAMPLE_CELLS = 128
_PAIRS_A_BATCH = 100_000  # what one batch is expected to look at: bounds the memory of a search
_ROWS_A_BLOCK = 4_096  # bounds the bits of a packed pair
_MM_BITS = 28  # 268 km
_ENTRY_BITS = 23  # 8 million drivers; the remaining bits hold the row of a block
_FARTHEST_M = 200_000.0


class IdOrder(NamedTuple):
    """Driver ids by slot as two halves: what puts drivers at the same distance into an order."""

    high: NDArray[np.uint64]
    low: NDArray[np.uint64]


class Query(NamedTuple):
    """Points to search around, as columns of one length: layer, degrees, radius in metres."""

    layer: Ints
    lat: Floats
    lon: Floats
    radius_m: Floats

    def take(self, rows: Ints) -> "Query":
        return Query(self.layer[rows], self.lat[rows], self.lon[rows], self.radius_m[rows])


class Pairs(NamedTuple):
    """Which driver is how far from which query row, as columns: by row, then by distance, then by driver id."""

    row: Ints
    slot: Ints
    mm: Ints

    def take(self, chosen: Ints | Flags) -> "Pairs":
        at = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        return Pairs(self.row.take(at), self.slot.take(at), self.mm.take(at))


class Strips(NamedTuple):
    """Ranges of entries of a grid, each from neighbouring cells of one row of cells; `row` is that of the query."""

    row: Ints
    begin: Ints
    end: Ints
    cells: Ints


@dataclass(frozen=True, slots=True)
class Frame:
    """How degrees become cells; the same for all layers of a grid."""

    south: float
    west: float
    rows: int
    columns: int
    rows_per_degree: float
    columns_per_degree: float
    side_m: float

    def rows_of(self, lat: Floats) -> Ints:
        return self._cells((lat - self.south) * self.rows_per_degree, self.rows)

    def columns_of(self, lon: Floats) -> Ints:
        return self._cells((lon - self.west) * self.columns_per_degree, self.columns)

    def cells_of(self, lat: Floats, lon: Floats) -> Ints:
        return self.rows_of(lat) * self.columns + self.columns_of(lon)

    @staticmethod
    def _cells(scaled: Floats, count: int) -> Ints:
        return np.clip(scaled, 0, count - 1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Grid:
    """Drivers in the order of their cells: `cell`, `slot`, `lat`, `lon` are columns of one length."""

    frame: Frame
    cell: Ints
    slot: Ints
    lat: Floats
    lon: Floats

    @cached_property
    def _starts(self) -> Ints | None:
        """By cell: its first entry; None where cells are so many that a table of them is not worth its making."""
        cells = int(self.cell[-1]) + 1 if len(self.cell) else 0
        if cells > _CELLS_A_DRIVER * len(self.cell):
            return None
        starts = np.zeros(cells + 1, np.int64)
        np.cumsum(np.bincount(self.cell, minlength=cells), out=starts[1:])
        return starts

    def first_from(self, cell: Ints) -> Ints:
        """The first entry that stands in each cell or after it."""
        if self._starts is None:
            return np.searchsorted(self.cell, cell)
        return self._starts.take(cell, mode="clip")

    def restrict(self, keep: Flags) -> "Grid":
        """The grid of the entries where `keep` is true; nothing is sorted again."""
        if keep.all():
            return self
        chosen = np.flatnonzero(keep)
        return Grid(
            self.frame, self.cell.take(chosen), self.slot.take(chosen), self.lat.take(chosen), self.lon.take(chosen)
        )


def build_grid(slot: Ints, layer: Ints, lat: Floats, lon: Floats) -> Grid:
    """The grid of the drivers given as columns of one length."""
    frame = _frame_around(lat, lon)
    cell = frame.cells_of(lat, lon)
    if layer.any():
        cell += layer * (frame.rows * frame.columns)
    order = _in_cell_order(cell)
    return Grid(frame, cell.take(order), slot.take(order), lat.take(order), lon.take(order))


def _in_cell_order(cell: Ints) -> Ints:
    """Which entry comes first, second, … by cell; within a cell as they stand."""
    if not len(cell) or cell.max() <= _MOST_COUNTED:
        return np.argsort(cell.astype(np.uint16), kind="stable")  # counts, byte by byte
    bits = len(cell).bit_length()
    order: Ints = np.sort(cell << bits | np.arange(len(cell))) & ((1 << bits) - 1)
    return order


def nearest(grid: Grid, query: Query, k: int, ids: IdOrder, excluded: Ints | None = None) -> Pairs:
    """The k nearest drivers within the radius of every query row, ties in the order of the drivers' ids.

    `excluded` are sorted `pair_keys` that must not be found.
    """
    if not len(query.lat) or not len(grid.slot):
        return no_pairs()
    everybody = np.arange(len(query.lat))
    blocks = np.split(everybody, everybody[_ROWS_A_BLOCK::_ROWS_A_BLOCK])
    parts = [
        _nearest_of_block(grid, query.take(rows), k, ids, None if excluded is None else excluded - (int(rows[0]) << 32))
        for rows in blocks
    ]
    # Each block counts its rows from 0, in its pairs and in the keys that it excludes.
    return joined([part._replace(row=part.row + rows[0]) for part, rows in zip(parts, blocks, strict=True)])


def within(grid: Grid, query: Query) -> Pairs:
    """Every driver within the radius of every query row, by row; the order within a row is that of the cells."""
    if not len(query.lat) or not len(grid.slot):
        return no_pairs()
    row, entry, mm = _in_discs(grid, query, query.radius_m)
    return Pairs(row, grid.slot[entry], mm)


def _nearest_of_block(grid: Grid, query: Query, k: int, ids: IdOrder, excluded: Ints | None) -> Pairs:
    """In the order of the cells, so that neighbours look at the same memory one after the other."""
    frame = grid.frame
    reach, expected = _first_reach(grid, query, k)
    along = np.argsort(query.layer * frame.rows * frame.columns + frame.cells_of(query.lat, query.lon))
    batch = np.cumsum(expected[along]) // _PAIRS_A_BATCH
    found = []
    for rows in np.split(along, np.flatnonzero(np.diff(batch)) + 1):
        packed = _packed_nearest(grid, query, rows, k, reach=reach[rows], excluded=excluded)
        found.append(_first_k(packed, grid.slot, k, ids))
    return found[0] if len(found) == 1 else in_row_order(joined(found))


def _packed_nearest(grid: Grid, query: Query, rows: Ints, k: int, *, reach: Floats, excluded: Ints | None) -> Ints:
    """At least the k nearest of each of `rows`, each pair packed into one number: row, millimetres, entry of the grid.

    Discs grow around the rows that have not yet found k, until k are in or the radius is reached.
    """
    radius = query.radius_m[rows]
    reach = np.minimum(radius, reach)
    found = []
    while len(rows):
        local, entry, mm = _in_discs(grid, query.take(rows), reach)
        packed = rows.take(local) << (_MM_BITS + _ENTRY_BITS) | mm << _ENTRY_BITS | entry
        if excluded is not None and len(excluded):
            allowed = ~is_among(pair_keys(rows.take(local), grid.slot.take(entry)), excluded)
            local, packed = local[allowed], packed[allowed]
        count = np.bincount(local, minlength=len(rows))
        done = (count >= k) | (reach >= radius)
        found.append(packed if done.all() else packed[done.take(local)])
        growth = np.clip(np.sqrt(2.0 * k / np.maximum(count, 1)), 1.3, 3.0)
        rows, radius, reach = rows[~done], radius[~done], np.minimum(reach * growth, radius)[~done]
    return found[0] if len(found) == 1 else np.concatenate(found)


def _in_discs(grid: Grid, query: Query, reach_m: Floats) -> tuple[Ints, Ints, Ints]:
    """All entries within `reach_m` of each query row: (row, entry of the grid, millimetres)."""
    reach_m = np.minimum(reach_m, _FARTHEST_M)
    row, entry, each_row = _near_discs(grid, query, reach_m)
    radians = np.radians(query.lat)
    cosine, half_sine = np.cos(radians), np.sin(radians) * np.radians(0.5)
    # The cosine of the middle latitude, to the first order: within 1e-5 of the great circle at 100 km.
    north = grid.lat.take(entry)
    north -= np.repeat(query.lat, each_row)
    east = grid.lon.take(entry)
    east -= np.repeat(query.lon, each_row)
    east *= np.repeat(cosine, each_row) - np.repeat(half_sine, each_row) * north
    squares = north * north + east * east
    inside = np.flatnonzero(squares <= np.repeat(np.square(reach_m / METRES_PER_DEGREE), each_row))
    mm = np.rint(np.sqrt(squares.take(inside)) * (1000 * METRES_PER_DEGREE)).astype(np.int64)
    return row.take(inside), entry.take(inside), mm


def _near_discs(grid: Grid, query: Query, reach_m: Floats) -> tuple[Ints, Ints, Ints]:
    """All entries of the cells that each disc touches, as (row, entry) by row, and how many each row has."""
    strips = _strips(grid, query, reach_m)
    counts = strips.end - strips.begin
    ends = np.cumsum(counts)
    entry = np.repeat(strips.begin - (ends - counts), counts)
    entry += np.arange(len(entry))
    before = np.concatenate(([0], ends)).take(np.searchsorted(strips.row, np.arange(len(query.lat) + 1)))
    each_row = np.diff(before)
    return np.repeat(np.arange(len(query.lat)), each_row), entry, each_row


def _strips(grid: Grid, query: Query, reach_m: Floats) -> Strips:
    """The cells that each disc touches: those of one row of cells, as wide as the disc is there, are one range."""
    frame = grid.frame
    reach = reach_m / METRES_PER_DEGREE
    edge = np.cos(np.radians(np.minimum(np.abs(query.lat) + reach, 89.9)))
    south, north = frame.rows_of(query.lat - reach), frame.rows_of(query.lat + reach)
    row, strip = _expand(north - south + 1)
    strip += south.take(row)
    above = frame.south + strip / frame.rows_per_degree - query.lat.take(row)  # degrees from the point to the strip
    away = np.maximum(np.maximum(above, -above - 1 / frame.rows_per_degree), 0)
    width = np.sqrt(np.maximum(np.square(reach).take(row) - away * away, 0)) / edge.take(row)
    lon, base = query.lon.take(row), (strip + (query.layer * frame.rows).take(row)) * frame.columns
    west, east = frame.columns_of(lon - width), frame.columns_of(lon + width)
    return Strips(row, grid.first_from(base + west), grid.first_from(base + east + 1), east - west + 1)


def _first_reach(grid: Grid, query: Query, k: int) -> tuple[Floats, Floats]:
    """How far to look first, and how many drivers to expect there: a few more than k.

    As if all around were as dense as the nearest cells, which hold more when everybody stands at one place.
    """
    side_m, size = grid.frame.side_m, len(query.lat)
    strips = _strips(grid, query, np.full(size, side_m))
    count = np.bincount(strips.row, weights=strips.end - strips.begin, minlength=size)
    cells = np.bincount(strips.row, weights=strips.cells, minlength=size)
    density = np.maximum(count, 0.5) / (cells * side_m**2)
    few_more = k + 2 * sqrt(k)
    return np.sqrt(few_more / (pi * density)), np.maximum(count, few_more)


def _expand(counts: Ints) -> tuple[Ints, Ints]:
    """For counts [2, 0, 3]: the owners [0, 0, 2, 2, 2] and the running numbers [0, 1, 0, 1, 2]."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _first_k(packed: Ints, slots: Ints, k: int, ids: IdOrder) -> Pairs:
    """The first k of each row by distance, then by driver id, of packed pairs (which it sorts)."""
    if not len(packed):
        return no_pairs()
    packed.sort()  # plain integers sort several times faster than any indirect order
    row = packed >> (_MM_BITS + _ENTRY_BITS)
    place = packed >> _ENTRY_BITS  # row and millimetres
    first = first_of_runs(row)
    sizes = np.diff(first, append=len(row))
    farthest = np.repeat(place[first + np.minimum(sizes, k) - 1], sizes)
    kept = np.flatnonzero(place <= farthest)  # more than k only when the k-th has its equals
    place = place.take(kept)
    slot = slots.take(packed.take(kept) & ((1 << _ENTRY_BITS) - 1))
    result = Pairs(place >> _MM_BITS, slot, place & ((1 << _MM_BITS) - 1))
    tied = np.flatnonzero(place[1:] == place[:-1])
    if not len(tied):
        return result
    return _in_id_order(result, np.union1d(tied, tied + 1), ids).take(rank_in_row(result.row) < k)


def _in_id_order(pairs: Pairs, tied: Ints, ids: IdOrder) -> Pairs:
    """The pairs with those at the places `tied` put into the order of the drivers' ids."""
    among = pairs.take(tied)
    pairs.slot[tied] = among.slot[np.lexsort((ids.low[among.slot], ids.high[among.slot], among.mm, among.row))]
    return pairs


def rank_in_row(row: Ints) -> Ints:
    """The running number of each element among its neighbours of equal value: [4, 4, 7] → [0, 1, 0]."""
    first = first_of_runs(row)
    rank: Ints = np.arange(len(row)) - np.repeat(first, np.diff(first, append=len(row)))
    return rank


def first_of_runs(row: Ints) -> Ints:
    """Where each run of equal neighbours begins: [4, 4, 7] → [0, 2]."""
    if not len(row):
        return np.empty(0, np.int64)
    begins = np.empty(len(row), np.bool_)
    begins[0] = True
    np.not_equal(row[1:], row[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def is_among(keys: Ints, sorted_keys: Ints) -> Flags:
    """Which of `keys` stand in `sorted_keys`."""
    if not len(sorted_keys):
        return np.zeros(len(keys), np.bool_)
    at = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    among: Flags = sorted_keys[at] == keys
    return among


def joined(parts: list[Pairs]) -> Pairs:
    """The pairs of all parts, one after the other."""
    if len(parts) <= 1:
        return parts[0] if parts else no_pairs()
    return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def no_pairs() -> Pairs:
    return Pairs(*(np.empty(0, np.int64) for _ in range(3)))


def in_row_order(pairs: Pairs) -> Pairs:
    """Sorted by row; within a row the order stays."""
    return pairs.take(np.argsort(pairs.row, kind="stable"))


def pair_keys(row: Ints, slot: Ints) -> Ints:
    """One number for each pair, in the order of rows, then slots."""
    return row << 32 | slot


def _frame_around(lat: Floats, lon: Floats) -> Frame:
    """Cells of such a side that the average driver shares theirs with about one other."""
    if not len(lat):
        return Frame(0.0, 0.0, 1, 1, 1.0, 1.0, 1.0)
    south, west = float(lat.min()), float(lon.min())
    height = max((float(lat.max()) - south) * METRES_PER_DEGREE, 1.0)
    cosine = max(float(np.cos(np.radians(lat.mean()))), 0.01)
    width = max((float(lon.max()) - west) * METRES_PER_DEGREE * cosine, 1.0)
    density = _density(lat, lon, height * width)
    side = max(sqrt(_DRIVERS_PER_CELL / density), _LEAST_SIDE_M, max(height, width) / _MOST_CELLS_A_SIDE)
    rows, columns = int(height / side) + 1, int(width / side) + 1
    per_degree = METRES_PER_DEGREE / side
    return Frame(south, west, rows, columns, per_degree, per_degree * cosine, side)


def _density(lat: Floats, lon: Floats, area_m2: float) -> float:
    """Drivers per square metre around the average driver, from a sample: cities are denser than their country."""
    step = max(len(lat) // _SAMPLE, 1)
    sample_lat, sample_lon = lat[::step], lon[::step]
    counts = np.bincount(_shares(sample_lat) * _SAMPLE_CELLS + _shares(sample_lon))
    others = float((counts * (counts - 1)).sum()) / len(sample_lat)  # in the cell of the average driver, but for them
    return max(others * step * _SAMPLE_CELLS**2, len(lat)) / area_m2


def _shares(degrees: Floats) -> Ints:
    """In which of the `_SAMPLE_CELLS` equal parts of its span each value lies."""
    low, span = degrees.min(), max(float(np.ptp(degrees)), 1e-9)
    shares: Ints = np.clip((degrees - low) / span * _SAMPLE_CELLS, 0, _SAMPLE_CELLS - 1).astype(np.int64)
    return shares
