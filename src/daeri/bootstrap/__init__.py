"""The composition root: builds the parts of a process from its settings and runs them until told to stop."""

from daeri.bootstrap.chores import look_again, look_at_regions
from daeri.bootstrap.parts import Parts, clock_of, open_parts
from daeri.bootstrap.program import Program, build_program
from daeri.bootstrap.serving import serve

__all__ = [
    "Parts",
    "Program",
    "build_program",
    "clock_of",
    "look_again",
    "look_at_regions",
    "open_parts",
    "serve",
]
