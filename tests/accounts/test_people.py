"""Accounts by number, masked numbers, demo fleets, and what another company sees of them: nothing."""

import pytest
from tests.accounts.desk import PHONE

from daeri.accounts import api
from daeri.accounts.model import AccountKind, AccountNotFound, AccountStatus, KeysForeign, PhoneTaken, StatusUnreachable
from daeri.infra.keys import (
    KeyRing,
    KeyRotationRunning,
    SealBroken,
    create_ring,
    load_ring,
    new_keys,
    reseal,
    rotate_ring,
)
from daeri.infra.phones import PhoneInvalid
from daeri.kernel.terms import SYSTEM


async def _find(desk, company, text, **options):
    return await desk.do(lambda tx: api.find_by_phone(tx, desk.gate, company, text, **options))


async def test_an_account_is_found_by_its_whole_number_or_its_end_in_its_company_only(desk, company, other_company):
    customer = (await desk.sign_in(company)).account.id
    driver = (await desk.sign_in(company, AccountKind.DRIVER, "010-0000-9234")).account.id
    assert await _find(desk, company, "+82 10-0000-1234") == [customer]
    assert await _find(desk, company, "1234") == [customer]
    assert await _find(desk, company, " 9234 ", kinds=[AccountKind.DRIVER]) == [driver]
    assert await _find(desk, company, "9234", kinds=[AccountKind.CUSTOMER]) == []
    for text in ("234", "01234", "0000", "driver", "", "1234; DROP TABLE accounts", "1" * 1000):
        assert await _find(desk, company, text) == []
    for text in (PHONE, "1234", "9234"):
        assert await _find(desk, other_company, text) == []


async def test_equal_numbers_of_two_companies_cannot_be_joined(desk, company, other_company):
    await desk.sign_in(company)
    await desk.sign_in(other_company)
    async with desk.database.reading() as tx:
        distinct = await tx.row(
            "SELECT count(DISTINCT phone_hash) AS whole, count(DISTINCT phone_last4_hash) AS last4,"
            " count(DISTINCT phone_sealed) AS sealed FROM accounts"
        )
    assert tuple(distinct) == (2, 2, 2)


async def test_numbers_are_shown_masked_and_only_to_their_company(desk, company, other_company):
    account = (await desk.sign_in(company)).account
    masked = await desk.do(lambda tx: api.masked_phones(tx, desk.gate, company, [account.id]))
    assert masked == {account.id: "010-****-1234"}
    assert await desk.do(lambda tx: api.masked_phones(tx, desk.gate, other_company, [account.id])) == {}


async def test_another_companys_account_does_not_exist(desk, company, other_company):
    account = (await desk.sign_in(company)).account
    assert await desk.do(lambda tx: api.get(tx, company, account.id)) == account
    refused = [
        lambda tx: api.get(tx, other_company, account.id),
        lambda tx: api.rename(tx, other_company, account.id, "x"),
        lambda tx: api.phone_for_delivery(tx, desk.gate, other_company, account.id),
        lambda tx: api.change_status(
            tx, desk.gate, other_company, account.id, AccountStatus.CLOSED, actor=SYSTEM, moment=desk.moment
        ),
    ]
    for use_case in refused:
        with pytest.raises(AccountNotFound):
            await desk.do(use_case)


async def test_a_closed_account_stays_closed(desk, company):
    account = (await desk.sign_in(company)).account

    def become(status):
        return desk.do(
            lambda tx: api.change_status(tx, desk.gate, company, account.id, status, actor=SYSTEM, moment=desk.moment)
        )

    closed = await become(AccountStatus.CLOSED)
    assert closed.version == account.version + 1
    with pytest.raises(StatusUnreachable):
        await become(AccountStatus.ACTIVE)


