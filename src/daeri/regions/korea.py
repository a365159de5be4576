"""The rough hull of South Korea's land, islands and near waters. Pure."""

import numpy as np

from daeri.kernel.geo import Point
from daeri.regions.geometry import Edges, Ring

# Drawn by hand around the boundaries of 2018 with a few kilometres to spare: the northern limit line and the
# demarcation line, Ulleungdo and Dokdo in the east, Jeju in the south; Tsushima and Kaesong lie outside.
KOREA_HULL: Ring = np.array(
    [
        (124.45, 38.02), (125.00, 38.00), (125.15, 37.75), (126.05, 37.72), (126.20, 37.85), (126.50, 37.84),
        (126.65, 37.80), (126.66, 38.00), (126.85, 38.15), (127.10, 38.35), (127.80, 38.38), (128.05, 38.37),
        (128.28, 38.50), (128.31, 38.66), (128.55, 38.66), (129.00, 38.00), (129.60, 37.30), (130.50, 37.70),
        (131.00, 37.70), (132.00, 37.40), (132.00, 37.10), (130.60, 37.20), (129.75, 36.70), (129.75, 35.90),
        (129.45, 35.15), (129.00, 34.85), (128.85, 34.45), (127.60, 33.85), (127.10, 33.50), (126.95, 33.10),
        (126.10, 33.00), (125.80, 33.50), (124.95, 33.95), (124.70, 34.80), (125.50, 35.40), (125.40, 36.30),
        (125.35, 37.00), (124.95, 37.50), (124.45, 37.70),
    ]
)  # fmt: skip

_HULL_EDGES = Edges.of(((KOREA_HULL,),))


def in_korea(point: Point) -> bool:
    """Whether the point lies on South Korea's land or within some kilometres of its coast (a rough answer)."""
    return _HULL_EDGES.contain(point)
