"""daeri: a designated-driver dispatch platform."""

__version__ = "0.1.0"
