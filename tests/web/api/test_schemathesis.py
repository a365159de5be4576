"""Schemathesis against the running server: whatever the document allows or forbids, the server never breaks."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from tests.web.api.running import Person, Running

SEED = 20261122
EXAMPLES, OTHERS = 10, 2  # of each operation of the person's own kind, and of the rest; `--long` multiplies them
LONG = 20
OWN_TAGS = {"customer": {"customer", "sign-in"}, "driver": {"driver"}, "staff": {"console", "figures"}}
SIGN_OUT = "signOut"  # would end the session that the other cases use: it has tests of its own


@pytest.fixture
def people(running: Running) -> dict[str, Person]:
    """Each test's own, so that nothing that is done in their names is missed elsewhere."""
    return {
        "customer": running.customer(),
        "driver": running.driver(),
        "staff": running.staff(),
        "gateway": running.gateway(),
    }


@pytest.fixture(scope="module")
def operations(running: Running) -> list[Any]:
    schema = schemathesis.openapi.from_dict(running.anybody.get("/schema/openapi.json").json())
    schema.config.generation.modes = list(GenerationMode)
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(found) > 20
    return [one for one in found if one.definition.raw["operationId"] != SIGN_OUT]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", ["customer", "driver", "staff", "gateway"])
def test_no_request_breaks_the_server(
    who: str, running: Running, operations: list[Any], people: dict[str, Person], request: pytest.FixtureRequest
) -> None:
    factor = LONG if request.config.getoption("--long") else 1
    attack = Attack(running, people[who], _real(running, people))
    for operation in operations:
        own = OWN_TAGS.get(who, set()).intersection(operation.definition.raw["tags"])
        attack.on(operation, factor * (EXAMPLES if own else OTHERS))
    assert attack.faults == []
    assert len(attack.answers) >= 6, "the generator reaches few kinds of answers only"
    assert attack.answers.total() > len(operations) * OTHERS / 2


def test_signing_out_whatever_comes_with_it_ends_only_ones_own_session(running: Running) -> None:
    person, other = running.customer(), running.customer()
    answer = person.http.request("DELETE", "/auth/sessions/current", content=b"\xff", headers={"x": "y"})
    assert answer.status_code == 204
    assert person.get("/calls").status_code == 401
    assert other.get("/calls").status_code == 200


class Attack:
    """Sends what the generator makes up; every other time about a call and an offer that there are."""

    def __init__(self, running: Running, person: Person, real: dict[str, str]) -> None:
        self._running, self._person, self._real = running, person, real
        self.faults: list[str] = []
        self.answers = Counter[int]()

    def on(self, operation: Any, examples: int) -> None:
        @seed(SEED)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def attack(case: Any) -> None:
            self._send(case)

        attack()

    def _send(self, case: Any) -> None:
        if self.answers.total() % 2 and case.path_parameters:
            case.path_parameters = {name: self._real.get(name, value) for name, value in case.path_parameters.items()}
        headers = {"authorization": f"Bearer {self._person.token}", "idempotency-key": uuid4().hex}
        answer = case.call(base_url=self._running.url, headers=headers, timeout=30)
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            self.faults.append(f"{case.as_curl_command()} -> {answer.status_code} {answer.text}")


def _real(running: Running, people: dict[str, Person]) -> dict[str, str]:
    call_id, offer_id = running.offered(people["customer"], running.driver())
    return {"call_id": call_id, "offer_id": offer_id}


@pytest.fixture(autouse=True)
def _quietly(recwarn: pytest.WarningsRecorder) -> Iterator[None]:
    """What the generator says about schemas is of no use here."""
    yield
    recwarn.clear()
