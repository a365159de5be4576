"""What dispatch would like to know of the outside."""

from collections.abc import Sequence
from typing import Protocol

from daeri.dispatch.model import Condition
from daeri.kernel.geo import Point


class WeatherSource(Protocol):
    """Somebody who knows the weather; what it says is kept as a person's word would be (`say_weather`)."""

    async def conditions(self, points: Sequence[Point]) -> list[Condition]:
        """The weather at each point now. Raises OSError when it cannot be known."""
