"""The bus: hints between the parts of a running program. A hint may be lost; rows are the truth."""

from collections.abc import Callable
from typing import Protocol

Listener = Callable[[str, bytes], None]


class Bus(Protocol):
    """Publish and listen by topic, `name` or `name.part`; a listener on `name` also hears `name.part`."""

    def publish(self, topic: str, message: bytes) -> None:
        """Send without waiting; never raises because of a listener."""

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Call `listener(topic, message)` for every hint from now on; returns what stops it."""
