"""Requests that are wrong before their body is read: who asks, for whose things, by which method, how much at once."""

import json
import re
import socket
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.web.api.running import TRIP, Person, Running, refused

from daeri.accounts.model import Role

PLAIN_HEADERS = {"content-type": "application/json"}
EVERYBODY = {"customer", "driver", "staff", "gateway"}
# Every route that asks who is there: its method, its path, and who may use it.
ROUTES = [
    ("DELETE", "/auth/sessions/current", EVERYBODY),
    ("GET", "/session", EVERYBODY),
    ("GET", "/notices", {"customer", "driver"}),
    ("GET", "/shortage", EVERYBODY),
    ("POST", "/quotes", EVERYBODY),
    ("POST", "/calls", {"customer"}),
    ("GET", "/calls", {"customer"}),
    ("GET", "/calls/{id}", {"customer"}),
    ("POST", "/calls/{id}/cancel", {"customer"}),
    ("POST", "/calls/{id}/fare", {"customer"}),
    ("POST", "/calls/{id}/rider", {"customer"}),
    ("GET", "/calls/{id}/progress", {"customer"}),
    ("GET", "/calls/{id}/receipt", {"customer"}),
    ("POST", "/calls/{id}/pay", {"customer"}),
    ("GET", "/me/bills", {"customer"}),
    *[
        (method, f"{base}{path}", {kind})
        for base, kind in (("/me/cards", "customer"), ("/driver/cards", "driver"))
        for method, path in (
            ("GET", ""),
            ("POST", ""),
            ("POST", "/window"),
            ("POST", "/{id}/default"),
            ("DELETE", "/{id}"),
        )
    ],
    ("GET", "/calls/{id}/rating", {"customer"}),
    ("POST", "/calls/{id}/rating", {"customer"}),
    ("GET", "/calls/{id}/never-meet", {"customer"}),
    ("POST", "/calls/{id}/never-meet", {"customer"}),
    ("DELETE", "/calls/{id}/never-meet", {"customer"}),
    ("POST", "/calls/{id}/lost-item", {"customer"}),
    ("GET", "/customer", {"customer"}),
    ("PUT", "/customer", {"customer"}),
    ("POST", "/customer/places", {"customer"}),
    ("DELETE", "/customer/places/{id}", {"customer"}),
    ("POST", "/customer/cars", {"customer"}),
    ("PUT", "/customer/cars/{id}", {"customer"}),
    ("DELETE", "/customer/cars/{id}", {"customer"}),
    ("GET", "/customer/cancellations", {"customer"}),
    ("GET", "/customer/cases", {"customer"}),
    ("GET", "/places", EVERYBODY),
    ("GET", "/places/at", EVERYBODY),
    ("GET", "/driver", {"driver"}),
    ("POST", "/driver/duty", {"driver"}),
    ("POST", "/driver/offers/{id}/accept", {"driver"}),
    ("POST", "/driver/offers/{id}/decline", {"driver"}),
    ("GET", "/driver/open-calls", {"driver"}),
    ("POST", "/driver/calls/{id}/take", {"driver"}),
    ("POST", "/driver/calls/{id}/arrive", {"driver"}),
    ("POST", "/driver/calls/{id}/start", {"driver"}),
    ("POST", "/driver/calls/{id}/complete", {"driver"}),
    ("POST", "/driver/calls/{id}/via", {"driver"}),
    ("POST", "/driver/calls/{id}/no-show", {"driver"}),
    ("GET", "/driver/calls/{id}/meter", {"driver"}),
    ("POST", "/driver/calls/{id}/cancel", {"driver"}),
    ("GET", "/driver/calls/{id}", {"driver"}),
    ("POST", "/driver/calls/{id}/never-meet", {"driver"}),
    ("POST", "/driver/calls/{id}/accident", {"driver"}),
    ("GET", "/driver/why", {"driver"}),
    ("GET", "/driver/why/{id}", {"driver"}),
    ("GET", "/driver/application", {"driver"}),
    ("POST", "/driver/application", {"driver"}),
    ("GET", "/driver/documents/{kind}", {"driver"}),
    ("PUT", "/driver/documents/{kind}", {"driver"}),
    ("GET", "/driver/suspensions", {"driver"}),
    ("POST", "/driver/suspensions/{id}/appeal", {"driver"}),
    ("GET", "/driver/earnings", {"driver"}),
    ("GET", "/driver/earnings/{day}", {"driver"}),
    ("GET", "/driver/standing", {"driver"}),
    ("GET", "/driver/balance", {"driver"}),
    ("GET", "/driver/statement", {"driver"}),
    ("GET", "/driver/bank-account", {"driver"}),
    ("PUT", "/driver/bank-account", {"driver"}),
    ("GET", "/driver/payouts", {"driver"}),
    ("POST", "/driver/payouts", {"driver"}),
    ("POST", "/driver/top-ups", {"driver"}),
    ("GET", "/driver/rewards", {"driver"}),
    ("POST", "/driver/socket-ticket", {"driver"}),
    ("POST", "/driver/handles", {"gateway"}),
    ("POST", "/driver/positions", {"driver", "gateway"}),
    ("GET", "/figures/double-assignments", {"staff"}),
    ("GET", "/console/calls", {"staff"}),
    ("GET", "/console/calls/{id}", {"staff"}),
    ("GET", "/console/calls/{id}/decisions", {"staff"}),
    ("GET", "/console/calls/{id}/cover", {"staff"}),
    ("POST", "/console/calls/{id}/cancel", {"staff"}),
    ("POST", "/console/calls/{id}/release", {"staff"}),
    ("POST", "/console/calls/{id}/status", {"staff"}),
    ("POST", "/console/calls/{id}/assign", {"staff"}),
    ("GET", "/console/calls/{id}/memos", {"staff"}),
    ("POST", "/console/calls/{id}/memos", {"staff"}),
    ("GET", "/console/calls/{id}/fare-calculations", {"staff"}),
    ("POST", "/console/calls/{id}/fare-calculations", {"staff"}),
    ("POST", "/console/calls/{id}/forgive-cancellation", {"staff"}),
    ("GET", "/console/calls/{id}/payment", {"staff"}),
    ("POST", "/console/calls/{id}/payment/settle", {"staff"}),
    ("POST", "/console/calls/{id}/payment/adjust", {"staff"}),
    ("POST", "/console/calls/{id}/payment/agree", {"staff"}),
    ("POST", "/console/calls/{id}/payment/ask-again", {"staff"}),
    ("POST", "/console/calls/{id}/payment/write-off", {"staff"}),
    ("POST", "/console/calls/{id}/payment/transfer", {"staff"}),
    ("POST", "/console/calls/{id}/payment/cash", {"staff"}),
    ("GET", "/console/payments", {"staff"}),
    ("GET", "/console/payments.csv", {"staff"}),
    ("GET", "/console/payments.xlsx", {"staff"}),
    ("GET", "/console/payment-tasks", {"staff"}),
    ("POST", "/console/payment-tasks/{id}/take", {"staff"}),
    ("POST", "/console/payment-tasks/{id}/release", {"staff"}),
    ("POST", "/console/payment-tasks/{id}/done", {"staff"}),
    ("GET", "/console/ledger", {"staff"}),
    ("GET", "/console/ledger.csv", {"staff"}),
    ("GET", "/console/ledger.xlsx", {"staff"}),
    ("GET", "/console/ledger/totals", {"staff"}),
    ("GET", "/console/customers", {"staff"}),
    ("GET", "/console/customers/{id}", {"staff"}),
    ("POST", "/console/customers/{id}/lift-restriction", {"staff"}),
    ("GET", "/console/never-meet", {"staff"}),
    ("POST", "/console/never-meet/{id}/lift", {"staff"}),
    ("GET", "/console/cases", {"staff"}),
    ("GET", "/console/cases/{id}", {"staff"}),
    ("POST", "/console/cases/{id}/close", {"staff"}),
    ("GET", "/console/drivers", {"staff"}),
    ("GET", "/console/drivers/{id}", {"staff"}),
    ("GET", "/console/drivers/{id}/rewards", {"staff"}),
    ("POST", "/console/drivers/{id}/approve", {"staff"}),
    ("POST", "/console/drivers/{id}/refuse", {"staff"}),
    ("POST", "/console/drivers/{id}/suspend", {"staff"}),
    ("POST", "/console/drivers/{id}/lift", {"staff"}),
    ("GET", "/console/drivers/{id}/documents/{kind}", {"staff"}),
    ("GET", "/console/payouts", {"staff"}),
    ("POST", "/console/payouts/file", {"staff"}),
    ("POST", "/console/payouts/{id}/paid", {"staff"}),
    ("POST", "/console/payouts/{id}/returned", {"staff"}),
    ("GET", "/console/payout-files", {"staff"}),
    ("GET", "/console/payout-files/{id}/transfers.csv", {"staff"}),
    ("GET", "/console/payout-files/{id}/transfers.xlsx", {"staff"}),
    ("POST", "/console/drivers/{id}/top-ups", {"staff"}),
    ("GET", "/console/drivers/{id}/statement", {"staff"}),
    ("GET", "/console/drivers/{id}/statement.csv", {"staff"}),
    ("GET", "/console/drivers/{id}/statement.xlsx", {"staff"}),
    ("GET", "/console/business-accounts", {"staff"}),
    ("GET", "/console/business-accounts/{id}/statement", {"staff"}),
    ("GET", "/console/business-accounts/{id}/statement.csv", {"staff"}),
    ("GET", "/console/business-accounts/{id}/statement.xlsx", {"staff"}),
    ("POST", "/console/business-accounts/{id}/paid", {"staff"}),
    ("GET", "/console/appeals", {"staff"}),
    ("POST", "/console/appeals/{id}/answer", {"staff"}),
    ("GET", "/console/notices", {"staff"}),
    ("POST", "/console/notices", {"staff"}),
    ("DELETE", "/console/notices/{id}", {"staff"}),
    ("GET", "/console/shortage", {"staff"}),
    ("PUT", "/console/weather", {"staff"}),
    ("GET", "/console/policies", {"staff"}),
    ("GET", "/console/policies/{name}", {"staff"}),
    ("POST", "/console/policies/{name}", {"staff"}),
    ("GET", "/console/jobs/held", {"staff"}),
    ("POST", "/console/jobs/held/{job}/retry", {"staff"}),
]
NAMES = [f"{method} {path}" for method, path, _ in ROUTES]
BODIES: dict[str, Any] = {
    "/quotes": TRIP,
    "/calls": TRIP,
    "/calls/{id}/fare": {"plan": "calculator"},
    "/calls/{id}/rider": {"phone": "010-0000-0001"},
    "/customer": {"name": "서연"},
    "/customer/places": {"label": "집", "name": "서울숲", "lat": 37.5, "lon": 127.0},
    "/customer/cars": {"plate": "12가3456"},
    "/customer/cars/{id}": {"plate": "12가3456"},
    "/me/cards": {"auth_key": "x", "customer_key": "x"},
    "/me/cards/window": {"return_path": "/app/cards"},
    "/driver/cards": {"auth_key": "x", "customer_key": "x"},
    "/driver/cards/window": {"return_path": "/drive/cards"},
    "/driver/duty": {"on": False},
    "/driver/calls/{id}/via": {"index": 0},
    "/console/calls/{id}/release": {"reason": "driver_too_far"},
    "/console/calls/{id}/status": {"move": "cancel", "reason": "customer_asked"},
    "/console/calls/{id}/assign": {"driver_id": "00000000-0000-7000-8000-000000000000", "reason": "customer_asked"},
    "/console/calls/{id}/memos": {"text": "메모"},
    "/console/calls/{id}/payment/settle": {"reason": "확인함"},
    "/console/calls/{id}/payment/adjust": {"amount": 20_000, "reason": "확인함"},
    "/console/calls/{id}/payment/agree": {"amount": 20_000, "reason": "확인함"},
    "/console/calls/{id}/payment/write-off": {"reason": "확인함"},
    "/console/calls/{id}/payment/transfer": {"reference": "20261128-0001"},
    "/console/calls/{id}/payment/cash": {"received": False, "reason": "확인함"},
    "/console/payment-tasks/{id}/done": {"note": "확인함"},
    "/console/calls/{id}/fare-calculations": TRIP,
    "/calls/{id}/rating": {"stars": 5},
    "/calls/{id}/lost-item": {"what": "우산"},
    "/driver/calls/{id}/accident": {"what": "주차장 기둥", "injured": False, "police": False},
    "/driver/application": {
        "name": "김민준",
        "licence": {"number": "11-22-333333-44", "kind": "first_normal", "expires_on": "2030-01-01"},
        "insurance": {"company": "보험", "policy_number": "P-1", "expires_on": "2030-01-01"},
        "services": ["general"],
    },
    "/driver/bank-account": {"bank": "088", "number": "110-123-456789", "holder": "김민준"},
    "/driver/payouts": {"amount": 10_000},
    "/driver/top-ups": {"amount": 10_000},
    "/console/payouts/{id}/paid": {"reference": "B-1"},
    "/console/payouts/{id}/returned": {"reference": "예금주 불일치"},
    "/console/drivers/{id}/top-ups": {"amount": 10_000, "reference": "B-2"},
    "/console/business-accounts/{id}/paid": {"month": "2026-11", "amount": 10_000, "reference": "B-3"},
    "/driver/suspensions/{id}/appeal": {"text": "그날은 쉬었습니다"},
    "/console/calls/{id}/forgive-cancellation": {"reason": "기사 지각"},
    "/console/customers/{id}/lift-restriction": {"reason": "확인함"},
    "/console/never-meet/{id}/lift": {"reason": "확인함"},
    "/console/cases/{id}/close": {"note": "찾아 드림"},
    "/console/drivers/{id}/refuse": {"reason": "서류 불명"},
    "/console/drivers/{id}/suspend": {"reason": "확인 중"},
    "/console/drivers/{id}/lift": {"reason": "확인함"},
    "/console/appeals/{id}/answer": {"upheld": True, "text": "확인함"},
    "/console/notices": {"audience": "drivers", "title_ko": "안내", "title_en": "Notice"},
    "/console/weather": {"condition": "rain"},
    "/console/policies/{name}": {"value": None},
    "/driver/handles": {"ids": []},
    "/driver/positions": {"points": []},
}
HERE = {"lat": 37.5, "lon": 127.0}
QUERIES: dict[str, dict[str, Any]] = {"/places": {"q": "강남"}, "/places/at": HERE, "/shortage": HERE}
OTHERS = {"job": 1, "kind": "licence", "day": "2026-11-22", "name": "waiting"}  # what stands in a path and is no id
BAD_TOKENS = ["", "x", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "A" * 56, "Bearer " + "=" * 5_000]


