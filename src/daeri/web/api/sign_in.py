"""Signing in and out: customers and drivers with a code to their telephone, staff with password and TOTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Router, delete, post
from msgspec import Meta

from daeri.accounts import api as accounts
from daeri.accounts.api import AnswerCode, RequestCode, StaffCredentials
from daeri.accounts.model import AccountKind, ChallengeId, Denied, Device, Principal, SessionKind, SignedIn
from daeri.companies import api as companies
from daeri.customers import api as customers
from daeri.drivers import api as drivers
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.web.api.documented import ANYBODY
from daeri.web.context import WebContext
from daeri.web.wire import NO_NUL

Req = Request[Any, Any, Any]
Short = Annotated[str, Meta(max_length=64, pattern=NO_NUL)]
Secret = Annotated[str, Meta(min_length=1, max_length=256, pattern=NO_NUL)]
Digits = Annotated[str, Meta(min_length=1, max_length=16, pattern=NO_NUL)]


class CodeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`company` is a slug; it may be left out where the program has only one company."""

    phone: Annotated[str, Meta(min_length=3, max_length=32, pattern=NO_NUL)]
    role: AccountKind
    company: Short | None = None


class ChallengeOut(msgspec.Struct, frozen=True):
    challenge_id: UUID
    expires_at: datetime


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    challenge_id: UUID
    code: Digits


class StaffIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Secret
    password: Secret
    totp: Digits
    company: Short | None = None


class RefreshIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: Secret


class AccountOut(msgspec.Struct, frozen=True):
    id: UUID
    role: AccountKind
    company_id: UUID
    name: str


class SessionOut(msgspec.Struct, frozen=True):
    access_token: str
    access_expires_at: datetime
    refresh_token: str | None
    account: AccountOut


@post("/auth/codes", status_code=202, security=ANYBODY)
async def request_code(request: Req, context: WebContext, data: CodeIn) -> ChallengeOut:
    """Send a one-time code; the answer is the same whether the number is known or not."""
    async with context.database.transaction() as tx:
        company = await companies.resolve(tx, data.company)
        command = RequestCode(company.id, data.role, data.phone, device_of(request))
        answer = await accounts.request_code(tx, context.gate, command, moment=context.moment())
    requested = accounts.granted(answer)
    await context.code_sender.send_code(requested.message)
    return ChallengeOut(requested.challenge.id, requested.challenge.expires_at)


@post("/auth/sessions", status_code=201, security=ANYBODY)
async def answer_code(request: Req, context: WebContext, data: AnswerIn) -> SessionOut:
    """A session for whoever holds the telephone; the first one makes the account."""
    command = AnswerCode(ChallengeId(data.challenge_id), data.code, device_of(request))
    async with context.database.transaction() as tx:
        answer = await accounts.sign_in_with_code(tx, context.gate, command, moment=context.moment())
        if not isinstance(answer, Denied):
            await _welcome(tx, context, answer)
    return _session(accounts.granted(answer))


@post("/auth/sessions/staff", status_code=201, security=ANYBODY)
async def sign_in_staff(request: Req, context: WebContext, data: StaffIn) -> SessionOut:
    """A session for staff."""
    company_id = None
    if data.company is not None:
        async with context.database.reading() as tx:
            company_id = (await companies.resolve(tx, data.company)).id
    credentials = StaffCredentials(
        data.email, data.password, data.totp, device_of(request), SessionKind.APP, company_id
    )
    return _session(await accounts.sign_in_staff(context.database, context.gate, credentials, moment=context.moment()))


@post("/auth/sessions/refresh", status_code=200, security=ANYBODY)
async def refresh_session(context: WebContext, data: RefreshIn) -> SessionOut:
    """New tokens for old; a refresh token that comes twice ends its session."""
    async with context.database.transaction() as tx:
        answer = await accounts.refresh(tx, context.gate, data.refresh_token, moment=context.moment())
    return _session(accounts.granted(answer))


@delete("/auth/sessions/current", status_code=204)
async def sign_out(context: WebContext, principal: Principal) -> None:
    """End this session."""
    async with context.database.transaction() as tx:
        await accounts.sign_out(tx, context.gate, principal, moment=context.moment())


def device_of(request: Req) -> Device:
    """Where the request comes from; behind a proxy uvicorn has put the client's address in place."""
    address = "" if request.client is None else request.client.host
    return Device(address, request.headers.get("user-agent", "")[:200])


async def _welcome(tx: Tx, context: WebContext, signed_in: SignedIn) -> None:
    """A new account becomes the customer or driver that it is for."""
    account, now = signed_in.account, context.clock.now()
    if account.kind is AccountKind.CUSTOMER:
        await customers.ensure(tx, account.id, account.company_id, now=now)
    elif account.kind is AccountKind.DRIVER:
        await drivers.apply(tx, DriverId(account.id), account.company_id, now=now, ids=context.ids)


def _session(signed_in: SignedIn) -> SessionOut:
    account = signed_in.account
    return SessionOut(
        signed_in.access_token,
        signed_in.access_expires_at,
        signed_in.refresh_token,
        AccountOut(account.id, account.kind, account.company_id, account.display_name),
    )


router = Router(
    path="/", route_handlers=[request_code, answer_code, sign_in_staff, refresh_session, sign_out], tags=["sign-in"]
)
