"""Tokens: what they say, and for whom a CSRF token is good."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from daeri.accounts.model import CsrfWrong, SignedOut
from daeri.accounts.tokens import access_token, check_csrf, csrf_token, read_access_token

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SESSION, OTHER = UUID(int=7), UUID(int=8)


def test_an_access_token_names_its_session_until_it_ends(ring):
    token = access_token(ring, SESSION, NOW + timedelta(minutes=15))
    claims = read_access_token(ring, token, wall_now=NOW + timedelta(minutes=15, microseconds=-1))
    assert (claims.session_id, claims.expires) == (SESSION, NOW + timedelta(minutes=15))
    with pytest.raises(SignedOut, match="token_expired"):
        read_access_token(ring, token, wall_now=NOW + timedelta(minutes=15))


def test_every_character_of_a_token_counts(ring):
    token = access_token(ring, SESSION, NOW + timedelta(minutes=15))
    for position, character in enumerate(token):
        changed = token[:position] + ("A" if character != "A" else "Q") + token[position + 1 :]
        with pytest.raises(SignedOut):
            read_access_token(ring, changed, wall_now=NOW)


def test_a_csrf_token_is_good_for_its_own_session(ring):
    token = csrf_token(ring, SESSION)
    check_csrf(ring, SESSION, token)
    for session, presented in ((OTHER, token), (SESSION, None), (SESSION, ""), (SESSION, "é"), (SESSION, token + "A")):
        with pytest.raises(CsrfWrong):
            check_csrf(ring, session, presented)


def test_a_csrf_token_is_no_access_token(ring):
    with pytest.raises(SignedOut):
        read_access_token(ring, csrf_token(ring, SESSION), wall_now=NOW)