@pytest.fixture(scope="module")
def everybody(customer: Person, driver: Person, staff: Person, gateway: Person) -> dict[str, Person]:
    return {"customer": customer, "driver": driver, "staff": staff, "gateway": gateway}


def test_the_table_names_every_route_that_needs_a_token(running: Running) -> None:
    paths = running.anybody.get("/schema/openapi.json").json()["paths"]
    named = {(method, re.sub(r"{\w+}", "{}", path)) for method, path, _ in ROUTES}
    found = {
        (method.upper(), re.sub(r"{\w+}", "{}", path.removeprefix("/api/v1")))
        for path, item in paths.items()
        for method, operation in item.items()
        if operation.get("security") != [{}]
    }
    assert found == named


@pytest.mark.parametrize(("method", "path", "_who"), ROUTES, ids=NAMES)
def test_without_a_good_token_nobody_gets_in(method: str, path: str, _who: set[str], running: Running) -> None:
    for token in BAD_TOKENS:
        headers = {"authorization": token} if token else {}
        problem = refused(_send(running.anybody, method, path, **headers), 401, "signed_out")
        assert problem["facts"]["reason"].startswith("token_")


@pytest.mark.parametrize("content", [b"", b"{", b'{"no such": "field"}'])
def test_a_stranger_is_not_told_what_is_wrong_with_a_body(content: bytes, running: Running) -> None:
    for path in BODIES:
        headers = {**PLAIN_HEADERS, "idempotency-key": uuid4().hex}
        method = next(method for method, named, _ in ROUTES if named == path and method in ("POST", "PUT"))
        answer = running.anybody.request(method, _filled(path), content=content, headers=headers)
        refused(answer, 401, "signed_out")


