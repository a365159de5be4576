"""Positions over HTTP: what cannot be is counted and dropped, never believed, and never a fault of ours."""

import socket
import struct
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import pytest
from tests.web.api.running import Person, Running, refused

from daeri.kernel.ids import DriverId

HOUR_MS = 3_600_000
RECORD, HANDLE_RECORD = struct.Struct("<qiiHH"), struct.Struct("<IqiiHH")
LAT, LON = 37.4979, 127.0276


@pytest.fixture
def reporter(running: Running) -> Person:
    """A driver who has not reported yet."""
    return running.driver()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([0, LON, LAT, 5], "SWAPPED"),
        ([0, 91.0, LON, 5], "OUT_OF_RANGE"),
        ([0, LAT, 180.5, 5], "OUT_OF_RANGE"),
        ([0, 0, 0, 0], "NULL_ISLAND"),
        ([3 * 24 * HOUR_MS, LAT, LON, 5], "FUTURE"),
        ([-3 * 24 * HOUR_MS, LAT, LON, 5], "PAST"),
        ([0, LAT, LON, 5_000], "INACCURATE"),
    ],
)
def test_an_impossible_row_is_dropped_for_its_reason(
    row: list[float], reason: str, running: Running, reporter: Person
) -> None:
    _absorb(running)
    row = [_now_ms() + row[0], *row[1:]] if reason != "NULL_ISLAND" else row
    assert _send(reporter, [row]).json() == {"accepted": 1}
    assert _absorb(running) == {reason.lower(): 1}
    assert _place(running, reporter) is None


@pytest.mark.parametrize(
    "row",
    [
        [],
        [1],
        [1, 2],
        [-1, LAT, LON],
        [0, 1e308, LON],
        [0, LAT, -1e308],
        [1e308, LAT, LON],
        [0, LAT, LON, 1e308],
        [0, 215, 215],
        [0, 214.748, 214.748],
        [2**63, LAT, LON],
        [0.5, LAT, LON, -1e308],
        [0, LAT, LON, 1, 2, 3],
    ],
)  # fmt: skip -- a table
def test_a_row_that_no_record_can_hold_is_dropped(row: list[float], running: Running, reporter: Person) -> None:
    _absorb(running)
    assert _send(reporter, [row]).status_code == 202
    assert sum(_absorb(running).values()) == 1
    assert _place(running, reporter) is None


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b'"37.5"', b"null", b"true", b"[]", b"{}", b"1e999"])
def test_a_row_of_other_things_than_numbers_is_refused(raw: bytes, reporter: Person) -> None:
    body = b'{"points":[[1,%b,127.0,5]]}' % raw
    refused(reporter.http.post("/driver/positions", content=body, headers={"content-type": "application/json"}), 400)


def test_a_good_report_moves_the_driver_and_a_bad_one_beside_it_does_not_hinder(
    running: Running, reporter: Person
) -> None:
    _absorb(running)
    now = _now_ms()
    answer = _send(reporter, [[now - 2_000, LON, LAT, 5], [now - 1_000, LAT, LON, 5], [now, 0, 0, 5]])
    assert answer.json() == {"accepted": 3}
    assert _absorb(running) == {"swapped": 1, "null_island": 1}
    assert _place(running, reporter) == pytest.approx((LAT, LON))


def test_records_say_the_same_as_rows(running: Running, reporter: Person) -> None:
    record = RECORD.pack(_now_ms(), round(LAT * 1e7), round(LON * 1e7), 50, 0)
    assert _send_bytes(reporter, record).json() == {"accepted": 1}
    _absorb(running)
    assert _place(running, reporter) == pytest.approx((LAT, LON))


@pytest.mark.parametrize("size", [1, 19, 21, 39, 59])
def test_a_frame_that_is_no_whole_number_of_records_is_refused(size: int, reporter: Person) -> None:
    refused(_send_bytes(reporter, b"\xff" * size), 400, "malformed")


