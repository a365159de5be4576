"""The apps' library in a real browser against a made-up API: what waits in the outbox, what is kept for tunnels."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from litestar import Litestar
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from tests.browsers import look_at, open_browser
from tests.ports import free_port

from daeri.web.pages import build_pages
from daeri.web.phone.routes import PhoneRoom, phone_routers
from daeri.web.static_routes import static_router

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PAGES = build_pages()
SESSION = {
    "account": {"id": "a1", "role": "customer", "company_id": "c1", "name": "김민준"},
    "csrf": "token-1",
    "language": "ko",
}
CHALLENGE = {"challenge_id": "ch1", "expires_at": "2026-11-22T14:00:00Z", "code": "123456"}


@dataclass
class Api:
    """What the browser asked, and how it is answered: `answers` in turn, the last one for ever."""

    answers: list[tuple[int, Any] | None] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    session: tuple[int, Any] = (200, SESSION)

    def hear(self, route: Route) -> None:
        request = route.request
        path = request.url.partition("/api/v1")[2]
        if path.startswith("/session"):
            _reply(route, *self.session)
            return
        if path == "/auth/codes" or path.startswith("/regions/"):
            _reply(route, 200, CHALLENGE if path == "/auth/codes" else {"type": "FeatureCollection", "features": []})
            return
        body = request.post_data_json if request.post_data else None
        self.asked.append((request.method, path, request.headers, body))
        if path == "/auth/sessions":
            self.session = (200, SESSION)
            _reply(route, 201, SESSION)
            return
        answer = self.answers.pop(0) if len(self.answers) > 1 else (self.answers or [(200, {"ok": True})])[0]
        if answer is None:
            route.abort("internetdisconnected")
        else:
            _reply(route, *answer)

    def keys(self) -> list[str]:
        return [headers["idempotency-key"] for _, _, headers, _ in self.asked]


def _reply(route: Route, status: int, body: Any) -> None:
    kind = "application/json" if status < 400 else "application/problem+json"
    route.fulfill(status=status, content_type=kind, body=json.dumps(body))


def problem(status: int, code: str) -> tuple[int, dict[str, Any]]:
    return status, {"type": "", "title": "", "status": status, "code": code, "detail": f"말: {code}"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    room = PhoneRoom(PAGES, lambda _: "ws://127.0.0.1:1/live/driver", secure_cookies=False)
    app = Litestar([*phone_routers(room), static_router(PAGES.assets)], openapi_config=None)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser(draws_maps=False) as opened:
        yield opened


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def context(browser: Browser, api: Api) -> Iterator[BrowserContext]:
    opened = browser.new_context(locale="ko-KR", viewport={"width": 360, "height": 740})
    opened.route("**/api/v1/**", api.hear)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, url: str) -> Page:
    """A page of ours that is no app: the tests load the library into it."""
    opened = context.new_page()
    opened.goto(f"{url}/design/sheet")
    _load(opened)
    return opened


def _load(page: Page) -> None:
    """The library as the tests speak of it, with somebody signed in and the outbox begun."""
    base = f"/static/{PAGES.assets.digest}/js/phone"
    page.evaluate(
        """async (base) => {
            const [client, outbox] = await Promise.all([import(`${base}/client.js`), import(`${base}/outbox.js`)]);
            Object.assign(globalThis, { client, outbox, told: [] });
            outbox.onOutcome((how) => told.push([how.command.name, how.answer, how.problem?.code ?? null]));
            await client.session();
            await outbox.startOutbox();
        }""",
        base,
    )


def _until(page: Page, expression: str) -> None:
    """Wait for `expression`; Playwright's own way needs an eval, which our pages forbid."""
    for _ in range(300):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {expression}")


def _told(page: Page, count: int) -> list[list[Any]]:
    _until(page, f"told.length >= {count}")
    told: list[list[Any]] = page.evaluate("told")
    return told


def test_a_command_that_found_no_network_is_sent_again_with_its_key(page: Page, api: Api) -> None:
    api.answers = [None, problem(503, "unavailable"), (200, {"state": "arrived"})]
    page.evaluate("void outbox.put('arrive', '/driver/calls/1/arrived', { at: 1 })")
    assert _told(page, 1) == [["arrive", {"state": "arrived"}, None]]
    assert len(api.asked) == 3
    assert len(set(api.keys())) == 1
    assert {headers["x-csrftoken"] for _, _, headers, _ in api.asked} == {"token-1"}
    assert {headers["x-daeri-app"] for _, _, headers, _ in api.asked} == {"customer"}
    assert page.evaluate("outbox.pending().length") == 0


def test_commands_are_sent_in_their_order_and_never_past_one_that_waits(page: Page, api: Api) -> None:
    api.answers = [None, None, (200, {})]
    page.evaluate("['arrive', 'start', 'complete'].forEach((name) => void outbox.put(name, `/driver/${name}`))")
    assert [name for name, _, _ in _told(page, 3)] == ["arrive", "start", "complete"]
    assert [path for _, path, _, _ in api.asked] == ["/driver/arrive"] * 3 + ["/driver/start", "/driver/complete"]


def test_a_refusal_is_an_answer(page: Page, api: Api) -> None:
    api.answers = [problem(409, "call_not_yours"), (200, {})]
    page.evaluate("outbox.put('arrive', '/driver/arrive').catch((refusal) => (globalThis.refusal = refusal.detail))")
    page.evaluate("void outbox.put('start', '/driver/start')")
    assert _told(page, 2) == [["arrive", None, "call_not_yours"], ["start", {}, None]]
    assert page.evaluate("globalThis.refusal") == "말: call_not_yours"


