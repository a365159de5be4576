"""What calls, drivers and offers should be after any commands: a few dicts and one rule a command, no database."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tests.dispatch.factories import CALL_EXPIRY, OFFER_LIMIT, RESERVATION_LEAD

from daeri.calls.model import CallNotFound, IllegalMove, State
from daeri.dispatch.model import (
    AlreadyTaken,
    CallBarred,
    DriveFirst,
    DriverEngaged,
    DriverOffDuty,
    NotListed,
    OfferClosed,
    OfferNotFound,
    OfferState,
    PairBarred,
    Slot,
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
    barred: set[UUID] = field(default_factory=set)  # whom its customer shall never meet

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
    slot: Slot = Slot.NOW


@dataclass
class NightModel:
    on_duty: dict[UUID, bool] = field(default_factory=dict)
    calls: dict[UUID, CallModel] = field(default_factory=dict)
    offers: dict[UUID, OfferModel] = field(default_factory=dict)
    listings: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    engaged: dict[tuple[UUID, Slot], UUID] = field(default_factory=dict)
    barred: set[UUID] = field(default_factory=set)  # whom the customer of calls for now shall never meet

    def apply(self, command: Command, now: datetime) -> Outcome:
        """Carry the command out; how it should be answered: None when it is done."""
        if command.name in _DRIVES:
            return self._drive(command)
        outcome: Outcome = getattr(self, f"_{command.name}")(command, now)
        return outcome

    def _request(self, command: Command, now: datetime) -> Outcome:
        begins = now if command.reserved_for is None else command.reserved_for - RESERVATION_LEAD
        state = State.REQUESTED if command.reserved_for is None else State.RESERVED
        barred = self.barred if command.reserved_for is None else set()
        self.calls[command.made] = CallModel(state, begins, begins + CALL_EXPIRY, barred=barred)
        return None

    def _offer(self, command: Command, now: datetime) -> Outcome:
        live = [offer for offer in self.offers.values() if offer.state is OfferState.LIVE]
        holds = (
            self.calls[command.call].state is State.REQUESTED
            and self.on_duty[command.who]
            and command.who not in self.calls[command.call].barred
            and (self._slot(command.who) is Slot.NOW or self._slot(command.who) is command.slot is Slot.NEXT)
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
        if offer.driver in self.calls[offer.call].barred:
            return CallBarred
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
        if command.who in self.calls[command.call].barred:
            return CallBarred
        if self._slot(command.who) is None:
            return DriverEngaged
        self._withdraw(call=command.call, driver=command.who)
        self._engage(command.call, command.who)
        return None

    def _assign_by_hand(self, command: Command, _now: datetime) -> Outcome:
        if self.calls[command.call].state is not State.REQUESTED:
            return AlreadyTaken
        if not self.on_duty[command.who]:
            return DriverOffDuty
        if command.who in self.calls[command.call].barred:
            return PairBarred
        if self.calls_of(command.who):
            return DriverEngaged
        self._withdraw(call=command.call, driver=command.who)
        self._engage(command.call, command.who)
        return None

    def _never_meet(self, command: Command, _now: datetime) -> Outcome:
        self.barred.add(command.who)
        return None

    def _drive(self, command: Command) -> Outcome:
        call, (source, target) = self.calls[command.call], _DRIVES[command.name]
        if call.driver is None or call.driver != command.who:
            return CallNotFound
        if call.state is not source:
            return IllegalMove
        if self.engaged.get((command.who, Slot.NEXT)) == command.call:
            return DriveFirst
        call.go(target)
        if target is State.COMPLETED:
            self._free(command.call)
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
        if not command.on and self.calls_of(command.who):
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

    def calls_of(self, driver: UUID) -> list[UUID]:
        return [call for (who, _), call in self.engaged.items() if who == driver]

    def _slot(self, driver: UUID) -> Slot | None:
        """Where another call of the driver would go; None when there is no room."""
        now, following = (self.engaged.get((driver, slot)) for slot in (Slot.NOW, Slot.NEXT))
        if now is None:
            return Slot.NOW
        return Slot.NEXT if following is None and self.calls[now].state is State.DRIVING else None

    def _engage(self, call_id: UUID, driver: UUID) -> None:
        call, slot = self.calls[call_id], self._slot(driver)
        assert slot is not None, "a live offer of somebody who has no room"
        call.go(State.ASSIGNED)
        call.driver = driver
        self.engaged[driver, slot] = call_id
        self.listings.pop(call_id, None)

    def _end(self, call_id: UUID, state: State) -> None:
        self._withdraw(call=call_id)
        self._free(call_id)
        self.listings.pop(call_id, None)
        self.calls[call_id].go(state)

    def _free(self, call_id: UUID) -> None:
        self.engaged = {place: call for place, call in self.engaged.items() if call != call_id}
        for driver, slot in list(self.engaged):
            if slot is Slot.NEXT and (driver, Slot.NOW) not in self.engaged:
                self.engaged[driver, Slot.NOW] = self.engaged.pop((driver, slot))

    def _withdraw(self, *, call: UUID | None = None, driver: UUID | None = None) -> None:
        for offer in self.offers.values():
            if offer.state is OfferState.LIVE and (offer.call == call or offer.driver == driver):
                offer.state = OfferState.WITHDRAWN
