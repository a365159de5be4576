"""StaffDoor: sign-in with a cookie, and the CSRF token that every command of a page must carry."""

from litestar.datastructures import Cookie

from daeri.accounts import api as accounts
from daeri.accounts.api import StaffCredentials
from daeri.accounts.model import (
    AccountBlocked,
    AccountKind,
    CredentialsWrong,
    CsrfWrong,
    Principal,
    RateLimited,
    SessionKind,
    SignedOut,
    TotpWrong,
)
from daeri.companies import api as companies
from daeri.web.api.sign_in import device_of
from daeri.web.console.door import Credentials, PageRequest, SignedIn, SignInRefused
from daeri.web.console_rows.viewers import StaffViewer
from daeri.web.context import WebContext
from daeri.web.principals import COOKIE, CSRF_HEADER

CSRF_FIELD = "_csrf_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REMEMBERED = "staff_principal"


class CookieDoor:
    """One for a process."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        settings = context.settings
        self.is_secure = settings.web_url.startswith("https://")

    async def viewer(self, request: PageRequest) -> StaffViewer | None:
        """None without a live session of staff; raises CsrfWrong for a command without its token."""
        principal = await self._principal(request)
        if principal is None:
            return None
        await self._check_csrf(request, principal)
        async with self._context.database.transaction() as tx:
            names = await self._context.names.of(tx, principal.company_id, [principal.account_id])
            company = await companies.get(tx, principal.company_id)
        name = names.get(principal.account_id, "")
        return StaffViewer(principal.account_id, principal.company_id, name, company.brand_ko, principal)

    async def sign_in(self, request: PageRequest, credentials: Credentials) -> SignedIn | SignInRefused:
        """A session of 12 hours in a cookie; the refusal does not say which of the three was wrong."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise CsrfWrong
        given = StaffCredentials(
            credentials.email, credentials.password, credentials.totp, device_of(request), SessionKind.PAGE
        )
        context = self._context
        try:
            signed_in = await accounts.sign_in_staff(context.database, context.gate, given, moment=context.moment())
        except (CredentialsWrong, TotpWrong, AccountBlocked):
            return SignInRefused("wrong_credentials")
        except RateLimited:
            return SignInRefused("rate_limited")
        lives = signed_in.access_expires_at - context.wall.wall_now()
        return SignedIn((self._cookie(signed_in.access_token, int(lives.total_seconds())),))

    async def sign_out(self, request: PageRequest) -> tuple[Cookie, ...]:
        """End the session, if there is one."""
        principal = await self._principal(request)
        if principal is not None:
            await self._check_csrf(request, principal)
            async with self._context.database.transaction() as tx:
                await accounts.sign_out(tx, self._context.gate, principal, moment=self._context.moment())
        return (self._cookie("", 0),)

    def csrf_token(self, request: PageRequest) -> str:
        """Empty on pages without a session, whose forms need none."""
        principal = request.scope.get("state", {}).get(_REMEMBERED)
        if not isinstance(principal, Principal):
            return ""
        return accounts.csrf_token(self._context.gate.ring, principal.session_id)

    async def _principal(self, request: PageRequest) -> Principal | None:
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        try:
            principal = await self._context.authenticator.authenticate(cookie)
        except SignedOut:
            return None
        if principal.session_kind is not SessionKind.PAGE or principal.kind is not AccountKind.STAFF:
            return None
        request.scope.setdefault("state", {})[_REMEMBERED] = principal
        return principal

    async def _check_csrf(self, request: PageRequest, principal: Principal) -> None:
        if request.method in _SAFE:
            return
        presented = request.headers.get(CSRF_HEADER)
        if presented is None:
            field = (await request.form()).get(CSRF_FIELD)
            presented = field if isinstance(field, str) else None
        accounts.check_csrf(self._context.gate.ring, principal.session_id, presented)

    def _cookie(self, value: str, max_age_s: int) -> Cookie:
        return Cookie(
            COOKIE, value=value, max_age=max_age_s, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )
