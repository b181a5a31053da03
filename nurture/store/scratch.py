"""Where a plan's tables lie on SQLite: nameless files of their own, attached to the connections that plan."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from sqlalchemy import Connection

from nurture.store.engine import PLAN_CACHE_KIB, driver_connection

SCRATCH = "scratch"
"""Schema of a plan's tables on SQLite."""
BESIDE = ("second", "third")
"""The same of the tables of the connections beside, as the first one sees them."""
SEEN_AS = "seen as"
HANDLES = "scratch"
MUCH = 64 * 1024 * 1024
"""Bytes of a plan's file from which it is worth a second of waiting."""


def attach_scratch(connection: Connection, beside: Connection | None = None, schema: str = "") -> None:
    """On SQLite, a nameless file for the tables of a plan, gone with the connection; `beside` sees it as `schema`.

    `pysqlite3` is built with SQLITE_TEMP_STORE=3: its TEMP tables lie in memory, whatever `temp_store` says.
    """
    if connection.dialect.name != "sqlite":
        return
    folder = Path(str(connection.engine.url.database)).parent
    handle, name = mkstemp(prefix=".nurture-plan-", dir=folder)
    (connection if beside is None else beside).info.setdefault(HANDLES, []).append(handle)
    try:
        _attach(connection, name, SCRATCH)
        if beside is not None:
            _attach(beside, name, schema)
            connection.info[SEEN_AS] = schema
    finally:
        Path(name).unlink()


def put_down(connection: Connection) -> None:
    """Has the kernel write a large plan's files now, before anybody waits for it.

    By itself it would half a minute later, in the midst of the commit: an fsync of some transaction then took a tenth
    of a second, and the first copying of the log a whole one.
    """
    for handle in connection.info.get(HANDLES, ()):
        if os.fstat(handle).st_size >= MUCH:
            with suppress(OSError):  # nobody reads these files after a crash
                os.fsync(handle)


@contextmanager
def letting_go(connection: Connection) -> Iterator[None]:
    """Closes the files of a plan at the end of the block, which is to close the connection."""
    info = connection.info
    try:
        yield
    finally:
        for handle in info.pop(HANDLES, ()):
            os.close(handle)


def seen_as(second: Connection) -> str:
    """The schema in which the first connection sees what this one has committed to its plan's tables."""
    schema: str = second.info[SEEN_AS]
    return schema


def has_scratch(connection: Connection) -> bool:
    """Whether the tables of a plan go to the schema `SCRATCH` and not to TEMP."""
    if connection.dialect.name != "sqlite":
        return False
    return any(row[1] == SCRATCH for row in driver_connection(connection).execute("PRAGMA database_list"))


def _attach(connection: Connection, name: str, schema: str) -> None:
    driver = driver_connection(connection)
    driver.execute(f"ATTACH ? AS {schema}", (name,))
    # Nobody reads it after a crash, or after a rollback.
    driver.execute(f"PRAGMA {schema}.journal_mode = OFF")
    driver.execute(f"PRAGMA {schema}.synchronous = OFF")
    if schema == SCRATCH:
        driver.execute(f"PRAGMA {schema}.cache_size = -{PLAN_CACHE_KIB}")
