"""Simulated drivers and customers. A client like any other: it knows the public API and the kernel, nothing else."""
