"""Logs carry the ids of the task and never personal data, whoever writes them."""

import io
import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest
import structlog

from daeri.infra.logs import MASK, configure_logs, log_context, mask_personal, mask_text
from daeri.infra.settings import LogFormat, LogLevel

CALL = UUID("019ab3c1-0101-7234-8234-010012345678")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the logs write as JSON, with everybody's logging put back afterwards."""
    every = [logging.getLogger(name) for name in (None, *logging.root.manager.loggerDict)]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in every]
    stream = io.StringIO()
    configure_logs(LogFormat.JSON, LogLevel.INFO, stream)
    yield stream
    for one, handlers, level, propagate in before:
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)
    structlog.reset_defaults()


def _read(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_ids_of_the_task_are_on_every_line(lines: io.StringIO) -> None:
    with log_context(request_id="r1", call_id=CALL):
        structlog.get_logger("web").info("call requested", amount=15000)
        logging.getLogger("asyncpg").warning("slow %s", "statement")
    structlog.get_logger("web").info("after")
    first, second, third = _read(lines)
    assert first["call_id"] == second["call_id"] == str(CALL)
    assert (first["event"], first["amount"], first["level"]) == ("call requested", 15000, "info")
    assert second["event"] == "slow statement"
    assert "request_id" not in third


@pytest.mark.parametrize("field", ["phone", "customer_phone", "name", "access_token", "code", "lat", "Authorization"])
def test_personal_fields_are_masked(field: str) -> None:
    assert mask_personal(None, "info", {"event": "x", field: "secret"}) == {"event": "x", field: MASK}


def test_personal_fields_are_masked_inside() -> None:
    masked = mask_personal(None, "info", {"event": "x", "drivers": [{"name": "Kim", "id": CALL}], "n": 3})
    assert masked == {"event": "x", "drivers": [{"name": MASK, "id": str(CALL)}], "n": 3}


@pytest.mark.parametrize(
    "number", ["010-0000-1234", "01000001234", "+82 10-0000-1234", "+821000001234", "02-000-1234", "010.0000.1234"]
)
def test_telephone_numbers_are_masked_in_any_text(number: str) -> None:
    assert number not in mask_text(f"손님 번호는{number}입니다 ({number})")


@pytest.mark.parametrize("text", [str(CALL), "2026-11-22T14:00:00.123456Z", "1764000000123", "15000", "10.0.0.1:8000"])
def test_what_is_no_number_of_a_person_stays(text: str) -> None:
    assert mask_text(text) == text


def test_secrets_in_text_are_masked() -> None:
    assert "s3cret" not in mask_text("postgresql://daeri:s3cret@db/daeri")
    assert "abc.def" not in mask_text("Authorization: Bearer abc.def")


def test_a_traceback_is_masked_too(lines: io.StringIO) -> None:
    try:
        raise ValueError("no such person: 010-0000-1234")
    except ValueError:
        logging.getLogger("daeri").exception("failed for 010-0000-1234")
    assert "ValueError" in lines.getvalue()
    assert "0000-1234" not in lines.getvalue()


@pytest.fixture
def quiet_server() -> Iterator[None]:
    """Somebody told the web server's own log before to say errors only."""
    server = logging.getLogger("uvicorn.error")
    before = server.level
    server.setLevel(logging.ERROR)
    yield
    server.setLevel(before)


@pytest.mark.usefixtures("quiet_server")
def test_what_a_library_was_told_before_counts_no_more(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("started")
    assert [line["event"] for line in _read(lines)] == ["started"]


def test_access_lines_with_addresses_are_left_to_our_own(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /console/calls?q=1234")
    logging.getLogger("uvicorn.error").info("started")
    assert [line["event"] for line in _read(lines)] == ["started"]
