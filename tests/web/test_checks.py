"""The checks of words and scripts: they pass on what is here, and find what is wrong."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from daeri.web.words import LOCALE_FOLDER

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_word_is_there_in_both_languages() -> None:
    assert list(script("check_locale").problems()) == []


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ('msgid "room.calls"\nmsgstr "Calls"', 'msgid "room.calls"\nmsgstr ""', "en: room.calls has no words"),
        ("{driver} · {distance}", "{driver}", "decision.chose: the facts of Korean and English differ"),
        ('msgid "room.jobs"', '#, fuzzy\nmsgid "room.jobs"', "en: room.jobs is fuzzy"),
        (
            'msgid "room.jobs"',
            'msgid "room.nobody"\nmsgstr "x"\n\nmsgid "room.jobs"',
            "en: room.nobody is used nowhere",
        ),
    ],
)
def test_a_fault_in_the_words_is_found(tmp_path: Path, before: str, after: str, finding: str) -> None:
    folder = tmp_path / "locale"
    shutil.copytree(LOCALE_FOLDER, folder)
    path = folder / "en" / "LC_MESSAGES" / "messages.po"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert finding in list(script("check_locale").problems(folder))
