"""Accounts, sessions and permissions as values, and the named refusals of this room. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, TypeVar
from uuid import UUID

from daeri.kernel.errors import Category, Conflict, DaeriError, Forbidden, Invalid, NotFound
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.result import Fact
from daeri.kernel.terms import Actor, ActorKind

SessionId = NewType("SessionId", UUID)
ChallengeId = NewType("ChallengeId", UUID)
PasswordHash = NewType("PasswordHash", str)

# Hints; the message is the session's id in 16 bytes. A socket or stream of that session must close.
SESSIONS_REVOKED = "sessions.revoked"
# The session lives on, but what it may do must be read again.
SESSIONS_CHANGED = "sessions.changed"


class AccountKind(StrEnum):
    CUSTOMER = "customer"
    DRIVER = "driver"
    STAFF = "staff"
    GATEWAY = "gateway"


class AccountStatus(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"  # may not sign in; can be lifted
    CLOSED = "closed"  # for good; the number may sign up again


class SessionKind(StrEnum):
    APP = "app"  # bearer tokens, refreshed
    PAGE = "page"  # one cookie and a CSRF token


class RevokedFor(StrEnum):
    SIGNED_OUT = "signed_out"
    REFRESH_REUSED = "refresh_reused"
    BY_STAFF = "by_staff"
    ACCOUNT_STATUS = "account_status"


class Role(StrEnum):
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    SUPPORT_AGENT = "support_agent"
    AGENCY_STAFF = "agency_staff"
    ADMIN = "admin"


class Permission(StrEnum):
    """What staff may do; which role may do what is rows (`role_permissions`)."""

    CALLS_READ = "calls.read"
    CALLS_REQUEST_FOR_CUSTOMER = "calls.request_for_customer"
    CALLS_ASSIGN = "calls.assign"
    CALLS_CANCEL = "calls.cancel"
    CALLS_CHANGE_STATUS = "calls.change_status"  # arrive, start and complete in the driver's place
    CALLS_NOTE = "calls.note"  # memos and the fare calculator
    DRIVERS_READ = "drivers.read"
    DRIVERS_APPROVE = "drivers.approve"
    DRIVERS_SUSPEND = "drivers.suspend"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_BLOCK = "customers.block"
    CUSTOMERS_FORGIVE = "customers.forgive"  # lift restrictions, take cancels off the count
    NEVER_MEET_LIFT = "never_meet.lift"
    CASES_READ = "cases.read"
    CASES_CLOSE = "cases.close"
    PHONES_UNMASK = "phones.unmask"
    POLICIES_READ = "policies.read"
    POLICIES_WRITE = "policies.write"
    JOBS_READ = "jobs.read"
    JOBS_RETRY = "jobs.retry"
    AUDIT_READ = "audit.read"
    FIGURES_READ = "figures.read"
    STAFF_MANAGE = "staff.manage"
    NOTICES_WRITE = "notices.write"
    PAYMENTS_READ = "payments.read"
    PAYMENTS_SETTLE = "payments.settle"  # charge by hand
    PAYMENTS_ADJUST = "payments.adjust"  # let a ride cost something else
    PAYMENTS_WRITE_OFF = "payments.write_off"
    LEDGER_READ = "ledger.read"  # the books, statements and exports
    PAYOUTS_MANAGE = "payouts.manage"  # payout files, their outcome, top-ups and accounts that were paid


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as proved by a token; `expires` is the token's, in wall time."""

    account_id: AccountId
    kind: AccountKind
    company_id: CompanyId
    session_id: SessionId
    session_kind: SessionKind
    permissions: frozenset[Permission]
    expires: datetime

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind(self.kind), self.account_id)

    def require(self, permission: Permission) -> None:
        """Raises NotPermitted."""
        if permission not in self.permissions:
            raise NotPermitted(permission=permission)


