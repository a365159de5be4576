"""PostgreSQL as a child of this process: the binaries of a wheel, a cluster in a data folder, nothing left behind."""

from daeri.infra.embedded.errors import (
    DatabaseStartFailed,
    DataFolderInUse,
    NotOnMainThread,
    OldServerStillRunning,
    ServerBinariesMissing,
    ServerUserMissing,
)
from daeri.infra.embedded.server import EmbeddedPostgres, embedded_postgres, running_dsn

__all__ = [
    "DataFolderInUse",
    "DatabaseStartFailed",
    "EmbeddedPostgres",
    "NotOnMainThread",
    "OldServerStillRunning",
    "ServerBinariesMissing",
    "ServerUserMissing",
    "embedded_postgres",
    "running_dsn",
]
