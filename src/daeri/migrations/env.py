"""What Alembic runs for every command; `api` hands it a connection in an open transaction, which `api` commits."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
