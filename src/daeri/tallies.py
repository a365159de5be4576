"""What the domains have done, counted from their hints: these leave after the commit, once, whoever did the work."""

from collections.abc import Callable

from daeri.calls import api as calls
from daeri.dispatch import api as dispatch
from daeri.infra.bus import Bus
from daeri.infra.metrics import Metrics


def count(bus: Bus, metrics: Metrics) -> Callable[[], None]:
    """Count moves of calls, waits for a driver and ends of offers from now on; returns what stops it."""

    def moved(_topic: str, state: bytes) -> None:
        metrics.call_moved(state.decode())

    def assigned(_topic: str, seconds: bytes) -> None:
        metrics.assignment_seconds.observe(float(seconds))

    def offer_ended(_topic: str, outcome: bytes) -> None:
        metrics.offer_ended(outcome.decode())

    stops = [
        bus.listen(calls.TOPIC, moved),
        bus.listen(calls.ASSIGNED_TOPIC, assigned),
        bus.listen(dispatch.OFFER_ENDED_TOPIC, offer_ended),
    ]

    def stop() -> None:
        for one in stops:
            one()

    return stop
