"""Effective-dated policy records: which thresholds hold for whom, from when, and who said so."""
