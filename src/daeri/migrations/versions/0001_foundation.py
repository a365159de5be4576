"""The foundation: the job queue, then one file per domain in the order of their names."""

from alembic import op

from daeri.migrations.sqlfiles import queue_schema, run_files, run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The queue first: `emit` inserts into its table."""
    run_script(op.get_bind(), queue_schema())
    run_files(op.get_bind(), revision)
