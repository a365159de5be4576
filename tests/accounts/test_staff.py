"""Staff: password and one-time password, neither reusable nor guessable, and the trail that they leave."""

import asyncio
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from tests.accounts.desk import DEVICE, E164

from daeri.accounts import api
from daeri.accounts.model import (
    AccountNotFound,
    AuditEntry,
    CredentialsWrong,
    EmailInvalid,
    EmailTaken,
    NotPermitted,
    PasswordWeak,
    Permission,
    RateLimited,
    Role,
    SignedOut,
    TotpWrong,
)
from daeri.kernel.terms import SYSTEM

EMAIL = "dispatcher@hanbit.example"
PASSWORD = "a long demo password"
# Cheap on purpose: what is tested is who gets in, not argon2.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


async def _hire(desk, company, email=EMAIL, roles=(Role.DISPATCHER,), password_hash=CHEAP):
    new = api.NewStaff(company, email, "민지", password_hash, roles)
    return await desk.do(lambda tx: api.create_staff(tx, desk.gate, new, actor=SYSTEM, moment=desk.moment))


async def _sign_in(desk, totp, *, email=EMAIL, password=PASSWORD, company_id=None):
    credentials = api.StaffCredentials(email, password, totp, DEVICE, company_id=company_id)
    return await api.sign_in_staff(desk.database, desk.gate, credentials, moment=desk.moment)


def _code(desk, made):
    return pyotp.TOTP(made.totp_secret).at(desk.wall.wall_now())


async def _principal(desk, authenticator, made, email=EMAIL):
    signed_in = await _sign_in(desk, _code(desk, made), email=email)
    return await authenticator.authenticate(signed_in.access_token)


async def test_staff_sign_in_and_may_do_what_their_role_may(desk, authenticator, company):
    made = await _hire(desk, company)
    signed_in = await _sign_in(desk, _code(desk, made), email=" Dispatcher@Hanbit.example ")
    principal = await authenticator.authenticate(signed_in.access_token)
    principal.require(Permission.CALLS_ASSIGN)
    with pytest.raises(NotPermitted):
        principal.require(Permission.STAFF_MANAGE)


async def test_wrong_password_and_unknown_email_get_the_same_refusal(desk, company):
    made = await _hire(desk, company)
    refusals = []
    for email, password in ((EMAIL, "another password"), ("nobody@hanbit.example", PASSWORD), ("no e-mail", PASSWORD)):
        with pytest.raises(CredentialsWrong) as wrong:
            await _sign_in(desk, _code(desk, made), email=email, password=password)
        refusals.append((wrong.value.code, wrong.value.facts))
    assert len(set(map(str, refusals))) == 1


async def test_an_overlong_password_is_refused_without_being_hashed_whole(desk, company):
    made = await _hire(desk, company)
    with pytest.raises(CredentialsWrong):
        await _sign_in(desk, _code(desk, made), password=PASSWORD * 10_000)


async def test_a_one_time_password_is_refused_the_second_time(desk, company):
    made = await _hire(desk, company)
    code = _code(desk, made)
    await _sign_in(desk, code)
    with pytest.raises(TotpWrong):
        await _sign_in(desk, code)
    desk.wall.advance(timedelta(seconds=30))
    with pytest.raises(TotpWrong):  # still inside the window in which clocks may differ
        await _sign_in(desk, code)
    await _sign_in(desk, _code(desk, made))


async def test_of_two_sign_ins_with_one_code_at_once_one_gets_in(desk, company):
    made = await _hire(desk, company)
    code = _code(desk, made)
    both = await asyncio.gather(_sign_in(desk, code), _sign_in(desk, code), return_exceptions=True)
    assert sum(isinstance(answer, TotpWrong) for answer in both) == 1


@pytest.mark.parametrize("off_s", [-30, 0, 30])
async def test_a_clock_half_a_minute_off_is_no_obstacle(desk, company, off_s):
    made = await _hire(desk, company)
    at = desk.wall.wall_now() + timedelta(seconds=off_s)
    assert await _sign_in(desk, pyotp.TOTP(made.totp_secret).at(at))


@pytest.mark.parametrize("totp", ["", "000000x", "12345", "x" * 1000])
async def test_a_wrong_one_time_password_is_refused(desk, company, totp):
    await _hire(desk, company)
    with pytest.raises(TotpWrong):
        await _sign_in(desk, totp)


async def test_one_email_may_be_tried_ten_times_and_success_begins_anew(desk, company):
    made = await _hire(desk, company)
    for _ in range(9):
        with pytest.raises(CredentialsWrong):
            await _sign_in(desk, "000000", password="wrong password")
    await _sign_in(desk, _code(desk, made))
    for _ in range(10):
        with pytest.raises(CredentialsWrong):
            await _sign_in(desk, "000000", password="wrong password")
    desk.wall.advance(timedelta(seconds=30))
    with pytest.raises(RateLimited) as limited:
        await _sign_in(desk, _code(desk, made))
    assert limited.value.facts["retry_after_s"] == 865


