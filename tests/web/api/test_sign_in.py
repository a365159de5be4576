"""Signing in over HTTP, for those who should not: what is learned is nothing, and guessing ends soon."""

from uuid import UUID, uuid4

import httpx
import pytest
from tests.web.api.running import PASSWORD, Running, refused

from daeri.accounts.model import ChallengeId


@pytest.mark.parametrize("role", ["staff", "gateway"])
def test_a_telephone_makes_nobody_staff(role: str, running: Running) -> None:
    before = running.rows()
    refused(_ask(running, "010-0000-7001", role=role))
    assert running.rows() == before


@pytest.mark.parametrize("phone", ["abc", "+82", "1", "++++"])
def test_what_is_no_number_is_refused(phone: str, running: Running) -> None:
    refused(_ask(running, phone))


def test_a_company_must_be_named_where_there_are_two(running: Running) -> None:
    for company in (None, "nowhere", "", "\u202e", "hanbit' --"):
        refused(_ask(running, "010-0000-7002", company=company))


def test_known_and_unknown_numbers_are_answered_alike(running: Running) -> None:
    known = _session(running, "010-0000-7003")
    assert known.status_code == 201
    answers = [_ask(running, phone) for phone in ("010-0000-7003", "010-0000-7004")]
    assert {answer.status_code for answer in answers} == {202}
    assert [sorted(answer.json()) for answer in answers] == [["challenge_id", "expires_at"]] * 2


def test_guessing_a_code_ends_soon_even_with_the_right_one(running: Running) -> None:
    challenge = _ask(running, "010-0000-7005").json()["challenge_id"]
    right = _code(running, challenge)
    wrong = "0" * len(right) if right != "0" * len(right) else "1" * len(right)
    seen = {refused(_answer(running, challenge, wrong))["code"] for _ in range(8)}
    assert "too_many_attempts" in seen
    refused(_answer(running, challenge, right))


def test_a_code_works_once_and_for_its_own_challenge(running: Running) -> None:
    challenge = _ask(running, "010-0000-7006").json()["challenge_id"]
    code = _code(running, challenge)
    refused(_answer(running, str(uuid4()), code))
    assert _answer(running, challenge, code).status_code == 201
    refused(_answer(running, challenge, code))


def test_one_number_gets_only_so_many_codes(running: Running) -> None:
    answers = [_ask(running, "010-0000-7007") for _ in range(12)]
    problem = refused(answers[-1], 429, "rate_limited")
    assert problem["facts"]["retry_after_s"] > 0


def test_a_refresh_token_that_comes_twice_ends_its_session(running: Running) -> None:
    session = _session(running, "010-0000-7008").json()
    fresh = _post(running, "/auth/sessions/refresh", {"refresh_token": session["refresh_token"]}).json()
    assert running.client(authorization=f"Bearer {fresh['access_token']}").get("/calls").status_code == 200
    refused(_post(running, "/auth/sessions/refresh", {"refresh_token": session["refresh_token"]}), 401)
    refused(running.client(authorization=f"Bearer {fresh['access_token']}").get("/calls"), 401)


def test_accounts_of_two_companies_with_one_number_are_two(running: Running) -> None:
    ours, theirs = (_session(running, "010-0000-7009", slug).json()["account"] for slug in ("hanbit", "saebyeok"))
    assert ours["id"] != theirs["id"]
    assert (ours["company_id"], theirs["company_id"]) == (str(running.ours), str(running.theirs))


def test_whoever_names_no_company_gets_the_default_one(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(_ask(running, "010-0000-7010", company=None), 404, "company_not_found")
    chosen = running.settings.model_copy(update={"default_company": "saebyeok"})
    monkeypatch.setattr(running.program.context, "settings", chosen)
    challenge = _ask(running, "010-0000-7010", company=None).json()["challenge_id"]
    account = _answer(running, challenge, _code(running, challenge)).json()["account"]
    assert account["company_id"] == str(running.theirs)


def test_staff_are_told_nothing_about_which_part_was_wrong(running: Running) -> None:
    given = {"email": "nobody@hanbit.example", "password": PASSWORD, "totp": "000000", "company": "hanbit"}
    refused(_post(running, "/auth/sessions/staff", given), 401, "credentials_wrong")


def _ask(running: Running, phone: str, role: str = "customer", company: str | None = "hanbit") -> httpx.Response:
    return _post(running, "/auth/codes", {"phone": phone, "role": role, "company": company})


def _answer(running: Running, challenge: str, code: str) -> httpx.Response:
    return _post(running, "/auth/sessions", {"challenge_id": challenge, "code": code})


def _post(running: Running, path: str, body: dict[str, str | None]) -> httpx.Response:
    """From an address of its own, whose limits no other test uses up."""
    with running.client(address="127.0.0.77") as client:
        return client.post(path, json=body)


def _code(running: Running, challenge: str) -> str:
    return running.program.codes.code_for(ChallengeId(UUID(challenge))) or ""


def _session(running: Running, phone: str, company: str = "hanbit") -> httpx.Response:
    asked = _ask(running, phone, company=company)
    assert asked.status_code == 202, asked.text
    challenge = asked.json()["challenge_id"]
    return _answer(running, challenge, _code(running, challenge))
