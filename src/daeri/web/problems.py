"""Refusals as HTTP problem details (RFC 9457): one place maps categories to statuses and codes to sentences."""

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from daeri.infra.idempotency import Answer
from daeri.kernel.errors import Category, DaeriError
from daeri.kernel.result import Fact
from daeri.web.words import Language, Words, choose_language

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUS_OF: Mapping[Category, int] = {
    Category.INVALID: 422,
    Category.UNAUTHENTICATED: 401,
    Category.FORBIDDEN: 403,
    Category.NOT_FOUND: 404,
    Category.CONFLICT: 409,
    Category.GONE: 410,
    Category.TOO_MANY: 429,
    Category.UNAVAILABLE: 503,
}
_HTTP_CODES = {
    400: "malformed",
    401: "signed_out",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "media_type_unsupported",
    429: "rate_limited",
    503: "unavailable",
}
_AnyRequest = Request[Any, Any, Any]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client reads: `code` is stable, `detail` is a sentence for a person, `facts` are its figures."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    facts: dict[str, Fact] = {}
    request_id: str | None = None


class KeyMissing(DaeriError):
    """A command came without an Idempotency-Key of 1 to 128 characters."""

    code = "idempotency_key_required"
    category = Category.INVALID


class Problems:
    """Writes problems in the reader's language."""

    def __init__(self, words: Mapping[Language, Words]) -> None:
        self._words = words

    def words_for(self, request: _AnyRequest) -> Words:
        """The reader's language."""
        return self._words[_language(request)]

    def of(self, error: DaeriError, request: _AnyRequest) -> Problem:
        """The refusal with its sentence and figures."""
        return self._problem(STATUS_OF[error.category], error.code, request, error.facts)

    def answer(self, error: DaeriError, request: _AnyRequest) -> Answer:
        """The refusal as the answer that an idempotency key keeps."""
        problem = self.of(error, request)
        return Answer(problem.status, msgspec.json.encode(problem))

    def refusal(self, request: _AnyRequest, error: DaeriError) -> Response[bytes]:
        """A domain's refusal."""
        return _response(self.of(error, request))

    def answer_to(self, request: _AnyRequest, error: Exception) -> Response[bytes]:
        """The problem of any of these, for who answers without the framework."""
        match error:
            case DaeriError():
                return self.refusal(request, error)
            case ValidationException():
                return self.invalid(request, error)
            case HTTPException():
                return self.http(request, error)
            case _:
                return self.unavailable(request, error)

    def invalid(self, request: _AnyRequest, error: ValidationException) -> Response[bytes]:
        """A body or parameter that does not fit; `fields` says where, without repeating what was sent."""
        found = error.extra if isinstance(error.extra, list) else []
        facts: dict[str, Fact] = {
            "fields": "; ".join(filter(None, (_field(entry, request) for entry in found))) or str(error.detail)[:300]
        }
        return _response(self._problem(400, "validation_failed", request, facts))

    def http(self, request: _AnyRequest, error: HTTPException) -> Response[bytes]:
        """What the framework refuses by itself."""
        code = _HTTP_CODES.get(error.status_code, "malformed" if error.status_code < 500 else "internal")
        return _response(self._problem(error.status_code, code, request, {}), error.headers)

    def unavailable(self, request: _AnyRequest, error: Exception) -> Response[bytes]:
        """The database went away under the request, whose command has had no effect or can be asked for by its key."""
        log.warning("database_away", error=type(error).__name__)
        return _response(self._problem(503, "unavailable", request, {}), {"retry-after": "1"})

    def unexpected(self, request: _AnyRequest, error: Exception) -> Response[bytes]:
        """A fault of ours: logged whole, told as little as possible."""
        log.error("request_failed", exc_info=error)
        return _response(self._problem(500, "internal", request, {}))

    def _problem(self, status: int, code: str, request: _AnyRequest, facts: Mapping[str, Fact]) -> Problem:
        words = self.words_for(request)
        title, detail = words(f"problem.status.{status}"), words(f"problem.{code}", **facts)
        return Problem(
            type=f"urn:daeri:problem:{code}",
            title=title,
            status=status,
            code=code,
            detail=detail,
            facts=dict(facts),
            request_id=request.scope.get("state", {}).get("request_id"),
        )


def _response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def _field(entry: object, request: _AnyRequest) -> str | None:
    if not isinstance(entry, dict):
        return None
    return f"{_sent_name(str(entry.get('key', '')), request)}: {entry.get('message', '')}"[:200]


def _sent_name(key: str, request: _AnyRequest) -> str:
    """What the client calls a handler's parameter."""
    handler = request.scope.get("route_handler")  # none where the framework does not answer
    parameter = handler.parsed_fn_signature.parameters.get(key) if isinstance(handler, HTTPRouteHandler) else None
    known = None if parameter is None else parameter.kwarg_definition
    return known.name or key if isinstance(known, QueryParameter) else key


def _language(request: _AnyRequest) -> Language:
    return choose_language(request.cookies.get("lang"), request.headers.get("accept-language"))
