"""What calls, drivers and offers should be after any commands: a few dicts and one rule a command, no database."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tests.dispatch.factories import CALL_EXPIRY, OFFER_LIMIT, RESERVATION_LEAD

from daeri.calls.model import CallNotFound, IllegalMove, State
from daeri.dispatch.model import (
    AlreadyTaken,
    DriverEngaged,
    DriverOffDuty,
    NotListed,
    OfferClosed,
    OfferNotFound,
    OfferState,
)

LEFT_OUT = "left out"  # an offer that no longer held when it was to be written
Outcome = type[Exception] | str | None

_CANCELLED = {
    State.RESERVED: State.CANCELLED_BEFORE_ASSIGNMENT,
    State.REQUESTED: State.CANCELLED_BEFORE_ASSIGNMENT,
    State.ASSIGNED: State.CANCELLED_AFTER_ASSIGNMENT,
    State.ARRIVED: State.CANCELLED_AFTER_ASSIGNMENT,
    State.DRIVING: State.CANCELLED_AFTER_ASSIGNMENT,
}
_DRIVES = {
    "arrive": (State.ASSIGNED, State.ARRIVED),
    "start": (State.ARRIVED, State.DRIVING),
    "complete": (State.DRIVING, State.COMPLETED),
}


@dataclass
class CallModel:
    state: State
    dispatch_at: datetime
    expires_at: datetime
    version: int = 1
    driver: UUID | None = None

    def go(self, state: State) -> None:
        self.state = state
        self.version += 1


@dataclass
class OfferModel:
    call: UUID
    driver: UUID
    expires_at: datetime
    state: OfferState = OfferState.LIVE


@dataclass(frozen=True)
class Command:
    """One command by name; `who` is a driver, `made` the id of what it makes."""

    name: str
    call: UUID | None = None
    offer: UUID | None = None
    who: UUID | None = None
    made: UUID | None = None
    reserved_for: datetime | None = None
    drivers: tuple[UUID, ...] = ()
    on: bool = False


@dataclass
class NightModel:
    on_duty: dict[UUID, bool] = field(default_factory=dict)
    calls: dict[UUID, CallModel] = field(default_factory=dict)
    offers: dict[UUID, OfferModel] = field(default_factory=dict)
    listings: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    engaged: dict[UUID, UUID] = field(default_factory=dict)

    def apply(self, command: Command, now: datetime) -> Outcome:
        """Carry the command out; how it should be answered: None when it is done."""
        if command.name in _DRIVES:
            return self._drive(command)
        outcome: Outcome = getattr(self, f"_{command.name}")(command, now)
        return outcome

    def _request(self, command: Command, now: datetime) -> Outcome:
        begins = now if command.reserved_for is None else command.reserved_for - RESERVATION_LEAD
        state = State.REQUESTED if command.reserved_for is None else State.RESERVED
        self.calls[command.made] = CallModel(state, begins, begins + CALL_EXPIRY)
        return None

    def _offer(self, command: Command, now: datetime) -> Outcome:
        live = [offer for offer in self.offers.values() if offer.state is OfferState.LIVE]
        holds = (
            self.calls[command.call].state is State.REQUESTED
            and self.on_duty[command.who]
            and command.who not in self.engaged
            and all(offer.call != command.call and offer.driver != command.who for offer in live)
        )
        if not holds:
            return LEFT_OUT
        self.offers[command.offer] = OfferModel(command.call, command.who, now + OFFER_LIMIT)
        return None

    def _list_for(self, command: Command, _now: datetime) -> Outcome:
        if self.calls[command.call].state is State.REQUESTED:
            self.listings[command.call] = command.drivers
        return None

    def _accept(self, command: Command, now: datetime) -> Outcome:
        offer = self.offers[command.offer]
        if offer.driver != command.who:
            return OfferNotFound
        if offer.state is not OfferState.LIVE or offer.expires_at <= now:
            return OfferClosed
        offer.state = OfferState.ACCEPTED
        self._engage(offer.call, offer.driver)
        return None

    def _decline(self, command: Command, _now: datetime) -> Outcome:
        offer = self.offers[command.offer]
        if offer.driver != command.who:
            return OfferNotFound
        if offer.state is not OfferState.LIVE:
            return OfferClosed
        offer.state = OfferState.DECLINED
        return None

    def _take(self, command: Command, _now: datetime) -> Outcome:
        if self.calls[command.call].state is not State.REQUESTED:
            return AlreadyTaken
        if not self.on_duty[command.who]:
            return DriverOffDuty
        if command.who not in self.listings.get(command.call, ()):
            return NotListed
        if command.who in self.engaged:
            return DriverEngaged
        self._withdraw(call=command.call, driver=command.who)
        self._engage(command.call, command.who)
        return None

    def _drive(self, command: Command) -> Outcome:
        call, (source, target) = self.calls[command.call], _DRIVES[command.name]
        if call.driver is None or call.driver != command.who:
            return CallNotFound
        if call.state is not source:
            return IllegalMove
        call.go(target)
        if target is State.COMPLETED:
            del self.engaged[command.who]
        return None

    def _cancel_by_driver(self, command: Command, now: datetime) -> Outcome:
        if self.calls[command.call].driver != command.who:
            return CallNotFound
        return self._cancel(command, now)

    def _cancel(self, command: Command, _now: datetime) -> Outcome:
        call = self.calls[command.call]
        if call.state not in _CANCELLED:
            return IllegalMove
        self._end(command.call, _CANCELLED[call.state])
        return None

    def _release(self, command: Command, now: datetime) -> Outcome:
        call = self.calls[command.call]
        if call.state not in (State.ASSIGNED, State.ARRIVED):
            return IllegalMove
        self._free(command.call)
        call.go(State.REQUESTED)
        call.driver, call.expires_at = None, max(call.expires_at, now + CALL_EXPIRY)
        return None

    def _set_duty(self, command: Command, _now: datetime) -> Outcome:
        if not command.on and command.who in self.engaged:
            return DriverEngaged
        self.on_duty[command.who] = command.on
        if not command.on:
            self._withdraw(driver=command.who)
        return None

    def _expire_calls(self, _command: Command, now: datetime) -> Outcome:
        for call_id, call in self.calls.items():
            if call.state is State.REQUESTED and call.expires_at <= now:
                self._end(call_id, State.EXPIRED)
        return None

    def _expire_offers(self, _command: Command, now: datetime) -> Outcome:
        for offer in self.offers.values():
            if offer.state is OfferState.LIVE and offer.expires_at <= now:
                offer.state = OfferState.IGNORED
        return None

    def _come_due(self, _command: Command, now: datetime) -> Outcome:
        for call in self.calls.values():
            if call.state is State.RESERVED and call.dispatch_at <= now:
                call.go(State.REQUESTED)
        return None

    def _engage(self, call_id: UUID, driver: UUID) -> None:
        call = self.calls[call_id]
        call.go(State.ASSIGNED)
        call.driver = driver
        self.engaged[driver] = call_id
        self.listings.pop(call_id, None)

    def _end(self, call_id: UUID, state: State) -> None:
        self._withdraw(call=call_id)
        self._free(call_id)
        self.listings.pop(call_id, None)
        self.calls[call_id].go(state)

    def _free(self, call_id: UUID) -> None:
        self.engaged = {driver: call for driver, call in self.engaged.items() if call != call_id}

    def _withdraw(self, *, call: UUID | None = None, driver: UUID | None = None) -> None:
        for offer in self.offers.values():
            if offer.state is OfferState.LIVE and (offer.call == call or offer.driver == driver):
                offer.state = OfferState.WITHDRAWN