@pytest.mark.parametrize("filling", [b"\x00", b"\xff", b"\x7f", b"\x80", b"NaN{"])
def test_any_bytes_may_come_and_nobody_moves(filling: bytes, running: Running, reporter: Person) -> None:
    _absorb(running)
    body = (filling * 65_536)[: 65_536 // 20 * 20]
    assert _send_bytes(reporter, body).json() == {"accepted": 65_536 // 20}
    assert sum(_absorb(running).values()) > 0
    assert _place(running, reporter) is None


def test_a_million_points_in_small_bodies_cost_no_more_than_their_buffer(running: Running, reporter: Person) -> None:
    """The buffer between two rounds is bounded: what is too much is dropped and counted; the next round is clean."""
    _absorb(running)
    record = RECORD.pack(_now_ms(), round(LAT * 1e7), round(LON * 1e7), 50, 0)
    frame = record * (65_536 // 20)
    slot = running.program.parts.fleet.slot_for(DriverId(reporter.id))

    async def flood(program: Any) -> None:
        for _ in range(1_000_000 // (65_536 // 20)):
            program.parts.fleet.receive(slot, frame)

    running.ask(flood)
    assert _send_bytes(reporter, frame).status_code == 202
    dropped = _absorb(running)
    assert sum(dropped.values()) > 990_000
    assert _absorb(running) == {}
    assert _place(running, reporter) == pytest.approx((LAT, LON))


def test_too_many_rows_are_refused(reporter: Person) -> None:
    refused(_send(reporter, [[1, 2, 3]] * 1_001), 400, "validation_failed")


def test_a_gateway_moves_its_own_drivers_only(running: Running, gateway: Person) -> None:
    own, foreign = running.driver(), running.driver(running.theirs)
    customer = running.customer()
    ids = [str(one.id) for one in (own, foreign, customer)]
    handles = gateway.command("/driver/handles", {"ids": ids}).json()["handles"]
    assert handles[0] is not None
    assert handles[1:] == [None, None]
    _absorb(running)
    everything = b"".join(_handled(handle) for handle in range(64))
    assert _send_bytes(gateway, everything).json() == {"accepted": 64}
    assert _absorb(running) == {"unknown_driver": 63}
    assert _place(running, own) == pytest.approx((LAT, LON))
    assert _place(running, foreign) is None


def test_handles_of_one_gateway_are_nothing_to_another(running: Running) -> None:
    own, theirs = running.driver(), running.gateway(running.theirs)
    running.gateway().command("/driver/handles", {"ids": [str(own.id)]})
    _absorb(running)
    assert _send_bytes(theirs, _handled(0)).status_code == 202
    assert _absorb(running) == {"unknown_driver": 1}
    assert _place(running, own) is None


@pytest.mark.parametrize("frame", [b"\x00", b"\xff" * 25, b'{"points":[]}', b"\xff" * 65_520])
def test_a_gateways_broken_frame_is_counted(frame: bytes, running: Running, gateway: Person) -> None:
    _absorb(running)
    assert _send_bytes(gateway, frame).status_code == 202
    assert sum(_absorb(running).values()) >= 1


def test_a_driver_cannot_send_a_gateways_frames(running: Running, gateway: Person, reporter: Person) -> None:
    """The bytes are read as the driver's own records: whatever they say, nobody else moves."""
    victim = running.driver()
    (handle,) = gateway.command("/driver/handles", {"ids": [str(victim.id)]}).json()["handles"]
    refused(_send_bytes(reporter, _handled(handle)), 400, "malformed")
    assert _send_bytes(reporter, _handled(handle) * 5).status_code == 202
    _absorb(running)
    assert _place(running, victim) is None
    refused(reporter.command("/driver/handles", {"ids": [str(victim.id)]}), 403, "wrong_account_kind")


@pytest.mark.parametrize("body", [{"ids": ["x"]}, {"ids": [1]}, {"ids": None}, {}, {"ids": [], "more": 1}])
def test_handles_for_what_is_no_driver_are_refused(body: dict[str, Any], gateway: Person) -> None:
    refused(gateway.command("/driver/handles", body), 400, "validation_failed")


def _handled(handle: int) -> bytes:
    return HANDLE_RECORD.pack(handle, _now_ms(), round(LAT * 1e7), round(LON * 1e7), 50, 0)


def _send(person: Person, points: list[Any]) -> httpx.Response:
    return person.http.post("/driver/positions", json={"points": points})


def _send_bytes(person: Person, body: bytes) -> httpx.Response:
    return person.http.post("/driver/positions", content=body, headers={"content-type": "application/octet-stream"})


def _absorb(running: Running) -> Counter[str]:
    """What the fleet drops when it reads what came; no engine runs here, so that only the test reads."""

    async def absorb(program: Any) -> Any:
        return program.parts.fleet.absorb(_now_ms())

    report = running.ask(absorb)
    return Counter({name.lower(): count for name, count in _dropped(report).items() if count})


def _dropped(report: Any) -> dict[str, int]:
    return {getattr(reason, "name", str(reason)): count for reason, count in report.dropped.items()}


def _place(running: Running, person: Person) -> tuple[float, float] | None:
    """Where the fleet believes the driver to be."""
    fleet = running.program.parts.fleet
    slot = fleet.slot_of(DriverId(person.id))
    if slot is None:
        return None
    columns = fleet.columns
    return None if columns.at_ms[slot] < 0 else (float(columns.lat[slot]), float(columns.lon[slot]))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_report_is_answered_while_its_bytes_are_read(running: Running) -> None:
    """The short way and the common way give the same answers, in the order of the requests on one connection."""
    driver = running.driver()
    report = _raw(driver, b'{"points":[]}')
    refused_one = _raw(driver, b'{"points":7}')
    unknown = report.replace(driver.token.encode(), b"nobody")
    answers = _talk(running, report + refused_one + report + unknown + report)
    assert [answer.split(b" ")[1] for answer in answers] == [b"202", b"400", b"202", b"401", b"202"]


def test_a_report_that_says_it_is_too_long_is_refused_unread(running: Running) -> None:
    head = _raw(running.driver(), b"").replace(b"content-length: 0", b"content-length: 10000000")
    assert _talk(running, head)[0].split(b" ")[1] == b"413"


def _raw(driver: Person, body: bytes) -> bytes:
    lines = (
        b"POST /api/v1/driver/positions HTTP/1.1",
        b"host: daeri",
        b"authorization: Bearer " + driver.token.encode(),
        b"content-type: application/json",
        b"content-length: %d" % len(body),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _talk(running: Running, data: bytes) -> list[bytes]:
    """What one connection answers to `data`, an answer each."""
    with socket.create_connection(("127.0.0.1", running.settings.port), timeout=10) as line:
        line.sendall(data)
        line.settimeout(1.0)
        heard = b""
        with suppress(TimeoutError):
            while part := line.recv(65_536):
                heard += part
    return [b"HTTP/1.1" + answer for answer in heard.split(b"HTTP/1.1")[1:]]
