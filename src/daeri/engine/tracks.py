"""Collects the positions of drives and hands them out in chunks, one a call."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from daeri.dispatch.positions import RECORD, Batch
from daeri.engine.fleet_keeper import FleetKeeper
from daeri.kernel.ids import CallId
from daeri.kernel.time import from_millis

Chunk = tuple[CallId, datetime, bytes]


class Tracks:
    """Points of drivers under way, kept by call until they are flushed to rows."""

    def __init__(self, keeper: FleetKeeper) -> None:
        self._keeper = keeper
        self._first_ms: dict[CallId, int] = {}
        self._records: defaultdict[CallId, list[bytes]] = defaultdict(list)

    def add(self, busy: Batch) -> None:
        """Take the believed points of one tick."""
        records = np.zeros(len(busy.slot), RECORD)
        records["at_ms"] = busy.at_ms
        records["lat_e7"] = np.rint(busy.lat * 1e7)
        records["lon_e7"] = np.rint(busy.lon * 1e7)
        records["accuracy_dm"] = np.minimum(np.rint(busy.accuracy_m * 10), 65_535)
        data, size = records.tobytes(), RECORD.itemsize
        for row, (slot, at_ms) in enumerate(zip(busy.slot.tolist(), busy.at_ms.tolist(), strict=True)):
            call_id = self._keeper.call_of(slot)
            if call_id is not None:
                self._first_ms.setdefault(call_id, at_ms)
                self._records[call_id].append(data[row * size : (row + 1) * size])

    def chunks(self, share: int = 0, shares: int = 1) -> list[Chunk]:
        """What is not written yet in one share of the calls, a chunk a call in the order of the calls' ids."""
        mine = sorted(call_id for call_id in self._records if call_id.int % shares == share)
        return [(call_id, from_millis(self._first_ms[call_id]), b"".join(self._records[call_id])) for call_id in mine]

    def written(self, chunks: Iterable[Chunk]) -> None:
        """These have become rows; what was added meanwhile stays. They are all that `chunks` told last."""
        for call_id, _, data in chunks:
            left = b"".join(self._records.pop(call_id))[len(data) :]
            self._first_ms.pop(call_id)
            if left:
                self._first_ms[call_id] = int(np.frombuffer(left, RECORD)["at_ms"][0])
                self._records[call_id].append(left)
