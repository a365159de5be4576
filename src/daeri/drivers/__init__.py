"""Drivers: who may drive, who is on duty, where they were last heard of."""
