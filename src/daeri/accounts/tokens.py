"""Access tokens, refresh tokens and CSRF tokens: compact, signed with the key ring, without personal data.

An access token is base64url of: one byte of version, the session's id (16), its end in Unix seconds (8, big-endian) and
an HMAC-SHA256 (32). Who the session belongs to is in rows, so that a token can say nothing that is not so any more.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.accounts.model import CsrfWrong, SessionId, SignedOut
from daeri.infra.keys import KeyRing
from daeri.kernel.ids import RandomBytes
from daeri.kernel.time import from_millis, to_millis

_VERSION = b"\x01"
_BODY_BYTES = 25
_TOKEN_BYTES = _BODY_BYTES + 32
_LONGEST_TEXT = 200
_REFRESH_BYTES = 32
_ACCESS = b"token.access"
_CSRF = b"token.csrf"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a token says that was signed by this installation."""

    session_id: SessionId
    expires: datetime


def access_token(ring: KeyRing, session_id: SessionId, expires: datetime) -> str:
    """A token for the session; `expires` is cut to whole seconds."""
    body = _VERSION + session_id.bytes + (to_millis(expires) // 1000).to_bytes(8, "big")
    return _encode(body + ring.signature(_ACCESS, body))


def read_access_token(ring: KeyRing, token: str, *, wall_now: datetime) -> AccessClaims:
    """What the token claims; raises SignedOut when it is not ours or has expired."""
    raw = _decode(token)
    body, signature = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if len(raw) != _TOKEN_BYTES or body[:1] != _VERSION:
        raise SignedOut(reason="token_unknown")
    if not hmac.compare_digest(signature, ring.signature(_ACCESS, body)):
        raise SignedOut(reason="token_unknown")
    expires_ms = int.from_bytes(body[17:], "big") * 1000
    if to_millis(wall_now) >= expires_ms:
        raise SignedOut(reason="token_expired")
    return AccessClaims(SessionId(UUID(bytes=body[1:17])), from_millis(expires_ms))


def refresh_token(random_bytes: RandomBytes) -> str:
    """256 random bits; only their hash is kept."""
    return _encode(random_bytes(_REFRESH_BYTES))


def refresh_hash(token: str) -> bytes:
    """What is kept of a refresh token: SHA-256, as 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(ring: KeyRing, session_id: SessionId) -> str:
    """What a page of this session must send with every command, in a header or a form field."""
    return _encode(ring.signature(_CSRF, session_id.bytes))


def check_csrf(ring: KeyRing, session_id: SessionId, presented: str | None) -> None:
    """Raises CsrfWrong unless `presented` was made for this very session."""
    expected = csrf_token(ring, session_id)
    if presented is None or not hmac.compare_digest(expected.encode(), presented.encode()):
        raise CsrfWrong


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Empty for what is no base64url: an unknown token like any other."""
    if len(text) > _LONGEST_TEXT or not text.isascii():
        return b""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
