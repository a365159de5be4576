"""What a browser is given and what it may do: headers, cookies, tokens against forged commands, pages for the lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pyotp
import pytest
from tests.web.api.running import PASSWORD, TOTP, TRIP, Running, password_hash, refused

from daeri.accounts import api as accounts
from daeri.accounts.api import NewStaff
from daeri.accounts.model import Role, SessionKind
from daeri.kernel.terms import SYSTEM
from daeri.web.principals import COOKIE

NOBODY = "00000000-0000-7000-8000-000000000000"
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass(frozen=True)
class Browser:
    """A member of staff who has signed in through the form."""

    http: httpx.Client
    csrf: str
    signed_in: httpx.Response


@pytest.fixture(scope="module")
def browser(running: Running) -> Iterator[Browser]:
    with signed_in(running, "browser@hanbit.example") as opened:
        yield opened


@contextmanager
def signed_in(running: Running, email: str) -> Iterator[Browser]:
    running.ask(lambda program: _make_staff(program, running, email))
    # From an address of its own, whose limits no other test uses up.
    transport = httpx.HTTPTransport(local_address="127.0.0.78")
    with httpx.Client(base_url=running.url, headers=HTML, transport=transport) as client:
        form = {"email": email, "password": PASSWORD, "totp": pyotp.TOTP(TOTP).now(), "next": "/console"}
        answer = client.post("/console/sign-in", data=form)
        assert answer.status_code == 303, answer.text[:300]
        principal = running.ask(lambda program: program.context.authenticator.authenticate(client.cookies[COOKIE]))
        assert principal.session_kind is SessionKind.PAGE
        ring = running.program.parts.gate.ring
        yield Browser(client, accounts.csrf_token(ring, principal.session_id), answer)


async def _make_staff(program, running: Running, email: str) -> None:
    gate = program.parts.gate
    new = NewStaff(running.ours, email, "관제", password_hash(), [Role.ADMIN], TOTP)
    async with program.parts.database.transaction() as tx:
        await accounts.create_staff(tx, gate, new, actor=SYSTEM, moment=program.context.moment())


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    (cookie,) = [one for one in browser.signed_in.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    flags = {part.strip().lower().split("=")[0]: part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite", "path", "max-age"} <= set(flags)
    assert flags["samesite"] == "samesite=lax"
    assert "domain" not in flags
    assert "secure" not in flags  # this server speaks plain HTTP; with TLS see the test of the door


@pytest.mark.parametrize("path", ["/console", "/console/calls", "/console/drivers", "/console/jobs", "/nowhere"])
def test_every_page_admits_only_our_own(path: str, browser: Browser) -> None:
    answer = browser.http.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert (policy["object-src"], policy["base-uri"], policy["frame-ancestors"]) == ("'none'",) * 3
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in str(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/calls", "/schema/openapi.json", "/nowhere", "/driver/positions", "/regions/at"])
def test_answers_of_the_api_are_neither_kept_nor_run_nor_framed(path: str, running: Running) -> None:
    answer = running.anybody.get(path)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


def test_what_may_be_kept_says_so_itself(running: Running) -> None:
    answer = running.anybody.get("/regions/outline.geojson")
    assert answer.headers.get_list("cache-control") == ["public, max-age=3600"]


COMMANDS = [
    ("POST", f"/api/v1/console/calls/{NOBODY}/cancel"),
    ("POST", f"/api/v1/console/calls/{NOBODY}/release"),
    ("POST", "/api/v1/console/jobs/held/1/retry"),
    ("POST", "/api/v1/console/payouts/file"),
    ("POST", f"/api/v1/console/calls/{NOBODY}/payment/settle"),
    ("POST", f"/api/v1/console/calls/{NOBODY}/payment/adjust"),
    ("POST", f"/api/v1/console/payment-tasks/{NOBODY}/take"),
    ("POST", "/api/v1/calls"),
    ("DELETE", "/api/v1/auth/sessions/current"),
    ("POST", "/console/jobs/1/retry"),
    ("POST", "/console/sign-out"),
]


@pytest.mark.parametrize(("method", "path"), COMMANDS)
@pytest.mark.parametrize("token", [None, "", "x", "A" * 43, "é"])
def test_a_cookie_without_its_token_commands_nothing(
    method: str, path: str, token: str | None, running: Running, browser: Browser
) -> None:
    before = running.rows()
    headers = {"idempotency-key": uuid4().hex} | ({} if token is None else {"x-csrftoken": token.encode("latin-1")})
    refused(browser.http.request(method, path, headers=headers, **_body(path)), 403, "csrf_wrong")
    assert running.rows() == before
    assert browser.http.get("/console/session").status_code == 204


@pytest.mark.parametrize(
    ("path", "code"), [("/api/v1/calls", "wrong_account_kind"), (COMMANDS[0][1], "call_not_found")]
)
def test_a_cookie_with_its_token_is_who_it_is(path: str, code: str, browser: Browser) -> None:
    headers = {"idempotency-key": uuid4().hex, "x-csrftoken": browser.csrf}
    refused(browser.http.post(path, headers=headers, **_body(path)), code=code)


def test_the_token_of_another_session_is_worth_nothing(running: Running, browser: Browser) -> None:
    with signed_in(running, "other-browser@hanbit.example") as other:
        headers = {"idempotency-key": uuid4().hex, "x-csrftoken": other.csrf}
        refused(browser.http.post(COMMANDS[0][1], headers=headers), 403, "csrf_wrong")


def test_an_apps_token_in_a_cookie_and_a_cookie_in_a_header(running: Running, browser: Browser) -> None:
    """A bearer token is no cookie: no page of another site may bring a browser to send it."""
    app = running.customer()
    with httpx.Client(base_url=running.api, cookies={COOKIE: app.token}) as client:
        refused(client.get("/calls"), 401, "signed_out")
    refused(running.client(authorization=f"Bearer {browser.http.cookies[COOKIE]}x").get("/console/calls"), 401)


@pytest.mark.parametrize("cookie", ["", "x", "A" * 5_000, "%00", "../..", '"', "a=b; c"])
def test_a_broken_cookie_leads_to_sign_in(cookie: str, running: Running) -> None:
    with httpx.Client(base_url=running.url, headers=HTML | {"cookie": f"{COOKIE}={cookie}"}) as client:
        answer = client.get("/console")
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?next=/console")
        refused(client.get("/api/v1/calls"), 401, "signed_out")


@pytest.mark.parametrize(
    "after",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/console//evil.example", "javascript:x"],
)
def test_signing_in_leads_nowhere_else(after: str, running: Running) -> None:
    with httpx.Client(base_url=running.url, headers=HTML) as client:
        html = client.get("/console/sign-in", params={"next": after}).text
    assert "evil.example" not in html
    assert 'name="next" value="/console"' in html


def test_a_form_of_another_site_cannot_sign_anybody_in(running: Running) -> None:
    form = {"email": "browser@hanbit.example", "password": PASSWORD, "totp": pyotp.TOTP(TOTP).now()}
    with httpx.Client(base_url=running.url) as client:
        answer = client.post("/console/sign-in", data=form, headers={"sec-fetch-site": "cross-site"})
    refused(answer, 403, "csrf_wrong")
    assert not answer.headers.get_list("set-cookie")


@pytest.mark.parametrize("path", ["/nowhere", "/console/nowhere", "/console/calls/x", "/static", "/console/calls/%00"])
def test_a_lost_person_sees_a_page_and_a_lost_program_a_problem(path: str, running: Running) -> None:
    with httpx.Client(base_url=running.url) as client:
        page = client.get(path, headers=HTML | {"accept-language": "en"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "Not found" in page.text
        assert "찾을 수 없" in client.get(path, headers=HTML).text
        refused(client.get(path), 404, "not_found")
        refused(client.get(f"/api/v1{path}", headers=HTML), 404, "not_found")


def test_the_bare_address_leads_to_every_app(running: Running) -> None:
    answer = httpx.get(running.url)
    assert answer.status_code == 200
    assert all(f'href="{path}"' in answer.text for path in ("/app", "/drive", "/console"))


def test_what_a_page_shows_is_escaped(running: Running, browser: Browser) -> None:
    wicked = "<img src=x onerror=alert(1)>{{7*7}}"
    body = {**TRIP, "origin": {**TRIP["origin"], "name": wicked}, "note": wicked}
    call_id = running.customer().command("/calls", body).json()["id"]
    for path in ("/console/calls", f"/console/calls/{call_id}", "/console/calls?q=" + wicked):
        html = browser.http.get(path).text
        assert "<img src=x" not in html
        assert "49" not in html.partition("onerror")[2][:30]


@pytest.mark.parametrize(
    "path",
    [
        "/console/calls?q=%00",
        "/console/calls?from=0001-01-01T00:00",
        "/console/calls?cursor=%00&state=x&service=y",
        "/console/drivers?q=%00",
        "/console/drivers?cursor=%00",
        "/console/drivers?cursor=x&state=y",
        f"/console/calls/{NOBODY}",
        f"/console/calls/{NOBODY}/decisions",
        "/console/payments?q=%00",
        "/console/payment-tasks?kind=%00",
        "/console/ledger?owner=%00&cursor=x",
        "/console?x=" + "y" * 5_000,
    ],
)  # fmt: skip -- a table
def test_no_address_breaks_a_page(path: str, browser: Browser) -> None:
    assert browser.http.get(path).status_code in {200, 400, 404}


@pytest.mark.parametrize("job", ["x", "0", "-1", "9" * 30, "%00", "1.5", "١"])
def test_no_job_number_breaks_the_page_of_held_jobs(job: str, browser: Browser) -> None:
    answer = browser.http.post(f"/console/jobs/{job}/retry", headers={"x-csrftoken": browser.csrf})
    assert answer.status_code in {200, 404}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"email=%00&password=%00&totp=%00", b"email=a&email=b", b"&="])
@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "application/json", "multipart/form-data"])
def test_no_form_breaks_the_sign_in(content: bytes, media_type: str, running: Running) -> None:
    with httpx.Client(base_url=running.url, headers=HTML) as client:
        answer = client.post("/console/sign-in", content=content, headers={"content-type": media_type})
    assert 400 <= answer.status_code < 500, answer.text[:300]


def test_a_database_that_goes_away_is_our_trouble_and_passes(running: Running) -> None:
    """Every answer meanwhile is right or asks to come again; none is an error of the caller or a bare fault."""

    async def cut(program) -> None:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"
        async with program.parts.database.reading() as tx:
            await tx.value(sql, await tx.value("SELECT pg_backend_pid()"))

    caller = running.customer()
    for _ in range(3):
        running.ask(cut)
        answers = [caller.get("/calls") for _ in range(4)]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert answers[-1].status_code == 200


def _body(path: str) -> dict[str, object]:
    """JSON for the API, a form for a page."""
    return {"json": TRIP if path.endswith("/calls") else {}} if path.startswith("/api") else {"data": {"x": "y"}}