@dataclass(frozen=True, slots=True)
class Account:
    """An account without anything that identifies a person but the name that they go by."""

    id: AccountId
    company_id: CompanyId
    kind: AccountKind
    display_name: str
    status: AccountStatus
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code was sent to a telephone; what the app hears of it."""

    id: ChallengeId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CodeMessage:
    """What a CodeSender delivers. It shows neither number nor code in a log."""

    challenge_id: ChallengeId
    company_id: CompanyId
    kind: AccountKind
    expires_at: datetime
    phone: str = field(repr=False)  # E.164
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeRequested:
    """The challenge to answer with, and the message to deliver once the transaction has committed."""

    challenge: Challenge
    message: CodeMessage


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new or refreshed session. `refresh_token` is None for pages and for issued tokens."""

    account: Account
    session_id: SessionId
    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str | None = field(repr=False)
    is_new_account: bool = False  # its first sign-in made the account: the caller makes the customer or driver


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal that has something to keep (an attempt, a hit, a revocation): commit first, then raise `error`."""

    error: DaeriError


def granted(answer: Answer | Denied) -> Answer:
    """The answer, or the error of the denial; call it after the transaction has committed."""
    if isinstance(answer, Denied):
        raise answer.error
    return answer


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `hits` in each fixed window of this length."""

    hits: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """A session ends `idle` after its last refresh and `longest` after its start at the latest."""

    idle: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class SignInTerms:
    """Every threshold of signing in. Addresses are shared by whole mobile networks, so their limits are wide."""

    code_lives: timedelta = timedelta(minutes=3)
    code_attempts: int = 5
    access_lives: timedelta = timedelta(minutes=15)
    app_session: SessionTerms = SessionTerms(idle=timedelta(days=30), longest=timedelta(days=180))
    # Staff's console: a night's work, on a computer that others may sit down at.
    page_session: SessionTerms = SessionTerms(idle=timedelta(hours=12), longest=timedelta(hours=12))
    # Customers' and drivers' apps in a browser: their own telephone.
    phone_page_session: SessionTerms = SessionTerms(idle=timedelta(days=30), longest=timedelta(days=180))
    renew_page_after: timedelta = timedelta(days=1)
    ticket_lives: timedelta = timedelta(minutes=1)
    codes_per_phone: Limit = Limit(5, timedelta(minutes=15))
    codes_per_phone_day: Limit = Limit(15, timedelta(days=1))
    codes_per_address: Limit = Limit(300, timedelta(minutes=15))
    answers_per_address: Limit = Limit(600, timedelta(minutes=15))
    staff_per_email: Limit = Limit(10, timedelta(minutes=15))
    staff_per_address: Limit = Limit(100, timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request comes from: the peer's address, for rate limits only, and what its client calls itself."""

    address: str = field(repr=False)
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to whom. `facts` hold no personal data."""

    company_id: CompanyId
    actor: Actor
    action: str
    subject_kind: str
    subject_id: UUID | None
    facts: dict[str, Fact] = field(default_factory=dict)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry as kept."""

    id: UUID
    at: datetime
    entry: AuditEntry


class CodeWrong(DaeriError):
    """Facts: attempts_left."""

    code = "code_wrong"
    category = Category.UNAUTHENTICATED


class CodeExpired(DaeriError):
    """The challenge is too old, was used, or never was."""

    code = "code_expired"
    category = Category.GONE


class TooManyAttempts(DaeriError):
    """This challenge takes no more answers: ask for a new code."""

    code = "too_many_attempts"
    category = Category.TOO_MANY


class RateLimited(DaeriError):
    """Facts: scope, retry_after_s."""

    code = "rate_limited"
    category = Category.TOO_MANY


class SignedOut(DaeriError):
    """The token is unknown, expired or revoked: sign in again. Facts: reason."""

    code = "signed_out"
    category = Category.UNAUTHENTICATED


class CredentialsWrong(DaeriError):
    """E-mail and password do not go together; it is not said which."""

    code = "credentials_wrong"
    category = Category.UNAUTHENTICATED


class TotpWrong(DaeriError):
    """The one-time password is wrong, old, or was used before."""

    code = "totp_wrong"
    category = Category.UNAUTHENTICATED


class AccountBlocked(Forbidden):
    code = "account_blocked"


class NotPermitted(Forbidden):
    """Facts: permission."""

    code = "not_permitted"


class WrongKind(Forbidden):
    """A customer asks for what drivers do, or the like. Facts: kind."""

    code = "wrong_account_kind"


class CsrfWrong(Forbidden):
    code = "csrf_wrong"


class AccountNotFound(NotFound):
    code = "account_not_found"


class PasswordWeak(Invalid):
    """Facts: shortest, longest."""

    code = "password_weak"


class EmailInvalid(Invalid):
    code = "email_invalid"


class EmailTaken(Conflict):
    code = "email_taken"


class PhoneTaken(Conflict):
    code = "phone_taken"


class KeysForeign(DaeriError):
    """The key file is not the one that this database was written with: find the right one, make no new one."""

    code = "keys_foreign"
    category = Category.UNAVAILABLE


class StatusUnreachable(Conflict):
    """Facts: from, to."""

    code = "account_status_unreachable"


@dataclass(frozen=True, slots=True)
class Moment:
    """The two times of one request: business time for accounts and events, wall time for codes, tokens and limits."""

    now: datetime
    wall_now: datetime
