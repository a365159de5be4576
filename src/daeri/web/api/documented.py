"""What the OpenAPI document says beyond the signatures: keys of commands, answers, refusals, exact schemas."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Operation, Parameter, Schema, SecurityScheme
from litestar.openapi.spec.enums import OpenAPIType
from litestar.serialization import encode_json
from litestar.types import Method

from daeri import __version__
from daeri.infra.idempotency import MAX_KEY_LENGTH
from daeri.web.problems import MEDIA_TYPE, Problem

# The security of a route that needs no token: `security=ANYBODY`.
ANYBODY: list[dict[str, list[str]]] = [{}]
# The option of a router whose handlers stand under another one too: what its operations' names begin with.
PREFIX = "operation_prefix"
_REF = "#/components/schemas/{name}"
_REFUSAL = {
    "description": "A refusal with a stable code (RFC 9457).",
    "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name=Problem.__name__)}}},
}
_KEY = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=True,
    description="Names this command: sent again with the same body it has one effect and one answer.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_KEY_LENGTH, pattern="^[!-~]+$"),
)
_Json = dict[str, Any]  # a part of the document, as JSON has it


@dataclass
class Command(Operation):
    """A route that changes something, once a key."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), _KEY]


@dataclass(frozen=True, slots=True)
class Bare:
    """A route that the framework cannot describe: `operation` as it stands in the document, and its structs."""

    path: str
    operation: _Json
    structs: tuple[type[msgspec.Struct], ...]


def answers(status: int, body: type[msgspec.Struct] | None) -> dict[int, ResponseSpec]:
    """What a command answers when it is done."""
    return {status: ResponseSpec(data_container=body, generate_examples=False, description="Done, now or before.")}


def openapi_config(path: str, bare: Sequence[Bare] = ()) -> OpenAPIConfig:
    """The document at `path`/openapi.json."""
    return OpenAPIConfig(
        title="daeri",
        version=__version__,
        path=path,
        render_plugins=[_Document(bare)],
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"bearer": []}],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
    )


class _Document(JsonRenderPlugin):
    """The framework's document with the schemas that bodies are really decoded by, and every refusal's shape."""

    def __init__(self, bare: Sequence[Bare]) -> None:
        super().__init__(path="/openapi.json")
        self._bare = bare
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: _Json) -> bytes:
        if self._rendered is None:
            handlers = [h for route in request.app.routes for h in getattr(route, "route_handlers", ())]
            self._rendered = encode_json(_complete(openapi_schema, handlers, self._bare))
        return self._rendered


def _complete(document: _Json, handlers: Iterable[object], bare: Sequence[Bare]) -> _Json:
    paths = document["paths"] | {route.path: {"post": route.operation} for route in bare}
    for path in paths.values():
        for operation in path.values():
            _complete_operation(operation)
    structs = [Problem, *_structs(handlers), *(struct for route in bare for struct in route.structs)]
    _, schemas = msgspec.json.schema_components(list(dict.fromkeys(structs)), ref_template=_REF)
    return document | {"paths": paths, "components": document["components"] | {"schemas": schemas}}


def _complete_operation(operation: _Json) -> None:
    """A summary that is a sentence, one success, and the refusals."""
    text = " ".join(operation.get("description", "").split())
    summary, _, more = text.partition(". ")
    operation["summary"] = summary.removesuffix(".")
    operation.pop("description", None)
    if more:
        operation["description"] = text
    responses = {status: found for status, found in operation["responses"].items() if status.startswith("2")}
    if len(responses) > 1:
        del responses["200"]  # the framework's guess, beside what `answers` says
    operation["responses"] = responses | {"default": _REFUSAL}


def _structs(handlers: Iterable[object]) -> Iterator[type[msgspec.Struct]]:
    """Everything that handlers take and give."""
    for handler in handlers:
        if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
            signature = handler.parsed_fn_signature
            data = signature.parameters.get("data")
            documented = (spec.data_container for spec in (handler.responses or {}).values())
            found = [signature.return_type.annotation, *documented]
            if data is not None:
                found += [inner.annotation for inner in data.inner_types] or [data.annotation]
            yield from (one for one in found if isinstance(one, type) and issubclass(one, msgspec.Struct))


def _operation_id(handler: HTTPRouteHandler, _method: Method, path: Sequence[object]) -> str:
    """`request_call` → `requestCall`, for staff `consoleRequestCall`: handlers' names are unique in each, and stay."""
    prefix = "console" if "console" in path else handler.opt.get(PREFIX)
    first, *others = ([prefix] if prefix else []) + handler.handler_name.split("_")
    return first + "".join(map(str.title, others))
