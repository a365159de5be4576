"""What leaves after the commit: hints that a call has changed, was assigned, or waits."""

from daeri.calls.model import Call, State
from daeri.infra.database import Tx

TOPIC = "call"  # hints: `call.<id>` whenever a call's row has changed; the message is the state it came to
ASSIGNED_TOPIC = "assigned"  # hints: the message is how many seconds the customer of a call that was to come now waited
WAITING_TOPIC = "waiting"  # hints: the set of calls that wait for a driver has changed


def announce(tx: Tx, call: Call) -> None:
    tx.hint(f"{TOPIC}.{call.id}", call.state.encode())
    if call.state is State.ASSIGNED and call.reserved_for is None and call.assigned_at is not None:
        tx.hint(ASSIGNED_TOPIC, repr((call.assigned_at - call.requested_at).total_seconds()).encode())
    if call.state is State.REQUESTED:
        tx.hint(WAITING_TOPIC)
