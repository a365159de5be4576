"""Refuses the database's clock in stores and migrations: time is an argument, so that it can be stepped.

usage: python scripts/check_clock.py [SOURCE_FOLDER]

Reads every `store.py`, every `*_store.py` and everything under `migrations/`. The queue's own tables are the queue's
business: SQL files and modules there with "queue" in their name are left out. So is schema.sql, which is printed by a
database.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "daeri"
CLOCK = re.compile(
    r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\("
    r"|\b(?:current_timestamp|current_time|current_date|localtimestamp|localtime)\b"
    # The words are only the clock when they become an instant: a slot may well be called 'now'.
    r"|'(?:now|today|tomorrow|yesterday)'\s*::\s*(?:timestamp|date|time)"
    r"|\b(?:timestamp|timestamptz|date|time)\s+'(?:now|today|tomorrow|yesterday)'",
    re.IGNORECASE,
)
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def main(arguments: list[str]) -> int:
    source = Path(arguments[0]) if arguments else SOURCE
    problems = [problem for path in _files(source) for problem in _problems(path)]
    for problem in problems:
        print(problem)
    if problems:
        print("the database's clock is not to be read here: pass the time in as a parameter")
    return 1 if problems else 0


def _files(source: Path) -> list[Path]:
    migrations = source / "migrations"
    stores = [*source.rglob("store.py"), *source.rglob("*_store.py")]
    found = [*stores, *migrations.rglob("*.sql"), *migrations.rglob("*.py")]
    return sorted({path for path in found if not (migrations in path.parents and _is_exempt(path.name))})


def _is_exempt(name: str) -> bool:
    return "queue" in name or name == "schema.sql"


def _problems(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    pieces = [(1, text)] if path.suffix == ".sql" else _sql_in(text)
    for first_line, sql in pieces:
        # Comments become blanks of the same shape, so that the line numbers stay right.
        bare = COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment.group()), sql)
        for match in CLOCK.finditer(bare):
            line = first_line + bare.count("\n", 0, match.start())
            yield f"{path}:{line}: {match.group().strip()}"


def _sql_in(python: str) -> list[tuple[int, str]]:
    """The string constants of a module with their first lines; docstrings are prose and left out."""
    tree = ast.parse(python)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
