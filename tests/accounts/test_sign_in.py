"""Signing in by code: what works, what is counted, and what a refusal leaves behind."""

import asyncio
import json
from datetime import timedelta

import pytest
from tests.accounts.desk import DEVICE, E164, PHONE

from daeri.accounts import api
from daeri.accounts.model import (
    AccountBlocked,
    AccountKind,
    AccountStatus,
    CodeExpired,
    CodeWrong,
    Device,
    Limit,
    RateLimited,
    SignInTerms,
    TooManyAttempts,
    WrongKind,
)
from daeri.infra.phones import PhoneInvalid
from daeri.kernel.terms import SYSTEM


def _wrong(code: str) -> str:
    return str((int(code) + 1) % 1_000_000).zfill(6)


async def test_the_first_sign_in_makes_the_account_and_the_second_finds_it(desk, company):
    first = await desk.sign_in(company, AccountKind.DRIVER)
    again = await desk.sign_in(company, AccountKind.DRIVER, "+82 10 0000 1234")
    assert first.is_new_account
    assert not again.is_new_account
    assert first.account.id == again.account.id
    assert first.account.kind is AccountKind.DRIVER
    assert first.account.created_at == desk.clock.now()
    assert first.access_expires_at <= desk.wall.wall_now() + timedelta(minutes=15)


async def test_customer_and_driver_with_one_number_are_two_accounts(desk, company, other_company):
    accounts = {
        (await desk.sign_in(company)).account.id,
        (await desk.sign_in(company, AccountKind.DRIVER)).account.id,
        (await desk.sign_in(other_company)).account.id,
    }
    assert len(accounts) == 3


async def test_five_wrong_answers_close_the_challenge_even_for_the_right_code(desk, company):
    asked = await desk.ask(company)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeWrong) as wrong:
            await desk.answer(asked.challenge.id, _wrong(asked.message.code))
        assert wrong.value.facts == {"attempts_left": left}
    with pytest.raises(TooManyAttempts):
        await desk.answer(asked.challenge.id, asked.message.code)


async def test_guesses_that_race_are_all_counted(desk, company):
    asked = await desk.ask(company)
    guesses = [desk.answer(asked.challenge.id, _wrong(asked.message.code)) for _ in range(8)]
    refusals = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(refusal, CodeWrong) for refusal in refusals) == 5
    assert sum(isinstance(refusal, TooManyAttempts) for refusal in refusals) == 3


async def test_a_code_expires_by_wall_time(desk, company):
    asked = await desk.ask(company)
    desk.clock.advance_to(desk.clock.now() + timedelta(days=1))
    desk.wall.advance(timedelta(minutes=3) - timedelta(seconds=1))
    await desk.answer(asked.challenge.id, asked.message.code)
    late = await desk.ask(company)
    desk.wall.advance(timedelta(minutes=3))
    with pytest.raises(CodeExpired):
        await desk.answer(late.challenge.id, late.message.code)


async def test_a_code_works_once_and_only_for_its_own_challenge(desk, company):
    first, second = await desk.ask(company), await desk.ask(company)
    with pytest.raises(CodeWrong):
        await desk.answer(first.challenge.id, second.message.code)
    await desk.answer(first.challenge.id, first.message.code)
    with pytest.raises(CodeExpired):
        await desk.answer(first.challenge.id, first.message.code)
    with pytest.raises(CodeExpired):
        await desk.answer(desk.gate.ids.new(), first.message.code)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00" * 6, "9" * 5000])
async def test_what_is_no_code_is_a_wrong_code(desk, company, code):
    asked = await desk.ask(company)
    with pytest.raises(CodeWrong):
        await desk.answer(asked.challenge.id, code)


async def test_spaces_in_a_code_do_no_harm(desk, company):
    asked = await desk.ask(company)
    assert await desk.answer(asked.challenge.id, f" {asked.message.code[:3]} {asked.message.code[3:]} ")


async def test_one_number_may_ask_five_times_in_a_quarter_of_an_hour(desk, company, other_company):
    for _ in range(4):
        await desk.ask(company)
    await desk.ask(other_company, AccountKind.DRIVER)  # the same telephone rings
    with pytest.raises(RateLimited) as limited:
        await desk.ask(company)
    assert limited.value.facts == {"scope": "code.phone", "retry_after_s": 895}
    await desk.ask(company, phone="010-0000-1235")
    desk.wall.advance(timedelta(seconds=895))
    await desk.ask(company)


