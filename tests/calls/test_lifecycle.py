"""The life of a call: the table against what is written here by hand, and against the real rows (I-036, I-053)."""

import pytest
from tests.dispatch.factories import CALL_EXPIRY, Night

from daeri.calls import api as calls
from daeri.calls import lifecycle
from daeri.calls.model import Call, CallNotFound, Change, IllegalMove, Move, State
from daeri.dispatch import api as dispatch
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import SYSTEM, Actor, ActorKind

# state: move → state. What is absent is illegal.
EXPECTED = {
    "reserved": {"come_due": "requested", "cancel": "cancelled_before_assignment"},
    "requested": {"assign": "assigned", "cancel": "cancelled_before_assignment", "expire": "expired"},
    "assigned": {"arrive": "arrived", "release": "requested", "cancel": "cancelled_after_assignment"},
    "arrived": {"start": "driving", "release": "requested", "cancel": "cancelled_after_assignment"},
    "driving": {"complete": "completed", "cancel": "cancelled_after_assignment"},
    "completed": {},
    "cancelled_before_assignment": {},
    "cancelled_after_assignment": {},
    "expired": {},
}
PAIRS = [(state, move) for state in State for move in Move]
LEGAL = [pair for pair in PAIRS if pair[1] in EXPECTED[pair[0]]]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]
DRIVERS_MOVES = {Move.ARRIVE, Move.START, Move.COMPLETE}
NO_DRIVER = {State.RESERVED, State.REQUESTED, State.CANCELLED_BEFORE_ASSIGNMENT, State.EXPIRED}


@pytest.mark.rule("I-036")
@pytest.mark.parametrize(("state", "move"), LEGAL)
def test_each_legal_move_leads_where_it_should(state: State, move: Move) -> None:
    assert lifecycle.next_state(state, move) == EXPECTED[state][move]


@pytest.mark.rule("I-036")
@pytest.mark.parametrize(("state", "move"), ILLEGAL)
def test_each_other_move_is_the_one_named_error(state: State, move: Move) -> None:
    with pytest.raises(IllegalMove) as refusal:
        lifecycle.next_state(state, move)
    assert refusal.value.facts == {"state": state, "move": move}


def test_the_sets_follow_from_the_table() -> None:
    assert {state for state, moves in EXPECTED.items() if not moves} == lifecycle.ENDED
    assert set(State) - lifecycle.ENDED == lifecycle.RUNNING
    assert {"assigned", "arrived", "driving"} == lifecycle.ENGAGED
    for state in State:
        assert set(lifecycle.legal_moves(state)) == set(EXPECTED[state])


def test_the_diagram_shows_every_move_once() -> None:
    lines = [line.strip() for line in lifecycle.diagram().splitlines()]
    for state, moves in EXPECTED.items():
        for move, target in moves.items():
            assert lines.count(f"{state} --> {target}: {move}") == 1
    assert lines.count("[*] --> requested") == lines.count("[*] --> reserved") == 1
    assert sum(line.endswith("--> [*]") for line in lines) == 4


@pytest.mark.rule("I-036")
@pytest.mark.parametrize("state", list(State))
async def test_every_state_is_reached_by_commands(night: Night, state: State) -> None:
    call, _ = await night.in_state(state)
    assert call.state is state
    assert await night.get(call.id) == call


@pytest.mark.rule("I-036")
@pytest.mark.parametrize("state", list(State))
async def test_an_illegal_command_is_refused_and_changes_nothing(night: Night, state: State) -> None:
    call, driver = await night.in_state(state)
    for move in (move for at, move in ILLEGAL if at is state):
        if move in (Move.COME_DUE, Move.EXPIRE):
            assert call.id not in {moved.id for moved in await _sweep(night, move)}
            continue
        # A call without this driver does not exist for them; to everyone else it is an illegal move.
        stranger = move in DRIVERS_MOVES and state in NO_DRIVER
        with pytest.raises(CallNotFound if stranger else IllegalMove) as refusal:
            await _command(night, call, move, driver or await night.driver())
        if not stranger:
            assert refusal.value.facts == {"state": state, "move": move}
        assert await night.get(call.id) == call
    assert len(await _timeline(night, call)) == call.version


async def _sweep(night: Night, move: Move) -> list[Call]:
    return await (night.come_due() if move is Move.COME_DUE else night.expire_calls())


