"""What renders pages: assets by digest, headers that admit only our own, figures as people write them."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from litestar import Litestar
from litestar.testing import TestClient

from daeri.web.assets import read_assets
from daeri.web.pages import (
    TEMPLATE_FOLDER,
    Basemap,
    Reader,
    Theme,
    build_pages,
    choose_theme,
    clock,
    metres,
    minutes,
    security_headers,
    when,
)
from daeri.web.static_routes import FOREVER, static_router
from daeri.web.words import Language

PAGES = build_pages()
SIGN_IN = {"after": "/console", "email": "", "refused": None, "path": "/console/sign-in"}


def test_a_page_speaks_the_readers_language_and_wears_their_theme() -> None:
    html = PAGES.render("console/sign_in.html", Reader(Language.EN, Theme.DARK), **SIGN_IN)
    assert '<html lang="en" data-theme="dark">' in html
    assert "Staff sign-in" in html
    assert "직원 로그인" in PAGES.render("console/sign_in.html", Reader(), **SIGN_IN)


def test_a_forgotten_variable_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(UndefinedError):
        PAGES.render("console/sign_in.html", Reader(), after="/console", email="", path="/")


def test_what_a_person_typed_is_escaped() -> None:
    html = PAGES.render("console/sign_in.html", Reader(), **{**SIGN_IN, "email": '"><script>x</script>'})
    assert "<script>x" not in html


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    for path in TEMPLATE_FOLDER.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        inline = [
            tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag and "application/json" not in tag
        ]
        assert not inline, path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html), path


def test_an_asset_that_is_not_shipped_fails_at_once() -> None:
    with pytest.raises(KeyError):
        PAGES.assets.url("js/nowhere.js")


def test_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    before = read_assets(tmp_path)
    (tmp_path / "a.js").write_text("2")
    assert read_assets(tmp_path).digest != before.digest


def test_the_policy_admits_the_host_of_the_basemap_and_nothing_else() -> None:
    ours = security_headers(Basemap())["Content-Security-Policy"]
    assert "http" not in ours
    assert "unsafe" not in ours
    style = Basemap("https://maps.example/style.json", origins=("https://tiles.example/a",))
    theirs = security_headers(style)["Content-Security-Policy"]
    assert "connect-src 'self' https://maps.example https://tiles.example;" in theirs


@pytest.mark.parametrize(("cookie", "theme"), [(None, Theme.AUTO), ("dark", Theme.DARK), ("pink", Theme.AUTO)])
def test_an_unknown_theme_is_the_systems(cookie: str | None, theme: Theme) -> None:
    assert choose_theme(cookie) is theme


def test_instants_are_shown_in_korean_time() -> None:
    late = datetime(2026, 11, 22, 15, 4, 9, tzinfo=UTC)
    assert when(late, "ko") == "11월 23일 00:04"
    assert when(late, "en") == "23 Nov 00:04"
    assert clock(late, "ko") == "00:04:09"


def test_distances_and_spans_are_short() -> None:
    assert [metres(849.6), metres(1249)] == ["850 m", "1.2 km"]
    assert [minutes(4.9), minutes(245), minutes(-3)] == ["0:04", "4:05", "0:00"]


def test_static_files_are_kept_for_ever_under_their_digest_only() -> None:
    with TestClient(Litestar([static_router(PAGES.assets)], openapi_config=None)) as client:
        ours = client.get(PAGES.assets.url("js/words.js"))
        other = client.get("/static/0123456789ab/js/words.js")
        assert ours.headers["cache-control"] == FOREVER
        assert ours.headers["content-encoding"] == "gzip"
        assert ours.headers["content-type"].startswith("text/javascript")
        assert (other.status_code, other.headers["cache-control"]) == (200, "no-cache")
        assert other.content == ours.content
        assert client.get("/static/0123456789ab/js/none.js").status_code == 404
        assert client.get("/static/0123456789ab/../words.py").status_code == 404


def test_our_own_korean_can_be_drawn_without_a_system_font() -> None:
    font = PAGES.assets.files["vendor/daeri-sans.woff2"]
    assert len(font.content) <= 80 * 1024
    assert font.gzipped is None
