"""The listener of driver sockets: an own port, because their frames would drown among HTTP requests."""

import asyncio
import ssl
import time
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path

import asyncpg
import structlog
from picows import WSUpgradeRequest, ws_create_server

from daeri.accounts.model import Principal, SessionId
from daeri.infra.metrics import Part
from daeri.web.cards import worth_of
from daeri.web.context import WebContext
from daeri.web.live.driver_hub import DriverHub
from daeri.web.live.driver_socket import CloseCode, DriverSocket, SocketLimits
from daeri.web.live.messages import DRAIN, Drivers, Hello

log = structlog.get_logger(__name__)

PATH = b"/live/driver"
_SWEEP_S = 1.0
_BACKLOG = 2_048
_CLOSING_S = 2.0  # how long peers may take to close their side of a drained socket
_READ_BUFFER_BYTES = 2_048  # a frame of positions is a few hundred bytes; it grows where a peer needs more


class DriverListener:
    """All driver sockets of one process. `start`, then `drain` before the process ends."""

    def __init__(self, context: WebContext, limits: SocketLimits | None = None) -> None:
        self.context = context
        self.limits = limits or SocketLimits()
        self.hub = DriverHub(context.database, context.bus, context.names, partial(worth_of, context))
        self._sockets: set[DriverSocket] = set()
        self._of_session: dict[SessionId, set[DriverSocket]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._is_draining = False
        self._is_empty = asyncio.Event()
        self._stop_hearing = context.authenticator.on_revoked(self._revoked)

    def __len__(self) -> int:
        """Open sockets."""
        return len(self._sockets)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            raise RuntimeError("not started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen on the settings' host and driver port, with TLS when they name a certificate."""
        settings, limits = self.context.settings, self.limits
        self._server = await ws_create_server(
            self._accept,
            settings.host,
            settings.driver_port,
            ssl=_tls(settings.tls_cert, settings.tls_key),
            backlog=_BACKLOG,
            max_frame_size=limits.gateway_frame_bytes,
            read_buffer_init_size=_READ_BUFFER_BYTES,
            enable_auto_ping=True,
            auto_ping_idle_timeout=limits.idle_s,
            auto_ping_reply_timeout=limits.pong_s,
        )
        self._keep(self.hub.run())
        self._keep(self._sweep())

    async def drain(self, moment_s: float = 0.5) -> None:
        """Take nobody in, ask everybody to go elsewhere, and close what is left after a moment."""
        if self._is_draining:
            return
        self._is_draining = True
        if self._server is not None:
            self._server.close()
        for socket in tuple(self._sockets):
            socket.send(DRAIN)
        await asyncio.sleep(moment_s if self._sockets else 0)
        for socket in tuple(self._sockets):
            socket.close(CloseCode.RESTART, "this server restarts")
        await self._wait_for_the_last()
        self._stop_hearing()
        self.hub.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what sockets say

    def opened(self, socket: DriverSocket) -> bool:
        if self._is_draining or len(self._sockets) >= self.limits.sockets:
            return False
        self._sockets.add(socket)
        self._is_empty.clear()
        return True

    def signed_in(self, socket: DriverSocket, principal: Principal) -> None:
        self._of_session.setdefault(principal.session_id, set()).add(socket)

    def closed(self, socket: DriverSocket) -> None:
        self._sockets.discard(socket)
        if not self._sockets:
            self._is_empty.set()
        if socket.principal is not None:
            of_session = self._of_session.get(socket.principal.session_id, set())
            of_session.discard(socket)
            if not of_session:
                self._of_session.pop(socket.principal.session_id, None)

    def spawn(self, socket: DriverSocket, message: Hello | Drivers) -> None:
        self._keep(self._obey(socket, message))

    # --- inside

    def _accept(self, request: WSUpgradeRequest) -> DriverSocket | None:
        """None is answered with 404."""
        return DriverSocket(self) if request.path.partition(b"?")[0] == PATH else None

    async def _obey(self, socket: DriverSocket, message: Hello | Drivers) -> None:
        is_done = False
        try:
            await socket.obey(message)
            is_done = True
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            log.warning("socket_not_served", error=type(error).__name__)
        finally:
            if not is_done:
                socket.close(CloseCode.BUSY, "try again")

    async def _sweep(self) -> None:
        """Once a second: allowances begin anew, lost hints and revocations are caught up with."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                await self._sweep_once()
            except Exception:
                # The outermost loop of the sweep: without it sockets would soon have no allowance left.
                log.exception("sockets_not_swept")

    async def _sweep_once(self) -> None:
        before = time.thread_time()
        self._allow_anew()
        self.context.metrics.sockets.set(len(self._sockets))
        self.context.metrics.cpu_seconds.labels(Part.SOCKET).inc(time.thread_time() - before)
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await self.hub.sweep()
            await self.context.authenticator.recheck()

    def _allow_anew(self) -> None:
        cadences: dict[object, int] = {}
        for socket in self._sockets:
            socket.units = 0
            if socket.principal is not None and socket.cadence_s:
                company_id = socket.principal.company_id
                if company_id not in cadences:
                    cadences[company_id] = self.context.position_policy(company_id).cadence_s
                socket.tell_cadence(cadences[company_id])

    def _revoked(self, session_id: SessionId) -> None:
        self.context.gateways.forget(session_id)
        for socket in tuple(self._of_session.get(session_id, ())):
            socket.close(CloseCode.SIGNED_OUT, "session_revoked")

    async def _wait_for_the_last(self) -> None:
        if self._sockets:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), _CLOSING_S)
        for socket in tuple(self._sockets):
            socket.abort()

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None or key is None:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate, key)
    return made