@pytest.mark.parametrize("code", ["in_progress", "rate_limited"])
def test_what_is_no_decision_is_asked_again(code: str, page: Page, api: Api) -> None:
    api.answers = [problem(409 if code == "in_progress" else 429, code), (200, {})]
    page.evaluate("void outbox.put('arrive', '/driver/arrive')")
    assert _told(page, 1) == [["arrive", {}, None]]
    assert len(set(api.keys())) == 1


def test_what_waits_survives_a_reload(page: Page, api: Api) -> None:
    api.answers = [None]
    page.evaluate("void outbox.put('complete', '/driver/complete', { cash_received: true })")
    _until(page, "outbox.pending().some(({ attempts }) => attempts > 0)")
    page.reload()
    api.answers = [(200, {"state": "completed"})]
    _load(page)
    assert _told(page, 1) == [["complete", {"state": "completed"}, None]]
    assert len(set(api.keys())) == 1
    assert api.asked[-1][3] == {"cash_received": True}


def test_nobody_sends_what_somebody_else_left(page: Page, api: Api) -> None:
    api.answers = [None]
    page.evaluate("void outbox.put('complete', '/driver/complete')")
    _until(page, "outbox.pending().some(({ attempts }) => attempts > 0)")
    address = page.url
    page.goto("about:blank")  # what it tried again until here was its own
    before = len(api.asked)
    api.session = (200, SESSION | {"account": SESSION["account"] | {"id": "a2"}})  # type: ignore[operator]
    api.answers = [(200, {})]
    page.goto(address)
    _load(page)
    assert _told(page, 1) == [["complete", None, "outbox_dropped"]]
    assert len(api.asked) == before


def test_a_stale_token_is_read_again_once(page: Page, api: Api) -> None:
    api.answers = [problem(403, "csrf_wrong"), (200, {"ok": 1})]
    api.session = (200, SESSION | {"csrf": "token-2"})
    assert page.evaluate("client.send('/calls', {})") == {"ok": 1}
    assert [headers["x-csrftoken"] for _, _, headers, _ in api.asked] == ["token-1", "token-2"]
    assert len(set(api.keys())) == 1


def test_nobody_who_answers_is_a_problem_of_its_own(page: Page, api: Api) -> None:
    api.answers = [None]
    found = page.evaluate("client.get('/calls').catch(({ code, status, detail }) => ({ code, status, detail }))")
    assert (found["code"], found["status"]) == ("offline", 0)
    assert found["detail"] != "phone.offline.detail"


def test_one_signs_in_with_number_and_code(context: BrowserContext, api: Api, url: str) -> None:
    api.session = problem(401, "signed_out")
    page = context.new_page()
    page.goto(f"{url}/app")
    page.get_by_label("휴대폰 번호").fill("010-0000-1234")
    page.get_by_role("button", name="인증번호 받기").click()
    expect(page.get_by_text("123456")).to_be_visible()
    page.get_by_label("인증번호").fill("123456")
    expect(page.get_by_label("인증번호")).to_have_count(0)
    assert api.asked[0][1] == "/auth/sessions"
    assert api.asked[0][3] == {"challenge_id": "ch1", "code": "123456"}


def test_the_shell_opens_without_a_network(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/app")
    _until(page, "navigator.serviceWorker.controller !== null")
    context.set_offline(True)
    try:
        page.goto(f"{url}/app/profile")
        assert page.locator("#app").count() == 1
        expect(page.locator(".phone-wait")).to_have_count(0)
    finally:
        context.set_offline(False)


@pytest.mark.parametrize("look", ["lang=ko", "lang=en", "lang=ko&theme=dark"])
def test_an_auditor_finds_nothing_in_the_design(look: str, context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/design/sheet?{look}")
    _until(page, "document.querySelectorAll('[data-icons] svg').length > 0")
    look_at(page, look, rules=None)


def test_an_auditor_finds_nothing_in_signing_in(context: BrowserContext, api: Api, url: str) -> None:
    api.session = problem(401, "signed_out")
    page = context.new_page()
    for path in ("/app", "/drive", "/"):
        page.goto(url + path)
        page.get_by_role("heading", level=1).wait_for()
        look_at(page, path, rules=None)


def test_screens_have_addresses(page: Page) -> None:
    """A link changes the screen, the way back works, and what is no screen says so."""
    page.evaluate(
        """async (base) => {
            const router = await import(`${base}/router.js`);
            const { html } = await import(`${base}/view.js`);
            const screen = (name, left) => ({
                draw: () => html`<h1>${name}</h1><a href="/design/calls/7">next</a>`,
                title: () => name,
                leave: () => (document.body.dataset.left = name),
            });
            const outlet = document.body.appendChild(document.createElement("div"));
            outlet.id = "outlet";
            history.replaceState(null, "", "/design");
            const routes = { "": () => screen("first"), "calls/:id": ({ id }) => screen(`call ${id}`) };
            router.start(outlet, routes, () => screen("nothing"));
            globalThis.router = router;
        }""",
        f"/static/{PAGES.assets.digest}/js/phone",
    )
    heading = page.locator("#outlet h1")
    expect(heading).to_have_text("first")
    page.locator("#outlet a").click()
    expect(heading).to_have_text("call 7")
    expect(heading).to_be_focused()
    assert page.title() == "call 7 · daeri"
    assert page.url.endswith("/design/calls/7")
    assert page.evaluate("document.body.dataset.left") == "first"
    page.evaluate("router.back()")
    expect(heading).to_have_text("first")
    page.evaluate("router.go('no/such')")
    expect(heading).to_have_text("nothing")
