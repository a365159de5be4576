"""The sandbox provider's webhooks: that an order has changed, signed with a secret that both sides know.

A webhook is a hint: it may come late, twice, in another order or never, so whoever hears one looks the order up.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

SIGNATURE_HEADER: Final = "sandbox-signature"
SANDBOX_SECRET: Final = "sandbox-webhooks"  # noqa: S105 -- play money; a server may be given another one
_TOLERANCE: Final = timedelta(minutes=5)


class Notice(msgspec.Struct, frozen=True):
    """`event_id` names the change, also when it is told twice; `number` grows with every change that the sender saw."""

    event_id: str
    number: int
    order_id: str
    payment_key: str
    status: str
    changed_at: datetime


def sign(secret: str, body: bytes, now: datetime) -> str:
    """The value of the header: when it was sent, in seconds since 1970, and an HMAC over that and the body."""
    sent_at = int(now.timestamp())
    return f"t={sent_at},v1={_hmac(secret, sent_at, body)}"


def read(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice | None:
    """What was told; None unless the sender knows the secret and sent it within five minutes of `now`.

    `headers` are looked up in lower case.
    """
    fields = dict(part.partition("=")[::2] for part in headers.get(SIGNATURE_HEADER, "").split(","))
    if not fields.get("t", "").isdecimal():
        return None
    sent_at = int(fields["t"])
    if abs(now.timestamp() - sent_at) > _TOLERANCE.total_seconds():
        return None
    if not hmac.compare_digest(_hmac(secret, sent_at, body).encode(), fields.get("v1", "").encode()):
        return None
    try:
        return msgspec.json.decode(body, type=Notice)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _hmac(secret: str, sent_at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()
