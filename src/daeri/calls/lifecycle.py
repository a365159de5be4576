"""The life of a call as a table (state, move) -> state (I-036, I-053)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from daeri.calls.model import IllegalMove, Move, State

_TABLE: Final[Mapping[tuple[State, Move], State]] = MappingProxyType(
    {
        (State.RESERVED, Move.COME_DUE): State.REQUESTED,
        (State.RESERVED, Move.CANCEL): State.CANCELLED_BEFORE_ASSIGNMENT,
        (State.REQUESTED, Move.ASSIGN): State.ASSIGNED,
        (State.REQUESTED, Move.CANCEL): State.CANCELLED_BEFORE_ASSIGNMENT,
        (State.REQUESTED, Move.EXPIRE): State.EXPIRED,
        (State.ASSIGNED, Move.RELEASE): State.REQUESTED,
        (State.ASSIGNED, Move.ARRIVE): State.ARRIVED,
        (State.ASSIGNED, Move.CANCEL): State.CANCELLED_AFTER_ASSIGNMENT,
        (State.ARRIVED, Move.RELEASE): State.REQUESTED,
        (State.ARRIVED, Move.START): State.DRIVING,
        (State.ARRIVED, Move.CANCEL): State.CANCELLED_AFTER_ASSIGNMENT,
        (State.DRIVING, Move.COMPLETE): State.COMPLETED,
        (State.DRIVING, Move.CANCEL): State.CANCELLED_AFTER_ASSIGNMENT,
    }
)

ENGAGED: Final = frozenset({State.ASSIGNED, State.ARRIVED, State.DRIVING})
ENDED: Final = frozenset(set(State) - {source for source, _ in _TABLE})
RUNNING: Final = frozenset(set(State) - ENDED)


def next_state(state: State, move: Move) -> State:
    """Where `move` leads from `state`; raises IllegalMove when it leads nowhere."""
    try:
        return _TABLE[state, move]
    except KeyError:
        raise IllegalMove(state=state, move=move) from None


def routes(move: Move) -> tuple[list[str], list[str]]:
    """The states that `move` may start from and, at the same places, those that it leads to."""
    pairs = [(str(source), str(target)) for (source, taken), target in _TABLE.items() if taken is move]
    return [source for source, _ in pairs], [target for _, target in pairs]


def legal_moves(state: State) -> list[Move]:
    """The moves that `state` allows, in the order of the table."""
    return [move for source, move in _TABLE if source is state]


def diagram() -> str:
    """The table as a Mermaid state diagram, for the docs."""
    lines = [f"    {source} --> {target}: {move}" for (source, move), target in _TABLE.items()]
    starts = [f"    [*] --> {state}" for state in (State.REQUESTED, State.RESERVED)]
    ends = [f"    {state} --> [*]" for state in State if state in ENDED]
    return "\n".join(["stateDiagram-v2", *starts, *lines, *ends])
