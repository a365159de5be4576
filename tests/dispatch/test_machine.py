"""Any commands in any order, alone and two at a time, on the real database beside a plain Python model.

Alone, a command is answered exactly as the model says. Two at the same instant must end as they would have ended one
after the other, in either order. After each step the rows are the model's, and the promises of dispatch hold.
"""

import asyncio
import random
from collections.abc import Awaitable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.dispatch.factories import OFFER_LIMIT, Night, make_company
from tests.dispatch.night_model import LEFT_OUT, Command, NightModel, Outcome

from daeri.adapters.bus.memory import MemoryBus
from daeri.calls.lifecycle import ENDED
from daeri.calls.model import Call, State
from daeri.dispatch.model import NewOffer, OfferState, Slot
from daeri.drivers.model import Duty
from daeri.infra.database import Database, open_database
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CustomerId, Ids
from daeri.kernel.time import SteppedClock

DRIVERS = 3
START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
RESERVED_AHEAD = timedelta(minutes=45)  # the search begins 15 minutes from now

# "advance" is whatever brings a call nearer to its end.
NAMES = [
    *["advance"] * 12,
    *["request"] * 2,
    "reserve",
    *["offer"] * 3,
    *["offer_next"] * 4,
    *["list_for"] * 3,
    *["accept"] * 2,
    *["decline"] * 2,
    *["take"] * 3,
    "arrive",
    "start",
    "complete",
    *["cancel"] * 2,
    *["cancel_by_driver"] * 2,
    *["release"] * 2,
    *["assign_by_hand"] * 2,
    "never_meet",
    *["go_on"] * 2,
    *["go_off"] * 2,
    "expire_calls",
    "expire_offers",
    "come_due",
]
names = st.sampled_from(NAMES)
places = st.integers(0, 2)  # which of the latest calls, and which of the drivers
twice = places.map(lambda place: (place, place)) | st.tuples(places, places)  # two meet at one call, mostly
rightly = st.sampled_from([True, True, True, False])  # about a call that runs and by the driver who may, or anyhow

_ROWS = """
SELECT (SELECT jsonb_object_agg(id, jsonb_build_array(state, version, driver_id)) FROM calls) AS calls,
       (SELECT jsonb_object_agg(id, state) FROM offers WHERE mode = 'exclusive') AS offers,
       (SELECT jsonb_object_agg(driver_id || ' ' || slot, call_id) FROM engagements) AS engaged,
       (SELECT jsonb_object_agg(call_id, driver_ids) FROM listings) AS listings,
       (SELECT jsonb_object_agg(id, duty) FROM drivers WHERE company_id = $1) AS duty
"""
# Each must be 0 whatever the model believes.
_PROMISES = {
    "live offers whose call does not wait": """
        SELECT count(*) FROM offers o JOIN calls c ON c.id = o.call_id
        WHERE o.state = 'live' AND c.state <> 'requested'""",
    "live offers of drivers without room": """
        SELECT count(*) FROM offers o JOIN engagements e ON e.driver_id = o.driver_id JOIN calls c ON c.id = e.call_id
        WHERE o.state = 'live' AND (e.slot = 'next' OR c.state <> 'driving')""",
    "next calls of drivers who have no other": """
        SELECT count(*) FROM engagements e WHERE e.slot = 'next'
          AND NOT EXISTS (SELECT FROM engagements w WHERE w.driver_id = e.driver_id AND w.slot = 'now')""",
    "next calls that are under way": """
        SELECT count(*) FROM engagements e JOIN calls c ON c.id = e.call_id
        WHERE e.slot = 'next' AND c.state <> 'assigned'""",
    "live offers of drivers off duty": """
        SELECT count(*) FROM offers o JOIN drivers d ON d.id = o.driver_id
        WHERE o.state = 'live' AND d.duty = 'off'""",
    "engagements that differ from the calls": """
        SELECT count(*) FROM engagements e
        FULL JOIN (SELECT * FROM calls WHERE state IN ('assigned', 'arrived', 'driving')) c
             ON c.id = e.call_id AND c.driver_id = e.driver_id
        WHERE e.call_id IS NULL OR c.id IS NULL""",
    "listings whose call does not wait": """
        SELECT count(*) FROM listings l JOIN calls c ON c.id = l.call_id WHERE c.state <> 'requested'""",
    "calls whose end has no time": """
        SELECT count(*) FROM calls WHERE (ended_at IS NULL) <> (ended_by IS NULL)""",
    "calls whose versions are not their events": """
        SELECT count(*) FROM calls c
        WHERE c.version <> (SELECT count(*) FROM events e WHERE e.aggregate = 'call' AND e.aggregate_id = c.id)
           OR c.version <> (SELECT max(version) FROM events e WHERE e.aggregate = 'call' AND e.aggregate_id = c.id)""",
}
# Books and covers that hang on a call refuse to be emptied; only the server's own user may look away.
_LOOK_AWAY = "SET LOCAL session_replication_role = replica"
_CLEAR = "TRUNCATE never_meetings, engagements, past_engagements, listings, offers, call_tracks, calls, events CASCADE"


