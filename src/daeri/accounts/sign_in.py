"""Signing in: customers and drivers by a code to their telephone, staff by password and one-time password."""

from dataclasses import dataclass, field, replace

from daeri.accounts import limits, session_store, sessions, store
from daeri.accounts.gate import Gate
from daeri.accounts.model import (
    Account,
    AccountBlocked,
    AccountKind,
    AccountStatus,
    AuditEntry,
    Challenge,
    ChallengeId,
    CodeExpired,
    CodeMessage,
    CodeRequested,
    CodeWrong,
    CredentialsWrong,
    Denied,
    Device,
    Moment,
    SessionKind,
    SignedIn,
    TooManyAttempts,
    TotpWrong,
    WrongKind,
    granted,
)
from daeri.accounts.policy import CodeRefusal, clean_digits, clean_email, code_from, judge_code, totp_step
from daeri.infra.database import Database, Tx
from daeri.infra.phones import E164
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.result import Refused
from daeri.kernel.terms import Actor, ActorKind

TOTP_PURPOSE = b"totp"
_CODE = b"sign_in.code"
_CODE_RANDOM_BYTES = 8
_CODED_KINDS = (AccountKind.CUSTOMER, AccountKind.DRIVER)


@dataclass(frozen=True, slots=True)
class RequestCode:
    """Someone says that this is their telephone."""

    company_id: CompanyId
    kind: AccountKind
    phone: str = field(repr=False)
    device: Device


@dataclass(frozen=True, slots=True)
class AnswerCode:
    """Someone answers with the code that came."""

    challenge_id: ChallengeId
    code: str = field(repr=False)
    device: Device
    session_kind: SessionKind = SessionKind.APP


@dataclass(frozen=True, slots=True)
class StaffCredentials:
    """What staff type in; without `company_id`, the password says which of the e-mail's accounts is meant."""

    email: str = field(repr=False)
    password: str = field(repr=False)
    totp: str = field(repr=False)
    device: Device
    session_kind: SessionKind = SessionKind.PAGE
    company_id: CompanyId | None = None


async def request_code(tx: Tx, gate: Gate, command: RequestCode, *, moment: Moment) -> CodeRequested | Denied:
    """A challenge, and the message to deliver after the commit; the same whether the number is known or not.

    Raises PhoneInvalid, and WrongKind for other than customers and drivers; denies with RateLimited.
    """
    if command.kind not in _CODED_KINDS:
        raise WrongKind(kind=command.kind)
    phone = gate.vault.normalise(command.phone)
    denied = await _count_request(tx, gate, command, phone, moment=moment)
    if denied is not None:
        return denied
    challenge = Challenge(ChallengeId(gate.ids.new()), moment.wall_now + gate.terms.code_lives)
    code = code_from(gate.random_bytes(_CODE_RANDOM_BYTES))
    await session_store.add_challenge(
        tx,
        challenge.id,
        command.company_id,
        command.kind,
        phone_sealed=gate.vault.seal(phone),
        code_hash=_code_hash(gate, challenge.id, code),
        created_at=moment.wall_now,
        expires_at=challenge.expires_at,
    )
    message = CodeMessage(challenge.id, command.company_id, command.kind, challenge.expires_at, phone, code)
    return CodeRequested(challenge, message)


async def _count_request(tx: Tx, gate: Gate, command: RequestCode, phone: E164, *, moment: Moment) -> Denied | None:
    # By number alone, whatever company or role: it is one person's telephone that rings.
    hits = [
        ("code.phone", phone, gate.terms.codes_per_phone),
        ("code.phone_day", phone, gate.terms.codes_per_phone_day),
        ("code.address", command.device.address, gate.terms.codes_per_address),
    ]
    return await limits.count(tx, gate, hits, wall_now=moment.wall_now)


async def sign_in_with_code(tx: Tx, gate: Gate, command: AnswerCode, *, moment: Moment) -> SignedIn | Denied:
    """A session for whoever holds the telephone; its first sign-in makes the account.

    Denies with RateLimited, CodeWrong, CodeExpired, TooManyAttempts, AccountBlocked: commit, so that attempts count.
    """
    by_address = [("answer.address", command.device.address, gate.terms.answers_per_address)]
    denied = await limits.count(tx, gate, by_address, wall_now=moment.wall_now)
    if denied is not None:
        return denied
    row = await session_store.count_attempt(tx, command.challenge_id)
    presented = _code_hash(gate, command.challenge_id, clean_digits(command.code))
    verdict = judge_code(
        None if row is None else row.facts,
        presented,
        attempts_allowed=gate.terms.code_attempts,
        wall_now=moment.wall_now,
    )
    if isinstance(verdict, Refused) or row is None:
        return Denied(_code_error(verdict) if isinstance(verdict, Refused) else CodeExpired())
    await session_store.use_challenge(tx, command.challenge_id, moment.wall_now)
    account, is_new = await account_of_phone(
        tx, gate, row.company_id, row.kind, gate.vault.open(row.phone_sealed), moment=moment
    )
    if account.status is not AccountStatus.ACTIVE:
        return Denied(AccountBlocked())
    signed_in = await sessions.begin(tx, gate, account, command.session_kind, command.device, moment=moment)
    return replace(signed_in, is_new_account=is_new)


