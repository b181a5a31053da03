"""One daemon for one SQLite file: a lock that the kernel frees when its holder dies, whatever it died of."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine


class FileLocked(Exception):
    """Another daemon works on this database file; the text says which."""


@contextmanager
def lock_database(engine: Engine) -> Iterator[bool]:
    """Holds `<database>.lock` while the block runs; gives True on SQLite, where the lock proves that no other lives.

    On PostgreSQL nothing is locked (False): leases and tokens keep many processes apart. Raises FileLocked at once.
    """
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name:
        yield False
        return
    path = Path(f"{name}.lock")
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise FileLocked(f"{path.name}: {file.read().strip() or 'another process'}") from None
        file.seek(0)
        file.truncate()
        file.write(f"pid {os.getpid()}")
        file.flush()
        yield True
