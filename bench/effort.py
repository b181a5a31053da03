"""What something took: seconds on the wall, and seconds of a processor: ours, our ended processes' and the database
server's together.

On a machine that others use as well the wall says more of the neighbours; the processor's own count says what was done.
"""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    """Measures a block; `connection` names the PostgreSQL server whose work counts as well, with all its processes."""
    found, server = Effort(), _server(connection)
    wall, ours, theirs = time.perf_counter(), _ours(), _used(server)
    yield found
    found.wall = time.perf_counter() - wall
    found.cpu = _ours() - ours + _used(server) - theirs


def _ours() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _server(connection: Connection | None) -> Path | None:
    """The process that has started the connection's, and those of every other session."""
    if connection is None or connection.dialect.name != "postgresql":
        return None
    driver: Any = connection.connection.dbapi_connection
    status = Path(f"/proc/{driver.info.backend_pid}/stat")
    return Path("/proc", _fields(status)[1]) if status.exists() else None


def _used(server: Path | None) -> float:
    """Seconds on a processor since the server began; 0 where there is none to ask, or no Linux."""
    if server is None:
        return 0
    used = 0.0
    for child in (server / "task" / server.name / "children").read_text().split():
        # A session may end meanwhile; the server counts it then.
        with suppress(FileNotFoundError):
            used += int(Path("/proc", child, "schedstat").read_text().split()[0]) / 1e9
    ended = sum(map(int, _fields(server / "stat")[13:15])) / os.sysconf("SC_CLK_TCK")
    return used + ended


def _fields(stat: Path) -> list[str]:
    """What follows a process's name, which may hold anything: its state, its parent, …"""
    return stat.read_text().rpartition(")")[2].split()
