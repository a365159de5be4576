"""The sandbox provider is strict about what it is sent, and runs as a process of its own."""

import asyncio
import signal
import sys

import httpx
import pytest
from tests.adapters.cards.conftest import CUSTOMER, FARE, Desk

from daeri.adapters.cards.provider.deck import Outcome
from daeri.adapters.cards.sandbox_server import TOSS_SECRET, serve_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
AUTH = httpx.BasicAuth(TOSS_SECRET, "")


async def billing_key(desk: Desk) -> str:
    body = {"auth_key": await desk.typed(), "customer_key": CUSTOMER}
    response = await desk.http.post("/registrations", json=body, headers={"Idempotency-Key": body["auth_key"]})
    assert response.status_code == 201
    return response.json()["billing_key"]


async def order(desk: Desk, name: str) -> dict[str, object]:
    return {
        "order_id": name,
        "billing_key": await billing_key(desk),
        "customer_key": CUSTOMER,
        "amount": FARE,
        "name": "대리운전",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "23000"},
        {"amount": 23_000.5},
        {"amount": True},
        {"amount": None},
        {"order_id": "x"},
        {"name": ""},
        {"currency": "KRW"},
    ],
)
async def test_another_form_than_the_protocol_is_refused(desk: Desk, wrong: dict[str, object]) -> None:
    body = {**await order(desk, "order-of-form"), **wrong}
    response = await desk.http.post("/orders", json=body, headers={"Idempotency-Key": str(wrong)})
    assert (response.status_code, response.json()) == (422, {"error": "bad_request"})
    assert (await desk.entry("order-of-form"))["states"] == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
async def test_no_json_is_refused(desk: Desk, content: bytes) -> None:
    response = await desk.http.post("/orders", content=content, headers={"Idempotency-Key": content.hex() or "empty"})
    assert response.json() == {"error": "bad_request"}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 301}])
async def test_a_command_without_a_key_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    response = await desk.http.post("/orders", json=await order(desk, "order-of-keys"), headers=headers)
    assert response.json() == {"error": "bad_request"}
    assert (await desk.entry("order-of-keys"))["states"] == []


async def test_the_same_key_with_another_body_is_refused(desk: Desk) -> None:
    body = await order(desk, "order-of-bodies")
    headers = {"Idempotency-Key": "one key"}
    first = await desk.http.post("/orders", json=body, headers=headers)
    other = await desk.http.post("/orders", json={**body, "name": "다른 이름"}, headers=headers)
    again = await desk.http.post("/orders", json=body, headers=headers)
    assert (other.status_code, other.json()) == (422, {"error": "key_reused"})
    assert again.json() == first.json()


async def test_only_the_owner_of_a_card_may_have_it_forgotten(desk: Desk) -> None:
    key = await billing_key(desk)
    other = await desk.http.delete(f"/registrations/{key}", params={"customer_key": "somebody-else"})
    owner = await desk.http.delete(f"/registrations/{key}", params={"customer_key": CUSTOMER})
    assert (other.status_code, owner.status_code) == (404, 204)


async def test_a_body_without_end_is_cut_off(desk: Desk) -> None:
    with pytest.raises(httpx.HTTPError):
        await desk.http.post("/orders", content=b" " * 1_000_000, headers={"Idempotency-Key": "long"})


async def test_what_is_known_cannot_be_resolved(desk: Desk) -> None:
    body = await order(desk, "order-of-known")
    await desk.http.post("/orders", json=body, headers={"Idempotency-Key": "known"})
    for name in ("order-of-known", "order-of-nobody"):
        response = await desk.http.post(f"/resolve/{name}", json={"as": "declined"})
        assert response.status_code in {404, 422}
    assert (await desk.entry("order-of-known"))["authorised"] == FARE


@pytest.mark.parametrize("path", ["/", "/orders", "/payments", "/toss", "/toss/v1", "/toss/v1/payments/a/b/c"])
async def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    assert (await desk.http.get(path)).status_code == 404


async def test_the_second_face_wants_its_secret(desk: Desk) -> None:
    for auth in (None, httpx.BasicAuth(TOSS_SECRET, "password"), httpx.BasicAuth("other", "")):
        response = await desk.http.get("/toss/v1/payments/orders/order-000001", auth=auth)
        assert (response.status_code, response.json()["code"]) == (401, "UNAUTHORIZED_KEY")


