"""The command line: one command a thing that an operator does."""

import os

from daeri.cli.commands import app
from daeri.cli.running import failures_in_a_line, refuse_unknown_variables


def main() -> None:
    """The entry point of `daeri`."""
    with failures_in_a_line():
        refuse_unknown_variables(os.environ)
        app()


__all__ = ["app", "main"]
