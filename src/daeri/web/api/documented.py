"""What the OpenAPI document says beyond the handlers' signatures: the key of a command, the answer, the problems."""

from dataclasses import dataclass

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType

from daeri.infra.idempotency import MAX_KEY_LENGTH

_PROBLEM = OpenAPIResponse(
    description="A refusal with a stable code (RFC 9457).",
    content={"application/problem+json": OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT))},
)
_KEY = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=True,
    description="Names this command: sent again with the same body it has one effect and one answer.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_KEY_LENGTH, pattern="^[!-~]+$"),
)


@dataclass
class Query(Operation):
    """A route that changes nothing."""

    def __post_init__(self) -> None:
        self.responses = {**(self.responses or {}), "default": _PROBLEM}


@dataclass
class Command(Query):
    """A route that changes something, once a key."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.parameters = [*(self.parameters or []), _KEY]


def answers(status: int, body: type[msgspec.Struct] | None) -> dict[int, ResponseSpec]:
    """What a command answers when it is done."""
    return {status: ResponseSpec(data_container=body, generate_examples=False)}
