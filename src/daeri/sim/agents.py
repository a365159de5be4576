"""A driver of the simulated night: moves, reports over one WebSocket, answers call cards and drives.

The server is the truth: on every (re)connection, and whenever it refuses a step, the agent reads it again.
"""

import asyncio
from dataclasses import dataclass
from enum import Enum
from random import Random

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from daeri.kernel.geo import Point, distance_m
from daeri.kernel.time import SystemClock, to_millis
from daeri.sim.books import Books
from daeri.sim.city import Leg, evening_point, near
from daeri.sim.client import Api, Refusal, Unreachable
from daeri.sim.tokens import Holder
from daeri.sim.wire import Call, Card, DriverView, Hello, Place, Push, pack_position

DRIVE_M_S = 12.0
ROAM_M_S = 1.4
# The server doubts positions that are further apart than 70 m/s allow; keep well below it.
FASTEST_M_S = 60.0
_ROAM_WITHIN_M = 400.0
_FIRST_BACKOFF_S = 0.3
_LONGEST_BACKOFF_S = 8.0


class State(Enum):
    OFF = "off"
    IDLE = "idle"
    OFFERED = "offered"
    TO_PICKUP = "to_pickup"
    WAITING = "waiting"
    DRIVING = "driving"


class SocketLost(Exception):
    """The connection ended, or the server asked us to come again."""


_LOST = (SocketLost, OSError, TimeoutError, WebSocketException, Unreachable, Refusal)
_STATE_OF_CALL = {"assigned": State.TO_PICKUP, "arrived": State.WAITING, "driving": State.DRIVING}


@dataclass(frozen=True, slots=True)
class Temper:
    """A driver's character. Probabilities are per card (accepts, declines; the rest is ignored), per accepted call
    (cancels) and per idle stroll (quits); durations in seconds of real life."""

    accepts: float
    declines: float
    cancels: float
    quits: float
    thinks_s: float


def draw_temper(random: Random) -> Temper:
    accepts = random.uniform(0.82, 0.98)
    return Temper(
        accepts=accepts,
        declines=(1 - accepts) * random.uniform(0.3, 0.8),
        cancels=random.uniform(0.0, 0.03),
        quits=random.uniform(0.0, 0.04),
        thinks_s=random.uniform(2.0, 7.0),
    )


