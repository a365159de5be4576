"""Structured logs without personal data: ours and the libraries', one line of JSON each.

`structlog.get_logger()` anywhere; what is bound with `log_context(request_id=…)` is on every line of that task. Ids of
calls, drivers and companies may be logged, people's numbers, names, places and secrets may not: the last processor
masks what slips through, by the name of the field and by the look of the text.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from daeri.infra.settings import LogFormat, LogLevel

MASK = "***"
# A field is personal when its name, or the part after its last underscore, is one of these. The code of an error goes
# under `problem`, because `code` is what people sign in with.
PERSONAL = frozenset(
    {
        "phone", "telephone", "mobile", "email", "name", "address", "plate", "note", "memo",
        "message", "text", "lat", "lon", "latitude", "longitude", "position", "point", "points",
        "origin", "destination", "vias", "token", "code", "password", "secret", "totp", "otp",
        "cookie", "authorization", "key", "dsn",
    }
)  # fmt: skip
# Fields that the logging itself fills in.
_STAMPS = frozenset({"level", "logger", "timestamp"})
# Korean numbers as people write them, national or with +82; not inside an id, a word or a longer number.
_TELEPHONE = re.compile(r"(?<![A-Za-z0-9_.-])(?:\+?82[-. ]?0?|0)\d{1,2}[-. ]?\d{3,4}[-. ]?\d{4}(?![A-Za-z0-9_-])")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")
_CREDENTIALS = re.compile(r"(\w+://[^\s:/@]*:)[^\s@]+(@)")
# Loggers that bring their own handlers and levels, or say too much: URLs hold ids and search terms.
_ADOPTED = ("uvicorn", "uvicorn.error", "uvicorn.access", "pgqueuer", "asyncpg", "litestar", "picows")
_QUIET = ("uvicorn.access", "httpx", "httpcore", "websockets")


def configure_logs(form: LogFormat, level: LogLevel, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging through one pipe to `stream` (standard error)."""
    shared = _shared_processors()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last_processors(form))
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.value.upper())
    _adopt_libraries()


@contextmanager
def log_context(**ids: object) -> Iterator[None]:
    """Put `request_id`, `call_id` and the like on every log line of this task until the block ends."""
    with structlog.contextvars.bound_contextvars(**{name: str(value) for name, value in ids.items()}):
        yield


def mask_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor that keeps people's data out: fields by name, telephone numbers and secrets by look."""
    return {name: value if name in _STAMPS else _masked(name, value) for name, value in event.items()}


def mask_text(text: str) -> str:
    """`text` without telephone numbers, bearer tokens and passwords in addresses."""
    return _CREDENTIALS.sub(rf"\1{MASK}\2", _BEARER.sub(rf"\1{MASK}", _TELEPHONE.sub(MASK, text)))


def _masked(name: str, value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if name.lower().rsplit("_", 1)[-1] in PERSONAL:
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: _masked(str(key), item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_masked("", item) for item in value]
    if isinstance(value, int | float):
        return value
    # Ids, dates and errors: their text is what would be written.
    return mask_text(str(value))


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _last_processors(form: LogFormat) -> list[Processor]:
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=False)
        if form is LogFormat.CONSOLE
        else structlog.processors.JSONRenderer(serializer=_to_json)
    )
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask_personal,
        renderer,
    ]


def _to_json(event: object, **_options: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def _adopt_libraries() -> None:
    for name in _ADOPTED:
        adopted = logging.getLogger(name)
        adopted.handlers.clear()
        adopted.propagate = True
        adopted.setLevel(logging.NOTSET)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
