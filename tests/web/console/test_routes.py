"""The console's pages over made-up reads: who may enter, what is shown, what htmx gets."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.web.console.fakes import PASSWORD, SESSION_COOKIE, TOTP, FakeConsole, FakeDoor, call_row, held_jobs

from daeri.kernel.terms import Source
from daeri.web.console.routes import ConsoleRoom, console_router
from daeri.web.pages import build_pages

PAGES = build_pages()
HTMX = {"HX-Request": "true"}


@dataclass
class Visit:
    client: TestClient[Litestar]
    console: FakeConsole

    def enter(self) -> None:
        self.client.cookies.set(SESSION_COOKIE, "open")


@pytest.fixture
def visit() -> Iterator[Visit]:
    console = FakeConsole(held=held_jobs())
    room = ConsoleRoom(PAGES, console, console, FakeDoor(), secure_cookies=False)
    app = Litestar([console_router(room)], openapi_config=None)
    with TestClient(app, base_url="http://testserver.local") as client:
        client.follow_redirects = False
        yield Visit(client, console)


@pytest.mark.parametrize("path", ["/console", "/console/calls?q=1", "/console/drivers", "/console/jobs"])
def test_without_a_session_every_page_leads_to_sign_in(visit: Visit, path: str) -> None:
    answer = visit.client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in?next=/console")


def test_htmx_without_a_session_is_told_where_to_go(visit: Visit) -> None:
    answer = visit.client.get("/console/calls", headers=HTMX)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith("/console/sign-in")


def test_scripts_ask_whether_the_session_lives(visit: Visit) -> None:
    assert visit.client.get("/console/session").status_code == 401
    visit.enter()
    assert visit.client.get("/console/session").status_code == 204


def test_wrong_secrets_show_the_form_again_without_them(visit: Visit) -> None:
    secrets = {"email": "han@example.com", "password": "wrong one", "totp": "000000", "next": "/console/jobs"}
    answer = visit.client.post("/console/sign-in", data=secrets)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "han@example.com" in answer.text
    assert "wrong one" not in answer.text
    assert SESSION_COOKIE not in answer.cookies


def test_right_secrets_lead_to_the_page_that_was_asked_for(visit: Visit) -> None:
    secrets = {"email": "han@example.com", "password": PASSWORD, "totp": "123 456", "next": "/console/jobs"}
    assert TOTP == "123456"
    answer = visit.client.post("/console/sign-in", data=secrets)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/jobs")
    assert answer.cookies[SESSION_COOKIE] == "open"


def test_sign_in_never_leads_to_another_host(visit: Visit) -> None:
    secrets = {"email": "a@b.example", "password": PASSWORD, "totp": TOTP, "next": "https://evil.example/console"}
    assert visit.client.post("/console/sign-in", data=secrets).headers["location"] == "/console"


def test_every_page_carries_the_strict_policy(visit: Visit) -> None:
    visit.enter()
    for path in ("/console", "/console/calls", "/console/sign-in"):
        headers = visit.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["cache-control"] == "no-store"


def test_the_list_shows_a_page_of_calls_and_the_way_to_the_next(visit: Visit) -> None:
    visit.enter()
    first = visit.client.get("/console/calls").text
    assert call_row(0).number in first
    assert call_row(49).number in first
    assert call_row(50).number not in first
    more = visit.client.get("/console/calls?cursor=50", headers=HTMX).text
    assert call_row(50).number in more
    assert "<html" not in more


def test_the_search_is_read_from_the_address(visit: Visit) -> None:
    visit.enter()
    visit.client.get("/console/calls?q=%201037&state=driving&service=general&from=2026-11-22T21:00")
    query = visit.console.asked[-1]
    assert (query.q, query.state, query.service) == ("1037", "driving", "general")
    assert query.since is not None
    assert query.since.isoformat() == "2026-11-22T12:00:00+00:00"


def test_a_search_without_result_says_so(visit: Visit) -> None:
    visit.enter()
    assert "맞는 콜이 없습니다" in visit.client.get("/console/calls?q=nobody").text


def test_a_page_out_of_the_history_is_whole_again(visit: Visit) -> None:
    visit.enter()
    answer = visit.client.get("/console/calls", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in answer.text


def test_the_page_of_a_call_tells_its_facts_timeline_and_offers(visit: Visit) -> None:
    visit.enter()
    row = call_row(1)
    page = visit.client.get(f"/console/calls/{row.id}").text
    for words in (row.number, "홍대입구역", "16,000원", "호출 접수", "기사 배정", "무응답", "420 m", "1.3 km"):
        assert words in page, words


@pytest.mark.rule("R-030", "I-028")
def test_the_page_of_a_call_warns_of_what_was_driven_without_cover(visit: Visit) -> None:
    visit.enter()
    driven = next(row for row in map(call_row, range(100)) if row.driver_id)
    page = visit.client.get(f"/console/calls/{driven.id}", headers=HTMX).text
    for words in (
        "보험 적용 구간",
        "한빛손해보험",
        "**********0123",
        "보험 공백 · 4:00",
        "과태료도 지원되지 않습니다",
        "다시 연결",
    ):
        assert words in page, words
    assert page.index("보험 공백") < page.index("다시 연결 <")
    waiting = next(row for row in map(call_row, range(100)) if not row.driver_id)
    assert "보험 적용 구간" not in visit.client.get(f"/console/calls/{waiting.id}", headers=HTMX).text


@pytest.mark.rule("R-063", "X-11")
@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("requested", "기사가 아직 배정되지 않았습니다"),
        ("assigned", "기사가 배정되었습니다"),
        ("arrived", "피할 수 없을 때만"),
        ("driving", "피할 수 없을 때만"),
    ],
)
def test_how_a_call_is_cancelled_follows_from_whether_a_driver_is_assigned(visit: Visit, state: str, told: str) -> None:
    before_the_facts, _, rest = _own_call(visit, state).partition("facts-title")
    assert told in before_the_facts
    assert "호출 취소" in before_the_facts
    assert rest


@pytest.mark.rule("R-063")
def test_nobody_is_told_how_to_cancel_a_call_that_has_ended(visit: Visit) -> None:
    assert "data-cancel-guide" not in _own_call(visit, "completed")


def _own_call(visit: Visit, state: str) -> str:
    visit.enter()
    row = next(row for row in map(call_row, range(1000)) if (row.state, row.source) == (state, Source.OWN))
    return visit.client.get(f"/console/calls/{row.id}", headers=HTMX).text


def test_a_call_that_is_not_there_and_one_of_others_look_alike(visit: Visit) -> None:
    visit.enter()
    answer = visit.client.get("/console/calls/00000001-0000-7000-8000-00000000ffff")
    assert answer.status_code == 404
    assert "찾을 수 없습니다" in answer.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ["다른 콜 운행 중", "반경 밖에 있음", "1,048"]),
        ("en", ["On another call", "Outside the radius", "1,048"]),
    ],
)
def test_the_decision_log_speaks_in_words(visit: Visit, language: str, words: list[str]) -> None:
    visit.enter()
    visit.client.cookies.set("lang", language)
    log = visit.client.get(f"/console/calls/{call_row(1).id}/decisions", headers=HTMX).text
    assert all(each in log for each in words)
    assert "decision.reason." not in log
    assert call_row(7).number in log


def test_a_held_job_is_tried_again_once(visit: Visit) -> None:
    visit.enter()
    assert "notify_customer" in visit.client.get("/console/jobs").text
    first = visit.client.post("/console/jobs/81/retry", headers=HTMX)
    assert "작업을 다시 시작했습니다" in first.text
    assert "notify_customer" not in first.text
    assert "이 작업은 이미 다시 시작되었습니다" in visit.client.post("/console/jobs/81/retry", headers=HTMX).text


def test_drivers_are_found_by_name_and_state(visit: Visit) -> None:
    visit.enter()
    found = visit.client.get("/console/drivers?q=0037").text
    assert "010-0000-0037" in found
    assert "010-0000-0074" not in found
    assert "맞는 기사가 없습니다" in visit.client.get("/console/drivers?q=nobody").text


@pytest.mark.parametrize(("language", "shown", "hidden"), [("ko", "강남구", "Gangnam"), ("en", "Gangnam", "강남구")])
def test_drivers_are_in_regions_named_in_the_readers_language(
    visit: Visit, language: str, shown: str, hidden: str
) -> None:
    visit.enter()
    visit.client.cookies.set("lang", language)
    page = visit.client.get("/console/drivers").text
    assert shown in page
    assert hidden not in page


def test_language_and_theme_are_kept(visit: Visit) -> None:
    answer = visit.client.post("/console/preferences", data={"lang": "en", "next": "/console/jobs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/jobs")
    assert answer.cookies["lang"] == "en"
    bad = visit.client.post("/console/preferences", data={"lang": "xx", "theme": "pink"})
    assert not bad.cookies
    assert "Staff sign-in" in visit.client.get("/console/sign-in", headers={"Accept-Language": "en"}).text


def test_signing_out_takes_the_session(visit: Visit) -> None:
    visit.enter()
    answer = visit.client.post("/console/sign-out")
    assert answer.headers["location"] == "/console/sign-in"
    assert f'{SESSION_COOKIE}=""' in answer.headers["set-cookie"]
