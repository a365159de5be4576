"""The catalogues: found by language, filled with facts, never fatal when a key is missing."""

from pathlib import Path

import pytest

from daeri.web.words import Language, Words, choose_language, read_words


def catalogue(folder: Path, body: str) -> Path:
    path = folder / "ko" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n' + body, encoding="utf-8")
    return folder


def test_a_sentence_is_filled_with_its_facts(tmp_path: Path) -> None:
    words = read_words(Language.KO, catalogue(tmp_path, 'msgid "asked"\nmsgstr "기사 {n}명, {where}"\n'))
    assert words("asked", n=3) == "기사 3명, {where}"


def test_won_are_written_with_separators() -> None:
    words = Words(Language.EN, {"a": "At least {minimum_won} won, not {n} or {given_won}."})
    assert words("a", minimum_won=1_250_000, n=1_000) == "At least 1,250,000 won, not 1000 or {given_won}."


def test_a_missing_key_shows_itself(tmp_path: Path) -> None:
    words = read_words(Language.KO, catalogue(tmp_path, 'msgid "here"\nmsgstr "여기"\n'))
    assert words("call.nowhere") == "call.nowhere"
    assert "here" in words
    assert "call.nowhere" not in words


def test_a_fuzzy_entry_is_shown_to_nobody(tmp_path: Path) -> None:
    words = read_words(Language.KO, catalogue(tmp_path, '#, fuzzy\nmsgid "guess"\nmsgstr "아마"\n'))
    assert words("guess") == "guess"


def test_only_the_wanted_prefixes_go_to_scripts(tmp_path: Path) -> None:
    body = 'msgid "js.a"\nmsgstr "가"\n\nmsgid "secret.b"\nmsgstr "나"\n'
    assert read_words(Language.KO, catalogue(tmp_path, body)).under(("js.",)) == {"js.a": "가"}


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [
        (None, None, Language.KO),
        ("en", "ko", Language.EN),
        ("fr", None, Language.KO),
        (None, "en-GB,en;q=0.9", Language.EN),
        (None, "en;q=0.4, ko;q=0.8", Language.KO),
        (None, "fr, de;q=0.5", Language.KO),
        (None, "en;q=0", Language.KO),
        (None, "en;q=..", Language.KO),
    ],
)
def test_the_language_is_the_chosen_one_then_the_browsers(
    cookie: str | None, header: str | None, language: Language
) -> None:
    assert choose_language(cookie, header) is language
