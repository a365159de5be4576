"""One WebSocket of a driver or a gateway: hello, welcome, then positions in and messages out.

The path of a position frame is a few lines on purpose: tens of thousands pass here every second. Everything else is
rare and may cost more.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Protocol

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport

from daeri.accounts.model import AccountKind, Principal, SignedOut
from daeri.drivers.model import AtWork, Duty, SignUp
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import DriverId
from daeri.web.context import WebContext
from daeri.web.driver_truth import read_truth
from daeri.web.live.driver_hub import DriverHub, Ear
from daeri.web.live.driver_rows import Told
from daeri.web.live.gateways import Gateways
from daeri.web.live.messages import (
    CLIENT_DECODER,
    Cadence,
    Drivers,
    GatewayWelcome,
    Handles,
    Hello,
    Positions,
    Welcome,
)
from daeri.web.live.positions import pack_samples
from daeri.web.wire import DriverStateOut

_BINARY, _TEXT, _CONTINUATION = WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.CONTINUATION
_KIB_SHIFT = 10


class CloseCode(IntEnum):
    """Why the server closes a socket. 4xxx are ours; the others are of RFC 6455 and its registry."""

    POLICY = 1008  # more frames than anybody needs
    TOO_BIG = 1009
    RESTART = 1012
    BUSY = 1013  # more sockets than this process takes
    SIGNED_OUT = 4401
    NOT_ALLOWED = 4403
    HELLO_MISSING = 4408


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What a socket may do. A unit is a frame, plus one for each whole KiB of it."""

    hello_s: float = 5.0
    driver_frame_bytes: int = 65_536
    gateway_frame_bytes: int = 1_048_576
    driver_units_a_second: int = 200
    gateway_units_a_second: int = 20_000
    unread_bytes: int = 262_144  # a reader who is further behind is let go
    gateway_unread_bytes: int = 8_388_608
    idle_s: float = 20.0  # without a frame, a ping is sent
    pong_s: float = 20.0
    sockets: int = 100_000


class Keeper(Protocol):
    """What a socket needs of the listener that it came in by."""

    context: WebContext
    hub: DriverHub
    limits: SocketLimits

    def opened(self, socket: "DriverSocket") -> bool:
        """Take the socket in; False when there are too many."""

    def signed_in(self, socket: "DriverSocket", principal: Principal) -> None: ...

    def closed(self, socket: "DriverSocket") -> None: ...

    def spawn(self, socket: "DriverSocket", message: Hello | Drivers) -> None:
        """Run `socket.obey(message)` in a task of its own."""


