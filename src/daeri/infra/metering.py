"""CPU time of work that awaits: only its own steps count, not what else the event loop runs in between."""

import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from prometheus_client import Counter

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Metered(Generic[Result]):
    """Await it once: it gives what `work` gives, and adds the CPU seconds of `work`'s steps to `counter`.

    Tasks that the work starts run by themselves and do not count.
    """

    work: Awaitable[Result]
    counter: Counter

    def __await__(self) -> Generator[Any, Any, Result]:
        steps = self.work.__await__()
        resume: Callable[[], Any] = partial(next, steps)
        while True:
            before = time.thread_time()
            try:
                awaited = resume()
            except StopIteration as end:
                result: Result = end.value
                return result
            finally:
                self.counter.inc(time.thread_time() - before)
            try:
                resume = partial(steps.send, (yield awaited))
            except BaseException as error:  # noqa: BLE001 -- a cancellation, say: it is the work's to handle
                resume = partial(steps.throw, error)
