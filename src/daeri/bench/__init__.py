"""Benchmarks: each prints its own figure, a reference in the same run, and the ratio."""
