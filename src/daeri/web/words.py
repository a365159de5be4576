"""Text for people: the catalogues under `web/locale`, read once, looked up by key.

A key is a dotted name (`call.state.requested`), so that Korean and English stand side by side and neither is the
other's source. Facts are written `{name}` in both languages.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).parent / "locale"
_FACT = re.compile(r"\{(\w+)\}")
_QUALITY = re.compile(r";\s*q\s*=\s*([0-9.]+)")


class Language(StrEnum):
    KO = "ko"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's catalogue. Calling it gives the sentence of a key with its facts filled in."""

    language: Language
    messages: Mapping[str, str]

    def __call__(self, key: str, /, **facts: object) -> str:
        """The sentence of `key`; a missing key is shown as itself, so that it is seen and the page still stands.

        Won, by the name of the fact, are written with separators in both languages.
        """
        return _FACT.sub(lambda m: _written(m[1], facts.get(m[1], m[0])), self.messages.get(key, key))

    def __contains__(self, key: str) -> bool:
        return key in self.messages

    def under(self, prefixes: Iterable[str]) -> dict[str, str]:
        """Every message whose key begins with one of `prefixes`: what a page's scripts need."""
        wanted = tuple(prefixes)
        return {key: text for key, text in self.messages.items() if key.startswith(wanted)}


def read_words(language: Language, folder: Path = LOCALE_FOLDER) -> Words:
    """Read the catalogues of `locale/<language>/LC_MESSAGES`. An entry marked fuzzy is not shown to anyone."""
    found: dict[str, str] = {}
    for path in sorted((folder / language.value / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language.value)
        found.update({str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy})
    return Words(language, MappingProxyType(found))


def choose_language(cookie: str | None, accept_language: str | None) -> Language:
    """The language that a person chose, else the browser's best among ours, else Korean."""
    known = {language.value: language for language in Language}
    if cookie in known:
        return known[cookie]
    weighted = [(_weight(part), part.strip()[:2].lower()) for part in (accept_language or "").split(",")]
    offered = [(weight, code) for weight, code in weighted if code in known and weight > 0]
    return known[max(offered, key=lambda pair: pair[0])[1]] if offered else Language.KO


def _written(name: str, fact: object) -> str:
    return f"{fact:,}" if name.endswith("_won") and isinstance(fact, int) else str(fact)


def _weight(part: str) -> float:
    found = _QUALITY.search(part)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0
