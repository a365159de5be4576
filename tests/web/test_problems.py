"""Every refusal has its sentence in both languages, and no sentence shows a figure that the refusal does not give."""

import importlib
import pkgutil

import daeri
from daeri.kernel.errors import DaeriError
from daeri.web.words import Language, read_words

# What only an operator at the command line meets: the exception's own text is shown there.
_COMMAND_LINE = ("daeri.cli", "daeri.infra.embedded", "daeri.infra.backup", "daeri.infra.keys", "daeri.migrations")


def _refusals(base: type[DaeriError]) -> set[type[DaeriError]]:
    found = set(base.__subclasses__())
    return found | {deeper for one in found for deeper in _refusals(one)}


def _load_everything() -> None:
    for module in pkgutil.walk_packages(daeri.__path__, "daeri."):
        if not module.name.startswith(("daeri.migrations", "daeri.cli")):
            importlib.import_module(module.name)


def test_every_code_has_a_sentence_in_both_languages() -> None:
    _load_everything()
    ours = (one for one in _refusals(DaeriError) if one.__module__.startswith("daeri."))
    codes = {one.code for one in ours if not one.__module__.startswith(_COMMAND_LINE)}
    assert len(codes) > 40
    for language in Language:
        words = read_words(language)
        assert {code for code in codes if f"problem.{code}" not in words} == set()


def test_codes_are_unique() -> None:
    _load_everything()
    seen: dict[str, set[str]] = {}
    for one in _refusals(DaeriError):
        if "code" in vars(one) and one.__module__.startswith("daeri."):
            seen.setdefault(one.code, set()).add(one.__qualname__)
    assert {code: names for code, names in seen.items() if len(names) > 1} == {}
