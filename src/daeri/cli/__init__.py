"""The command line: one command a thing that an operator does."""

from daeri.cli.commands import app
from daeri.cli.running import failures_in_a_line


def main() -> None:
    """The entry point of `daeri`."""
    with failures_in_a_line():
        app()


__all__ = ["app", "main"]
