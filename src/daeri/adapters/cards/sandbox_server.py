"""The sandbox card provider as a server: a process of its own, or beside other things on an event loop.

    python -m daeri.adapters.cards.sandbox_server --port 8010

Play money only, and whoever reaches it may do everything: it listens on this computer unless told otherwise.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from daeri.adapters.cards.provider.app import Provider
from daeri.adapters.cards.provider.hooks import Hooks
from daeri.adapters.cards.provider.wire import DROP
from daeri.adapters.cards.webhooks import SANDBOX_SECRET

HOST: Final = "127.0.0.1"
TOSS_SECRET: Final = "test_sk_sandbox"  # noqa: S105 -- play money
TOSS_PATH: Final = "/toss"  # under it the server speaks as Toss Payments does


class _Protocol(HttpToolsProtocol):
    """Hands the application the means to end a connection without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {DROP: {DROP: self.transport.abort}}


class _Server(uvicorn.Server):
    """Signals are for whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_sandbox(
    port: int = 0, *, host: str = HOST, webhook_secret: str = SANDBOX_SECRET, toss_secret: str = TOSS_SECRET
) -> AsyncIterator[str]:
    """The address of a provider with empty books, gone on leaving; port 0 takes a free one. OSError when it is taken.

    The address is what `open_sandbox` takes; with TOSS_PATH behind it, what `open_toss` takes.
    """
    listener = socket.create_server((host, port))
    # Inherited by its connections. The loop sets it only on sockets that were made for TCP by name; without it an
    # answer's body waits 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    hooks = Hooks(webhook_secret, _now)
    provider = Provider(hooks, _now, toss_secret)
    server = _Server(_config(provider))
    sending = asyncio.ensure_future(hooks.run())
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        while not (server.started or serving.done()):  # noqa: ASYNC110 -- uvicorn offers nothing to wait for
            await asyncio.sleep(0.005)
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        provider.closing.set()
        server.should_exit = True
        await serving
        sending.cancel()
        await asyncio.wait({sending})


def _config(provider: Provider) -> uvicorn.Config:
    return uvicorn.Config(
        provider,
        loop="none",
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


def _now() -> datetime:
    return datetime.now(UTC)


async def _run(host: str, port: int) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with serve_sandbox(port, host=host) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m daeri.adapters.cards.sandbox_server", description=__doc__)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=8010)
    options = parser.parse_args()
    asyncio.run(_run(options.host, options.port))


if __name__ == "__main__":
    main()