@pytest.mark.parametrize(("method", "path", "who"), ROUTES, ids=NAMES)
def test_another_kind_of_account_gets_nowhere(
    method: str, path: str, who: set[str], running: Running, everybody: dict[str, Person]
) -> None:
    before = running.rows()
    for kind in set(everybody) - who:
        refused(_send(everybody[kind].http, method, path), 403, "wrong_account_kind")
    assert running.rows() == before


def test_a_member_of_staff_without_the_permission_is_refused(running: Running) -> None:
    answer = running.staff(role=Role.AGENCY_STAFF).get("/figures/double-assignments")
    refused(answer, 403, "not_permitted")


@pytest.mark.parametrize("whose", ["another customer", "another company", "nobody"])
def test_calls_of_others_look_like_calls_that_are_not(whose: str, running: Running, customer: Person) -> None:
    owners = {"another customer": running.customer, "another company": lambda: running.customer(running.theirs)}
    call_id = owners[whose]().command("/calls", TRIP).json()["id"] if whose in owners else str(uuid4())
    before = running.rows()
    for answer in (customer.get(f"/calls/{call_id}"), customer.command(f"/calls/{call_id}/cancel", {})):
        problem = refused(answer, 404, "call_not_found")
        assert problem["facts"] == {"call_id": call_id}
    assert call_id not in {call["id"] for call in customer.get("/calls").json()["items"]}
    assert running.rows() == before