async def test_the_second_face_is_strict_too(desk: Desk) -> None:
    path = f"/toss/v1/billing/{await billing_key(desk)}"
    body = {"customerKey": CUSTOMER, "amount": FARE, "orderId": "order-of-toss", "orderName": "대리운전"}
    for wrong, code in (
        ({"amount": 99}, "BELOW_MINIMUM_AMOUNT"),
        ({"amount": "23000"}, "INVALID_REQUEST"),
        ({"amout": FARE}, "INVALID_REQUEST"),
        ({"customerKey": "somebody-else"}, "INVALID_BILL_KEY_REQUEST"),
    ):
        response = await desk.http.post(path, json={**body, **wrong}, auth=AUTH)
        assert (response.status_code, response.json()["code"]) == (400, code)
    assert (await desk.entry("order-of-toss"))["states"] == []


async def test_without_an_amount_all_that_is_left_is_cancelled(desk: Desk) -> None:
    path = f"/toss/v1/billing/{await billing_key(desk)}"
    body = {"customerKey": CUSTOMER, "amount": FARE, "orderId": "order-of-rest", "orderName": "대리운전"}
    paid = (await desk.http.post(path, json=body, auth=AUTH)).json()
    cancel = f"/toss/v1/payments/{paid['paymentKey']}/cancel"
    part = (await desk.http.post(cancel, json={"cancelReason": "조정", "cancelAmount": 1_000}, auth=AUTH)).json()
    rest = (await desk.http.post(cancel, json={"cancelReason": "취소"}, auth=AUTH)).json()
    assert (part["status"], part["balanceAmount"]) == ("PARTIAL_CANCELED", FARE - 1_000)
    assert (rest["status"], rest["balanceAmount"]) == ("CANCELED", 0)
    assert [cancel["cancelAmount"] for cancel in rest["cancels"]] == [1_000, FARE - 1_000]


async def test_the_books_add_up() -> None:
    async with serve_sandbox() as address, httpx.AsyncClient(base_url=address, verify=False) as http:  # noqa: S501 -- no TLS
        desk = Desk(address, http)
        names = ["order-of-sums-1", "order-of-sums-2"]
        for name in names:
            body = await order(desk, name)
            held = (await http.post("/orders", json=body, headers={"Idempotency-Key": name})).json()
            path, headers = f"/payments/{held['payment_key']}", {"Idempotency-Key": name}
            await http.post(f"{path}/capture", json={"amount": FARE}, headers=headers)
        await http.post(f"{path}/cancel", json={"amount": 3_000, "reason": "조정"}, headers=headers)
        sheet = await desk.sheet()
    assert (sheet["captured"], sheet["cancelled"], sheet["registrations"]) == (2 * FARE, 3_000, 2)
    assert [entry["order_id"] for entry in sheet["orders"]] == names


async def test_a_provider_that_begins_anew_knows_of_nothing() -> None:
    async with serve_sandbox() as address, httpx.AsyncClient(base_url=address, verify=False) as http:  # noqa: S501 -- no TLS
        desk = Desk(address, http)
        headers = {"Idempotency-Key": "the-same"}
        first = await http.post("/orders", json=await order(desk, "order-of-before"), headers=headers)
        assert (await http.delete("/books")).status_code == 204
        assert await desk.sheet() == {"orders": [], "captured": 0, "cancelled": 0, "registrations": 0}
        again = await http.post("/orders", json=await order(desk, "order-of-before"), headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["payment_key"] != again.json()["payment_key"]


async def test_a_port_that_is_taken_is_an_error(desk: Desk) -> None:
    with pytest.raises(OSError, match="in use"):
        async with serve_sandbox(httpx.URL(desk.address).port or 0):
            pass


async def test_whoever_hangs_does_not_keep_it_from_ending() -> None:
    async with asyncio.timeout(20), httpx.AsyncClient(verify=False) as http:  # noqa: S501 -- no TLS on this way
        async with serve_sandbox() as address:
            await http.post(f"{address}/faults", json={"next": ["hang_before"]})
            waiting = asyncio.ensure_future(http.get(f"{address}/orders/order-000001", timeout=60))
            await asyncio.sleep(0.2)
        with pytest.raises(httpx.HTTPError):
            await waiting


async def test_it_runs_as_a_process_of_its_own() -> None:
    module = "daeri.adapters.cards.sandbox_server"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    async with httpx.AsyncClient(base_url=address, verify=False) as http:  # noqa: S501 -- no TLS on this way
        assert await Desk(address, http).typed(Outcome.DECLINED)
        assert (await http.get("/books")).json()["orders"] == []
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
