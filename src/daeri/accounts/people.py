"""Accounts made by staff or for a demo, their roles and status, and their telephone numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pyotp

from daeri.accounts import sessions, store
from daeri.accounts.gate import Gate
from daeri.accounts.model import (
    Account,
    AccountKind,
    AccountNotFound,
    EmailInvalid,
    EmailTaken,
    Moment,
    PasswordHash,
    PhoneTaken,
    Role,
)
from daeri.accounts.policy import clean_email
from daeri.accounts.sessions import IssuedToken
from daeri.accounts.sign_in import TOTP_PURPOSE, account_of_phone
from daeri.infra.database import Tx
from daeri.infra.keys import SealedColumn
from daeri.infra.phones import PHONE_PURPOSE
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.terms import Actor

SEALED_COLUMNS: Final = (
    SealedColumn("accounts", "phone_sealed", PHONE_PURPOSE),
    SealedColumn("accounts", "totp_sealed", TOTP_PURPOSE),
    SealedColumn("sign_in_challenges", "phone_sealed", PHONE_PURPOSE),
)
_EVERY_KIND = tuple(AccountKind)
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class NewStaff:
    """`password_hash` comes from `Gate.passwords.hash`, made before the transaction; no `totp_secret`: a new one."""

    company_id: CompanyId
    email: str = field(repr=False)
    display_name: str
    password_hash: PasswordHash = field(repr=False)
    roles: Sequence[Role]
    totp_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StaffMade:
    """The secret and its address for an authenticator app; shown once, kept sealed."""

    account: Account
    totp_secret: str = field(repr=False)
    totp_uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    display_name: str
    phone: str = field(repr=False)


async def create_staff(tx: Tx, gate: Gate, new: NewStaff, *, actor: Actor, moment: Moment) -> StaffMade:
    """Raises EmailInvalid or EmailTaken."""
    email = clean_email(new.email)
    if email is None:
        raise EmailInvalid
    secret = new.totp_secret or pyotp.random_base32()
    row = store.NewAccount(
        AccountId(gate.ids.new()),
        new.company_id,
        AccountKind.STAFF,
        new.display_name[:_LONGEST_NAME],
        moment.now,
        email=email,
        password_hash=new.password_hash,
        totp_sealed=gate.ring.seal(secret.encode(), TOTP_PURPOSE),
    )
    account = await store.add_account(tx, row, actor, gate.ids.new())
    if account is None:
        raise EmailTaken
    await grant_roles(tx, gate, account, new.roles, actor=actor, moment=moment)
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="daeri")
    return StaffMade(account, secret, uri)


async def create_driver_account(
    tx: Tx, gate: Gate, company_id: CompanyId, phone: str, display_name: str, *, moment: Moment
) -> Account:
    """A driver's account made by staff; raises PhoneInvalid or PhoneTaken."""
    number = gate.vault.normalise(phone)
    account, is_new = await account_of_phone(
        tx, gate, company_id, AccountKind.DRIVER, number, moment=moment, display_name=display_name[:_LONGEST_NAME]
    )
    if not is_new:
        raise PhoneTaken
    return account


async def create_gateway(
    tx: Tx, gate: Gate, company_id: CompanyId, display_name: str, *, actor: Actor, moment: Moment
) -> Account:
    """A program that carries the sockets of many drivers; it acts by issued tokens only."""
    row = store.NewAccount(
        AccountId(gate.ids.new()), company_id, AccountKind.GATEWAY, display_name[:_LONGEST_NAME], moment.now
    )
    account = await store.add_account(tx, row, actor, gate.ids.new())
    if account is None:
        raise AccountNotFound
    return account


async def create_demo_accounts(
    tx: Tx, gate: Gate, company_id: CompanyId, kind: AccountKind, people: Sequence[DemoPerson], *, moment: Moment
) -> list[AccountId]:
    """Accounts in two statements, in the order of `people`; a number that has an account keeps it as it is."""
    rows = [_demo_row(gate, company_id, person) for person in people]
    return await store.add_demo_accounts(tx, company_id, kind, rows, moment.now)


def _demo_row(gate: Gate, company_id: CompanyId, person: DemoPerson) -> store.DemoAccount:
    phone = gate.vault.normalise(person.phone)
    return store.DemoAccount(
        gate.ids.new(),
        gate.ids.new(),
        person.display_name[:_LONGEST_NAME],
        gate.vault.seal(phone),
        gate.vault.whole_hash(company_id, phone),
        gate.vault.last4_hash(company_id, phone),
    )


async def issue_demo_tokens(
    tx: Tx,
    gate: Gate,
    company_id: CompanyId,
    account_ids: Sequence[AccountId],
    *,
    moment: Moment,
    lives: timedelta = timedelta(days=30),
) -> list[IssuedToken]:
    """Long-lived tokens for the simulation, benchmarks and gateways, in the order of the accounts."""
    return await sessions.issue(tx, gate, company_id, account_ids, lives, moment=moment)


async def get(tx: Tx, company_id: CompanyId, account_id: AccountId) -> Account:
    """Raises AccountNotFound, for another company's account too."""
    account = await store.by_id(tx, company_id, account_id)
    if account is None:
        raise AccountNotFound(account_id=str(account_id))
    return account
