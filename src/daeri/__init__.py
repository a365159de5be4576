"""daeri: a designated-driver dispatch platform."""

from daeri.processor import choose_sorts

__version__ = "0.1.0"

choose_sorts()  # before anybody loads NumPy
