"""The OpenAPI document: whole, true to what is read, and telling a client everything that it needs."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.openapi import from_dict
from tests.web.api.running import TRIP, Person, Running
from tests.web.api.tills import Counter

KEYLESS = re.compile(r"^/api/v1/(auth/|quotes$|driver/(positions|handles|socket-ticket)$|replay/|webhooks/)")


@pytest.fixture(scope="module")
def document(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = running.anybody.get("/schema/openapi.json").json()
    return found


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    from_dict(document).validate()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert wanted == set(schemas)
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(set(ids)) == len(ids)
    for _, path, operation in _operations(document):
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"]), path
        assert re.match(r"[A-Z].{8,}[^.]$", operation["summary"]), path
        assert operation["responses"]["default"]["content"]["application/problem+json"]["schema"], path
        assert len([status for status in operation["responses"] if status.startswith("2")]) == 1, path
        assert operation["tags"], path


def test_the_names_that_clients_are_generated_from_stay(document: dict[str, Any]) -> None:
    ids = {operation["operationId"] for _, _, operation in _operations(document)}
    assert ids >= {
        "requestCode",
        "answerCode",
        "signInStaff",
        "refreshSession",
        "signOut",
        "quote",
        "requestCall",
        "listCalls",
        "getCall",
        "cancelCall",
        "getDriver",
        "setDuty",
        "reportPositions",
        "nameDrivers",
        "acceptOffer",
        "declineOffer",
        "listOpenCalls",
        "takeCall",
        "reportArrival",
        "startDrive",
        "completeDrive",
        "cancelDrive",
        "findRegion",
        "getOutline",
        "countDoubleAssignments",
        "consoleGetPayment",
        "consoleSettlePayment",
        "consoleAdjustPayment",
        "consoleListPayments",
        "consoleListPaymentTasks",
        "consoleListEntries",
    }  # fmt: skip -- a table


def test_every_command_asks_for_its_key(document: dict[str, Any]) -> None:
    for method, path, operation in _operations(document):
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        is_command = method != "get" and not KEYLESS.match(path)
        assert ("Idempotency-Key" in names) is is_command, path


def test_a_body_says_that_it_takes_no_other_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in [name for name in schemas if name.endswith("In") and name != "SamplesIn"]:
        assert schemas[name]["additionalProperties"] is False, name


def test_answers_are_as_documented(document: dict[str, Any], running: Running) -> None:
    customer, driver = running.customer(), running.driver()
    staff, paid = running.staff(), Counter(running, running.ours).paid().id
    call_id, offer_id = running.offered(customer, driver)
    seen = {
        ("post", "/quotes"): customer.http.post("/quotes", json=TRIP),
        ("get", "/driver"): driver.get("/driver"),
        ("post", "/driver/offers/{offer_id}/accept"): driver.command(f"/driver/offers/{offer_id}/accept"),
        ("get", "/calls"): customer.get("/calls"),
        ("get", "/calls/{call_id}"): customer.get(f"/calls/{call_id}"),
        ("post", "/driver/calls/{call_id}/arrive"): driver.command(f"/driver/calls/{call_id}/arrive"),
        ("get", "/driver/open-calls"): driver.get("/driver/open-calls"),
        ("get", "/regions/at"): running.anybody.get("/regions/at?lat=37.5&lon=127"),
        ("get", "/console/calls/{call_id}/payment"): staff.get(f"/console/calls/{paid}/payment"),
        ("get", "/console/payments"): staff.get("/console/payments"),
        ("get", "/console/payment-tasks"): staff.get("/console/payment-tasks"),
        ("get", "/console/ledger"): staff.get("/console/ledger"),
        ("get", "/console/ledger/totals"): staff.get("/console/ledger/totals"),
    }
    for (method, path), answer in seen.items():
        documented = document["paths"][f"/api/v1{path}"][method]["responses"][str(answer.status_code)]
        schema = documented["content"]["application/json"]["schema"] | {"components": document["components"]}
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(answer.json())


def test_refusals_are_as_documented(document: dict[str, Any], customer: Person) -> None:
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema)
    for answer in (customer.get("/driver"), customer.get("/nowhere"), customer.http.post("/calls", json={})):
        validator.validate(answer.json())


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation
