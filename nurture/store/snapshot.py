"""A snapshot of the whole database in one file, taken while others go on writing. PostgreSQL has pg_dump for that."""

import os
from contextlib import closing, suppress
from itertools import chain, count
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


class NotABackup(Exception):
    """The file holds no database of ours, or a damaged one; the text says which."""


def put_back(engine: Engine, file: Path) -> Path:
    """Puts a backup in the place of a SQLite database; gives the name under which the former one is kept.

    Nobody else may work on the database. The backup itself stays as it is. Raises NotABackup and changes nothing then.
    """
    target = Path(str(engine.url.database))
    part, kept = target.with_name(f"{target.name}.part"), _free_name(target)
    _copy_whole(file, part)
    engine.dispose()
    if target.exists():
        # Of a damaged database the log is kept beside it.
        with suppress(sqlite_module().DatabaseError):
            _fold_log(target)
        os.replace(target, kept)
    for rest in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(target.with_name(f"{target.name}{rest}"), kept.with_name(f"{kept.name}{rest}"))
    os.replace(part, target)
    return kept


def _free_name(target: Path) -> Path:
    """Where the former database goes; one that was kept before is never overwritten."""
    names = chain([f"{target.name}.before-restore"], (f"{target.name}.before-restore-{number}" for number in count(2)))
    return next(found for found in map(target.with_name, names) if not found.exists())


def _copy_whole(file: Path, part: Path) -> None:
    """A checked copy beside the database: the renaming that follows is one step."""
    driver = sqlite_module()
    part.unlink(missing_ok=True)
    if not file.is_file():
        raise NotABackup("no such file")
    try:
        with closing(driver.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
            said = source.execute("PRAGMA quick_check").fetchone()[0]
            tables = {row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if said != "ok" or not {"alembic_version", "touch", "customer"} <= tables:
                raise NotABackup(said if said != "ok" else "no tables of ours")
            with closing(driver.connect(str(part))) as target:
                source.backup(target)
    except driver.DatabaseError as problem:
        part.unlink(missing_ok=True)
        raise NotABackup(str(problem)) from None


def _fold_log(database: Path) -> None:
    """Moves what is in the write-ahead log into the file, so that the file kept is whole."""
    with closing(sqlite_module().connect(str(database))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
