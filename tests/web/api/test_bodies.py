"""What careless and malicious clients put into bodies: every field of every route, with everything that does not fit.

The OpenAPI document is the judge: what does not fit its schema must be refused, what fits must not break anything.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest
from tests.web.api.running import TRIP, Person, Running, refused

CALL = {
    **TRIP,
    "vias": [{"lat": 37.5, "lon": 127.05, "name": "선릉"}],
    "service": "general",
    "options": [],
    "payment": "card",
    "reserved_for": None,
    "fare_amount": 25_000,
    "note": "문 앞",
}
NOBODY = "00000000-0000-7000-8000-000000000000"
FULL_CALL = {
    **CALL,
    "service": "delivery",
    "options": ["business"],
    "reserved_for": "2026-11-23T14:00:00+09:00",
    "fare_plan": "typed",
    "riders": [{"phone": "010-0000-0001", "name": "이수민", "car": {"plate": "12가3456"}}],
    "car": {"plate": "12가3456", "model": "세단", "transmission": "auto", "note": "지하 2층"},
    "car_id": NOBODY,
    "business_account_id": NOBODY,
}
APPLICATION = {
    "name": "김민준",
    "licence": {"number": "11-22-333333-44", "kind": "first_normal", "expires_on": "2030-01-01"},
    "insurance": {"company": "보험", "policy_number": "P-1", "expires_on": "2030-01-01"},
    "services": ["general"],
}
NOTICE = {
    "audience": "drivers",
    "title_ko": "안내",
    "title_en": "Notice",
    "body_ko": "내일 점검",
    "body_en": "Maintenance tomorrow",
    "shown_from": "2026-11-22T14:00:00Z",
    "shown_until": "2026-11-23T14:00:00Z",
}
POLICY = {
    "value": {"limit": 3},
    "region": "11",
    "service": "vip",
    "effective_from": "2026-12-01T00:00:00Z",
    "note": "시범",
}


class Route(NamedTuple):
    """A route with a body: who may send it, and a body that its schema accepts."""

    path: str
    who: str
    body: Any
    method: str = "post"


ROUTES = [
    Route("/auth/codes", "anybody", {"phone": "010-0000-0001", "role": "customer", "company": "hanbit"}),
    Route("/auth/sessions", "anybody", {"challenge_id": NOBODY, "code": "123456"}),
    Route("/auth/sessions/staff", "anybody", {"email": "a@hanbit.example", "password": "x", "totp": "1"}),
    Route("/auth/sessions/refresh", "anybody", {"refresh_token": "x"}),
    Route("/quotes", "customer", {**TRIP, "vias": [TRIP["origin"]], "service": "vip"}),
    Route("/calls", "customer", CALL),
    Route("/calls", "customer", FULL_CALL),
    Route("/calls/{call_id}/fare", "customer", {"plan": "typed", "amount": 20_000}),
    Route("/calls/{call_id}/rider", "customer", {"phone": "010-0000-0001", "name": "이수민"}),
    Route("/calls/{call_id}/cancel", "customer", {"reason": "changed_mind"}),
    Route("/calls/{call_id}/pay", "customer", {"card_id": NOBODY}),
    Route("/me/cards", "customer", {"auth_key": "auth", "customer_key": "name"}),
    Route("/me/cards/window", "customer", {"return_path": "/app/cards/return"}),
    Route("/driver/cards", "driver", {"auth_key": "auth", "customer_key": "name"}),
    Route("/driver/cards/window", "driver", {"return_path": "/drive/cards/return"}),
    Route("/webhooks/cards", "anybody", {"order_id": "daeri-x", "data": {"orderId": "daeri-x"}}),
    Route("/driver/duty", "driver", {"on": True, "position": {"lat": 37.5, "lon": 127.0}}),
    Route("/driver/calls/{call_id}/cancel", "driver", {"reason": "car_trouble"}),
    Route("/driver/calls/{call_id}/via", "driver", {"index": 0}),
    Route("/driver/calls/{call_id}/complete", "driver", {"cash_received": True}),
    Route(
        "/customer/places", "customer", {"label": "집", "name": "서울숲", "lat": 37.5, "lon": 127.0, "address": "서울"}
    ),
    Route("/customer/cars", "customer", {"plate": "12가3456", "model": "세단", "transmission": "auto", "note": "지하"}),
    Route("/customer", "customer", {"name": "서연"}, "put"),
    Route("/customer/cars/{car_id}", "customer", {"plate": "12가3456", "transmission": "manual"}, "put"),
    Route(
        "/calls/{call_id}/rating",
        "customer",
        {"stars": 5, "tags": ["kind"], "comment": "고맙습니다", "never_meet": False},
    ),
    Route("/calls/{call_id}/never-meet", "customer", {"reason": "말다툼"}),
    Route("/calls/{call_id}/lost-item", "customer", {"what": "우산", "where": "뒷자리", "phone": "010-0000-0001"}),
    Route("/driver/calls/{call_id}/never-meet", "driver", {"reason": "말다툼"}),
    Route("/driver/calls/{call_id}/accident", "driver", {"what": "기둥", "injured": False, "police": True}),
    Route("/driver/application", "driver", APPLICATION),
    Route("/driver/suspensions/{suspension_id}/appeal", "driver", {"text": "그날은 쉬었습니다"}),
    Route("/driver/bank-account", "driver", {"bank": "088", "number": "110-123-456789", "holder": "김민준"}, "put"),
    Route("/driver/payouts", "driver", {"amount": 10_000}),
    Route("/driver/top-ups", "driver", {"amount": 10_000, "card_id": NOBODY}),
    Route("/console/payouts/{payout_id}/paid", "staff", {"reference": "B-1"}),
    Route("/console/payouts/{payout_id}/returned", "staff", {"reference": "예금주 불일치"}),
    Route("/console/drivers/{driver_id}/top-ups", "staff", {"amount": 10_000, "reference": "B-2"}),
    Route(
        "/console/business-accounts/{account_id}/paid",
        "staff",
        {"month": "2026-11", "amount": 10_000, "reference": "B-3"},
    ),
    Route(
        "/webhooks/payouts",
        "anybody",
        {"payout_id": NOBODY, "outcome": "paid", "amount": 10_000, "reference": "B-4"},
    ),
    Route("/console/calls/{call_id}/forgive-cancellation", "staff", {"reason": "기사 지각"}),
    Route("/console/customers/{customer_id}/lift-restriction", "staff", {"reason": "확인함"}),
    Route("/console/never-meet/{wish_id}/lift", "staff", {"reason": "확인함"}),
    Route("/console/cases/{case_id}/close", "staff", {"note": "찾아 드림"}),
    Route("/console/drivers/{driver_id}/approve", "staff", {"services": ["general"]}),
    Route("/console/drivers/{driver_id}/refuse", "staff", {"reason": "서류 불명"}),
    Route(
        "/console/drivers/{driver_id}/suspend",
        "staff",
        {"reason": "확인 중", "evidence": "제보", "ends_at": "2026-12-01T00:00:00Z"},
    ),
    Route("/console/drivers/{driver_id}/lift", "staff", {"reason": "확인함"}),
    Route("/console/appeals/{appeal_id}/answer", "staff", {"upheld": True, "text": "확인함"}),
    Route("/console/notices", "staff", NOTICE),
    Route(
        "/console/weather",
        "staff",
        {"condition": "rain", "region": "11", "until": "2026-11-23T00:00:00+09:00"},
        "put",
    ),
    Route("/console/policies/{name}", "staff", POLICY),
    Route("/console/calls/{call_id}/cancel", "staff", {"reason": "customer_asked"}),
    Route("/console/calls/{call_id}/release", "staff", {"reason": "driver_too_far"}),
    Route("/console/calls/{call_id}/status", "staff", {"move": "arrive", "reason": "asked", "driver_id": NOBODY}),
    Route("/console/calls/{call_id}/assign", "staff", {"driver_id": NOBODY, "reason": "customer_asked"}),
    Route("/console/calls/{call_id}/memos", "staff", {"text": "메모", "links": ["0000000A"]}),
    Route("/console/calls/{call_id}/payment/settle", "staff", {"reason": "확인함", "card_id": NOBODY}),
    Route("/console/calls/{call_id}/payment/adjust", "staff", {"amount": 20_000, "reason": "확인함"}),
    Route("/console/calls/{call_id}/payment/agree", "staff", {"amount": 20_000, "reason": "확인함"}),
    Route("/console/calls/{call_id}/payment/write-off", "staff", {"reason": "확인함"}),
    Route("/console/calls/{call_id}/payment/transfer", "staff", {"reference": "20261128-0001", "amount": 20_000}),
    Route("/console/calls/{call_id}/payment/cash", "staff", {"received": True, "reason": "확인함"}),
    Route("/console/payment-tasks/{task_id}/take", "staff", {"instead_of": NOBODY}),
    Route("/console/payment-tasks/{task_id}/done", "staff", {"note": "확인함"}),
    Route("/console/calls/{call_id}/fare-calculations", "staff", {**TRIP, "vias": [TRIP["origin"]], "service": "vip"}),
    Route("/driver/handles", "gateway", {"ids": [NOBODY]}),
    Route("/driver/positions", "driver", {"points": [[1, 37.5, 127.0, 5]]}),
]  # fmt: skip -- a table
NAMES = [f"{route.method} {route.path}" for route in ROUTES]

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1,
    1.5,
    10**12,
    10**30,
    1e308,
    "",
    "x",
    "1",
    "true",
    "37.5",
    "\0",
    "앞\0뒤",
    "a" * 10_000,
    "😀" * 60,
    "\u202e\u200b",
    "'; DROP TABLE calls; --",
    "{0.__class__}",
    "../../etc/passwd",
    [],
    {},
    [[]],
    [None] * 30,
    [{}],
    {"a": 1},
    NOBODY,
    NOBODY[:-1],
    "2026-11-22T14:00:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59Z",
    "0001-01-01",
    "9999-12-31",
]  # fmt: skip -- a table
# What no JSON library would write.
RAW = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"01",
    b"'x'",
    b'"\\ud800"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b'"\x00"',
    b"[" * 5_000 + b"]" * 5_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"9" * 5_000,
    b'"\\u0000"',
]  # fmt: skip -- a table
_MARK = "@mark@"


@pytest.fixture(scope="module")
def document(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = running.anybody.get("/schema/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def people(
    running: Running, customer: Person, driver: Person, staff: Person, gateway: Person
) -> dict[str, httpx.Client]:
    named = {"customer": customer, "driver": driver, "staff": staff, "gateway": gateway}
    return {"anybody": running.anybody} | {name: person.http for name, person in named.items()}


def test_every_route_with_a_body_is_attacked(document: dict[str, Any]) -> None:
    with_body = {
        f"{method} {path.removeprefix('/api/v1')}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert with_body == set(NAMES)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    route: Route, running: Running, document: dict[str, Any], people: dict[str, httpx.Client]
) -> None:
    schema = _schema(document, route)
    assert schema.is_valid(route.body), list(schema.iter_errors(route.body))
    wrong = [body for body in _mutants(route.body) if not schema.is_valid(body)]
    assert len(wrong) > 20
    before = running.rows()
    for body in wrong:
        answer = _send(people[route.who], route, _dump(body))
        assert answer.status_code in {400, 422, 429}, (body, answer.text)
        refused(answer)
    assert running.rows() == before


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_what_fits_never_breaks_anything(
    route: Route, document: dict[str, Any], people: dict[str, httpx.Client]
) -> None:
    schema = _schema(document, route)
    for body in filter(schema.is_valid, _mutants(route.body)):
        answer = _send(people[route.who], route, _dump(body))
        if not answer.is_success:
            refused(answer)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_what_is_no_json_is_refused_wherever_it_stands(
    route: Route, running: Running, people: dict[str, httpx.Client]
) -> None:
    before = running.rows()
    marked = [_dump(body) for body in _places(route.body, _MARK)]
    for raw in RAW:
        for body in (raw, *(dumped.replace(f'"{_MARK}"'.encode(), raw) for dumped in marked)):
            if body:
                refused(_send(people[route.who], route, body))
    assert running.rows() == before


@pytest.mark.parametrize("route", [one for one in ROUTES if one.path != "/driver/positions"], ids=lambda one: one.path)
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_media_type_is_refused(route: Route, media_type: str, people: dict[str, httpx.Client]) -> None:
    answer = _send(people[route.who], route, _dump(route.body), **{"content-type": media_type})
    refused(answer, 415, "media_type_unsupported")


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_an_empty_body_is_refused(route: Route, people: dict[str, httpx.Client]) -> None:
    """Some commands need none: there is just no such call or driver."""
    status = 404 if route.path.endswith(("/cancel", "/complete", "/never-meet", "/approve", "/take", "/pay")) else 400
    refused(_send(people[route.who], route, b""), status)


def test_a_refusal_says_where_and_does_not_repeat_what_was_sent(customer: Person) -> None:
    body = {**CALL, "origin": {**TRIP["origin"], "lat": "secret-thing"}}
    problem = refused(customer.command("/calls", body), 400, "validation_failed")
    assert "$.origin.lat" in problem["detail"]
    assert "secret-thing" not in json.dumps(problem)


def _schema(document: dict[str, Any], route: Route) -> jsonschema_rs.Draft202012Validator:
    body = document["paths"][f"/api/v1{route.path}"][route.method]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]}, validate_formats=True)


def _send(client: httpx.Client, route: Route, body: bytes, **headers: str) -> httpx.Response:
    sent = {"content-type": "application/json", "idempotency-key": uuid4().hex, **headers}
    path = re.sub(r"{\w+_id}", str(uuid4()), route.path).format(name="cancellation")
    return client.request(route.method, path, content=body, headers=sent)


def _dump(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _mutants(body: Any) -> Iterator[Any]:
    for value in VALUES:
        yield from _places(body, value)
    yield from _without(body)
    yield from _with_more(body)


def _places(body: Any, value: Any) -> Iterator[Any]:
    """`body` with `value` in each of its places in turn."""
    yield value
    for key in _keys(body):
        for inner in _places(body[key], value):
            changed = copy.copy(body)
            changed[key] = inner
            yield changed


def _without(body: Any) -> Iterator[Any]:
    """`body` without each of its fields in turn."""
    for key in _keys(body):
        yield {other: kept for other, kept in body.items() if other != key} if isinstance(body, dict) else []
        for inner in _without(body[key]):
            changed = copy.copy(body)
            changed[key] = inner
            yield changed


def _with_more(body: Any) -> Iterator[Any]:
    """`body` with a field too many in each of its objects in turn."""
    if isinstance(body, dict):
        yield {**body, "surprise": 1}
        yield {**body, "company_id": NOBODY}
    for key in _keys(body):
        for inner in _with_more(body[key]):
            changed = copy.copy(body)
            changed[key] = inner
            yield changed


def _keys(body: Any) -> list[Any]:
    if isinstance(body, dict):
        return list(body)
    return list(range(len(body))) if isinstance(body, list) else []
