"""How the API reads bodies: JSON straight into the handler's struct, strictly, and nothing else."""

from datetime import date
from functools import cache
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException

# Within these years every instant and day survives any time zone, span and column. What is sensible, policies say.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999
_JSON_TYPES = ("application/json", "application/problem+json")


class JsonRequest(Request[Any, Any, Any]):
    """Decodes the body once, into the type of the handler's `data`.

    The framework would decode it untyped first and then convert leniently: "37.5" would pass for a number, "no" for a
    truth, and deep nesting would end in a RecursionError.
    """

    async def json(self) -> Any:
        """The decoded body; 415 for another media type, 400 for what is no JSON or does not fit."""
        given = self.headers.get("content-type", _JSON_TYPES[0]).partition(";")[0].strip().lower()
        if given not in _JSON_TYPES:
            raise HTTPException(status_code=415)
        data = self.route_handler.parsed_fn_signature.parameters["data"]
        return decode(await self.body(), data.annotation)


def decode(body: bytes, expected: Any) -> Any:
    """`body` as a value of the type `expected`; raises what becomes a problem, never what tells the body again."""
    try:
        decoded = _decoder(expected).decode(body)
        _check_years(decoded, "$")
        return decoded
    except msgspec.ValidationError as error:
        raise ValidationException(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(status_code=400) from error


def is_usable(day: date) -> bool:
    """Whether a day or an instant lies within the years that the API takes."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def _check_years(value: object, place: str) -> None:
    match value:
        case date():  # an instant is one too
            if not is_usable(value):
                raise msgspec.ValidationError(f"Expected a year from {FIRST_YEAR} to {LAST_YEAR} - at `{place}`")
        case msgspec.Struct():
            for name in value.__struct_fields__:
                _check_years(getattr(value, name), f"{place}.{name}")
        case tuple():
            for inner in value:
                _check_years(inner, f"{place}[...]")
        case _:
            pass


@cache
def _decoder(expected: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(expected)
