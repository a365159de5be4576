"""The browser that tests drive, and the auditor who looks at its pages."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The first one draws no window around a page, which saves much of a browser's work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 15_000  # a busy machine takes its time; what comes is not waited for any longer
NARROWEST, NARROW, WIDE = 320, 360, 1440
# Each language, each theme and each width once; `look_at` looks for contrast in the other theme too.
LOOKS = [("ko", "dark", NARROW), ("en", "light", WIDE)]
# What a whole browser does for each window besides its page. The first two draw the list under the address bar, in a
# process of its own; the others are Playwright's, whose list this one replaces.
_FEATURES_OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
_OPTIONS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-gpu-rasterization",
    f"--disable-features={','.join(_FEATURES_OFF)}",
)
_WITHOUT_MAPS = ("--disable-3d-apis",)
# Of WCAG, A and AA. The newer rule of sizes counts what a fixed bar covers at the moment as too small.
WCAG_21 = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
WCAG_22 = (*WCAG_21, "wcag22aa")
_CONTRAST = {"type": "rule", "values": ["color-contrast"]}
_SETTLED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
  const ends = (animation) => animation.effect?.getComputedTiming().endTime !== Infinity;
  await Promise.all(document.getAnimations().filter(ends).map((one) => one.finished.catch(() => null)));
}"""


def browser_path() -> str | None:
    """The browser on PATH, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def open_browser(*, draws_maps: bool = False) -> "Iterator[Browser]":
    """A browser. Without a graphics card a map is most of its work: it draws none unless a test is about them."""
    from playwright.sync_api import expect, sync_playwright  # asked for by every test run, needed by few

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        options = [*_OPTIONS, *(() if draws_maps else _WITHOUT_MAPS)]
        opened = playwright.chromium.launch(executable_path=browser_path(), args=options)
        yield opened
        opened.close()


def look_at(page: "Page", where: str, *, widths: Iterable[int] = (), rules: Sequence[str] | None = WCAG_21) -> None:
    """No violation of the rules, no lack of contrast in the other theme, and nothing wider than its window.

    Whatever still moves is waited for. `widths` are further windows that the page must fit into; `rules` of None are
    all that the auditor knows, good practice too. DAERI_SHOTS names a folder for a picture of each.
    """
    if folder := os.environ.get("DAERI_SHOTS"):
        page.evaluate(_SETTLED)
        page.screenshot(path=Path(folder) / f"{where.replace(' ', '-')}.png", full_page=True)
    _audit(page, where, {} if rules is None else {"runOnly": {"type": "tag", "values": rules}})
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme="light" if is_dark else "dark")
    _audit(page, f"{where}, {'light' if is_dark else 'dark'}", {"runOnly": _CONTRAST})
    page.emulate_media(color_scheme="dark" if is_dark else "light")
    size = page.viewport_size
    assert size is not None
    for width in (size["width"], *widths):
        page.set_viewport_size({"width": width, "height": size["height"]})
        page.evaluate(_SETTLED)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} at {width}"
    page.set_viewport_size(size)


def _audit(page: "Page", where: str, options: dict[str, Any]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(_SETTLED)
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found = page.evaluate("(options) => axe.run(options)", {"resultTypes": ["violations"], **options})
    assert found["passes"], f"{where}: nothing was looked at"
    told = [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found["violations"]]
    assert told == [], f"{where}: {told}"
