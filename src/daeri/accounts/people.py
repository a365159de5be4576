"""Accounts made by staff or for a demo, their roles and status, and their telephone numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import pyotp

from daeri.accounts import session_store, sessions, store
from daeri.accounts.gate import Gate
from daeri.accounts.model import (
    Account,
    AccountKind,
    AccountNotFound,
    AccountStatus,
    AuditEntry,
    AuditRow,
    EmailInvalid,
    EmailTaken,
    KeysForeign,
    Moment,
    PasswordHash,
    Permission,
    PhoneTaken,
    Principal,
    RevokedFor,
    Role,
    StatusUnreachable,
)
from daeri.accounts.policy import clean_email, may_become
from daeri.accounts.sessions import IssuedToken
from daeri.accounts.sign_in import TOTP_PURPOSE, account_of_phone
from daeri.infra.database import Tx
from daeri.infra.keys import SealBroken, SealedColumn
from daeri.infra.phones import E164, PHONE_PURPOSE, PhoneInvalid, last_four, mask
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


async def staff_by_email(tx: Tx, company_id: CompanyId, email: str) -> AccountId:
    """The account of the company's member of staff; raises AccountNotFound."""
    found = await store.staff_by_email(tx, clean_email(email) or "", company_id)
    if not found:
        raise AccountNotFound
    return found[0].account.id


async def check_keys(tx: Tx, gate: Gate) -> None:
    """Whether this key ring belongs to this database; raises KeysForeign when it opens or finds no number in it."""
    newest = await store.any_phone(tx)
    if newest is None:
        return
    company_id, sealed, phone_hash = newest
    try:
        fits = gate.vault.whole_hash(company_id, gate.vault.open(sealed)) == phone_hash
    except SealBroken:
        fits = False
    if not fits:
        raise KeysForeign


