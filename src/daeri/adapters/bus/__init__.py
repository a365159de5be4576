"""The bus: in memory for one process."""
