"""Passwords with argon2id, always on a thread: one takes tens of milliseconds and 64 MiB."""

import asyncio
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from daeri.accounts.model import PasswordHash, PasswordWeak
from daeri.accounts.policy import LONGEST_PASSWORD, SHORTEST_PASSWORD

_HASHER = PasswordHasher()  # the library's defaults follow RFC 9106
# The hash of a password that nobody knows: verified when there is no account, so that the time tells nothing.
_NOBODY = PasswordHash(
    "$argon2id$v=19$m=65536,t=3,p=4$QG7B3plQDolvsbYIPXOa1g$UXCVDewWNAvurRqJI6GiJ1QMnUotdn0ky+FRzRgknzE"
)
# Two at a time: a burst of sign-ins must not take all memory and all cores from the dispatcher.
_AT_ONCE = 2


class Passwords:
    """Hashes and verifies passwords off the event loop, a few at a time."""

    def __init__(self, at_once: int = _AT_ONCE) -> None:
        self._turns = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> PasswordHash:
        """Raises PasswordWeak."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise PasswordWeak(shortest=SHORTEST_PASSWORD, longest=LONGEST_PASSWORD)
        async with self._turns:
            return PasswordHash(await asyncio.to_thread(_HASHER.hash, password))

    async def first_match(self, hashes: Sequence[PasswordHash], password: str) -> int | None:
        """The index of the first hash that the password fits; takes the time of one even when there is none."""
        known = len(password) <= LONGEST_PASSWORD
        candidates = hashes if known and hashes else [_NOBODY]
        for index, candidate in enumerate(candidates):
            async with self._turns:
                fits = await asyncio.to_thread(_fits, candidate, password[: LONGEST_PASSWORD + 1])
            if fits and candidate is not _NOBODY:
                return index
        return None


def _fits(password_hash: PasswordHash, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