async def test_a_demo_fleet_gets_accounts_and_tokens(desk, authenticator, company):
    people = [api.DemoPerson(f"기사 {n}", api.demo_phone(n)) for n in range(50)]

    async def seed(tx):
        made = await api.create_demo_accounts(tx, desk.gate, company, AccountKind.DRIVER, people, moment=desk.moment)
        return await api.issue_demo_tokens(tx, desk.gate, company, made, moment=desk.moment)

    tokens = await desk.do(seed)
    assert len(tokens) == 50
    principal = await authenticator.authenticate(tokens[7].access_token)
    assert principal.account_id == tokens[7].account_id
    assert (await desk.do(lambda tx: api.get(tx, company, principal.account_id))).display_name == "기사 7"
    async with desk.database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM events WHERE kind = 'account.created'") == 50
    again = await desk.do(seed)
    assert [token.account_id for token in again] == [token.account_id for token in tokens]


async def test_a_foreign_key_file_is_noticed(desk, ids, company):
    await desk.do(lambda tx: api.check_keys(tx, desk.gate))
    await desk.sign_in(company)
    await desk.do(lambda tx: api.check_keys(tx, desk.gate))
    stranger = api.Gate(KeyRing(new_keys()), ids, desk.gate.random_bytes)
    with pytest.raises(KeysForeign):
        await desk.do(lambda tx: api.check_keys(tx, stranger))


async def test_a_gateway_acts_by_an_issued_token(desk, authenticator, company):
    async def open_gateway(tx):
        gateway = await api.create_gateway(tx, desk.gate, company, "벤치", actor=SYSTEM, moment=desk.moment)
        return await api.issue_demo_tokens(tx, desk.gate, company, [gateway.id], moment=desk.moment)

    (token,) = await desk.do(open_gateway)
    assert (await authenticator.authenticate(token.access_token)).kind is AccountKind.GATEWAY


async def test_staff_make_a_drivers_account_once(desk, company):
    def make(phone):
        return desk.do(lambda tx: api.create_driver_account(tx, desk.gate, company, phone, "지훈", moment=desk.moment))

    account = await make(PHONE)
    assert (await desk.sign_in(company, AccountKind.DRIVER)).account.id == account.id
    with pytest.raises(PhoneTaken):
        await make("+82 10 0000 1234")
    with pytest.raises(PhoneInvalid):
        await make("nonsense")


async def test_the_public_view_has_no_number(database):
    async with database.reading() as tx:
        columns = await tx.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'accounts_public'"
        )
    assert {row["column_name"] for row in columns} == {"id", "company_id", "kind", "display_name", "status"}


async def test_rotation_reseals_every_number_and_can_be_stopped_and_resumed(desk, ring, ids, company, tmp_path):
    path = tmp_path / "keys.json"
    old = create_ring(path)
    desk.gate = api.Gate(old, ids, desk.gate.random_bytes)
    people = [api.DemoPerson("", api.demo_phone(n)) for n in range(25)]
    made = await desk.do(
        lambda tx: api.create_demo_accounts(tx, desk.gate, company, AccountKind.CUSTOMER, people, moment=desk.moment)
    )
    new = rotate_ring(path)

    class Stopped(Exception):
        pass

    def stop(_column, _count):
        raise Stopped

    with pytest.raises(Stopped):
        await reseal(desk.database, new, api.SEALED_COLUMNS, batch=10, progress=stop)
    done = await reseal(desk.database, new, api.SEALED_COLUMNS, batch=10)
    assert sum(done.values()) == 15
    assert sum((await reseal(desk.database, new, api.SEALED_COLUMNS)).values()) == 0
    async with desk.database.reading() as tx:
        sealed = [row["phone_sealed"] for row in await tx.rows("SELECT phone_sealed FROM accounts")]
    assert {value[:5] for value in sealed} == {new.active_prefix}
    # The running process still holds the old ring: it reads the file again when it meets the new key.
    masked = await desk.do(lambda tx: api.masked_phones(tx, desk.gate, company, made))
    assert masked[made[7]] == "010-****-0007"
    assert await _find(desk, company, api.demo_phone(7)) == [made[7]]
    with pytest.raises(SealBroken):
        ring.open(sealed[0], b"phone")


def test_two_rotations_at_once_are_one_too_many(tmp_path):
    path = tmp_path / "keys.json"
    before = create_ring(path).keys
    (tmp_path / "keys.json.new").touch()
    with pytest.raises(KeyRotationRunning):
        rotate_ring(path)
    assert load_ring(path).keys == before
    assert KeyRing(before).active_prefix == b"\x01\x00\x00\x00\x01"
