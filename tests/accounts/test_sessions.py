"""Sessions: refreshed once a token, revoked as a family, told to every process."""

import asyncio
from datetime import timedelta

import pytest
from tests.accounts.desk import DEVICE

from daeri.accounts import api
from daeri.accounts.model import (
    SESSIONS_REVOKED,
    AccountBlocked,
    AccountStatus,
    RevokedFor,
    SessionKind,
    SignedOut,
)
from daeri.kernel.terms import SYSTEM


async def _revocations(desk):
    async with desk.database.reading() as tx:
        return await tx.rows("SELECT aggregate_id, data FROM events WHERE kind = 'session.revoked'")


async def test_refreshing_gives_new_tokens_for_the_same_session(desk, authenticator, company):
    first = await desk.sign_in(company)
    desk.wall.advance(timedelta(minutes=20))
    second = await desk.refresh(first.refresh_token)
    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    with pytest.raises(SignedOut, match="token_expired"):
        await authenticator.authenticate(first.access_token)
    assert (await authenticator.authenticate(second.access_token)).account_id == first.account.id


async def test_a_refresh_token_used_twice_revokes_the_whole_family(desk, authenticator, company):
    first = await desk.sign_in(company)
    second = await desk.refresh(first.refresh_token)
    third = await desk.refresh(second.refresh_token)
    with pytest.raises(SignedOut, match="refresh_reused"):
        await desk.refresh(first.refresh_token)
    with pytest.raises(SignedOut, match="session_revoked"):
        await desk.refresh(third.refresh_token)
    with pytest.raises(SignedOut, match="session_revoked"):
        await authenticator.authenticate(third.access_token)
    (event,) = await _revocations(desk)
    assert event["aggregate_id"] == first.session_id
    assert event["data"] == {"reason": "refresh_reused"}


async def test_of_two_refreshes_at_once_one_wins_and_the_family_goes(desk, company):
    first = await desk.sign_in(company)
    both = await asyncio.gather(*(desk.refresh(first.refresh_token) for _ in range(2)), return_exceptions=True)
    assert sum(isinstance(answer, SignedOut) for answer in both) == 1
    assert len(await _revocations(desk)) == 1


async def test_reuse_in_one_session_leaves_the_persons_other_session_alone(desk, authenticator, company):
    phone, tablet = await desk.sign_in(company), await desk.sign_in(company)
    await desk.refresh(phone.refresh_token)
    with pytest.raises(SignedOut):
        await desk.refresh(phone.refresh_token)
    assert await authenticator.authenticate(tablet.access_token)


@pytest.mark.parametrize("token", ["", "x", "\x00", "é" * 50, "a" * 10_000])
async def test_an_unknown_refresh_token_is_refused(desk, token):
    with pytest.raises(SignedOut, match="token_unknown"):
        await desk.refresh(token)


async def test_a_session_ends_when_it_is_idle_for_too_long(desk, company):
    first = await desk.sign_in(company)
    desk.wall.advance(timedelta(days=29))
    second = await desk.refresh(first.refresh_token)
    desk.wall.advance(timedelta(days=30, seconds=1))
    with pytest.raises(SignedOut, match="session_expired"):
        await desk.refresh(second.refresh_token)


async def test_signing_out_ends_this_session_and_tells_the_bus(desk, bus, authenticator, company):
    heard = []
    bus.listen(SESSIONS_REVOKED, lambda _topic, message: heard.append(message))
    here, there = await desk.sign_in(company), await desk.sign_in(company)
    principal = await authenticator.authenticate(here.access_token)
    await desk.do(lambda tx: api.sign_out(tx, desk.gate, principal, moment=desk.moment))
    assert heard == [here.session_id.bytes]
    with pytest.raises(SignedOut):
        await authenticator.authenticate(here.access_token)
    assert await authenticator.authenticate(there.access_token)


