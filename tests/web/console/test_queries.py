"""The call list's search out of an address and back."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.web.console.door import safe_next
from daeri.web.console.queries import CALL_STATES, address, read_call_query, read_minute
from daeri.web.console.reads import CallQuery


def test_minutes_are_typed_in_korean_time() -> None:
    assert read_minute("2026-11-22T23:30") == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    assert read_minute("yesterday") is None


def test_what_cannot_be_meant_is_left_out() -> None:
    query = read_call_query({"q": "  1234 ", "state": "flying", "service": "boat", "from": "x", "cursor": ""})
    assert query == CallQuery(q="1234")


@given(
    q=st.text("0123456789ABC가나", max_size=12),
    state=st.sampled_from(["", *CALL_STATES]),
    since=st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 -- made aware below
)
def test_an_address_gives_back_its_search(q: str, state: str, since: datetime | None) -> None:
    minute = since and since.replace(second=0, microsecond=0, tzinfo=UTC)
    query = CallQuery(q=q, state=state, since=minute)
    fields = dict(parse_qsl(urlsplit(address(query, cursor="n2")).query))
    assert read_call_query(fields) == CallQuery(q=q, state=state, since=minute, cursor="n2")


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "https://evil.example",
        "//evil.example",
        "/consoles",
        "/console//evil.example",
        "/console/\\evil",
        "/api",
    ],
)
def test_signing_in_leads_nowhere_but_into_the_console(path: str | None) -> None:
    assert safe_next(path) == "/console"


@pytest.mark.parametrize("path", ["/console", "/console/calls?q=1234", "/console?x=1"])
def test_signing_in_leads_back_to_the_page_that_was_asked_for(path: str) -> None:
    assert safe_next(path) == path
