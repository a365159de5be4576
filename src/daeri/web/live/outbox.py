"""What waits to be written to one browser's event stream; who falls too far behind is let go."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

HEARTBEAT_S = 10.0
_COMMENT = b": here\n\n"
_MOST_BYTES = 4_194_304


def event(name: str, data: msgspec.Struct) -> bytes:
    """One server-sent event; JSON has no line breaks."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


class Outbox:
    """A bounded queue of encoded events, written in one go when the browser is ready for more."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._waiting: list[bytes] = []
        self._size = 0
        self._wake = asyncio.Event()
        self.is_closed = False

    def put(self, encoded: bytes) -> None:
        """Add an event; a browser that is too far behind is closed, and starts anew from a snapshot."""
        if self.is_closed:
            return
        self._waiting.append(encoded)
        self._size += len(encoded)
        if self._size > self._most_bytes:
            self.close()
        self._wake.set()

    def close(self) -> None:
        """End the stream; what waits is not sent any more."""
        self.is_closed = True
        self._waiting, self._size = [], 0
        self._wake.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What was put in, joined, until it is closed; a comment when nothing came for a while."""
        while not self.is_closed:
            try:
                await asyncio.wait_for(self._wake.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield _COMMENT
                continue
            self._wake.clear()
            chunk, self._waiting, self._size = b"".join(self._waiting), [], 0
            if chunk:
                yield chunk
