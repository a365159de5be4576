"""Short messages: one-time codes and, later, notices."""
