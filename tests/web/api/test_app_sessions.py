"""Sessions of browser apps: a cookie for each app, which speaks for that app alone and commands nothing by itself."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from tests.web.api.running import TRIP, Running, refused
from websockets.sync.client import connect

from daeri.accounts.model import SESSIONS_CHANGED, ChallengeId, SessionId, SessionKind, SignInTerms
from daeri.web.principals import COOKIE, App

ADDRESS = "127.0.0.79"  # of its own, whose limits no other test uses up


@dataclass
class Phone:
    """A browser with one app signed in."""

    http: httpx.Client
    app: App
    csrf: str
    signed_in: httpx.Response

    def command(self, path: str, body: object = None, method: str = "POST", **headers: str) -> httpx.Response:
        sent = {"idempotency-key": uuid4().hex, "x-csrftoken": self.csrf} | headers
        return self.http.request(method, path, json=body, headers=sent)


def open_app(running: Running, app: App, phone: str) -> Phone:
    client = running.client(address=ADDRESS, **{"x-daeri-app": app.value})
    asked = client.post("/auth/codes", json={"phone": phone, "role": app.value, "company": "hanbit"})
    challenge = asked.json()["challenge_id"]
    code = running.program.codes.code_for(ChallengeId(UUID(challenge)))
    answer = client.post("/auth/sessions", json={"challenge_id": challenge, "code": code})
    assert answer.status_code == 201, answer.text
    return Phone(client, app, answer.json()["csrf"], answer)


@pytest.fixture(scope="module")
def customer_phone(running: Running) -> Phone:
    return open_app(running, App.CUSTOMER, "010-0000-7801")


@pytest.fixture(scope="module")
def driver_phone(running: Running) -> Phone:
    return open_app(running, App.DRIVER, "010-0000-7802")


def test_an_app_gets_a_cookie_that_no_script_reads_and_no_token(customer_phone: Phone) -> None:
    (cookie,) = customer_phone.signed_in.headers.get_list("set-cookie")
    assert cookie.startswith("daeri_customer=")
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    body = customer_phone.signed_in.json()
    assert (body["access_token"], body["refresh_token"]) == (None, None)
    assert customer_phone.http.cookies["daeri_customer"] not in customer_phone.signed_in.text


def test_a_program_gets_tokens_as_before_and_no_cookie(running: Running) -> None:
    with running.client(address=ADDRESS) as client:
        asked = client.post(
            "/auth/codes", json={"phone": "010-0000-7803", "role": "customer", "company": "hanbit"}
        ).json()
        assert "code" not in asked
        code = running.program.codes.code_for(ChallengeId(UUID(asked["challenge_id"])))
        answer = client.post("/auth/sessions", json={"challenge_id": asked["challenge_id"], "code": code})
    assert answer.json()["access_token"]
    assert "csrf" not in answer.json()
    assert not answer.headers.get_list("set-cookie")


def test_the_app_is_who_signed_in(customer_phone: Phone, running: Running) -> None:
    here = customer_phone.http.get("/session").json()
    assert here["account"] == customer_phone.signed_in.json()["account"]
    assert here["csrf"] == customer_phone.csrf
    assert customer_phone.http.get("/calls").status_code == 200
    assert customer_phone.command("/calls", TRIP).status_code == 201


@pytest.mark.parametrize("token", [None, "", "x", "A" * 43])
def test_a_cookie_without_its_token_commands_nothing(
    token: str | None, customer_phone: Phone, running: Running
) -> None:
    before = running.rows()
    headers = {"idempotency-key": uuid4().hex} | ({} if token is None else {"x-csrftoken": token})
    refused(customer_phone.http.post("/calls", json=TRIP, headers=headers), 403, "csrf_wrong")
    refused(customer_phone.http.delete("/auth/sessions/current", headers=headers), 403, "csrf_wrong")
    assert running.rows() == before


def test_the_token_of_one_app_is_worth_nothing_in_the_other(customer_phone: Phone, driver_phone: Phone) -> None:
    answer = driver_phone.command("/driver/duty", {"on": True}, **{"x-csrftoken": customer_phone.csrf})
    refused(answer, 403, "csrf_wrong")


@pytest.mark.parametrize("app", [None, "driver", "staff", "Customer", "x"])
def test_a_cookie_speaks_for_its_own_app_only(app: str | None, customer_phone: Phone, running: Running) -> None:
    """Not for the other app, whoever puts its value under that app's name, nor for the console or for nobody."""
    value = customer_phone.http.cookies[App.CUSTOMER.cookie]
    headers = {} if app is None else {"x-daeri-app": app}
    cookies = {COOKIE: value, App.DRIVER.cookie: value, "daeri_staff": value}
    with httpx.Client(base_url=running.api, cookies=cookies, headers=headers) as client:
        for path in ("/session", "/calls", "/driver", "/console/calls"):
            refused(client.get(path), 401, "signed_out")
    with httpx.Client(base_url=running.url, cookies=cookies, headers={"accept": "text/html"}) as client:
        assert client.get("/console").status_code == 303


