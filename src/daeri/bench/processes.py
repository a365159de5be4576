"""Processes beside the benchmark: what they have used by the operating system's account, and ones of our own."""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import msgspec

try:
    import psutil

    _HAS_PSUTIL = True
except ImportError:
    _HAS_PSUTIL = False

PSUTIL = "psutil is not installed"


class Usage(msgspec.Struct, frozen=True):
    """A process with its children: CPU seconds since they began (ended children too), resident bytes now."""

    cpu_s: float
    resident_bytes: int


def missing() -> list[str]:
    """What these benchmarks lack here, each as a sentence."""
    return [] if _HAS_PSUTIL else [PSUTIL]


def usage(pid: int) -> Usage:
    """What the process and its descendants have used by now. Memory that they share counts in each."""
    parent = psutil.Process(pid)
    ended = parent.cpu_times()
    cpu_s, resident = ended.children_user + ended.children_system, 0
    for process in (parent, *parent.children(recursive=True)):
        try:
            with process.oneshot():
                times = process.cpu_times()
                cpu_s += times.user + times.system
                resident += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue  # ended while we counted; the parent's account of ended children has it next time
    return Usage(cpu_s, resident)


def allow_files(count: int) -> int:
    """Raise the limit of open files towards `count` as far as it may be; what it is now. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    return max(soft, count)


@contextmanager
def beside(target: Callable[..., None], *args: object) -> Iterator[Connection]:
    """A process of its own that has said on its line that it is ready; None on the line ends it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(*args, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield ours
        ours.send(None)
        process.join(10)
    finally:
        process.kill()
        process.join()
        ours.close()
