"""Money: the ledger, bills, charges, payouts, covers and rewards."""

from alembic import op

from daeri.migrations.sqlfiles import run_files

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One file per domain in the order of their names."""
    run_files(op.get_bind(), revision)
