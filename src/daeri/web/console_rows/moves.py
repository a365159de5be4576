"""Which moves of a call staff may make (콜 상태 변경), and what they must be allowed for each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from daeri.accounts.model import Permission
from daeri.calls import api as calls
from daeri.calls.model import Call, Move
from daeri.web.console.reads import Viewer
from daeri.web.console_rows.viewers import StaffViewer

# A reserved call comes due and a waiting one expires by themselves; staff cancel.
STAFF_MOVES: Final[Mapping[Move, Permission]] = MappingProxyType(
    {
        Move.ASSIGN: Permission.CALLS_ASSIGN,
        Move.RELEASE: Permission.CALLS_ASSIGN,
        Move.ARRIVE: Permission.CALLS_CHANGE_STATUS,
        Move.START: Permission.CALLS_CHANGE_STATUS,
        Move.COMPLETE: Permission.CALLS_CHANGE_STATUS,
        Move.CANCEL: Permission.CALLS_CANCEL,
    }
)


def moves_of(viewer: Viewer, call: Call) -> list[Move]:
    """What this member of staff may do to the call as it stands."""
    if not isinstance(viewer, StaffViewer):
        return []
    mine = viewer.principal.permissions
    return [move for move in calls.legal_moves(call) if move in STAFF_MOVES and STAFF_MOVES[move] in mine]
