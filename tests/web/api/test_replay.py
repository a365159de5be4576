"""Who moves time in a replay, and how far: nobody but staff, never back, and not until the end of all days."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.web.api.running import Running, refused

from daeri.accounts.model import Role

NOW, LATER = "2026-11-22T14:00:00Z", "2026-11-22T14:00:05Z"


def test_a_process_in_real_time_has_no_such_route(running: Running) -> None:
    refused(running.staff().command("/replay/step", {"until": LATER}), 404, "not_found")


def test_the_document_has_the_route_where_it_is(replaying: Running) -> None:
    operation = replaying.anybody.get("/schema/openapi.json").json()["paths"]["/api/v1/replay/step"]["post"]
    assert operation["operationId"] == "stepTime"


@pytest.mark.parametrize(
    ("until", "status", "code"),
    [
        ("2026-11-22T13:59:59Z", 422, "time_goes_on"),
        ("1900-01-01T00:00:00+23:59", 422, "time_goes_on"),
        ("2026-11-24T00:00:00Z", 422, "step_too_long"),
        ("2999-12-31T23:59:59-23:59", 422, "step_too_long"),
        ("0001-01-01T00:00:00+23:59", 400, "validation_failed"),
        ("9999-12-31T23:59:59-23:59", 400, "validation_failed"),
        ("2026-11-22T14:00:05", 400, "validation_failed"),
        ("now", 400, "validation_failed"),
        (None, 400, "validation_failed"),
        (1, 400, "validation_failed"),
    ],
)
def test_time_moves_neither_back_nor_out_of_sight(until: Any, status: int, code: str, replaying: Running) -> None:
    staff = replaying.staff()
    refused(staff.command("/replay/step", {"until": until}), status, code)
    answer = staff.command("/replay/step", {"until": replaying.program.parts.clock.now().isoformat()})
    assert answer.json()["ticks"] == 0


def test_only_those_who_may_write_policies_move_time(replaying: Running) -> None:
    for person in (replaying.customer(), replaying.driver(), replaying.gateway()):
        refused(person.command("/replay/step", {"until": LATER}), 403, "wrong_account_kind")
    refused(replaying.staff(role=Role.DISPATCHER).command("/replay/step", {"until": LATER}), 403, "not_permitted")
    refused(replaying.anybody.post("/replay/step", json={"until": LATER}), 401, "signed_out")


def test_time_moves_to_where_it_is_told_and_stays(replaying: Running) -> None:
    until = replaying.program.parts.clock.now() + timedelta(seconds=3)
    answer = replaying.staff().command("/replay/step", {"until": until.isoformat()}).json()
    assert datetime.fromisoformat(answer["now"]) == until == replaying.program.parts.clock.now()
    assert answer["ticks"] > 0
    assert answer["messages"] == []