async def test_one_address_is_limited_for_asking_and_for_answering(desk, company):
    desk.gate = api.Gate(
        desk.gate.ring,
        desk.gate.ids,
        desk.gate.random_bytes,
        SignInTerms(
            codes_per_address=Limit(2, timedelta(minutes=15)),
            answers_per_address=Limit(3, timedelta(minutes=15)),
        ),
    )
    asked = [await desk.ask(company, phone=f"010-0000-000{n}") for n in range(2)]
    with pytest.raises(RateLimited, match=r"code\.address"):
        await desk.ask(company, phone="010-0000-0009")
    for _ in range(3):
        with pytest.raises(CodeWrong):
            await desk.answer(asked[0].challenge.id, _wrong(asked[0].message.code))
    with pytest.raises(RateLimited, match=r"answer\.address"):
        await desk.answer(asked[1].challenge.id, asked[1].message.code)
    elsewhere = Device("192.0.2.8", "test")
    assert await desk.answer(asked[1].challenge.id, asked[1].message.code, elsewhere)


async def test_limits_live_in_rows_without_the_address(desk, company):
    await desk.ask(company)
    async with desk.database.reading() as tx:
        rows = await tx.rows("SELECT scope, subject::text AS subject, hits FROM rate_limits")
    assert {row["scope"] for row in rows} == {"code.phone", "code.phone_day", "code.address"}
    assert DEVICE.address.encode().hex() not in "".join(row["subject"] for row in rows)


async def test_nonsense_is_refused_by_name(desk, company):
    with pytest.raises(PhoneInvalid):
        await desk.ask(company, phone="nonsense")
    with pytest.raises(WrongKind):
        await desk.ask(company, AccountKind.STAFF)


async def test_a_blocked_account_is_told_so_only_after_the_right_code(desk, company):
    account = (await desk.sign_in(company)).account
    await desk.do(
        lambda tx: api.change_status(
            tx, desk.gate, company, account.id, AccountStatus.BLOCKED, actor=SYSTEM, moment=desk.moment
        )
    )
    asked = await desk.ask(company)
    with pytest.raises(CodeWrong):
        await desk.answer(asked.challenge.id, _wrong(asked.message.code))
    with pytest.raises(AccountBlocked):
        await desk.answer(asked.challenge.id, asked.message.code)


async def test_a_closed_accounts_number_may_sign_up_again(desk, company):
    old = (await desk.sign_in(company)).account
    await desk.do(
        lambda tx: api.change_status(
            tx, desk.gate, company, old.id, AccountStatus.CLOSED, actor=SYSTEM, moment=desk.moment
        )
    )
    fresh = await desk.sign_in(company)
    assert fresh.is_new_account
    assert fresh.account.id != old.id


async def test_two_first_sign_ins_at_once_make_one_account(desk, company):
    asked = [await desk.ask(company) for _ in range(4)]
    answers = await asyncio.gather(*(desk.answer(a.challenge.id, a.message.code) for a in asked))
    assert len({answer.account.id for answer in answers}) == 1
    assert sum(answer.is_new_account for answer in answers) == 1


async def test_neither_events_nor_messages_nor_rows_show_number_or_code(desk, company):
    asked = await desk.ask(company)
    signed_in = await desk.answer(asked.challenge.id, asked.message.code)
    async with desk.database.reading() as tx:
        events = await tx.rows("SELECT kind, actor_id, data FROM events ORDER BY seq")
        stored = await tx.value(
            "SELECT string_agg(t::text, ' ') FROM (SELECT row(a.*)::text AS t FROM accounts a"
            " UNION ALL SELECT row(c.*)::text FROM sign_in_challenges c"
            " UNION ALL SELECT row(e.*)::text FROM events e) AS everything(t)"
        )
    assert [(event["kind"], event["data"]) for event in events] == [("account.created", {"kind": "customer"})]
    assert events[0]["actor_id"] == signed_in.account.id
    shown = " ".join([repr(asked), repr(signed_in), repr(api.RequestCode(company, "customer", PHONE, DEVICE))])
    for secret in (E164, E164[-4:] + "'", PHONE, signed_in.access_token, signed_in.refresh_token, DEVICE.address):
        assert secret not in shown
    assert asked.message.code not in repr(asked)
    assert E164 not in stored
    assert E164.encode().hex() not in stored
    assert asked.message.code.encode().hex() not in stored
    assert json.dumps(str(asked.message.code)) not in stored