async def display_names(tx: Tx, company_id: CompanyId, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names that these accounts of the company go by; who is unknown there is left out."""
    return await store.display_names(tx, company_id, account_ids)


async def rename(tx: Tx, company_id: CompanyId, account_id: AccountId, display_name: str) -> None:
    """Raises AccountNotFound."""
    if not await store.rename(tx, company_id, account_id, display_name[:_LONGEST_NAME]):
        raise AccountNotFound(account_id=str(account_id))


async def change_status(
    tx: Tx,
    gate: Gate,
    company_id: CompanyId,
    account_id: AccountId,
    status: AccountStatus,
    *,
    actor: Actor,
    moment: Moment,
    request_id: str | None = None,
) -> Account:  # fmt: skip -- the signature reads as one sentence
    """Block, unblock or close an account; blocked and closed ones are signed out everywhere.

    Raises AccountNotFound or StatusUnreachable.
    """
    account = await store.by_id_locked(tx, company_id, account_id)
    if account is None:
        raise AccountNotFound(account_id=str(account_id))
    if not may_become(account.status, status):
        raise StatusUnreachable(**{"from": account.status, "to": status})
    changed = await store.set_status(tx, account, status, actor, event_id=gate.ids.new(), now=moment.now)
    if changed is None:
        raise AccountNotFound(account_id=str(account_id))
    if status is not AccountStatus.ACTIVE:
        await sessions.revoke_all(
            tx, gate, company_id, account_id, RevokedFor.ACCOUNT_STATUS, actor=actor, moment=moment
        )
    action = f"account.{status}"
    entry = AuditEntry(company_id, actor, action, "account", account_id, request_id=request_id)
    await record_audit(tx, gate, entry, moment=moment)
    return changed


async def grant_roles(
    tx: Tx, gate: Gate, account: Account, roles: Sequence[Role], *, actor: Actor, moment: Moment
) -> None:
    """Give the roles; open sessions may do more at once."""
    await store.grant(tx, account.company_id, account.id, roles, actor=actor, now=moment.now)
    await sessions.reread(tx, account.company_id, account.id, moment=moment)
    facts = {"roles": " ".join(sorted(roles))}
    entry = AuditEntry(account.company_id, actor, "roles.granted", "account", account.id, dict(facts))
    await record_audit(tx, gate, entry, moment=moment)


async def withdraw_role(tx: Tx, gate: Gate, account: Account, role: Role, *, actor: Actor, moment: Moment) -> None:
    """Take the role; open sessions may do less at once."""
    await store.withdraw(tx, account.company_id, account.id, role)
    await sessions.reread(tx, account.company_id, account.id, moment=moment)
    entry = AuditEntry(account.company_id, actor, "roles.withdrawn", "account", account.id, {"role": role})
    await record_audit(tx, gate, entry, moment=moment)


async def roles_of(tx: Tx, company_id: CompanyId, account_id: AccountId) -> list[Role]:
    return await store.roles(tx, company_id, account_id)


async def find_by_phone(
    tx: Tx,
    gate: Gate,
    company_id: CompanyId,
    text: str,
    *,
    kinds: Sequence[AccountKind] = _EVERY_KIND,
    limit: int = 100,
) -> list[AccountId]:  # fmt: skip -- the signature reads as one sentence
    """Accounts by a whole number or its last four digits, newest first; none when `text` is neither."""
    four = last_four(text)
    if four is not None:
        return await store.find_last4(tx, company_id, gate.vault.last4_hash(company_id, four), kinds, limit)
    try:
        phone = gate.vault.normalise(text)
    except PhoneInvalid:
        return []
    return await store.find_whole(tx, company_id, gate.vault.whole_hash(company_id, phone), kinds, limit)


async def masked_phones(
    tx: Tx, gate: Gate, company_id: CompanyId, account_ids: Sequence[AccountId]
) -> Mapping[AccountId, str]:
    """`010-****-1234` by account; accounts without a number are left out."""
    sealed = await store.sealed_phones(tx, company_id, account_ids)
    return {account_id: mask(gate.vault.open(value)) for account_id, value in sealed.items()}


async def unmask(
    tx: Tx, gate: Gate, principal: Principal, account_id: AccountId, *, moment: Moment, request_id: str | None = None
) -> E164:
    """The whole number, for staff who may see it; every time is a row of the audit log.

    Raises NotPermitted or AccountNotFound.
    """
    principal.require(Permission.PHONES_UNMASK)
    sealed = await store.sealed_phones(tx, principal.company_id, [account_id])
    if account_id not in sealed:
        raise AccountNotFound(account_id=str(account_id))
    entry = AuditEntry(
        principal.company_id, principal.actor, "phone.unmasked", "account", account_id, request_id=request_id
    )
    await record_audit(tx, gate, entry, moment=moment)
    return gate.vault.open(sealed[account_id])


async def phone_for_delivery(tx: Tx, gate: Gate, company_id: CompanyId, account_id: AccountId) -> E164:
    """The whole number for a machine that dials or sends; never for a screen. Raises AccountNotFound."""
    sealed = await store.sealed_phones(tx, company_id, [account_id])
    if account_id not in sealed:
        raise AccountNotFound(account_id=str(account_id))
    return gate.vault.open(sealed[account_id])


async def record_audit(tx: Tx, gate: Gate, entry: AuditEntry, *, moment: Moment) -> None:
    """Add to the trail, in the transaction of what it tells of."""
    await store.audit(tx, gate.ids.new(), entry, moment.now)


async def audit_trail(
    tx: Tx, principal: Principal, *, before: UUID | None = None, subject_id: UUID | None = None, limit: int = 50
) -> list[AuditRow]:
    """The company's trail, newest first, from the row after `before`; raises NotPermitted."""
    principal.require(Permission.AUDIT_READ)
    return await store.audit_page(tx, principal.company_id, before, subject_id, limit)


async def set_password(
    tx: Tx,
    gate: Gate,
    company_id: CompanyId,
    account_id: AccountId,
    password_hash: PasswordHash,
    *,
    actor: Actor,
    moment: Moment,
) -> None:  # fmt: skip -- the signature reads as one sentence
    """A new password signs the account out everywhere."""
    await get(tx, company_id, account_id)
    await store.set_password(tx, company_id, account_id, password_hash)
    await sessions.revoke_all(tx, gate, company_id, account_id, RevokedFor.BY_STAFF, actor=actor, moment=moment)
    entry = AuditEntry(company_id, actor, "password.changed", "account", account_id)
    await record_audit(tx, gate, entry, moment=moment)


async def delete_expired(
    tx: Tx, *, moment: Moment, kept: timedelta = timedelta(days=7), sessions_kept: timedelta | None = None
) -> Mapping[str, int]:
    """Retention: challenges, used refresh tokens and windows that ended longer ago than `kept`, and sessions longer ago
    than `sessions_kept` (absent: `kept` too); how many, by table.
    """
    before = moment.wall_now - kept
    return await session_store.delete_expired(
        tx, before, before if sessions_kept is None else moment.wall_now - sessions_kept
    )


def demo_phone(number: int) -> str:
    """The number-th Korean mobile number from ranges that are never assigned, 0 … 9,999,999."""
    if not 0 <= number < 10_000_000:
        raise ValueError(f"no demo number {number}")
    return f"010{number:08d}"