def _code_error(refused: Refused[CodeRefusal]) -> DaeriError:
    match refused.reason:
        case CodeRefusal.WRONG:
            return CodeWrong(**refused.facts)
        case CodeRefusal.TOO_MANY:
            return TooManyAttempts()
        case CodeRefusal.EXPIRED:
            return CodeExpired()


def _code_hash(gate: Gate, challenge_id: ChallengeId, code: str) -> bytes:
    return gate.ring.keyed_hash(_CODE, challenge_id.bytes + code.encode())


async def account_of_phone(
    tx: Tx, gate: Gate, company_id: CompanyId, kind: AccountKind, phone: E164, *, moment: Moment, display_name: str = ""
) -> tuple[Account, bool]:
    """The number's account of that kind in the company, and whether it was made just now."""
    phone_hash = gate.vault.whole_hash(company_id, phone)
    known = await store.by_phone(tx, company_id, kind, phone_hash)
    if known is not None:
        return known, False
    new = store.NewAccount(
        AccountId(gate.ids.new()),
        company_id,
        kind,
        display_name,
        moment.now,
        phone_sealed=gate.vault.seal(phone),
        phone_hash=phone_hash,
        phone_last4_hash=gate.vault.last4_hash(company_id, phone),
    )
    made = await store.add_account(tx, new, Actor(ActorKind(kind), new.id), gate.ids.new())
    if made is not None:
        return made, True
    # Someone with the same number was a moment faster; that account is committed, or we would still be waiting.
    raced = await store.by_phone(tx, company_id, kind, phone_hash)
    if raced is None:
        raise CodeExpired
    return raced, False


async def sign_in_staff(database: Database, gate: Gate, credentials: StaffCredentials, *, moment: Moment) -> SignedIn:
    """A session for staff; raises RateLimited, CredentialsWrong, TotpWrong or AccountBlocked.

    The one use case that opens its own transactions: the password is checked between two of them, on a thread,
    because it takes tens of milliseconds during which neither a connection nor the event loop may wait.
    """
    async with database.transaction() as tx:
        found = await _staff_candidates(tx, gate, credentials, moment=moment)
    candidates = granted(found)
    matched = await gate.passwords.first_match([row.password_hash for row in candidates], credentials.password)
    if matched is None:
        raise CredentialsWrong
    async with database.transaction() as tx:
        answer = await _finish_staff(tx, gate, candidates[matched], credentials, moment=moment)
    return granted(answer)


async def _staff_candidates(
    tx: Tx, gate: Gate, credentials: StaffCredentials, *, moment: Moment
) -> list[store.StaffRow] | Denied:
    email = clean_email(credentials.email) or ""
    hits = [
        ("staff.email", email, gate.terms.staff_per_email),
        ("staff.address", credentials.device.address, gate.terms.staff_per_address),
    ]
    denied = await limits.count(tx, gate, hits, wall_now=moment.wall_now)
    return denied or await store.staff_by_email(tx, email, credentials.company_id)


async def _finish_staff(
    tx: Tx, gate: Gate, row: store.StaffRow, credentials: StaffCredentials, *, moment: Moment
) -> SignedIn | Denied:
    secret = gate.ring.open(row.totp_sealed, TOTP_PURPOSE).decode()
    digits = clean_digits(credentials.totp)
    step = totp_step(secret, digits, last_step=row.totp_last_step, wall_now=moment.wall_now)
    if step is None or not await store.use_totp_step(tx, row.account, step):
        return Denied(TotpWrong())
    account = await store.by_id(tx, row.account.company_id, row.account.id)
    if account is None or account.status is not AccountStatus.ACTIVE:
        return Denied(AccountBlocked())
    await limits.forget(tx, gate, "staff.email", clean_email(credentials.email) or "")
    actor = Actor(ActorKind.STAFF, account.id)
    entry = AuditEntry(account.company_id, actor, "staff.signed_in", "account", account.id)
    await store.audit(tx, gate.ids.new(), entry, moment.now)
    return await sessions.begin(tx, gate, account, credentials.session_kind, credentials.device, moment=moment)
