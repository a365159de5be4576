"""UUIDv7 identifiers from an injected clock and randomness, and the call number that people read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import NewType
from uuid import UUID

from daeri.kernel.time import Clock, to_millis

CompanyId = NewType("CompanyId", UUID)
AccountId = NewType("AccountId", UUID)
CallId = NewType("CallId", UUID)
OfferId = NewType("OfferId", UUID)
EventId = NewType("EventId", UUID)
# A person's id is the id of the account that they sign in with.
CustomerId = NewType("CustomerId", UUID)
DriverId = NewType("DriverId", UUID)
StaffId = NewType("StaffId", UUID)

RandomBytes = Callable[[int], bytes]

# Crockford's alphabet: no I, L, O, U, so that a number survives being read out on the telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V", "-": None, " ": None})
CALL_NUMBER_LENGTH = 8
_RAND_B = (1 << 62) - 1
_FIRST = (1 << 73) - 1  # the highest of the 74 bits is left to the steps: they never run over
_STEP = (1 << 32) - 1


def uuid7(at: datetime, random_bytes: bytes) -> UUID:
    """A UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 of the 80 bits of `random_bytes`."""
    value = int.from_bytes(random_bytes[:10], "big")
    return _uuid7(to_millis(at), value >> 68 & 0x0FFF, value & _RAND_B)


def _uuid7(millis: int, rand_a: int, rand_b: int) -> UUID:
    return UUID(int=(millis & 0xFFFF_FFFF_FFFF) << 80 | 0x7000 << 64 | rand_a << 64 | 0x8 << 60 | rand_b)


class Ids:
    """Makes identifiers for one process: business time from `clock`, entropy from `random_bytes`.

    Those of one millisecond sort in the order in which they were made, each a random step of up to 2**32 beyond the
    last (RFC 9562, 6.2, method 2): what is listed by its identifier is listed as it happened.
    """

    __slots__ = ("_last", "_millis", "clock", "random_bytes")

    def __init__(self, clock: Clock, random_bytes: RandomBytes) -> None:
        self.clock, self.random_bytes = clock, random_bytes
        self._millis, self._last = -1, 0

    def new(self) -> UUID:
        millis = to_millis(self.clock.now())
        value = int.from_bytes(self.random_bytes(10), "big")
        if millis == self._millis:
            self._last += (value & _STEP) + 1
        else:
            self._millis, self._last = millis, value & _FIRST
        return _uuid7(millis, self._last >> 62 & 0x0FFF, self._last & _RAND_B)


@dataclass(frozen=True, slots=True)
class _Then:
    """A clock that stands still."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def ids_from(seed: UUID, at: datetime) -> Ids:
    """The same identifiers of that instant for the same seed: for work that may be done again."""
    return Ids(_Then(at), Random(seed.int).randbytes)


def check_character(body: str) -> str:
    """The Luhn mod 32 check character: finds any single wrong character and most swapped neighbours."""
    total = 0
    for position, character in enumerate(reversed(body)):
        value = _ALPHABET.index(character) * (2 if position % 2 == 0 else 1)
        total += value // 32 + value % 32
    return _ALPHABET[-total % 32]


def parse_call_number(text: str) -> str | None:
    """The canonical call number in `text` as a person typed it, or None when it cannot be one."""
    number = text.strip().upper().translate(_LOOKALIKES)
    if len(number) != CALL_NUMBER_LENGTH or any(c not in _ALPHABET for c in number):
        return None
    return number if check_character(number[:-1]) == number[-1] else None
