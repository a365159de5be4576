"""Support: the cases that people report and staff see to."""
