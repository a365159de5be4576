"""Changes of money at the edge: what each is made of, and its row in the audit log."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request
from msgspec import Meta

from daeri.accounts import api as accounts
from daeri.accounts.model import AuditEntry, Principal
from daeri.infra.database import Tx
from daeri.kernel.errors import Conflict
from daeri.kernel.result import Fact
from daeri.payments import api as payments
from daeri.payments.api import Deed
from daeri.payments.ports import Cards
from daeri.web.context import WebContext

Req = Request[Any, Any, Any]
# Why staff do something about money: not empty, nor all blanks.
Why = Annotated[str, Meta(min_length=1, max_length=payments.LONGEST_REASON, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


class CardsOff(Conflict):
    """No card provider is set on this server."""

    code = "cards_off"


def deed_of(tx: Tx, context: WebContext, principal: Principal) -> Deed:
    """A change of money that `principal` asks for now."""
    book = context.shelf.of(principal.company_id)
    return Deed(tx, principal.company_id, book, principal.actor, context.clock.now(), context.ids)


def cards_of(context: WebContext) -> Cards:
    """The provider of cards; CardsOff where none is set."""
    if context.cards is None:
        raise CardsOff()
    return context.cards


async def audit(
    tx: Tx,
    request: Req,
    context: WebContext,
    principal: Principal,
    *,
    action: str,
    subject_kind: str,
    subject_id: UUID,
    facts: dict[str, Fact] | None = None,
) -> None:
    """Keep who moved money (I-050), in the transaction that does it; `facts` hold nothing personal."""
    entry = AuditEntry(
        principal.company_id,
        principal.actor,
        action,
        subject_kind,
        subject_id,
        facts or {},
        request_id=request.scope.get("state", {}).get("request_id"),
    )
    await accounts.record_audit(tx, context.gate, entry, moment=context.moment())
