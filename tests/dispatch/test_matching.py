"""The assignment: as cheap as SciPy's, one driver a call, and nobody free is nearer than the one chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from daeri.dispatch.matching import match

ABSENT = 10**9
UNSERVED = 30


@st.composite
def edges(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    calls, drivers = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    pairs = draw(
        st.dictionaries(st.tuples(st.integers(0, calls - 1), st.integers(0, drivers - 1)), st.integers(0, UNSERVED))
    )
    table = np.array([(call, driver, cost) for (call, driver), cost in pairs.items()], np.int64).reshape(-1, 3)
    table = table[np.lexsort((table[:, 1], table[:, 2], table[:, 0]))]
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()


def least_cost(call: np.ndarray, driver: np.ndarray, cost: np.ndarray) -> int:
    """SciPy's dense optimum with one column a call for leaving it unserved."""
    calls, drivers = int(call.max()) + 1, int(driver.max()) + 1
    table = np.full((calls, drivers + calls), ABSENT)
    table[call, driver] = cost
    table[np.arange(calls), drivers + np.arange(calls)] = UNSERVED
    return int(table[linear_sum_assignment(table)].sum())


@settings(max_examples=200, deadline=None)
@given(edges(), st.sampled_from([0, 10**9]))
def test_every_match_is_a_match_and_nobody_free_is_nearer(given_edges: tuple, budget: int) -> None:
    call, driver, cost = given_edges
    chosen = match(call, driver, cost, unserved_cost=UNSERVED, pair_budget=budget)

    assert len(set(call[chosen])) == len(chosen) == len(set(driver[chosen]))
    assert call[chosen].tolist() == sorted(call[chosen].tolist())
    free = set(driver.tolist()) - set(driver[chosen].tolist())
    for pair in chosen:
        rivals = (call == call[pair]) & (cost < cost[pair])
        assert not free & set(driver[rivals].tolist())


@settings(max_examples=300, deadline=None)
@given(edges())
def test_it_costs_what_scipy_says(given_edges: tuple) -> None:
    call, driver, cost = given_edges
    if not len(call):
        return
    chosen = match(call, driver, cost, unserved_cost=UNSERVED, pair_budget=10**9)
    unserved = int(call.max()) + 1 - len(chosen)
    assert int(cost[chosen].sum()) + UNSERVED * unserved == least_cost(call, driver, cost)


def test_an_equal_driver_goes_to_the_older_call() -> None:
    call, driver, cost = np.array([0, 1]), np.array([5, 5]), np.array([10, 10])
    for budget in (0, 100):
        assert match(call, driver, cost, unserved_cost=UNSERVED, pair_budget=budget).tolist() == [0]


def test_a_call_gives_way_when_both_are_served_better() -> None:
    """Call 0 takes its second nearest, so that call 1, which has no other, is served."""
    call, driver, cost = np.array([0, 0, 1]), np.array([7, 8, 7]), np.array([1, 5, 4])
    assert match(call, driver, cost, unserved_cost=UNSERVED, pair_budget=100).tolist() == [1, 2]
    assert match(call, driver, cost, unserved_cost=UNSERVED, pair_budget=0).tolist() == [0]


@pytest.mark.parametrize(("calls", "drivers"), [(200, 900), (300, 180)])
def test_a_real_tick_costs_what_scipy_says(calls: int, drivers: int) -> None:
    rng = np.random.default_rng(calls)
    metres = np.hypot(*(rng.random((2, calls, 1)) - rng.random((2, 1, drivers)))) * 100
    cost_table = np.rint(metres).astype(np.int64)
    order = np.argsort(cost_table, axis=1, kind="stable")[:, :16]
    cost = np.take_along_axis(cost_table, order, axis=1)
    near = cost <= UNSERVED
    call, driver = np.repeat(np.arange(calls), near.sum(axis=1)), order[near]

    chosen = match(call, driver, cost[near], unserved_cost=UNSERVED, pair_budget=10**9)

    total = int(cost[near][chosen].sum()) + UNSERVED * (calls - len(chosen))
    missing = calls - (int(call.max()) + 1)
    assert total == least_cost(call, driver, cost[near]) + UNSERVED * missing
