"""What staff did, kept in the audit log with the request that it came by."""

from typing import Any
from uuid import UUID

from litestar import Request

from daeri.accounts import api as accounts
from daeri.accounts.model import AuditEntry, Principal
from daeri.infra.database import Tx
from daeri.kernel.result import Fact
from daeri.web.context import WebContext

Req = Request[Any, Any, Any]


async def audit(
    tx: Tx,
    request: Req,
    context: WebContext,
    principal: Principal,
    *,
    action: str,
    subject_kind: str,
    subject_id: UUID | None,
    facts: dict[str, Fact] | None = None,
) -> None:
    """Add to the trail (I-050), in the transaction of what it tells of; `facts` hold nothing personal."""
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
