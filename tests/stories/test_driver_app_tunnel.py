"""Tunnels: what was pressed is kept, shown as pending and done once, in order; a reload or a second phone agrees."""

import struct
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect
from tests.stories.driver_phones import DriverPhone, call_of, phones, second_device, state_of, until
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

from daeri.bootstrap import Program

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
OpenPhone = Callable[..., DriverPhone]


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    with start_running(server_dsn, template, "driver_tunnel") as server:
        yield server


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[OpenPhone]:
    with phones(running, browser) as opener:
        yield opener


@pytest.fixture
def driving(running: Running, open_phone: OpenPhone) -> tuple[DriverPhone, Any, dict[str, Any]]:
    """A phone on its way to a customer, the customer, and the call."""
    phone = open_phone()
    phone.go_on_duty()
    customer = running.customer()
    call = call_of(customer)
    phone.take_offer(call["id"])
    return phone, customer, call


def events_of(running: Running, call_id: str) -> list[str]:
    async def read(program: Program) -> list[str]:
        async with program.parts.database.reading() as tx:
            rows = await tx.rows("SELECT kind FROM events WHERE aggregate_id = $1 ORDER BY version", UUID(call_id))
        return [row["kind"] for row in rows]

    return running.ask(read)


def test_what_was_pressed_in_a_tunnel_is_done_once_in_order(
    running: Running, driving: tuple[DriverPhone, Any, dict[str, Any]]
) -> None:
    phone, customer, call = driving
    page = phone.page
    phone.context.set_offline(True)
    expect(page.locator("[data-link=offline]")).to_be_visible()
    page.locator("[data-do=arrive]").click()
    expect(page.locator("[data-pending=arrive]")).to_be_visible()
    page.locator("[data-do=start]").click()
    expect(page.locator("[data-pending]")).to_have_count(2)
    expect(page.get_by_role("heading", name="운행 중")).to_be_visible()
    assert state_of(customer, call) == "assigned"
    phone.context.set_offline(False)
    expect(page.locator("[data-pending]")).to_have_count(0, timeout=20_000)
    until(page, lambda: state_of(customer, call) == "driving")
    kinds = events_of(running, call["id"])
    assert [kind for kind in kinds if kind in ("call.arrived", "call.started")] == ["call.arrived", "call.started"]
    expect(page.locator("[data-link=live]")).to_be_visible(timeout=20_000)


def test_a_reload_in_a_tunnel_keeps_what_was_pressed(
    running: Running, driving: tuple[DriverPhone, Any, dict[str, Any]]
) -> None:
    phone, customer, call = driving
    page = phone.page
    page.evaluate("() => navigator.serviceWorker.ready")
    page.reload()  # from now on the worker answers for the shell
    expect(page.locator("[data-do=arrive]")).to_be_visible()
    phone.context.set_offline(True)
    page.locator("[data-do=arrive]").click()
    expect(page.locator("[data-pending=arrive]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-pending=arrive]")).to_be_visible(timeout=15_000)
    expect(page.locator("[data-do=start]")).to_be_visible()
    phone.context.set_offline(False)
    until(page, lambda: state_of(customer, call) == "arrived", within_s=40)
    assert events_of(running, call["id"]).count("call.arrived") == 1


def test_a_step_that_was_overtaken_is_told_and_not_repeated(
    driving: tuple[DriverPhone, Any, dict[str, Any]],
) -> None:
    phone, customer, call = driving
    phone.context.set_offline(True)
    phone.page.locator("[data-do=arrive]").click()
    assert customer.command(f"/calls/{call['id']}/cancel").status_code == 200
    phone.context.set_offline(False)
    expect(phone.page.get_by_role("heading", name="고객이 콜을 취소했습니다")).to_be_visible(timeout=20_000)
    expect(phone.page.locator("[data-pending]")).to_have_count(0)


def test_a_second_phone_shows_the_same_truth(
    browser: Browser, driving: tuple[DriverPhone, Any, dict[str, Any]]
) -> None:
    phone, _, call = driving
    other = second_device(phone, browser)
    expect(other.page.get_by_text(call["number"]).first).to_be_visible()
    phone.page.locator("[data-do=arrive]").click()
    expect(other.page.locator("[data-do=start]")).to_be_visible(timeout=5_000)
    other.page.locator("[data-do=start]").click()
    expect(phone.page.locator("[data-do=complete]")).to_be_visible(timeout=5_000)
    other.context.close()


def test_positions_of_a_tunnel_are_never_sent_later(open_phone: OpenPhone) -> None:
    sent: list[tuple[int, float]] = []
    phone = open_phone()
    page = phone.page
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.extend(_latitudes(frame))))
    page.reload()
    phone.go_on_duty()
    until(page, lambda: any(abs(lat - 37.5012) < 1e-6 for _, lat in sent))
    phone.context.set_offline(True)
    expect(page.locator("[data-link=offline]")).to_be_visible()
    page.wait_for_timeout(500)
    in_tunnel = len(sent)
    phone.context.set_geolocation({"latitude": 37.55, "longitude": 127.1, "accuracy": 9})
    page.wait_for_timeout(4_000)
    phone.context.set_geolocation({"latitude": 37.51, "longitude": 127.05, "accuracy": 9})
    page.wait_for_timeout(1_000)
    phone.context.set_offline(False)
    until(page, lambda: any(abs(lat - 37.51) < 1e-6 for _, lat in sent[in_tunnel:]), within_s=20)
    assert not [lat for _, lat in sent[in_tunnel:] if abs(lat - 37.55) < 1e-6]
    instants = [at for at, _ in sent]
    assert instants == sorted(instants)


def _latitudes(frame: bytes | str) -> list[tuple[int, float]]:
    """When and where the records of a frame say that the phone was."""
    if isinstance(frame, str):
        return []
    return [(at, lat / 1e7) for at, lat, _, _, _ in struct.iter_unpack("<qiiHH", frame)]
