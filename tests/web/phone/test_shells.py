"""The apps' shells as files and answers: what they weigh, what they say, what may be kept and framed."""

import gzip
import json
import re
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from daeri.web.pages import build_pages
from daeri.web.phone import shells
from daeri.web.phone.routes import PhoneRoom, phone_routers
from daeri.web.phone.shells import CUSTOMER, DRIVER, SHELLS, Shell
from daeri.web.static_routes import static_router
from daeri.web.words import Language

PAGES = build_pages()
ASSETS = PAGES.assets
LIMIT_BYTES = 150 * 1024
FONT_LIMIT_BYTES = 80 * 1024
_IMPORT = re.compile(r"""(?:\bfrom\s*|\bawait import\(|^import\s*)["'](\.[^"']+)["']""", re.MULTILINE)
SOCKET = "wss://drivers.example/live/driver"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    room = PhoneRoom(PAGES, lambda _: SOCKET, secure_cookies=False)
    app = Litestar([*phone_routers(room), static_router(ASSETS)], openapi_config=None)
    with TestClient(app) as opened:
        yield opened


def config_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="page-config">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    config: dict[str, object] = json.loads(found[1])
    return config


@pytest.mark.parametrize("shell", SHELLS, ids=str)
@pytest.mark.parametrize("language", Language)
def test_the_first_page_of_an_app_is_small(shell: Shell, language: Language, client: TestClient[Litestar]) -> None:
    """What comes over the line before something can be read, apart from font and map."""
    html = client.get(shell.base, headers={"cookie": f"lang={language.value}"}).content
    parts = [*shells.styles(shell, ASSETS), *shells.modules(shell, ASSETS), "vendor/icons.svg"]
    weights = {"html": len(gzip.compress(html, 6))}
    weights |= {name: len(ASSETS.files[name].gzipped or ASSETS.files[name].content) for name in parts}
    assert sum(weights.values()) <= LIMIT_BYTES, sorted(weights.items(), key=lambda pair: -pair[1])[:12]


def test_scripts_are_sent_as_small_as_they_were_weighed(client: TestClient[Litestar]) -> None:
    for shell in SHELLS:
        for path in (shell.base, ASSETS.url(shell.entry), ASSETS.url("css/parts.css"), f"{shell.base}/sw.js"):
            assert client.get(path).headers["content-encoding"] == "gzip", path


@pytest.mark.parametrize("shell", SHELLS, ids=str)
def test_every_module_that_an_app_imports_is_fetched_at_once(shell: Shell) -> None:
    """Following the imports from the entry finds nothing that the page does not name; the map's library comes later."""
    named, waiting, seen = set(shells.modules(shell, ASSETS)), [shell.entry], set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        text = ASSETS.files[name].content.decode()
        for target in _IMPORT.findall(text):
            found = _resolved(name, target)
            waiting += [found] if found not in seen else []
    assert seen <= named


def _resolved(name: str, target: str) -> str:
    folder = name.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            folder.pop()
        elif part != ".":
            folder.append(part)
    return "/".join(folder)


@pytest.mark.parametrize(
    ("shell", "ours", "theirs"), [(CUSTOMER, "app.", "drive."), (DRIVER, "drive.", "app.")], ids=str
)
def test_an_app_carries_its_own_words_only(shell: Shell, ours: str, theirs: str, client: TestClient[Litestar]) -> None:
    words = config_of(client.get(shell.base).text)["words"]
    assert isinstance(words, dict)
    assert any(key.startswith("phone.") for key in words)
    assert any(key.startswith(f"{shell.folder}.") for key in words)
    assert not [key for key in words if key.startswith((theirs, "design.", "sign_in.", "timeline."))]


@pytest.mark.parametrize("path", ["/app", "/app/calls/1", "/app/no/such/screen", "/drive", "/drive/me"])
def test_every_address_of_an_app_is_its_shell(path: str, client: TestClient[Litestar]) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert config_of(answer.text)["base"] == "/" + path.split("/")[1]
    assert "viewport-fit=cover" in answer.text


def test_drivers_begin_in_the_dark_unless_they_say_otherwise(client: TestClient[Litestar]) -> None:
    assert 'data-theme="dark"' in client.get("/drive").text
    assert 'data-theme="auto"' in client.get("/app").text
    assert 'data-theme="light"' in client.get("/drive", headers={"cookie": "theme=light"}).text


