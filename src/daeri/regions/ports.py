"""The outside of regions: who knows places and addresses."""

from collections.abc import Sequence
from typing import Protocol

from daeri.kernel.geo import Point
from daeri.regions.model import FoundPlace


class PlaceFinder(Protocol):
    """Finds places by what people call them, and what people call a point."""

    async def search(self, query: str, near: Point | None, limit: int) -> Sequence[FoundPlace]:
        """Up to `limit` places for what somebody typed: the better match first, the nearer one among equals.

        PlacesUnavailable when there is no answer.
        """

    async def at(self, point: Point) -> FoundPlace | None:
        """What is at the point, None when the finder knows nothing there; PlacesUnavailable."""
