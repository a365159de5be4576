"""Position reports as they come: packed into the records that the fleet reads."""

import math
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime

from daeri.kernel.time import to_millis

_RECORD = struct.Struct("<qiiHH")
_LIMIT_DEG = 214.0  # what 32 bits hold; a plausible degree is far below
_LIMIT_MS = 4_102_444_800_000  # the year 2100: beyond it no phone's clock is meant
_NOWHERE = _RECORD.pack(0, 0, 0, 0, 0)  # the null island: counted and dropped like every impossible point

Sample = Sequence[float]  # at_ms, lat, lon, accuracy_m


def pack(at: datetime, lat: float, lon: float, accuracy_m: float = 0.0) -> bytes:
    """One record."""
    return _pack(to_millis(at), lat, lon, accuracy_m)


def pack_samples(samples: Iterable[Sample]) -> bytes:
    """Records from JSON rows [at_ms, lat, lon, accuracy_m?]; what no record can hold becomes one that is dropped."""
    return b"".join(
        _pack(row[0], row[1], row[2], row[3] if len(row) > 3 else 0.0) if len(row) >= 3 else _NOWHERE for row in samples
    )


def _pack(at_ms: float, lat: float, lon: float, accuracy_m: float) -> bytes:
    if not (math.isfinite(lat) and math.isfinite(lon) and math.isfinite(at_ms) and math.isfinite(accuracy_m)):
        return _NOWHERE
    if abs(lat) > _LIMIT_DEG or abs(lon) > _LIMIT_DEG or not 0 <= at_ms <= _LIMIT_MS:
        return _NOWHERE
    accuracy_dm = round(min(max(accuracy_m * 10, 0.0), 65_535.0))
    return _RECORD.pack(round(at_ms), round(lat * 1e7), round(lon * 1e7), accuracy_dm, 0)
