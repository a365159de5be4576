"""The diagram in the docs is the table in the code."""

from pathlib import Path

from daeri.calls.lifecycle import diagram

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_documented_diagram_is_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in ARCHITECTURE.read_text(encoding="utf-8")
