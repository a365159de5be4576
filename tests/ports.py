"""Ports for servers of tests: below those that the system gives to connections, which come and go all the time."""

import os
import random
import socket

_FIRST, _LAST = 15_000, 30_000


def free_ports(count: int) -> list[int]:
    """Ports that are free at this moment, all different; processes that ask at once hardly ever get the same."""
    chance = random.Random(os.urandom(8))
    found: list[int] = []
    while len(found) < count:
        port = chance.randrange(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]
