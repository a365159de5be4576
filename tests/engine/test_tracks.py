"""Points stay in memory until their rows are written: a write that fails loses nothing, what came meanwhile stays."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from daeri.dispatch.positions import RECORD, Batch
from daeri.engine.tracks import Tracks
from daeri.kernel.ids import CallId, Ids


def _moved(*at_ms: int) -> Batch:
    count = len(at_ms)
    columns = {name: np.zeros(count) for name in ("lat", "lon", "accuracy_m")}
    batch = SimpleNamespace(slot=np.zeros(count, np.int64), at_ms=np.array(at_ms), **columns)
    return cast("Batch", batch)


def _tracks(ids: Ids) -> Tracks:
    call_id = CallId(ids.new())
    return Tracks(cast("Any", SimpleNamespace(call_of=lambda _slot: call_id)))


def _instants(tracks: Tracks) -> list[int]:
    return [at for _, _, data in tracks.chunks() for at in np.frombuffer(data, RECORD)["at_ms"].tolist()]


def test_what_was_not_written_is_told_again(ids: Ids) -> None:
    tracks = _tracks(ids)
    tracks.add(_moved(1_000, 2_000))
    assert _instants(tracks) == [1_000, 2_000]
    assert _instants(tracks) == [1_000, 2_000]


def test_what_came_during_the_write_stays(ids: Ids) -> None:
    tracks = _tracks(ids)
    tracks.add(_moved(1_000, 2_000))
    chunks = tracks.chunks()
    tracks.add(_moved(3_000, 4_000))
    tracks.written(chunks)
    ((_, first_at, _),) = tracks.chunks()
    assert first_at.timestamp() == 3
    assert _instants(tracks) == [3_000, 4_000]
    tracks.written(tracks.chunks())
    assert tracks.chunks() == []


def test_every_call_is_in_one_share_of_the_chunks(ids: Ids) -> None:
    known = [CallId(ids.new()) for _ in range(40)]
    tracks = Tracks(cast("Any", SimpleNamespace(call_of=lambda slot: known[slot])))
    batch = _moved(*range(40))
    batch.slot[:] = range(40)
    tracks.add(batch)
    told = [call_id for share in range(5) for call_id, _, _ in tracks.chunks(share, 5)]
    assert sorted(told) == sorted(known)
