"""Which call takes which driver, when several calls of one tick want the same: a sparse assignment. No I/O.

Sparse shortest augmenting paths (Jonker and Volgenant's scheme: row reduction first, then Dijkstra over reduced costs
for the rows that lost their first choice). Leaving a call without driver costs the radius cap, so a match is never
bought with more metres than the cap. Both the optimum and the greedy fallback keep one property: no driver who is
left free is nearer to a call than the one that the call was given.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.grid import first_of_runs

Ints = NDArray[np.int64]

_NONE = -1


class _Matching(NamedTuple):
    """What the search changes: the edge of each row (or _NONE), the row of each taken column, and the prices."""

    edge_of_row: list[int]
    row_of_column: dict[int, int]
    row_price: list[int]
    column_price: dict[int, int]


class _Rows:
    """Edges by row, cheapest first; those of a row become lists when the row is first visited."""

    def __init__(self, first: Ints, columns: Ints, costs: Ints) -> None:
        self._bounds = [*first.tolist(), len(columns)]
        self._columns, self._costs = columns, costs
        self._visited: dict[int, tuple[int, list[int], list[int]]] = {}

    def edges(self, row: int) -> tuple[int, list[int], list[int]]:
        """The number of the row's first edge, and the columns and costs of its edges."""
        visited = self._visited.get(row)
        if visited is None:
            first, last = self._bounds[row], self._bounds[row + 1]
            visited = first, self._columns[first:last].tolist(), self._costs[first:last].tolist()
            self._visited[row] = visited
        return visited

    def column_of(self, edge: int) -> int:
        """The column of an edge; none for none."""
        return _NONE if edge == _NONE else int(self._columns[edge])


def match(call: Ints, driver: Ints, cost: Ints, *, unserved_cost: int, pair_budget: int) -> Ints:
    """The indices of the chosen pairs, in the order of the calls.

    `call` must be sorted, the oldest call first, and `cost` (whole numbers, at most `unserved_cost`) must rise within a
    call, ties in the order in which drivers shall be preferred. Minimises the sum of costs, with `unserved_cost` for
    every call left over; beyond `pair_budget` pairs it takes the nearest pairs one after the other instead.
    """
    if not len(call):
        return np.empty(0, np.int64)
    if len(call) > pair_budget:
        return _greedy(call, driver, cost)
    # The scarcer side searches: paths stay short when there is plenty to reach.
    if _distinct(call) <= _distinct(driver):
        return _shortest_paths(call, driver, cost, unserved_cost)
    order = np.lexsort((call, cost, driver))
    return np.sort(order[_shortest_paths(driver[order], call[order], cost[order], unserved_cost)])


def _distinct(numbers: Ints) -> int:
    seen = np.zeros(int(numbers.max()) + 1, np.bool_)
    seen[numbers] = True
    return int(np.count_nonzero(seen))


def _greedy(call: Ints, driver: Ints, cost: Ints) -> Ints:
    """The cheapest pair whose call and driver are both free, again and again; ties to the older call."""
    order = np.lexsort((call, cost))
    calls, drivers = call[order].tolist(), driver[order].tolist()
    served: set[int] = set()
    taken: set[int] = set()
    chosen = []
    for pair, (one, other) in enumerate(zip(calls, drivers, strict=True)):
        if one not in served and other not in taken:
            served.add(one)
            taken.add(other)
            chosen.append(pair)
    return np.sort(order[chosen])


def _shortest_paths(row: Ints, column: Ints, cost: Ints, unserved_cost: int) -> Ints:
    """The chosen edges (indices). `row` is sorted, costs rise within a row."""
    first = first_of_runs(row)
    wanted = column[first]
    winner = np.full(int(column.max()) + 1, -1)
    winner[wanted[::-1]] = np.arange(len(first))[::-1]  # the first row that wants a column has it
    won = winner[wanted] == np.arange(len(first))
    losers = np.flatnonzero(~won).tolist()
    if not losers:
        return first
    rows = _Rows(first, column, cost)
    state = _Matching(
        edge_of_row=np.where(won, first, _NONE).tolist(),
        row_of_column=dict(zip(wanted[won].tolist(), np.flatnonzero(won).tolist(), strict=True)),
        row_price=cost[first].tolist(),  # row reduction: each row's cheapest edge is tight
        column_price={},
    )
    for loser in losers:
        _augment(loser, rows, state, unserved_cost)
    return np.array([edge for edge in state.edge_of_row if edge != _NONE], np.int64)


def _augment(start: int, rows: _Rows, matching: _Matching, unserved_cost: int) -> None:
    """Find the cheapest way to serve row `start`, change the prices and flip the edges along the path.

    A path ends at a free column, or at a row that goes without: every row has a column of its own that costs
    `unserved_cost`, kept implicit. `total` is the shortest end known so far, and bounds the search.
    """
    _, row_of_column, row_price, column_price = matching
    reached_rows = {start: 0}
    reached_columns: dict[int, int] = {}
    edge_to: dict[int, tuple[int, int]] = {}  # column: (row it was reached from, edge)
    settled: list[int] = []
    heap: list[tuple[int, int]] = []
    total, last_row, last_column = unserved_cost - row_price[start], start, _NONE
    row, distance = start, 0
    while True:
        edge, columns, costs = rows.edges(row)
        base = distance - row_price[row]
        for column, cost in zip(columns, costs, strict=True):
            length = base + cost
            if length >= total:
                break  # the following edges are dearer, and prices of columns are never above zero
            length -= column_price.get(column, 0)
            if length < total and length < reached_columns.get(column, total):
                reached_columns[column], edge_to[column] = length, (row, edge)
                if column in row_of_column:
                    heappush(heap, (length, column))
                else:
                    total, last_column = length, column
            edge += 1
        while heap and heap[0][0] > reached_columns[heap[0][1]]:
            heappop(heap)  # reached by a shorter way meanwhile
        if not heap or heap[0][0] >= total:
            break
        distance, column = heappop(heap)
        settled.append(column)
        row = row_of_column[column]
        reached_rows[row] = distance
        if distance + unserved_cost - row_price[row] < total:
            total, last_row, last_column = distance + unserved_cost - row_price[row], row, _NONE
    for reached, length in reached_rows.items():
        row_price[reached] += total - length
    column_price.update({column: column_price.get(column, 0) - total + reached_columns[column] for column in settled})
    end = last_column if last_column != _NONE else _give_up(last_row, rows, matching)
    _flip(start, end, edge_to, rows=rows, matching=matching)


def _give_up(row: int, rows: _Rows, matching: _Matching) -> int:
    """Leave `row` without a column; the column that it had."""
    had = rows.column_of(matching.edge_of_row[row])
    matching.edge_of_row[row] = _NONE
    return had


def _flip(start: int, column: int, edge_to: dict[int, tuple[int, int]], *, rows: _Rows, matching: _Matching) -> None:
    """Give each row on the path the column by which the path left it, from the end `column` back to `start`."""
    while column != _NONE:
        row, edge = edge_to[column]
        given_back = rows.column_of(matching.edge_of_row[row])
        matching.edge_of_row[row], matching.row_of_column[column] = edge, row
        column = given_back if row != start else _NONE
