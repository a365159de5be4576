"""Who may enter the console: what the pages need of sign-in, supplied by the composition root."""

from dataclasses import dataclass
from typing import Any, Protocol

from litestar import Request
from litestar.datastructures import Cookie

from daeri.web.console.reads import Viewer

# Litestar's request is generic over user, auth and state; the pages read none of the three.
PageRequest = Request[Any, Any, Any]

SIGN_IN_PATH = "/console/sign-in"
HOME_PATH = "/console"


@dataclass(frozen=True, slots=True)
class Credentials:
    email: str
    password: str
    totp: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The cookies of the new session."""

    cookies: tuple[Cookie, ...]


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """`code` has a sentence in the locale files: `sign_in.refused.<code>`."""

    code: str


class SignInNeeded(Exception):
    """A page was asked for without a session; it is answered with the way to the sign-in page."""


class StaffDoor(Protocol):
    async def viewer(self, request: PageRequest) -> Viewer | None:
        """Who the session cookie speaks for, None without a live session."""
        ...

    async def sign_in(self, request: PageRequest, credentials: Credentials) -> SignedIn | SignInRefused: ...

    async def sign_out(self, request: PageRequest) -> tuple[Cookie, ...]:
        """End the session; the cookies that take it from the browser."""
        ...

    def csrf_token(self, request: PageRequest) -> str:
        """What forms send as `_csrf_token` and scripts as the header X-CSRFToken."""
        ...


def safe_next(path: str | None) -> str:
    """Where to go after signing in: a page of the console and nowhere else."""
    inside = path is not None and (path == HOME_PATH or path.startswith((HOME_PATH + "/", HOME_PATH + "?")))
    return path if inside and path is not None and "\\" not in path and "//" not in path else HOME_PATH
