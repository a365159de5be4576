"""The command line: one command a thing that an operator does."""

from daeri.cli.commands import app


def main() -> None:
    """The entry point of `daeri`."""
    app()


__all__ = ["app", "main"]
