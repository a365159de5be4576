"""daeri: a designated-driver dispatch platform."""
