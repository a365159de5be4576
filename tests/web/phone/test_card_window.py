"""The one page that runs what is not ours: where it is, what its policy admits, and that no other page admits it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.browsers import open_browser
from tests.stories.customer_phones import phones
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

from daeri.infra.settings import CardsKind, Settings
from daeri.web.phone import card_window
from daeri.web.phone.card_window import CardWindow

# What the provider's script does, as far as the page is concerned: it leads back with what a card is registered by.
SCRIPT = b"""
window.TossPayments = (clientKey) => ({
  payment: ({ customerKey }) => ({
    requestBillingAuth: async ({ method, successUrl }) => {
      if (clientKey !== "test_ck" || method !== "CARD") throw new Error("asked wrongly");
      location.assign(`${successUrl}?customerKey=${customerKey}&authKey=auth`);
    },
  }),
});
"""


class _Scripts(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/javascript")
        self.end_headers()
        self.wfile.write(SCRIPT)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def scripts() -> Iterator[str]:
    """The address of the provider's script, at another origin than ours."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Scripts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str, scripts: str) -> Iterator[Running]:
    settings = {
        "cards": CardsKind.TOSS,
        "toss_secret_key": "test_sk",
        "toss_client_key": "test_ck",
        "toss_url": scripts.replace("http://", "http://nobody."),
        "toss_script_url": f"{scripts}/v2/standard",
    }
    with start_running(server_dsn, template, "card_window", **settings) as server:
        yield server


def test_the_providers_site_is_admitted_and_no_other() -> None:
    window = CardWindow("https://js.tosspayments.com/v2/standard", "ck")
    policy = dict(part.strip().split(" ", 1) for part in card_window.policy(window).split(";"))
    assert policy["script-src"] == "'self' https://*.tosspayments.com"
    assert policy["frame-src"] == "https://*.tosspayments.com"
    assert policy["default-src"] == "'self'"
    assert (policy["object-src"], policy["base-uri"], policy["frame-ancestors"]) == ("'none'",) * 3
    assert "unsafe-inline" not in policy["script-src"]
    assert "unsafe-eval" not in str(policy)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://js.example.com/x.js", "https://*.example.com"),
        ("https://a.b.example.com/x.js", "https://*.b.example.com"),
        ("https://example.com/x.js", "https://example.com"),
        ("http://127.0.0.1:8010/x.js", "http://127.0.0.1:8010"),
        ("https://js.example.com:8443/x.js", "https://js.example.com:8443"),
        ("http://localhost/x.js", "http://localhost"),
    ],
)
def test_a_site_is_what_lies_above_the_scripts_host(url: str, site: str) -> None:
    assert card_window.site_of(url) == site


def test_there_is_no_such_page_where_another_provider_has_its_own_window() -> None:
    assert card_window.window_of(Settings(cards=CardsKind.SANDBOX)) is None
    assert card_window.window_of(Settings(cards=CardsKind.NONE, toss_client_key="ck")) is None


def test_only_this_page_admits_the_provider(running: Running, scripts: str) -> None:
    page = httpx.get(f"{running.url}/app/card-window", params={"customerKey": "k", "returnUrl": "/app/cards/return"})
    assert page.status_code == 200
    assert scripts in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "origin")
    assert "test_ck" in page.text
    assert "test_sk" not in page.text
    for other in ("/app", "/app/cards", "/app/card-windows", "/drive", "/"):
        assert scripts not in httpx.get(f"{running.url}{other}").headers["content-security-policy"]


@pytest.mark.browser
@pytest.mark.timeout(120)
@pytest.mark.xdist_group("stories")
def test_the_script_of_another_origin_opens_the_window_which_leads_back(running: Running, browser: Browser) -> None:
    with phones(running, browser) as open_phone:
        phone = open_phone()
        page = phone.go("/cards")
        page.get_by_role("button", name="카드 등록").click()
        # The provider itself is out of reach here: the way back is what is seen.
        page.wait_for_url("**/app/cards/return?**authKey=auth")
        expect(page.locator("[data-card-return]")).to_have_attribute("data-card-return", "refused")
        page.goto(f"{running.url}/app/card-window?customerKey=k&returnUrl=https://evil.example/app/")
        expect(page.get_by_text("카드사 화면을 열지 못했어요")).to_be_visible()
        assert page.url.startswith(running.url)
