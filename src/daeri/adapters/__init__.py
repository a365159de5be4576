"""The outside world behind small Protocols: each system a real adapter and an embedded twin."""
