"""The dispatcher process: reads what waits, decides on each tick, writes the offers."""
