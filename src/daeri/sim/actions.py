"""What somebody does in a stepped replay, when it is due, and what may be done at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from daeri.sim.wire import Card


class Do(Enum):
    REPORT = "report"
    REQUEST = "request"
    LOOK = "look"
    CHANGE_MIND = "change_mind"
    DROP_DRIVER = "drop_driver"
    ANSWER = "answer"
    CANCEL = "cancel"
    ARRIVE = "arrive"
    START = "start"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """Something due at `at_s`; `order` is a seeded draw, so that ties have no favourite."""

    at_s: float
    order: float
    trip: int
    driver: int
    what: Do = field(compare=False)
    card: Card | None = field(compare=False, default=None)


def batches(due: Sequence[Action], parallel: int) -> Iterator[list[Action]]:
    """Runs of actions that touch neither the same trip nor the same driver; requests and reports go alone."""
    batch: list[Action] = []
    for action in due:
        alone = action.what in (Do.REQUEST, Do.REPORT)
        clash = any(action.trip == other.trip or action.driver == other.driver != -1 for other in batch)
        if batch and (alone or clash or len(batch) >= parallel):
            yield batch
            batch = []
        batch.append(action)
        if alone:
            yield batch
            batch = []
    if batch:
        yield batch
