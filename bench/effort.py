"""What something took: seconds on the wall, and seconds of a processor: ours, our ended processes' and the database
server's together.

On a machine that others use as well the wall says more of the neighbours; the processor's own count says what was done.
"""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection


@dataclass
class Effort:
    """Seconds, filled in when the measured block ends."""

    wall: float = 0
    cpu: float = 0


@contextmanager
def spent(connection: Connection | None = None) -> Iterator[Effort]:
    """Measures a block; `connection` names the PostgreSQL backend whose work counts as well."""
    found, server = Effort(), _backend(connection)
    wall, ours, theirs = time.perf_counter(), _ours(), _used(server)
    yield found
    found.wall = time.perf_counter() - wall
    found.cpu = _ours() - ours + _used(server) - theirs


def _ours() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _backend(connection: Connection | None) -> Path | None:
    if connection is None or connection.dialect.name != "postgresql":
        return None
    driver: Any = connection.connection.dbapi_connection
    return Path(f"/proc/{driver.info.backend_pid}/schedstat")


def _used(backend: Path | None) -> float:
    """Seconds on a processor since the backend began; 0 where there is none to ask, or no Linux."""
    if backend is None or not backend.exists():
        return 0
    return int(backend.read_text().split()[0]) / 1e9
