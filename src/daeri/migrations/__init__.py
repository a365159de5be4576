"""The database's shape: raw SQL in revisions, run by Alembic; `api` is the door."""