class DriverAgent:
    """`run()` until cancelled. `time_scale` shortens a person's waits and speeds moves up, both by that factor."""

    def __init__(self, holder: Holder, random: Random, api: Api, books: Books, *, time_scale: float) -> None:
        self.id = holder.id
        self.state = State.OFF
        self.has_reported = False
        self._token = holder.access_token
        self._random = random
        self._temper = draw_temper(random)
        self._api = api
        self._books = books
        self._scale = time_scale
        home = evening_point(random)
        self._leg = Leg(home, home, 0.0, 1.0)
        self._card: Card | None = None
        self._call: Call | None = None
        self._due_s: float | None = None
        self._cadence_s = 3.0
        self._backoff_s = _FIRST_BACKOFF_S
        self._wake = asyncio.Event()

    @property
    def position(self) -> Point:
        return self._leg.position(_now_s())

    async def run(self) -> None:
        """Works shift after shift; a lost server or socket is met with patience."""
        while True:
            try:
                await self._work_shift()
                await asyncio.sleep(self._random.uniform(60, 300) / self._scale)
            except* _LOST:
                await asyncio.sleep(self._backoff_s * self._random.uniform(0.5, 1.5))
                self._backoff_s = min(self._backoff_s * 2, _LONGEST_BACKOFF_S)

    async def _work_shift(self) -> None:
        """From going on duty until going off."""
        view = await self._api.driver(self._token)
        if view.duty != "on":
            await self._api.go_on_duty(self._token, Place(self.position.lat, self.position.lon))
            # The socket's welcome tells anything else that the server knows of us.
            view = msgspec.structs.replace(view, duty="on")
        self._adopt(view)
        # Closed by hand: as a context manager it would report our leaving early as an error of ours.
        socket = await connect(view.socket, compression=None, max_queue=None, proxy=None, close_timeout=1)
        listening: asyncio.Task[None] | None = None
        try:
            await socket.send(msgspec.json.encode(Hello(self._token)).decode())
            listening = asyncio.create_task(self._listen(socket))
            await self._live(socket, listening)
        finally:
            await socket.close()
            if listening is not None:
                await asyncio.gather(listening, return_exceptions=True)

    async def _live(self, socket: ClientConnection, listening: "asyncio.Task[None]") -> None:
        report_s = _now_s()
        while self.state is not State.OFF:
            if listening.done():
                listening.result()
            now_s = _now_s()
            is_due = self._due_s is not None and now_s >= self._due_s
            if is_due or now_s >= report_s:
                # Also before every step, so that the server knows that we stand where we say.
                await self._report(socket)
                report_s = now_s + self._cadence_s * self._random.uniform(0.95, 1.0)
            if is_due:
                self._due_s = None
                await self._act()
            await self._sleep_until(min(report_s, self._due_s or report_s))

    async def _sleep_until(self, at_s: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, at_s - _now_s())):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _report(self, socket: ClientConnection) -> None:
        at_ms = to_millis(SystemClock().now())
        await socket.send(pack_position(at_ms, self.position, self._random.uniform(3, 20)))
        self.has_reported = True

    # What the server tells.

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for message in socket:
                self._hear(msgspec.json.decode(message, type=Push))
                self._wake.set()
            raise SocketLost
        finally:
            self._wake.set()

    def _hear(self, push: Push) -> None:
        if push.cadence_s is not None:
            self._cadence_s = push.cadence_s
        match push.type:
            case "offer" if push.offer is not None:
                self._consider(push.offer)
            case "offer_closed" if self._card is not None and push.offer_id == self._card.offer_id:
                self._become_idle()
            case "call" if push.call is not None:
                self._follow(push.call)
            case "welcome":
                self._hear_welcome(push)
            case "drain":
                raise SocketLost

    def _hear_welcome(self, push: Push) -> None:
        self._backoff_s = _FIRST_BACKOFF_S
        if push.call is not None:
            self._follow(push.call)
        for card in push.offers:
            self._consider(card)

    def _adopt(self, view: DriverView) -> None:
        """Takes the server's word for where we stand."""
        self._cadence_s = view.cadence_s
        self._card = self._call = None
        if view.duty != "on":
            self.state = State.OFF
            return
        self._become_idle()
        if view.call is not None:
            self._follow(view.call)
        for card in view.offers:
            self._consider(card)

    def _consider(self, card: Card) -> None:
        """One card at a time; another one is left to run out."""
        if self.state is not State.IDLE:
            return
        self.state, self._card = State.OFFERED, card
        self._stop_here()
        self._after(self._temper.thinks_s * self._random.uniform(0.5, 1.5))

    def _follow(self, call: Call) -> None:
        """The state of our call, whoever changed it."""
        self._books.see(call)
        if self._call is not None and self._call.id == call.id and call.version < self._call.version:
            return
        state = _STATE_OF_CALL.get(call.state)
        if state is None:
            if self._call is not None and self._call.id == call.id:
                self._become_idle()
            return
        if self._call is not None and self._call.id == call.id and self.state is state:
            return
        self.state, self._call, self._card = state, call, None
        self._set_out(state, call)

    def _set_out(self, state: State, call: Call) -> None:
        target = call.destination if state is State.DRIVING else call.origin
        if state is State.WAITING or target is None:
            self._stop_here()
            self._after(self._random.uniform(5, 18))
            return
        self._go(target.point, DRIVE_M_S)
        gives_up = state is State.TO_PICKUP and self._random.random() < self._temper.cancels
        if gives_up:
            self._after(self._random.uniform(5, 20))

    def _become_idle(self) -> None:
        self.state, self._card, self._call = State.IDLE, None, None
        self._go(near(self._random, self.position, _ROAM_WITHIN_M), ROAM_M_S)

    # What the driver does when something is due.

    async def _act(self) -> None:
        try:
            await self._next_step()
        except Refusal:
            # Somebody was faster, or the call is gone: ask how things stand.
            self._adopt(await self._api.driver(self._token))

    async def _next_step(self) -> None:
        match self.state:
            case State.IDLE:
                await self._stroll()
            case State.OFFERED if self._card is not None:
                await self._answer(self._card)
            case State.TO_PICKUP if self._call is not None:
                await self._advance(self._call, "arrive" if self._has_arrived() else "cancel")
            case State.WAITING if self._call is not None:
                await self._advance(self._call, "start")
            case State.DRIVING if self._call is not None:
                await self._advance(self._call, "complete")

    async def _stroll(self) -> None:
        if self._random.random() < self._temper.quits:
            await self._api.go_off_duty(self._token)
            self.state = State.OFF
        else:
            self._become_idle()

    async def _answer(self, card: Card) -> None:
        draw = self._random.random()
        if draw < self._temper.accepts:
            await self._advance_card(card)
        elif draw < self._temper.accepts + self._temper.declines and card.offer_id is not None:
            await self._api.decline(self._token, card.offer_id)
            self._become_idle()
        elif card.offer_id is None:
            self._become_idle()
        # Otherwise the card is ignored until the server closes it.

    async def _advance_card(self, card: Card) -> None:
        if card.offer_id is None:
            self._follow(await self._api.take(self._token, card.call_id))
        else:
            self._follow(await self._api.accept(self._token, card.offer_id))

    async def _advance(self, call: Call, step: str) -> None:
        self._follow(await self._api.drive(self._token, call.id, step))

    # Moving.

    def _has_arrived(self) -> bool:
        return distance_m(self.position, self._leg.end) < 1

    def _stop_here(self) -> None:
        here = self.position
        self._leg, self._due_s = Leg(here, here, _now_s(), 1.0), None

    def _go(self, target: Point, speed_m_s: float) -> None:
        speed = min(speed_m_s * self._scale, FASTEST_M_S)
        self._leg = Leg(self.position, target, _now_s(), speed)
        self._due_s = self._leg.arrives_s

    def _after(self, seconds: float) -> None:
        due_s = _now_s() + seconds / self._scale
        self._due_s = due_s if self._due_s is None else min(due_s, self._due_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