def test_offers_and_drives_of_others_cannot_be_touched(running: Running) -> None:
    customer, driver = running.customer(), running.driver()
    call_id, offer_id = running.offered(customer, driver)
    strangers = [running.driver(), running.driver(running.theirs)]
    before = running.rows()
    for stranger in strangers:
        for verb in ("accept", "decline"):
            refused(stranger.command(f"/driver/offers/{offer_id}/{verb}"), 404, "offer_not_found")
    assert running.rows() == before
    assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
    before = running.rows()
    for stranger in strangers:
        for verb in ("arrive", "start", "complete", "cancel", "take"):
            refused(stranger.command(f"/driver/calls/{call_id}/{verb}"))
    assert running.rows() == before
    assert driver.get("/driver").json()["call"]["state"] == "assigned"


def test_calls_of_another_company_cannot_be_taken_from_a_list(running: Running) -> None:
    call_id = running.customer(running.theirs).command("/calls", TRIP).json()["id"]
    driver = running.driver()
    assert driver.command("/driver/duty", {"on": True}).status_code == 200
    before = running.rows()
    refused(driver.command(f"/driver/calls/{call_id}/take"), 404, "call_not_found")
    assert running.rows() == before


@pytest.mark.parametrize(
    "path",
    [
        "/calls/x",
        "/calls/123",
        "/calls/%00",
        "/calls/..%2f..",
        "/calls/" + "0" * 5_000,
        "/calls/😀",
        "/calls/%ff%fe",
        "/nowhere",
        "/",
        "/calls//cancel",
        "/driver/offers/x/accept",
        "/driver/calls/" + "f" * 31 + "/take",
    ],
)  # fmt: skip -- a table
def test_what_has_no_route_is_not_found(path: str, customer: Person) -> None:
    refused(customer.get(path), 404, "not_found") if "/accept" not in path and "/take" not in path else refused(
        customer.command(path), 404, "not_found"
    )


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "DELETE"])
@pytest.mark.parametrize("path", ["/calls", "/driver", "/driver/positions", "/quotes", "/auth/codes"])
def test_another_method_is_refused_and_told_which_are_taken(method: str, path: str, customer: Person) -> None:
    answer = customer.http.request(method, path)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=1e9",
        "limit=x",
        "limit=99999999999999999999999",
        "limit=1.5",
        "cursor=x",
        "cursor=%00",
        "cursor=0",
        "cursor=00000000-0000-0000-0000-00000000000g",
        "state=nowhere",
        "state=%00",
        "state=requested%27--",
        "limit=",
        "limit=NaN",
    ],
)  # fmt: skip -- a table
def test_bad_queries_are_refused(query: str, customer: Person) -> None:
    refused(customer.get(f"/calls?{query}"), 400, "validation_failed")


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "q=%F0%9F%98%80",
        "q=%25%5F",
        "q=' OR 1=1 --",
        "q=" + "9" * 5_000,
        "cursor=%00",
        "cursor=x",
        "cursor=" + "A" * 5_000,
        "cursor=e30",
        "from=0001-01-01T00:00",
        "to=9999-12-31T23:59-12:00",
        "from=%00",
        "from=x",
        "to=2026-13-45T99:99",
        "state=%00",
        "state=x",
        "service=%00",
        "limit=0",
        "q=%ff%fe",
        "q=010-0000-0000",
        "from=2026-11-22T00:00%2B99:99",
        "cursor=00000000-0000-0000-0000-000000000000",
        "q=%E2%80%AE",
    ],
)  # fmt: skip -- a table
def test_no_search_breaks_the_console(query: str, running: Running, staff: Person) -> None:
    answer = staff.get(f"/console/calls?{query}")
    assert answer.status_code == 200 or refused(answer)


