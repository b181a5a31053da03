"""The way from an empty or older database to the present tables; Alembic's files lie beside this one."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect

from nurture.store.backstop import raise_backstop
from nurture.store.engine import open_engine, reading, writing
from nurture.store.identity import draw_identity

if TYPE_CHECKING:
    from alembic.config import Config

UPGRADE_LOCK = 7_368_241_001
"""Key of the PostgreSQL advisory lock under which one process upgrades; SQLite's write lock does the same."""
VERSIONS = Path(__file__).parent / "versions"
"""One file for each revision, whose name begins with the revision's number."""


class NewerDatabase(Exception):
    """The database was upgraded by a newer nurture: install that version, or restore a backup from before."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"{self.__doc__} (revision {revision!r})")
        self.revision = revision
        """What the database says it is at."""


def upgrade(url: str) -> None:
    """Brings the database to the newest revision, all or nothing; an empty one is created whole.

    Two processes may call it at once: the second waits and finds nothing to do. Raises NewerDatabase.
    """
    engine = open_engine(url)
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
            _refuse_newer(connection)
            if _revision_of(connection) != newest_revision():
                _run_migrations(connection)
            # Not part of a migration: Alembic rebuilds a table on SQLite, and its triggers are gone.
            raise_backstop(connection)
            draw_identity(connection)
    finally:
        engine.dispose()


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at; None when it was never made, and then it isn't made here either."""
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists():
        return None
    with reading(engine) as connection:
        return _revision_of(connection)


def needs_upgrade(engine: Engine) -> bool:
    """Whether `upgrade` would change the database."""
    return current_revision(engine) != newest_revision()


def newest_revision() -> str:
    """The revision to which `upgrade` leads."""
    return max(_revisions())


def alembic_config(connection: Connection | None = None) -> "Config":
    """Alembic's settings without a file, for its own commands on a connection of ours."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _refuse_newer(connection: Connection) -> None:
    revision = _revision_of(connection)
    if revision is not None and revision not in _revisions():
        raise NewerDatabase(revision)


def _run_migrations(connection: Connection) -> None:
    # Alembic takes a third of a second to load, and every process of ours starts with a database that is up to date.
    from alembic import command

    command.upgrade(alembic_config(connection), "head")


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if found is None else str(found)


def _revisions() -> set[str]:
    return {each.name.partition("_")[0] for each in VERSIONS.glob("[0-9]*.py")}
