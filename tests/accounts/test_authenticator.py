"""From token to principal: proved once, remembered, forgotten as soon as it is no longer so."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from daeri.accounts import api
from daeri.accounts.model import AccountKind, Permission, RevokedFor, Role, SignedOut
from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.terms import SYSTEM, ActorKind


class InterruptedDatabase:
    """A database in which something happens between a reading and what is made of it."""

    def __init__(self, database, meanwhile):
        self._database, self._meanwhile = database, meanwhile

    @asynccontextmanager
    async def reading(self):
        async with self._database.reading() as tx:
            yield tx
        await self._meanwhile()


class DeafBus:
    """A bus that loses everything."""

    def publish(self, topic, message):
        pass

    def listen(self, topic, listener):
        return lambda: None


@pytest.fixture
async def elsewhere(database, ring, wall):
    """The authenticator of a process that hears no hints."""
    return api.Authenticator(database, DeafBus(), ring, wall)


async def _revoke(desk, company, session):
    await desk.do(
        lambda tx: api.revoke_all(
            tx, desk.gate, company, session.account.id, RevokedFor.BY_STAFF, actor=SYSTEM, moment=desk.moment
        )
    )


async def test_a_principal_says_who_and_for_which_company(desk, authenticator, company):
    session = await desk.sign_in(company, AccountKind.DRIVER)
    principal = await authenticator.authenticate(session.access_token)
    assert principal.account_id == session.account.id
    assert principal.company_id == company
    assert principal.actor.kind is ActorKind.DRIVER
    assert principal.permissions == frozenset()
    assert principal.expires == session.access_expires_at
    assert await authenticator.authenticate(session.access_token) is principal


async def test_the_second_time_needs_no_database(desk, authenticator, company, database):
    session = await desk.sign_in(company)
    await authenticator.authenticate(session.access_token)
    await database.close()
    assert await authenticator.authenticate(session.access_token)


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 76, "=" * 76, "a" * 100_000])
async def test_what_is_no_token_is_refused(authenticator, token):
    with pytest.raises(SignedOut, match="token_unknown"):
        await authenticator.authenticate(token)


async def test_a_changed_or_foreign_token_is_refused(desk, authenticator, bus, company):
    session = await desk.sign_in(company)
    middle = session.access_token[20]
    forged = session.access_token[:20] + ("A" if middle != "A" else "B") + session.access_token[21:]
    with pytest.raises(SignedOut, match="token_unknown"):
        await authenticator.authenticate(forged)
    stranger = api.Authenticator(desk.database, bus, KeyRing(new_keys()), desk.wall)
    with pytest.raises(SignedOut, match="token_unknown"):
        await stranger.authenticate(session.access_token)


async def test_a_lost_hint_is_made_good_within_half_a_minute(desk, elsewhere, company):
    session = await desk.sign_in(company)
    await elsewhere.authenticate(session.access_token)
    desk.wall.advance(timedelta(seconds=1))
    await _revoke(desk, company, session)
    assert await elsewhere.authenticate(session.access_token)
    desk.wall.advance(api.RECHECK)
    with pytest.raises(SignedOut, match="session_revoked"):
        await elsewhere.authenticate(session.access_token)


async def test_listeners_hear_of_each_revocation_once(desk, authenticator, elsewhere, company):
    session, other = await desk.sign_in(company), await desk.sign_in(company, AccountKind.DRIVER)
    here, there = [], []
    authenticator.on_revoked(here.append)
    stop = elsewhere.on_revoked(there.append)
    await authenticator.recheck()
    await elsewhere.recheck()
    await _revoke(desk, company, session)
    assert here == [session.session_id]
    assert there == []
    for _ in range(3):
        desk.wall.advance(api.RECHECK)
        await authenticator.recheck()
        await elsewhere.recheck()
    assert here == there == [session.session_id]
    stop()
    await _revoke(desk, company, other)
    desk.wall.advance(api.RECHECK)
    await elsewhere.recheck()
    assert there == [session.session_id]


async def test_roles_change_what_an_open_session_may_do_at_once(desk, authenticator, company):
    session = await desk.sign_in(company)  # any account may bear roles as far as the rows go
    before = await authenticator.authenticate(session.access_token)
    await desk.do(
        lambda tx: api.grant_roles(tx, desk.gate, session.account, [Role.DISPATCHER], actor=SYSTEM, moment=desk.moment)
    )
    during = await authenticator.authenticate(session.access_token)
    await desk.do(
        lambda tx: api.withdraw_role(tx, desk.gate, session.account, Role.DISPATCHER, actor=SYSTEM, moment=desk.moment)
    )
    after = await authenticator.authenticate(session.access_token)
    assert Permission.CALLS_ASSIGN in during.permissions
    assert before.permissions == after.permissions == frozenset()


async def test_a_full_memory_forgets_the_least_used(desk, bus, ring, company):
    small = api.Authenticator(desk.database, bus, ring, desk.wall, capacity=2)
    first, second, third = [await desk.sign_in(company) for _ in range(3)]
    kept = await small.authenticate(first.access_token)
    forgotten = await small.authenticate(second.access_token)
    await small.authenticate(first.access_token)
    await small.authenticate(third.access_token)
    assert await small.authenticate(first.access_token) is kept
    assert await small.authenticate(second.access_token) is not forgotten


async def test_what_changed_while_it_was_read_is_not_remembered(desk, bus, ring, company):
    session = await desk.sign_in(company)
    revocations = []

    async def meanwhile():
        while revocations:
            await _revoke(desk, company, revocations.pop())

    raced = api.Authenticator(InterruptedDatabase(desk.database, meanwhile), bus, ring, desk.wall)
    await raced.recheck()
    revocations.append(session)
    await raced.authenticate(session.access_token)  # was read before it was revoked
    with pytest.raises(SignedOut):
        await raced.authenticate(session.access_token)