@pytest.mark.parametrize("job", ["0", "-1", "1.5", "x", "9" * 10, "9" * 30, "%00", "1e3", "0x1"])
def test_jobs_that_are_not_held_cannot_be_tried_again(job: str, staff: Person) -> None:
    refused(staff.command(f"/console/jobs/held/{job}/retry"), 404)


def test_calls_of_another_company_are_nothing_to_staff(running: Running, staff: Person) -> None:
    call_id = running.customer(running.theirs).command("/calls", TRIP).json()["id"]
    before = running.rows()
    for answer in (
        staff.get(f"/console/calls/{call_id}"),
        staff.command(f"/console/calls/{call_id}/cancel", {}),
        staff.command(f"/console/calls/{call_id}/release", {"reason": "driver_too_far"}),
    ):
        refused(answer, 404, "call_not_found")
    assert staff.get(f"/console/calls/{call_id}/decisions").json() == {"items": []}
    assert call_id not in staff.get("/console/calls").text
    assert running.rows() == before


@pytest.mark.parametrize("query", ["", "?lat=1", "?lat=x&lon=y", "?lat=91&lon=0", "?lat=NaN&lon=0", "?lat=1&lon=inf"])
def test_bad_points_are_refused(query: str, running: Running) -> None:
    refused(running.anybody.get(f"/regions/at{query}"), 400, "validation_failed")