class NightMachine(RuleBasedStateMachine):
    """One example: a company of its own with three drivers, and the model of what should be."""

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        super().__init__()
        self.runner = runner
        self.model = NightModel()
        clock = SteppedClock(START)
        ids = Ids(clock, random.Random(random.SystemRandom().random()).randbytes)
        self.night = runner.run(_new_night(database, clock, ids))
        self.crowd = replace(self.night, hesitation=random.Random(7))

    @initialize()
    def people(self) -> None:
        self.customer = self.runner.run(self.night.customer())
        self.drivers = [self.runner.run(self.night.driver()) for _ in range(DRIVERS)]
        self.model.on_duty = dict.fromkeys(self.drivers, True)
        for _ in range(2):
            self._do(Command("request"))

    @rule(name=names, back=places, driver=places, rightly=rightly)
    def alone(self, name: str, back: int, driver: int, rightly: bool) -> None:
        command = self._command(name, back, driver, rightly=rightly)
        if command is not None:
            self._do(command)

    @rule(names=st.tuples(names, names), backs=twice, drivers=twice, rightly=rightly)
    def together(
        self, names: tuple[str, str], backs: tuple[int, int], drivers: tuple[int, int], rightly: bool
    ) -> None:  # fmt: skip -- the signature reads as one sentence
        """Two at the same instant end as one after the other would."""
        wishes = zip(names, backs, drivers, strict=True)
        pair = [self._command(name, back, driver, rightly=rightly) for name, back, driver in wishes]
        done, rows = self.runner.run(self._at_once([command for command in pair if command is not None]))
        now = self.night.clock.now()
        for order in (range(len(done)), reversed(range(len(done)))):
            model = deepcopy(self.model)
            expected = {place: model.apply(done[place][0], now) for place in order}
            # Which of several refusals is heard depends on how far each had come.
            as_answered = all((expected[place] is None) == (answer is None) for place, (_, answer) in enumerate(done))
            if as_answered and _shape(model, loosely=True) == _loosely(rows):
                self.model = model
                self._adopt_endings(rows)
                return
        raise AssertionError(f"no order of these two explains the rows: {done}\n{rows}")

    @rule(seconds=st.sampled_from([1.0, OFFER_LIMIT.total_seconds(), 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.night.later(seconds=seconds)

    @invariant()
    def rows_are_the_models(self) -> None:
        assert self.runner.run(_rows(self.night)) == _shape(self.model)

    @invariant()
    def promises_hold(self) -> None:
        broken = self.runner.run(_broken_promises(self.night))
        assert broken == {}

    def teardown(self) -> None:
        self.runner.run(_clear(self.night))

    def _do(self, command: Command) -> None:
        done, answered = self.runner.run(_carry_out(self.night, command, self.customer))
        assert answered == self.model.apply(done, self.night.clock.now()), done

    async def _at_once(self, commands: list[Command]) -> tuple[list[tuple[Command, Outcome]], dict[str, object]]:
        done = await asyncio.gather(*(_carry_out(self.crowd, command, self.customer) for command in commands))
        return list(done), await _rows(self.night)

    def _adopt_endings(self, rows: dict[str, object]) -> None:
        """An offer whose time ran out while its call ended is ignored or withdrawn; both are right."""
        for offer_id, offer in self.model.offers.items():
            offer.state = OfferState(rows["offers"][str(offer_id)])  # type: ignore[index]

    def _command(self, name: str, back: int, driver_place: int, *, rightly: bool) -> Command | None:
        """What is wished about what there is; None when there is nothing that it could be about."""
        model, driver = self.model, self.drivers[driver_place]
        if name in ("expire_calls", "expire_offers", "come_due"):
            return Command(name)
        if name in ("request", "reserve"):
            reserved = self.night.clock.now() + RESERVED_AHEAD if name == "reserve" else None
            return Command("request", reserved_for=reserved)
        call = _latest([id_ for id_, one in model.calls.items() if one.state not in ENDED or not rightly], back)
        if name == "never_meet":
            return Command(name, who=driver) if rightly and driver_place == 0 else None
        return None if call is None else self._about(call, name, driver_place, rightly=rightly)

    def _about(self, call: UUID, name: str, driver_place: int, *, rightly: bool) -> Command | None:
        model, driver = self.model, self.drivers[driver_place]
        offer = _latest([id_ for id_, one in model.offers.items() if one.call == call], 0)
        listed, owner = model.listings.get(call, ()), model.calls[call].driver
        if name == "advance":
            name = self._next_step(call)
            idle = [one for one in self.drivers if model.on_duty[one] and not model.calls_of(one)]
            driver = _latest(idle, driver_place) or driver
        if name == "offer_next":
            driving = [one.driver for one in model.calls.values() if one.state is State.DRIVING]
            who = driving[driver_place % len(driving)] if driving and rightly else driver
            return Command("offer", call=call, who=who, offer=self.night.ids.new(), slot=Slot.NEXT)
        if name in ("go_on", "go_off"):
            holder = owner or (model.offers[offer].driver if offer else None)
            return Command("set_duty", who=holder if holder and rightly else driver, on=name == "go_on")
        if name in ("accept", "decline"):
            return offer and Command(name, offer=offer, who=model.offers[offer].driver if rightly else driver)
        if name == "offer":
            return Command(name, call=call, who=driver, offer=self.night.ids.new())
        if name == "list_for":
            return Command(name, call=call, drivers=tuple(self.drivers[driver_place:]))
        if name == "take":
            return Command(name, call=call, who=listed[driver_place % len(listed)] if listed and rightly else driver)
        return Command(name, call=call, who=owner if owner and rightly else driver)

    def _next_step(self, call: UUID) -> str:
        live = any(one.call == call and one.state is OfferState.LIVE for one in self.model.offers.values())
        waiting = "accept" if live else "take" if call in self.model.listings else "offer"
        steps = {State.REQUESTED: waiting, State.ASSIGNED: "arrive", State.ARRIVED: "start", State.DRIVING: "complete"}
        return steps.get(self.model.calls[call].state, "come_due")


async def _new_night(database: Database, clock: SteppedClock, ids: Ids) -> Night:
    async with database.transaction() as tx:
        company = await make_company(tx, ids, f"night-{ids.new().hex}")
    return Night(database, company, clock, ids)


async def _carry_out(night: Night, command: Command, customer: UUID) -> tuple[Command, Outcome]:
    """The command with the id of what it made, and how it was answered; other errors than refusals are raised."""
    try:
        answer = await _run(night, command, customer)
    except DaeriError as refusal:
        return command, type(refusal)
    if command.name == "request":
        assert isinstance(answer, Call)
        return replace(command, made=answer.id), None
    return command, LEFT_OUT if command.name == "offer" and answer == [] else None


def _run(night: Night, command: Command, customer: UUID) -> Awaitable[object]:
    match command.name:
        case "request":
            return night.reserve(RESERVED_AHEAD) if command.reserved_for else night.request(CustomerId(customer))
        case "offer":
            expires_at = night.clock.now() + OFFER_LIMIT
            planned = NewOffer(command.offer, command.call, command.who, expires_at, 840, 150, 0, command.slot)
            return night.apply([planned])
        case "never_meet":
            return night.never_meet(CustomerId(customer), command.who)
        case "list_for":
            return night.list_for(command.call, *command.drivers)
        case "accept" | "decline":
            return getattr(night, command.name)(command.offer, command.who)
        case "set_duty":
            return night.set_duty(command.who, Duty.ON if command.on else Duty.OFF)
        case "cancel" | "release":
            return getattr(night, command.name)(command.call)
        case "expire_calls" | "expire_offers" | "come_due":
            return getattr(night, command.name)()
        case _:
            return getattr(night, command.name)(command.call, command.who)


async def _rows(night: Night) -> dict[str, object]:
    async with night.database.reading() as tx:
        row = await tx.row(_ROWS, night.company)
    assert row is not None
    return {name: value or {} for name, value in row.items()}


def _shape(model: NightModel, *, loosely: bool = False) -> dict[str, object]:
    shape: dict[str, object] = {
        "calls": {
            str(id_): [call.state, call.version, None if call.driver is None else str(call.driver)]
            for id_, call in model.calls.items()
        },
        "offers": {str(id_): offer.state for id_, offer in model.offers.items()},
        "engaged": {f"{driver} {slot}": str(call) for (driver, slot), call in model.engaged.items()},
        "listings": {str(call): [str(driver) for driver in drivers] for call, drivers in model.listings.items()},
        "duty": {str(driver): "on" if on else "off" for driver, on in model.on_duty.items()},
    }
    return _loosely(shape) if loosely else shape


def _loosely(shape: dict[str, object]) -> dict[str, object]:
    offers = {
        id_: "unanswered" if state in (OfferState.IGNORED, OfferState.WITHDRAWN) else state
        for id_, state in shape["offers"].items()  # type: ignore[attr-defined]
    }
    return {**shape, "offers": offers}


async def _broken_promises(night: Night) -> dict[str, int]:
    async with night.database.reading() as tx:
        counts = {promise: await tx.value(sql) for promise, sql in _PROMISES.items()}
    counts["overlaps"] = await night.overlaps()
    return {promise: count for promise, count in counts.items() if count}


async def _clear(night: Night) -> None:
    async with night.database.transaction() as tx:
        await tx.execute(_LOOK_AWAY)
        await tx.execute(_CLEAR)


def _latest(ids: list[UUID], back: int) -> UUID | None:
    return ids[-1 - back] if back < len(ids) else (ids[-1] if ids else None)


@pytest.mark.rule("I-036", "I-041", "I-053")
@pytest.mark.timeout(1_200)
def test_any_commands_in_any_order(dsn: str, request: pytest.FixtureRequest) -> None:
    long = request.config.getoption("--long")
    profile = settings(
        max_examples=150 if long else 30,
        stateful_step_count=60 if long else 40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with asyncio.Runner() as runner:
        opening = open_database(dsn, MemoryBus(), connections=4)
        database = runner.run(opening.__aenter__())
        try:
            run_state_machine_as_test(lambda: NightMachine(runner, database), settings=profile)
        finally:
            runner.run(opening.__aexit__(None, None, None))