class DriverSocket(WSListener):
    """The listener of one connection; `principal` is None until the hello has been believed."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._context = keeper.context
        self._limits = keeper.limits
        self._transport: WSTransport | None = None
        self._take: Callable[[bytes], None] = self._refuse_records
        self._parts: list[bytes] = []
        self._parts_are_text = False
        self._most_bytes = keeper.limits.driver_frame_bytes
        self._most_units = keeper.limits.driver_units_a_second
        self._gateways = Gateways(self._context.fleet)
        self._ears: list[Ear] = []
        self._turn = asyncio.Lock()
        self._has_said_hello = False
        self._hello_timer: asyncio.TimerHandle | None = None
        self.units = 0
        self.principal: Principal | None = None
        self.cadence_s = 0

    # --- what picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        if not self._keeper.opened(self):
            self.close(CloseCode.BUSY, "too many sockets")
            return
        self._limit_writing(self._limits.unread_bytes)
        loop = asyncio.get_running_loop()
        self._hello_timer = loop.call_later(self._limits.hello_s, self._hello_is_late)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is _BINARY and frame.fin:
            payload = frame.get_payload_as_bytes()
            self.units += 1 + (len(payload) >> _KIB_SHIFT)
            if self.units <= self._most_units and len(payload) <= self._most_bytes:
                self._take(payload)
            else:
                self._refuse(len(payload))
            return
        self._other_frame(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        if self._hello_timer is not None:
            self._hello_timer.cancel()
        self._keeper.hub.remove(self._ears)
        self._ears = []
        self._keeper.closed(self)

    def pause_writing(self) -> None:
        """The peer does not read: what waits for it would grow without end, and its rows are read again anyway."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    # --- what the rest of the process calls

    def send(self, message: bytes) -> None:
        """Send one text frame; nothing when the socket has gone."""
        if self._transport is not None:
            self._transport.send(_TEXT, message)

    def close(self, code: CloseCode, reason: str) -> None:
        """Say why, and hang up."""
        transport = self._transport
        if transport is not None and not transport.is_close_frame_sent:
            transport.send_close(code, reason)  # type: ignore[arg-type]  # the stub knows no codes of applications
            transport.disconnect()

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def tell_cadence(self, cadence_s: int) -> None:
        """Have the client report as often as the policy says now."""
        if cadence_s != self.cadence_s:
            self.cadence_s = cadence_s
            self.send(msgspec.json.encode(Cadence(cadence_s)))

    async def obey(self, message: Hello | Drivers) -> None:
        """Do what a control frame asks, in the order in which they came."""
        async with self._turn:
            if isinstance(message, Hello):
                await self._greet(message)
            else:
                await self._name_drivers(message)

    # --- inside

    def _other_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), None)
            transport.disconnect()
        elif kind in (_TEXT, _BINARY, _CONTINUATION):
            self._message_part(frame)

    def _message_part(self, frame: WSFrame) -> None:
        """A text message, or a part of one in several frames."""
        payload = frame.get_payload_as_bytes()
        if frame.msg_type is not _CONTINUATION:
            self._parts, self._parts_are_text = [], frame.msg_type is _TEXT
        self._parts.append(payload)
        self.units += 1 + (len(payload) >> _KIB_SHIFT)
        size = sum(map(len, self._parts))
        if self.units > self._most_units or size > self._most_bytes:
            self._refuse(size)
        elif frame.fin:
            whole, self._parts = b"".join(self._parts), []
            if self._parts_are_text:
                self._text(whole)
            else:
                self._take(whole)

    def _text(self, payload: bytes) -> None:
        try:
            message = CLIENT_DECODER.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._malformed()
            return
        if isinstance(message, Positions):
            self._take_rows(message)
        elif isinstance(message, Hello) is self._has_said_hello:
            self._malformed()  # a second hello, or anything before the first
        else:
            self._has_said_hello = True
            self._keeper.spawn(self, message)

    def _take_rows(self, message: Positions) -> None:
        if self.principal is not None and self.principal.kind is AccountKind.DRIVER:
            self._take(pack_samples(message.points))
        else:
            self._malformed()

    def _refuse_records(self, _payload: bytes) -> None:
        self._malformed()

    def _malformed(self) -> None:
        self._context.metrics.positions(0, {"malformed": 1})

    def _refuse(self, size: int) -> None:
        if size > self._most_bytes:
            self.close(CloseCode.TOO_BIG, f"a message holds at most {self._most_bytes} bytes")
        else:
            self.close(CloseCode.POLICY, f"at most {self._most_units} frames a second")

    def _hello_is_late(self) -> None:
        if not self._has_said_hello:
            self.close(CloseCode.HELLO_MISSING, "no hello came in time")

    async def _greet(self, hello: Hello) -> None:
        try:
            principal = await self._context.authenticator.authenticate(hello.token)
        except SignedOut as refusal:
            self.close(CloseCode.SIGNED_OUT, str(refusal.facts.get("reason", "signed_out")))
            return
        if principal.kind not in (AccountKind.DRIVER, AccountKind.GATEWAY):
            self.close(CloseCode.NOT_ALLOWED, "only drivers and gateways")
            return
        if self._transport is None:
            return
        self.principal = principal
        self._keeper.signed_in(self, principal)
        if principal.kind is AccountKind.GATEWAY:
            self._welcome_gateway(principal)
        else:
            await self._welcome_driver(principal)

    def _welcome_gateway(self, principal: Principal) -> None:
        self._most_bytes = self._limits.gateway_frame_bytes
        self._most_units = self._limits.gateway_units_a_second
        self._limit_writing(self._limits.gateway_unread_bytes)
        self._take = partial(self._context.fleet.receive_handles, self._gateways.of(principal))
        self.cadence_s = self._context.position_policy(principal.company_id).cadence_s
        self.send(msgspec.json.encode(GatewayWelcome(gateway=True, cadence_s=self.cadence_s)))

    async def _welcome_driver(self, principal: Principal) -> None:
        driver_id = DriverId(principal.account_id)
        try:
            async with self._context.database.snapshot() as tx:
                truth = await read_truth(tx, self._context, driver_id, principal.company_id)
        except DaeriError as refusal:
            self.close(CloseCode.NOT_ALLOWED, refusal.code)
            return
        if self._transport is None:
            return
        self._take = partial(self._context.fleet.receive, self._context.fleet.slot_for(driver_id))
        self.cadence_s = truth.cadence_s
        self.send(
            msgspec.json.encode(
                Welcome(
                    driver_id,
                    truth.cadence_s,
                    SignUp(truth.status),
                    Duty(truth.duty),
                    truth.offers,
                    truth.call,
                    truth.next_call,
                    truth.listed,
                )
            )
        )
        self._hear([Ear(driver_id, self.send, told=_told(truth))])

    async def _name_drivers(self, message: Drivers) -> None:
        principal = self.principal
        if principal is None or principal.kind is not AccountKind.GATEWAY:
            self._malformed()
            return
        handles = await self._gateways.name(self._context.database, principal, message.ids)
        self.send(msgspec.json.encode(Handles(handles)))
        known = {driver_id for driver_id, handle in zip(message.ids, handles, strict=True) if handle is not None}
        self._keeper.hub.remove(self._ears)
        self._hear([Ear(driver_id, self.send, is_gateway=True) for driver_id in sorted(known)])

    def _hear(self, ears: list[Ear]) -> None:
        """From now on; unless the socket has gone while its rows were read."""
        if self._transport is None:
            return
        self._ears = ears
        for ear in ears:
            self._keeper.hub.add(ear)

    def _limit_writing(self, most_bytes: int) -> None:
        if self._transport is not None:
            self._transport.underlying_transport.set_write_buffer_limits(high=most_bytes)


def _told(truth: DriverStateOut) -> Told:
    """What a driver knows who has been told this."""
    call, following = truth.call, truth.next_call
    return Told(
        frozenset(card.offer_id for card in truth.offers if card.offer_id is not None),
        None if call is None else call.id,
        0 if call is None else call.version,
        None if following is None else following.id,
        0 if following is None else following.version,
        frozenset(card.call_id for card in truth.listed),
        AtWork(SignUp(truth.status), Duty(truth.duty)),
    )
