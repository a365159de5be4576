"""Policies over HTTP: effective from an instant on, by whom, within their bounds, and only of one's own company."""

from datetime import timedelta
from typing import Any

import pytest
from tests.web.api.running import Running, refused

from daeri.accounts.model import Role
from daeri.kernel.ids import CompanyId


@pytest.fixture(scope="module")
def paths() -> tuple[str, str]:
    return "/console/policies", "/console/policies/cancellation"


@pytest.fixture
def company(running: Running) -> CompanyId:
    """Where nobody has written any policy yet."""
    return running.company()


def test_every_policy_says_its_fields_and_what_holds(
    running: Running, company: CompanyId, paths: tuple[str, str]
) -> None:
    staff = running.staff(company)
    names = {item["name"] for item in staff.get(paths[0]).json()["items"]}
    assert {"dispatch", "cancellation", "tariff", "fare_plans"} <= names | {"fare_plans"}
    page = staff.get(paths[1]).json()
    assert page["version"] == 0
    assert page["value"] == page["built_in"]
    assert "limit" in str(page["fields"])


@pytest.mark.rule("I-008")
def test_a_record_holds_from_its_instant_on_with_who_wrote_it(
    running: Running, company: CompanyId, paths: tuple[str, str]
) -> None:
    staff = running.staff(company)
    later = (running.program.parts.clock.now() + timedelta(days=2)).isoformat()
    staff.command(paths[1], {"value": {"limit": 3}, "note": "trial"}).raise_for_status()
    page = staff.command(paths[1], {"value": {"limit": 9}, "effective_from": later}).json()
    assert page["value"]["limit"] == 3
    assert [(record["value"]["limit"], record["standing"]) for record in page["records"]] == [
        (9, "planned"),
        (3, "in_force"),
    ]
    assert page["records"][1]["note"] == "trial"
    assert running.staff(running.company()).get(paths[1]).json()["records"] == []  # nobody else's


def test_a_region_has_its_own_until_it_is_withdrawn(running: Running, company: CompanyId) -> None:
    staff, path = running.staff(company), "/console/policies/dispatch"
    page = staff.command(path, {"value": {"mode": "open_list"}, "region": "11"}).json()
    assert page["value"]["mode"] == "exclusive"
    assert (page["records"][0]["region"], page["records"][0]["standing"]) == ("11", "in_force")
    page = staff.command(path, {"value": None, "region": "11"}).json()
    assert [record["standing"] for record in page["records"]] == ["in_force", "past"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"value": {"limit": 0}}, "policy_invalid"),
        ({"value": {"limit": "many"}}, "policy_invalid"),
        ({"value": {"nothing": 1}}, "policy_invalid"),
        ({"value": {"limit": 3}, "region": "99"}, "region_unknown"),
        ({"value": {"limit": 3}, "effective_from": "2020-01-01T00:00:00+09:00"}, "policy_in_the_past"),
    ],
)
def test_what_does_not_fit_is_named(body: dict[str, Any], code: str, running: Running, paths: tuple[str, str]) -> None:
    refused(running.staff().command(paths[1], body), 422, code)


def test_only_who_may_writes_and_nobody_writes_what_does_not_exist(running: Running, paths: tuple[str, str]) -> None:
    refused(running.staff(role=Role.SUPPORT_AGENT).command(paths[1], {"value": {}}), 403)
    refused(running.staff().command("/console/policies/nothing", {"value": {}}), 404, "policy_unknown")
    assert running.customer().get(paths[0]).status_code == 403
