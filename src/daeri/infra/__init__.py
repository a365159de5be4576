"""Database, transactions, events, jobs, idempotency, settings, logs, metrics: what every domain stands on."""
