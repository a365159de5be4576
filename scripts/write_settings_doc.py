"""Writes docs/settings.md from the settings themselves; with --check, only says whether it is current."""

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from daeri.infra.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """\
# Settings

Written by `scripts/write_settings_doc.py`; change the descriptions in `src/daeri/infra/settings.py`.

A setting comes from, the first that has it: the command line, the environment (`DAERI_PORT=9000`), the file
`daeri.toml` in the working folder (`port = 9000`), the default.

| setting | environment | default | meaning |
|---|---|---|---|
"""


def main(arguments: list[str]) -> int:
    page = HEAD + "".join(_rows())
    if "--check" not in arguments:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/settings.md is not current: run make fix", file=sys.stderr)
    return 1


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        yield f"| `{name}` | `DAERI_{name.upper()}` | {_shown(field.default)} | {field.description} |\n"


def _shown(default: object) -> str:
    if default is None:
        return "none"
    if isinstance(default, frozenset):
        return "`" + ",".join(sorted(str(item.value) for item in default)) + "`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default.value if isinstance(default, Enum) else default}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
