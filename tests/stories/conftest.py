"""A whole program as people meet it: `daeri demo` as a process of its own, real browsers, staff who sign in."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.browsers import open_browser
from tests.ports import free_ports

READY_WITHIN_S = 60.0
PASSWORD = "a-long-passphrase-of-nobody"
_COMMAND = [sys.executable, "-m", "daeri.cli"]
_SECRET = re.compile(r"^otpauth://\S+$", re.MULTILINE)


@dataclass
class Demo:
    """A running demo: its address, its data folder, and the tokens of its people."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def tokens(self) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = json.loads((self.folder / "demo-tokens.json").read_text())
        return found

    def customer(self, place: int) -> httpx.Client:
        token = self.tokens()["customers"][place]["access_token"]
        return httpx.Client(base_url=f"{self.url}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=20)

    def hire(self, email: str) -> str:
        """A new member of staff; the secret of their authenticator."""
        options = ["--name", email, "--password", PASSWORD, "--company", "dalbit", "--data-folder", str(self.folder)]
        made = subprocess.run(
            [*_COMMAND, "admin", "create", email, *options], capture_output=True, text=True, timeout=60, check=True
        )
        uri = _SECRET.search(made.stdout)
        assert uri is not None, made.stdout
        return parse_qs(urlsplit(uri[0]).query)["secret"][0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    port, driver_port = free_ports(2)
    options = ["--drivers", "40", "--port", str(port), "--driver-port", str(driver_port), "--data-folder", str(folder)]
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen([*_COMMAND, "demo", *options], stdout=log, stderr=subprocess.STDOUT)
    started = Demo(f"http://127.0.0.1:{port}", folder, process)
    try:
        _wait_until_ready(started)
        yield started
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def draws_maps() -> bool:
    """Whether the module's browser draws maps; overridden where they are looked at."""
    return False


@pytest.fixture(scope="module")
def browser(draws_maps: bool) -> Iterator[Browser]:
    with open_browser(draws_maps=draws_maps) as opened:
        yield opened


@pytest.fixture(scope="module")
def signed_in(demo: Demo, browser: Browser) -> list[Any]:
    """The cookies of somebody who was hired on the command line and has signed in as people do."""
    email = f"{uuid4().hex[:8]}@dalbit.example"
    secret = demo.hire(email)
    context = browser.new_context(locale="ko-KR")
    page = context.new_page()
    page.goto(f"{demo.url}/console")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=totp]", pyotp.TOTP(secret).now())
    page.press("input[name=totp]", "Enter")
    page.wait_for_url(f"{demo.url}/console")
    cookies: list[Any] = [*context.cookies()]
    context.close()
    return cookies


@pytest.fixture
def open_console(demo: Demo, browser: Browser, signed_in: list[Any]) -> Iterator[Callable[[], Page]]:
    """Opens another browser of theirs at the board."""
    contexts: list[BrowserContext] = []

    def open_page() -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ko-KR")
        contexts.append(context)
        context.add_cookies(signed_in)
        page = context.new_page()
        page.goto(f"{demo.url}/console")
        return page

    yield open_page
    for context in contexts:
        context.close()


def _wait_until_ready(demo: Demo) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        assert demo.process.poll() is None, (demo.folder / "demo.log").read_text()
        try:
            if httpx.get(f"{demo.url}/readyz", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError((demo.folder / "demo.log").read_text())
