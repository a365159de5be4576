"""Why the embedded database did not start."""

from daeri.kernel.errors import Category, DaeriError


class DataFolderInUse(DaeriError):
    """Another process runs the database of this folder. Facts: folder, process (its id, when known)."""

    code = "data_folder_in_use"


class OldServerStillRunning(DaeriError):
    """The server of a parent that is gone has not ended in time. Facts: folder, process."""

    code = "old_server_still_running"


class ServerBinariesMissing(DaeriError):
    """The wheel with PostgreSQL's binaries is not installed, or not for this platform. Facts: looked_in."""

    code = "server_binaries_missing"
    category = Category.UNAVAILABLE


class ServerUserMissing(DaeriError):
    """PostgreSQL refuses to run as root, and no user of the system fits. Facts: looked_for."""

    code = "server_user_missing"
    category = Category.UNAVAILABLE


class NotOnMainThread(DaeriError):
    """The kernel ties the child's death to the thread that forks it, so only the main thread may."""

    code = "not_on_main_thread"


class DatabaseStartFailed(DaeriError):
    """PostgreSQL ended while it was being made or started. Facts: step, folder, log (its last lines)."""

    code = "database_start_failed"
    category = Category.UNAVAILABLE
