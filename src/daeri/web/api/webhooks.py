"""What the bank's own program tells: that a payout was paid, or came back. Signed, fresh, and booked once."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from daeri.kernel.errors import Category, DaeriError, Forbidden, NotFound
from daeri.kernel.terms import SYSTEM
from daeri.payments import api as payments
from daeri.payments.api import Deed
from daeri.payments.payout_model import PayoutOutcome, PayoutState
from daeri.web.api.documented import ANYBODY
from daeri.web.context import Context, WebContext
from daeri.web.wire_parts import NO_NUL

SIGNATURE_HEADER: Final = "daeri-signature"
TOLERANCE: Final = timedelta(minutes=5)
LONGEST_BODY: Final = 16_384  # bytes
_SIGNATURE: Final = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")

Req = Request[Any, Any, Any]


class PayoutNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a payout: `payout_id` stands in the last column of its file, `reference` is the bank's word."""

    payout_id: UUID
    outcome: PayoutOutcome
    amount: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    reference: Annotated[str, Meta(max_length=payments.payouts.LONGEST_REFERENCE, pattern=NO_NUL)] = ""


class PayoutHeardOut(msgspec.Struct, frozen=True):
    """The payout as it stands; `is_news` is false where the same was told before."""

    payout_id: UUID
    state: PayoutState
    is_news: bool


class WebhookOff(NotFound):
    """No secret is set for the bank's notices: none is heard."""

    code = "webhook_off"


class WebhookForged(Forbidden):
    """The notice does not carry the signature of somebody who knows the secret."""

    code = "webhook_forged"


class WebhookLate(DaeriError):
    """The notice was signed too long ago, or is not of now. Facts: tolerance_s."""

    code = "webhook_late"
    category = Category.GONE


@post("/webhooks/payouts", status_code=200, security=ANYBODY, request_max_body_size=LONGEST_BODY)
async def hear_of_payout(request: Req, context: Context, data: JSONBody[PayoutNotice]) -> PayoutHeardOut:
    """The bank says what became of a payout. Signed in `daeri-signature`: `t=<seconds since 1970>,v1=<HMAC-SHA256>`.

    The HMAC is over the digits of t, a full stop and the body, in hexadecimal. Told again, it changes nothing.
    """
    secret = context.settings.payout_webhook_secret
    if secret is None:
        raise WebhookOff()
    check(secret.get_secret_value(), request.headers.get(SIGNATURE_HEADER, ""), await request.body(), context)
    said = payments.payouts.Said(data.outcome, data.reference, data.amount)
    async with context.database.transaction() as tx:
        company_id = await payments.payouts.company_of(tx, data.payout_id)
        deed = Deed(tx, company_id, context.shelf.of(company_id), SYSTEM, context.clock.now(), context.ids)
        payout, is_news = await payments.payouts.hear(deed, data.payout_id, said)
    return PayoutHeardOut(payout.id, payout.state, is_news)


def check(secret: str, header: str, body: bytes, context: WebContext) -> None:
    """WebhookForged unless the body was signed with the secret, WebhookLate unless that was within five minutes."""
    found = _SIGNATURE.fullmatch(header)
    if found is None:
        raise WebhookForged()
    sent_at, given = int(found[1]), found[2]
    if not hmac.compare_digest(_hmac(secret, sent_at, body), given):
        raise WebhookForged()
    age_s = context.wall.wall_now().timestamp() - sent_at
    if abs(age_s) > TOLERANCE.total_seconds():
        raise WebhookLate(tolerance_s=round(TOLERANCE.total_seconds()))


def sign(secret: str, body: bytes, at: datetime) -> str:
    """The value of the header, for those who send: the tests, and whoever tries the route out."""
    sent_at = int(at.timestamp())
    return f"t={sent_at},v1={_hmac(secret, sent_at, body)}"


def _hmac(secret: str, sent_at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()


router = Router(path="/", route_handlers=[hear_of_payout], tags=["provider"])