def test_a_cursor_of_somebody_else_shows_only_ones_own(running: Running, customer: Person) -> None:
    theirs = running.customer(running.theirs).command("/calls", TRIP).json()["id"]
    answer = customer.get("/calls", params={"cursor": theirs})
    assert answer.status_code == 200
    mine = {call["id"] for call in customer.get("/calls").json()["items"]}
    assert {call["id"] for call in answer.json()["items"]} <= mine


LIMITS = {"/calls": 262_144, "/auth/codes": 262_144, "/driver/positions": 65_536}


@pytest.mark.parametrize(("path", "limit"), LIMITS.items())
def test_a_body_that_says_it_is_too_large_is_refused_unread(
    path: str, limit: int, running: Running, driver: Person
) -> None:
    head = _head(path, driver.token) + f"content-length: {limit + 1}\r\n\r\n".encode()
    status, answer = _talk(running, head)
    assert status == 413, answer
    assert json.loads(answer)["code"] == "body_too_large"
    assert json.loads(answer)["detail"]


@pytest.mark.parametrize("path", LIMITS)
def test_a_body_that_proves_too_large_is_refused_before_its_end(path: str, running: Running, driver: Person) -> None:
    """Chunks without end: the answer comes although the last chunk never does."""
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    status, answer = _talk(running, _head(path, driver.token) + b"transfer-encoding: chunked\r\n\r\n" + chunk * 9)
    assert status == 413, answer
    assert json.loads(answer)["code"] == "body_too_large"


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "1, 2", "0x10"])
def test_a_length_that_is_no_number_is_refused(length: str, running: Running, driver: Person) -> None:
    status, _ = _talk(running, _head("/calls", driver.token) + f"content-length: {length}\r\n\r\n".encode())
    assert 400 <= status < 500


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(running: Running) -> None:
    customer = running.customer()
    before = running.rows()
    with socket.create_connection((running.settings.host, running.settings.port)) as line:
        line.sendall(_head("/calls", customer.token) + b'content-length: 500\r\n\r\n{"origin":')
    time.sleep(0.1)
    assert running.rows() == before
    assert running.anybody.get(f"{running.url}/readyz").status_code == 200