async def _command(night: Night, call: Call, move: Move, driver: DriverId) -> Call:
    now, company = night.clock.now(), night.company
    async with night.transaction() as tx:
        match move:
            case Move.ASSIGN:
                return await calls.assign(
                    tx, call.id, company, driver_id=driver, performer_id=company, now=now, ids=night.ids
                )
            case Move.RELEASE:
                change = Change(SYSTEM)
                return await dispatch.release(
                    tx, call.id, company, change, waits_for=CALL_EXPIRY, now=now, ids=night.ids
                )
            case Move.CANCEL:
                return await dispatch.cancel(tx, call.id, company, Change(SYSTEM), now=now, ids=night.ids)
            case Move.ARRIVE:
                return await calls.arrive(tx, call.id, company, driver, now=now, ids=night.ids)
            case Move.START:
                return await calls.start(tx, call.id, company, driver, now=now, ids=night.ids)
            case _:
                return await dispatch.complete(tx, call.id, driver, company, now=now, ids=night.ids)


async def _timeline(night: Night, call: Call) -> list[object]:
    async with night.database.reading() as tx:
        return list(await calls.timeline(tx, night.company, call.id))


@pytest.mark.rule("I-053", "R-060")
@pytest.mark.parametrize("state", [State.ASSIGNED, State.ARRIVED, State.DRIVING])
@pytest.mark.parametrize("who", [ActorKind.CUSTOMER, ActorKind.DRIVER])
async def test_a_call_with_a_driver_is_cancelled_by_either_side(night: Night, state: State, who: ActorKind) -> None:
    call, driver = await night.in_state(state)
    assert driver is not None
    night.later(seconds=30)
    if who is ActorKind.DRIVER:
        ended = await night.cancel_by_driver(call.id, driver, "cannot_find_customer")
    else:
        ended = await night.cancel(call.id, call.customer_id, "cannot_find_customer")
    assert ended.state is State.CANCELLED_AFTER_ASSIGNMENT
    assert (ended.ended_by, ended.cancelled_from, ended.end_reason) == (who, state, "cannot_find_customer")
    assert (ended.ended_at, ended.driver_id, ended.version) == (night.clock.now(), driver, call.version + 1)
    assert await night.engaged() == {}
    last = (await _timeline(night, ended))[-1]
    assert last.actor == Actor(who, driver if who is ActorKind.DRIVER else call.customer_id)
    assert (last.data["from"], last.data["driver_id"]) == (state, str(driver))


@pytest.mark.rule("R-059")
@pytest.mark.parametrize("state", [State.RESERVED, State.REQUESTED])
async def test_a_call_without_a_driver_is_cancelled_before_assignment(night: Night, state: State) -> None:
    call, _ = await night.in_state(state)
    ended = await night.cancel(call.id, call.customer_id)
    assert (ended.state, ended.cancelled_from) == (State.CANCELLED_BEFORE_ASSIGNMENT, state)
    assert (ended.ended_by, ended.ended_at) == (ActorKind.CUSTOMER, night.clock.now())


async def test_a_driver_moves_only_the_call_that_they_have(night: Night) -> None:
    call, driver = await night.assigned()
    stranger = await night.driver()
    for command in (night.arrive, night.start, night.complete, night.cancel_by_driver):
        with pytest.raises(CallNotFound):
            await command(call.id, stranger)
    assert (await night.arrive(call.id, driver)).state is State.ARRIVED


async def test_instants_are_kept_as_the_drive_goes_on(night: Night) -> None:
    call, driver = await night.assigned()
    assigned_at = night.clock.now()
    night.later(minutes=4)
    arrived = await night.arrive(call.id, driver)
    night.later(minutes=2)
    started = await night.start(call.id, driver)
    night.later(minutes=25)
    done = await night.complete(call.id, driver)
    assert (done.assigned_at, done.arrived_at) == (assigned_at, arrived.arrived_at)
    assert (done.started_at, done.ended_at) == (started.started_at, night.clock.now())
    assert arrived.arrived_at is not None
    assert (done.ended_by, done.cancelled_from) == (ActorKind.DRIVER, None)


async def test_a_released_call_waits_again_as_if_nobody_had_it(night: Night) -> None:
    call, driver = await night.in_state(State.ARRIVED)
    assert driver is not None
    night.later(minutes=14)
    freed = await night.release(call.id, "driver_lost_contact")
    assert (freed.state, freed.driver_id, freed.performer_id) == (State.REQUESTED, None, None)
    assert (freed.assigned_at, freed.arrived_at, freed.releases) == (None, None, 1)
    assert freed.expires_at == night.clock.now() + CALL_EXPIRY
    assert await night.engaged() == {}
    last = (await _timeline(night, freed))[-1]
    assert (last.kind, last.data["reason"], last.data["driver_id"]) == (
        "call.released",
        "driver_lost_contact",
        str(driver),
    )
    offer = await night.offer(call.id, driver)
    assert (await night.accept(offer.id, driver)).state is State.ASSIGNED
    assert await night.overlaps() == 0