def test_the_driver_may_open_the_socket_and_nothing_else_outside(client: TestClient[Litestar]) -> None:
    policy = client.get("/drive").headers["content-security-policy"]
    assert "connect-src 'self' wss://drivers.example;" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_only_the_designs_sheets_may_be_framed_and_by_us_alone(client: TestClient[Litestar]) -> None:
    assert "frame-ancestors 'none'" in client.get("/design").headers["content-security-policy"]
    sheet = client.get("/design/sheet", params={"lang": "en", "theme": "dark"})
    assert "frame-ancestors 'self'" in sheet.headers["content-security-policy"]
    assert '<html lang="en" data-theme="dark">' in sheet.text


@pytest.mark.parametrize("shell", SHELLS, ids=str)
@pytest.mark.parametrize("language", Language)
def test_an_app_can_be_installed(shell: Shell, language: Language, client: TestClient[Litestar]) -> None:
    answer = client.get(f"{shell.base}/manifest.webmanifest", headers={"cookie": f"lang={language.value}"})
    assert answer.headers["content-type"].startswith("application/manifest+json")
    manifest = answer.json()
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (shell.base, shell.base, "standalone")
    assert "phone." not in manifest["name"] + manifest["short_name"] + manifest["description"]
    assert {icon.get("purpose", "any") for icon in manifest["icons"]} == {"any", "maskable"}
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        found = client.get(icon["src"])
        assert (found.status_code, found.headers["content-type"].split(";")[0]) == (200, icon["type"])


@pytest.mark.parametrize("shell", SHELLS, ids=str)
def test_the_service_worker_rules_its_app_and_keeps_what_there_is(shell: Shell, client: TestClient[Litestar]) -> None:
    answer = client.get(f"{shell.base}/sw.js")
    assert answer.headers["service-worker-allowed"] == shell.base
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/javascript")
    kept = json.loads(answer.text.partition("self.SHELL = ")[2].partition(";\n")[0])
    assert kept["digest"] == ASSETS.digest
    assert all(client.get(file).status_code == 200 for file in kept["files"])
    assert not [file for file in kept["files"] if "maplibre" in file or "/console" in file]


def test_what_a_person_prefers_is_kept(client: TestClient[Litestar]) -> None:
    answer = client.post("/preferences", data={"lang": "en", "theme": "dark"}, headers={"accept": "application/json"})
    assert answer.status_code == 204
    assert sorted(one.split(";")[0] for one in answer.headers.get_list("set-cookie")) == ["lang=en", "theme=dark"]
    client.cookies.clear()


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({"lang": "xx", "theme": "pink"}, {}),
        ({}, {}),
        ({"lang": "en"}, {"sec-fetch-site": "cross-site"}),
    ],
)
def test_what_is_no_choice_or_comes_from_elsewhere_is_not_kept(
    data: dict[str, str], headers: dict[str, str], client: TestClient[Litestar]
) -> None:
    answer = client.post("/preferences", data=data, headers={"accept": "application/json"} | headers)
    assert answer.status_code == 204
    assert not answer.headers.get_list("set-cookie")


@pytest.mark.parametrize(
    ("asked", "led"), [("/app", "/app"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("x", "/")]
)
def test_a_form_is_led_back_to_a_page_of_ours(asked: str, led: str, client: TestClient[Litestar]) -> None:
    answer = client.post("/preferences", data={"theme": "dark", "next": asked}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, led)
    client.cookies.clear()


def test_the_font_of_every_page_is_small_and_every_word_can_be_drawn() -> None:
    assert len(ASSETS.files["vendor/daeri-sans.woff2"].content) <= FONT_LIMIT_BYTES
    sheet = ASSETS.files["css/fonts.css"].content.decode()
    drawn = {code for text in re.findall(r"unicode-range: ([^;]+);", sheet) for code in _codes(text)}
    said = {c for words in PAGES.words.values() for text in words.messages.values() for c in text if c.isprintable()}
    assert not {c for c in said if ord(c) not in drawn}
    for file in re.findall(r'url\("\.\./([^"]+)"\)', sheet):
        assert file in ASSETS.files


def _codes(ranges: str) -> set[int]:
    """`U+41-43, U+AC00` as numbers."""
    found: set[int] = set()
    for span in ranges.split(", "):
        first, _, last = span.removeprefix("U+").partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found