@pytest.mark.parametrize(
    ("accepts", "words"),
    [
        ("ko", "로그인"),
        ("en", "signed out"),
        ("en;q=0.5, ko;q=0.9", "로그인"),
        ("fr", "로그인"),
        ("", "로그인"),
        ("en-US,en;q=0.9", "signed out"),
        ("*;q=x,,;;", "로그인"),
        ("a" * 4_000, "로그인"),
    ],
)  # fmt: skip -- a table
def test_problems_speak_the_language_of_the_reader(accepts: str, words: str, running: Running) -> None:
    problem = refused(running.anybody.get("/calls", headers={"accept-language": accepts}), 401)
    assert words in problem["detail"]


def test_the_language_that_a_person_chose_beats_the_browsers(running: Running) -> None:
    headers = {"accept-language": "en", "cookie": "lang=ko"}
    assert "로그인" in refused(running.anybody.get("/calls", headers=headers))["detail"]


@pytest.mark.parametrize("given", ["short", "x" * 65, "<script>alert(1)</script>", "ok-id-12345"])
def test_a_request_id_is_taken_over_only_where_it_is_one(given: str, running: Running) -> None:
    answer = running.anybody.get("/calls", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is (given == "ok-id-12345")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_no_other_origin_is_let_in(origin: str, running: Running, customer: Person) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x",
    }
    for answer in (customer.http.options("/calls", headers=asked), customer.get("/calls", headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def _head(path: str, token: str) -> bytes:
    return (
        f"POST /api/v1{path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: k\r\n"
        "content-type: application/json\r\n"
    ).encode()


def _talk(running: Running, sent: bytes) -> tuple[int, bytes]:
    """The status and body of the answer to raw bytes; the line stays open for writing."""
    with socket.create_connection((running.settings.host, running.settings.port), timeout=10) as line:
        line.sendall(sent)
        file = line.makefile("rb")
        status = int(file.readline().split()[1])
        headers = dict(part.decode().lower().rstrip().split(": ", 1) for part in iter(file.readline, b"\r\n"))
        return status, file.read(int(headers["content-length"])) if "content-length" in headers else file.readline()


def _send(client: httpx.Client, method: str, path: str, **headers: str) -> httpx.Response:
    body = json.dumps(BODIES[path]).encode() if path in BODIES and method in {"POST", "PUT"} else b""
    sent = {**headers, "idempotency-key": uuid4().hex, **(PLAIN_HEADERS if body else {})}
    return client.request(method, _filled(path), headers=sent, content=body, params=QUERIES.get(path))


def _filled(path: str) -> str:
    return path.format(id=uuid4(), **OTHERS)


@pytest.mark.parametrize(
    ("who", "path", "field"),
    [
        ("customer", "/calls?state=nope", "state"),
        ("staff", "/console/calls?state=bogus", "state"),
        ("staff", "/console/calls?service=boat", "service"),
        ("staff", "/console/calls?from=99999", "from"),
        ("staff", "/console/calls?to=soon", "to"),
        ("staff", "/console/calls?cursor=%F0", "cursor"),
        ("staff", "/console/calls?since=99999", "since"),
        ("staff", "/console/calls?q=" + "1" * 41, "q"),
        ("driver", "/driver/earnings?from=9999-12-31", "from"),
        ("driver", "/driver/earnings?to=0001-01-01", "to"),
        ("driver", "/driver/earnings/0001-01-01", "day"),
        ("driver", "/driver/earnings/9999-12-31", "day"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_named(everybody: dict[str, Person], who: str, path: str, field: str) -> None:
    problem = refused(everybody[who].get(path), 400, "validation_failed")
    assert problem["facts"]["fields"].startswith(f"{field}: ")


def test_filters_that_fit_are_taken(everybody: dict[str, Person]) -> None:
    query = "q=&state=expired&service=vip&from=2026-11-22T21:00&to=2026-11-22T13:00:00Z&cursor=" + str(uuid4())
    answer = everybody["staff"].get(f"/console/calls?{query}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])
