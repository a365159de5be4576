"""The bus of one process: a hint is handed over before `publish` returns."""

import logging
from collections.abc import Callable

from daeri.infra.bus import Listener

_log = logging.getLogger(__name__)


class MemoryBus:
    """Calls listeners in the order in which they came, in the publisher's own thread."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}

    def publish(self, topic: str, message: bytes) -> None:
        """Hand `message` to everybody who listens on the topic or, for `name.part`, on `name`."""
        for listened in _listened_topics(topic):
            # A copy: a listener may stop itself, or start another, while it is called.
            for listener in tuple(self._listeners.get(listened, ())):
                self._call(listener, topic, message)

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Hear the topic and its parts from now on; the returned function, called any number of times, ends it."""
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)

        def stop() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return stop

    def _call(self, listener: Listener, topic: str, message: bytes) -> None:
        try:
            listener(topic, message)
        except Exception:  # noqa: BLE001 -- the promise of the bus: a listener's fault never reaches the publisher
            _log.exception("a listener on the bus failed", extra={"topic": topic})


def _listened_topics(topic: str) -> tuple[str, ...]:
    name, dot, _ = topic.partition(".")
    return (topic, name) if dot else (topic,)
