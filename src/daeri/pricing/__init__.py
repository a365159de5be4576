"""Tariffs and the fare calculator."""