def test_two_apps_of_one_browser_do_not_disturb_each_other(customer_phone: Phone, driver_phone: Phone, running) -> None:
    cookies = {phone.app.cookie: phone.http.cookies[phone.app.cookie] for phone in (customer_phone, driver_phone)}
    with httpx.Client(base_url=running.api, cookies=cookies) as browser:
        for phone in (customer_phone, driver_phone):
            by_header = browser.get("/session", headers={"x-daeri-app": phone.app.value})
            by_query = browser.get("/session", params={"app": phone.app.value})
            assert by_header.json() == by_query.json()
            assert by_header.json()["account"]["role"] == phone.app.value
        refused(browser.get("/session"), 401, "signed_out")


def test_a_customers_code_opens_no_drivers_app(running: Running) -> None:
    with running.client(address=ADDRESS, **{"x-daeri-app": "driver"}) as client:
        asked = client.post("/auth/codes", json={"phone": "010-0000-7804", "role": "customer", "company": "hanbit"})
        challenge = asked.json()["challenge_id"]
        code = running.program.codes.code_for(ChallengeId(UUID(challenge)))
        answer = client.post("/auth/sessions", json={"challenge_id": challenge, "code": code})
    refused(answer, 403, "wrong_account_kind")
    assert not answer.headers.get_list("set-cookie")


def test_signing_out_takes_the_cookie_and_ends_the_session(running: Running) -> None:
    phone = open_app(running, App.CUSTOMER, "010-0000-7805")
    value = phone.http.cookies[phone.app.cookie]
    answer = phone.command("/auth/sessions/current", method="DELETE")
    assert answer.status_code == 204
    (cookie,) = answer.headers.get_list("set-cookie")
    assert "max-age=0" in cookie.lower()
    assert phone.app.cookie not in phone.http.cookies
    with running.client(cookie=f"{phone.app.cookie}={value}", **{"x-daeri-app": "customer"}) as thief:
        refused(thief.get("/session"), 401, "signed_out")


def test_a_ticket_opens_the_drivers_socket(driver_phone: Phone, running: Running) -> None:
    refused(driver_phone.http.post("/driver/socket-ticket"), 403, "csrf_wrong")
    ticket = driver_phone.command("/driver/socket-ticket").json()
    assert ticket["url"] == running.settings.driver_socket_url
    with connect(ticket["url"]) as socket:
        socket.send(json.dumps({"type": "hello", "token": ticket["token"]}))
        welcome = json.loads(socket.recv(timeout=10))
    assert (welcome["type"], welcome["driver_id"]) == ("welcome", driver_phone.signed_in.json()["account"]["id"])


def test_a_ticket_lives_a_minute_at_most(driver_phone: Phone, running: Running) -> None:
    token = driver_phone.command("/driver/socket-ticket").json()["token"]
    principal = running.ask(lambda program: program.context.authenticator.authenticate(token))
    assert principal.expires - running.program.context.wall.wall_now() <= SignInTerms().ticket_lives


def test_only_drivers_get_tickets(customer_phone: Phone) -> None:
    refused(customer_phone.command("/driver/socket-ticket"), 403, "wrong_account_kind")


def test_an_app_that_is_used_stays_signed_in(running: Running) -> None:
    phone = open_app(running, App.CUSTOMER, "010-0000-7806")
    assert not phone.http.get("/session").headers.get_list("set-cookie")

    async def age(program) -> None:
        """As if it had begun ten days ago."""
        async with program.parts.database.transaction() as tx:
            await tx.execute(
                "UPDATE sessions SET expires_at = expires_at - $2::interval WHERE account_id = $1",
                UUID(phone.signed_in.json()["account"]["id"]),
                timedelta(days=10),
            )

    running.ask(age)
    # The row alone was changed: have the process read it again.
    cookie = phone.http.cookies[phone.app.cookie]
    principal = running.ask(lambda program: program.context.authenticator.authenticate(cookie))
    assert principal.session_kind is SessionKind.PAGE
    running.ask(lambda program: _forget(program, principal.session_id))
    answer = phone.http.get("/session")
    (cookie,) = answer.headers.get_list("set-cookie")
    lives_s = int(next(part for part in cookie.lower().split(";") if "max-age" in part).split("=")[1])
    assert lives_s > timedelta(days=29).total_seconds()
    assert phone.http.get("/session").status_code == 200


async def _forget(program, session_id: SessionId) -> None:
    async with program.parts.database.transaction() as tx:
        tx.hint(SESSIONS_CHANGED, session_id.bytes)
