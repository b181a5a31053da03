"""A snapshot of the whole database in one file, taken while others go on writing. PostgreSQL has pg_dump for that."""

import os
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from nurture.store.engine import reading, sqlite_module


def backup(engine: Engine, path: Path) -> None:
    """Copies a SQLite database to `path` by SQLite's backup interface (sqlite.org/backup.html).

    To copy the file itself loses what is still in its write-ahead log, often everything. The copy appears under its
    name only when it is whole; a file of that name is replaced. Raises ValueError on PostgreSQL.
    """
    if engine.dialect.name != "sqlite":
        raise ValueError(f"{engine.dialect.name} is backed up with its own tools: pg_dump --format=custom")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with reading(engine) as connection, closing(sqlite_module().connect(str(part))) as target:
        source = connection.connection.dbapi_connection
        assert source is not None
        # Ends the open transaction, of which the backup makes its own.
        connection.rollback()
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    os.replace(part, path)