async def test_one_email_in_two_companies_is_two_accounts_told_apart_by_password(desk, company, other_company):
    first = await _hire(desk, company)
    other_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("the other password")
    second = await _hire(desk, other_company, password_hash=other_hash)
    assert (await _sign_in(desk, _code(desk, first))).account.company_id == company
    signed_in = await _sign_in(desk, _code(desk, second), password="the other password")
    assert signed_in.account.company_id == other_company
    with pytest.raises(CredentialsWrong):
        await _sign_in(desk, _code(desk, second), company_id=other_company)


async def test_email_is_checked_and_unique_in_its_company(desk, company):
    made = await _hire(desk, company)
    assert await desk.do(lambda tx: api.staff_by_email(tx, company, EMAIL.upper())) == made.account.id
    with pytest.raises(AccountNotFound):
        await desk.do(lambda tx: api.staff_by_email(tx, company, "nobody@hanbit.example"))
    with pytest.raises(EmailTaken):
        await _hire(desk, company, EMAIL.upper())
    for nonsense in ("", "no at sign", "a@b", "a b@c.de", "a@" + "b" * 300 + ".de"):
        with pytest.raises(EmailInvalid):
            await _hire(desk, company, nonsense)


async def test_passwords_are_argon2id_and_not_too_short(desk):
    made = await desk.gate.passwords.hash(PASSWORD)
    assert made.startswith("$argon2id$")
    assert await desk.gate.passwords.first_match([CHEAP.replace("argon2id", "argon2id"), made], PASSWORD) == 0
    assert await desk.gate.passwords.first_match([made], PASSWORD + "x") is None
    assert await desk.gate.passwords.first_match([], PASSWORD) is None
    with pytest.raises(PasswordWeak):
        await desk.gate.passwords.hash("too short")


async def test_a_new_password_signs_out_everywhere(desk, authenticator, company):
    made = await _hire(desk, company)
    signed_in = await _sign_in(desk, _code(desk, made))
    await authenticator.authenticate(signed_in.access_token)
    await desk.do(
        lambda tx: api.set_password(tx, desk.gate, company, made.account.id, CHEAP, actor=SYSTEM, moment=desk.moment)
    )
    with pytest.raises(SignedOut):
        await authenticator.authenticate(signed_in.access_token)


async def test_the_roles_in_rows_are_the_roles_in_code(database):
    async with database.reading() as tx:
        rows = await tx.rows("SELECT role, permission FROM role_permissions")
    table = [(row["role"], row["permission"]) for row in rows]
    assert {role for role, _ in table} == set(Role)
    assert {permission for _, permission in table} == set(Permission)
    assert {permission for role, permission in table if role == Role.ADMIN} == set(Permission)


async def test_every_unmasking_is_a_row_of_the_trail(desk, authenticator, company):
    customer = (await desk.sign_in(company)).account
    made = await _hire(desk, company, roles=[Role.ADMIN])
    principal = await _principal(desk, authenticator, made)
    number = await desk.do(
        lambda tx: api.unmask(tx, desk.gate, principal, customer.id, moment=desk.moment, request_id="req-1")
    )
    assert number == E164
    trail = await desk.do(lambda tx: api.audit_trail(tx, principal, subject_id=customer.id))
    (row,) = trail
    assert row.entry == AuditEntry(
        company, principal.actor, "phone.unmasked", "account", customer.id, request_id="req-1"
    )
    assert row.at == desk.clock.now()


async def test_unmasking_needs_the_permission_and_the_company(desk, authenticator, company, other_company):
    here, there = (await desk.sign_in(company)).account, (await desk.sign_in(other_company)).account
    dispatcher = await _principal(desk, authenticator, await _hire(desk, company))
    with pytest.raises(NotPermitted):
        await desk.do(lambda tx: api.unmask(tx, desk.gate, dispatcher, here.id, moment=desk.moment))
    with pytest.raises(NotPermitted):
        await desk.do(lambda tx: api.audit_trail(tx, dispatcher))
    boss = await _hire(desk, company, "boss@hanbit.example", [Role.ADMIN])
    admin = await _principal(desk, authenticator, boss, "boss@hanbit.example")
    with pytest.raises(AccountNotFound):
        await desk.do(lambda tx: api.unmask(tx, desk.gate, admin, there.id, moment=desk.moment))


async def test_the_trail_pages_newest_first(desk, authenticator, company):
    made = await _hire(desk, company, roles=[Role.ADMIN])
    principal = await _principal(desk, authenticator, made)
    whole = await desk.do(lambda tx: api.audit_trail(tx, principal))
    assert [row.entry.action for row in whole] == ["staff.signed_in", "roles.granted"]
    rest = await desk.do(lambda tx: api.audit_trail(tx, principal, before=whole[0].id))
    assert rest == whole[1:]


@pytest.mark.parametrize("change", ["UPDATE audit_log SET action = 'nothing'", "DELETE FROM audit_log"])
async def test_the_trail_can_only_grow(desk, company, change):
    await _hire(desk, company)
    with pytest.raises(Exception, match="append-only"):
        await desk.do(lambda tx: tx.execute(change))


async def test_retention_may_delete_from_the_trail(desk, company):
    await _hire(desk, company)

    async def retain(tx):
        await tx.execute("SET LOCAL daeri.retention = 'on'")
        return await tx.execute("DELETE FROM audit_log")

    assert await desk.do(retain) == 1