async def test_revoking_all_ends_every_session_once(desk, authenticator, company):
    sessions = [await desk.sign_in(company) for _ in range(3)]
    account = sessions[0].account

    def revoke(tx):
        return api.revoke_all(tx, desk.gate, company, account.id, RevokedFor.BY_STAFF, actor=SYSTEM, moment=desk.moment)

    assert await desk.do(revoke) == 3
    assert await desk.do(revoke) == 0
    assert len(await _revocations(desk)) == 3
    for session in sessions:
        with pytest.raises(SignedOut):
            await authenticator.authenticate(session.access_token)


async def test_another_company_cannot_revoke(desk, authenticator, company, other_company):
    session = await desk.sign_in(company)
    await desk.do(
        lambda tx: api.revoke_all(
            tx, desk.gate, other_company, session.account.id, RevokedFor.BY_STAFF, actor=SYSTEM, moment=desk.moment
        )
    )
    assert await authenticator.authenticate(session.access_token)


async def test_blocking_an_account_signs_it_out_everywhere(desk, authenticator, company):
    session = await desk.sign_in(company)
    await authenticator.authenticate(session.access_token)
    await desk.do(
        lambda tx: api.change_status(
            tx, desk.gate, company, session.account.id, AccountStatus.BLOCKED, actor=SYSTEM, moment=desk.moment
        )
    )
    with pytest.raises(SignedOut):
        await authenticator.authenticate(session.access_token)
    with pytest.raises((SignedOut, AccountBlocked)):
        await desk.refresh(session.refresh_token)


async def test_a_phones_page_gets_one_token_that_lives_as_long_as_its_session(desk, authenticator, company):
    page = await _page(desk, company)
    assert page.refresh_token is None
    desk.wall.advance(timedelta(days=30, minutes=-1))
    assert (await authenticator.authenticate(page.access_token)).session_kind is SessionKind.PAGE
    desk.wall.advance(timedelta(minutes=1))
    with pytest.raises(SignedOut):
        await authenticator.authenticate(page.access_token)


async def test_a_page_that_is_used_is_renewed_once_a_day_and_not_for_ever(desk, authenticator, company):
    page = await _page(desk, company)
    principal = await authenticator.authenticate(page.access_token)
    desk.wall.advance(timedelta(hours=23))
    assert await _renewed(desk, principal) is None
    days = 0
    while True:
        desk.wall.advance(timedelta(days=10))
        days += 10
        later = await _renewed(desk, principal)
        if later is None:
            break
        assert later.session_id == page.session_id
        principal = await authenticator.authenticate(later.access_token)
    assert days == 160  # day 150 gave it the last of its 180 days


async def _page(desk, company):
    asked = await desk.ask(company)
    command = api.AnswerCode(asked.challenge.id, asked.message.code, DEVICE, SessionKind.PAGE)
    return await desk.do(lambda tx: api.sign_in_with_code(tx, desk.gate, command, moment=desk.moment))


async def _renewed(desk, principal):
    return await desk.do(lambda tx: api.renew_page(tx, desk.gate, principal, moment=desk.moment))


async def test_retention_takes_what_ended_and_leaves_what_lives(desk, company):
    old = await desk.sign_in(company)
    desk.wall.advance(timedelta(days=38))
    new = await desk.sign_in(company)
    gone = await desk.do(lambda tx: api.delete_expired(tx, moment=desk.moment))
    assert gone["sessions"] == 1
    assert gone["sign_in_challenges"] == 1
    with pytest.raises(SignedOut, match="token_unknown"):
        await desk.refresh(old.refresh_token)
    assert await desk.refresh(new.refresh_token)


async def test_retention_takes_used_refresh_tokens_of_living_sessions(desk, company):
    first = await desk.sign_in(company)
    second = await desk.refresh(first.refresh_token)
    desk.wall.advance(timedelta(days=8))
    gone = await desk.do(lambda tx: api.delete_expired(tx, moment=desk.moment))
    assert gone["refresh_tokens"] == 1
    with pytest.raises(SignedOut, match="token_unknown"):
        await desk.refresh(first.refresh_token)
    assert await desk.refresh(second.refresh_token)
