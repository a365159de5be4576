"""The simulation's books and the files that it reads and writes."""

import stat
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.sim.books import Books, spread_of
from daeri.sim.figures import line_of, take_figures
from daeri.sim.tokens import Holder, TokenHolder, TokensFile, read_tokens, write_tokens
from daeri.sim.wire import ENDED, RUNNING, Call

AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
STATES = sorted(RUNNING | ENDED)


def _call(id_, state, *, version=0, after_s=None):
    assigned_at = None if after_s is None else AT + timedelta(seconds=after_s)
    return Call(id=id_, state=state, version=version, requested_at=AT, assigned_at=assigned_at)


def test_spread_is_the_nearest_rank():
    spread = spread_of([float(n) for n in range(1, 101)])
    assert (spread.mean, spread.p50, spread.p95) == (50.5, 50.0, 95.0)
    assert spread_of([]).p50 is None


@given(st.lists(st.sampled_from([*STATES, "unheard_of", None])))
def test_every_acknowledged_call_is_counted_once(states):
    books = Books()
    for number in range(len(states)):
        books.acknowledge("token", _call(str(number), "requested"))
    read_back = {str(n): None if state is None else _call(str(n), state) for n, state in enumerate(states)}
    summary = books.close(read_back, 3)
    parts = (summary.completed, summary.cancelled, summary.unserved, summary.in_progress, summary.lost)
    assert summary.requested == sum(parts) == len(states)
    assert summary.lost == sum(state is None or state == "unheard_of" for state in states)
    assert summary.double_assigned == 3


def test_a_released_call_was_assigned_once_and_its_first_wait_counts():
    books = Books()
    books.acknowledge("token", _call("a", "requested", version=1))
    books.see(_call("a", "assigned", version=2, after_s=10))
    books.see(_call("a", "requested", version=3))
    books.see(_call("a", "assigned", version=4, after_s=50))
    summary = books.close({"a": _call("a", "expired", version=5)}, 0)
    assert (summary.assigned, summary.unserved) == (1, 1)
    assert summary.assign_s.p50 == 10


def test_older_news_changes_nothing():
    books = Books()
    books.acknowledge("token", _call("a", "driving", version=5))
    books.see(_call("a", "assigned", version=3))
    assert books.states() == {"driving": 1}
    books.see(_call("unknown", "assigned"))
    assert len(books.entries) == 1


def test_a_plain_line_has_every_figure():
    books = Books()
    books.acknowledge("token", _call("a", "completed", after_s=4))
    line = line_of(take_figures(books, []))
    assert "finished=1" in line
    assert "assign-median=4.0s" in line


def test_the_tokens_file_is_for_its_owner_only(tmp_path):
    path = tmp_path / "tokens.json"
    path.write_text("somebody else's")
    path.chmod(0o644)
    tokens = TokensFile("demo", [Holder("d", "x")], [Holder("c", "y")], TokenHolder("g"), TokenHolder("a"))
    write_tokens(path, tokens)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_tokens(path) == tokens
    path.write_text('{"drivers": 1}')
    with pytest.raises(msgspec.DecodeError):
        read_tokens(path)
