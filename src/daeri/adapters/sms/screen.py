"""The embedded twin of a CodeSender: keeps the last codes in memory, for the demo's screen and for tests."""

from collections import deque
from collections.abc import Callable, Sequence

from daeri.accounts.model import ChallengeId, CodeMessage

_KEPT = 500


class ScreenCodeSender:
    """Sends nothing. Never for production: whoever sees the screen can sign in as anybody."""

    def __init__(self, kept: int = _KEPT, show: Callable[[CodeMessage], None] | None = None) -> None:
        """`show` is told of every code as it is sent; it must not write to a log."""
        self._show = show
        self._messages: deque[CodeMessage] = deque(maxlen=kept)

    async def send_code(self, message: CodeMessage) -> None:
        self._messages.append(message)
        if self._show is not None:
            self._show(message)

    def latest(self, count: int = 10) -> Sequence[CodeMessage]:
        """The last codes, newest first."""
        return list(self._messages)[: -count - 1 : -1]

    def code_for(self, challenge_id: ChallengeId) -> str | None:
        """The code of that challenge, if it is still kept."""
        return next((m.code for m in self._messages if m.challenge_id == challenge_id), None)
