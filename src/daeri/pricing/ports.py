"""The outside of pricing: who knows the way."""

from collections.abc import Sequence
from typing import Protocol

from daeri.kernel.geo import Point
from daeri.pricing.model import Route


class Router(Protocol):
    """Finds the way by car."""

    async def route(self, points: Sequence[Point]) -> Route:
        """The way through `points` (two or more) in their order; RouteUnavailable when there is no answer."""
