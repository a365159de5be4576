"""Runs the SQL files of a revision on the connection that Alembic migrates."""

from pathlib import Path
from typing import Any

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings, Durability
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy.engine import Connection

SQL_FOLDER = Path(__file__).parent / "sql"


class _QueueNames(DBSettings):
    """The library's own names, deaf to its environment variables: `emit` writes to the table `pgqueuer`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def files_of(revision: str) -> list[Path]:
    """The SQL files of a revision in the order in which they run: by name."""
    return sorted((SQL_FOLDER / revision).glob("*.sql"))


def run_files(connection: Connection, revision: str) -> None:
    """Run every file of the revision in the migration's transaction."""
    for path in files_of(revision):
        run_script(connection, path.read_text(encoding="utf-8"))


def run_script(connection: Connection, sql: str) -> None:
    """Run many statements at once, which prepared statements (and so SQLAlchemy's own way) cannot."""
    # SQLAlchemy begins its transaction with its first statement; the script must be inside.
    connection.exec_driver_sql("SELECT 1")
    raw: Any = connection.connection.dbapi_connection
    raw.run_async(lambda driver: driver.execute(sql))


def queue_schema() -> str:
    """The job queue's own tables, as the installed library declares them, whatever its environment variables say."""
    return QueryBuilderEnvironment(_QueueNames(durability=Durability.durable)).build_install_query(create_schema=False)
