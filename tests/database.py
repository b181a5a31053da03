"""Databases for tests: a private PostgreSQL cluster from the machine's own binaries, and cheap copies.

The cluster lives in a folder of its own, listens on a Unix socket only, runs under another user where we are root
(initdb refuses root), and ends with the process that holds it, even one that is killed.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import NullPool
from sqlalchemy.util import LRUCache

PROGRAMS = ("initdb", "pg_ctl", "postgres")
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/bin", "/usr/local/pgsql/bin")
PLACES_OF_HOMEBREW = ("/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin")
# A copy of a database is some 400 small files: 30 ms in memory, 150 to 500 ms on the disk of a small virtual machine.
MEMORY = "/dev/shm"
MEMORY_NEEDED = 2**30
FOLDERS = ("/tmp", "/var/tmp")

MISSING = (
    "no PostgreSQL on this machine: install it (Debian: apt-get install postgresql; macOS: brew install postgresql), "
    "or name a server in NURTURE_TEST_PG_URL=postgresql+psycopg://user@host/postgres"
)

# One shell for the cluster's whole life. It waits for its standard input to close, which the kernel does whatever
# becomes of the tests, so no server and no folder is left behind.
LIFE = """
set -e
programs=$1 folder=$2 options=$3
trap '"$programs/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || :; rm -rf "$folder"' EXIT
cd "$folder"
{
  "$programs/initdb" -D data -U nurture --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions &&
  "$programs/pg_ctl" -D data -w -t 60 -l log -o "$options" start
} >made 2>&1 </dev/null || { cat made log 2>/dev/null; exit 1; }
echo ready
read -r _ || :
"""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_wal_size": "128MB",
    # A server in the shops' zone, not in ours: whoever forgets that times are UTC learns it here.
    "timezone": "Asia/Tokyo",
}
# What a crash would lose is thrown away anyway; a test that kills the server asks for durability instead.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresMissing(Exception):
    """The machine has no PostgreSQL of its own and no server was named."""


@dataclass
class PostgresServer:
    """A server on which tests make databases of their own."""

    url: str
    """Where its maintenance database answers, as `postgresql+psycopg://…`."""
    prefix: str
    """Begins the name of every database made here, so that several test runs can share a server."""
    made: int = 0
    """How many databases were made so far."""
    templates: dict[object, str] = field(default_factory=dict)
    """What prepared a template → the template's URL."""

    def create(self, template: str | None = None) -> str:
        """The URL of a new database: an empty one, or a copy of `template`."""
        self.made += 1
        name = f"{self.prefix}_{self.made}"
        # Since PostgreSQL 15 a copy goes through the log unless told otherwise: 40 ms instead of 27.
        strategy = "STRATEGY FILE_COPY" if self._version >= 150_000 else ""
        self._tell(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'} {strategy}")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def copy_of(self, prepare: Callable[[str], None]) -> str:
        """The URL of a new database as `prepare(url)` leaves it; it is asked once, later calls copy its work."""
        if prepare not in self.templates:
            url = self.create()
            prepare(url)
            self.templates[prepare] = url
        return self.create(make_url(self.templates[prepare]).database)

    def drop(self, url: str) -> None:
        """Removes the database, whoever still holds a connection to it."""
        self._tell(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        """Lets go of the server."""
        self._engine.dispose()

    @cached_property
    def _version(self) -> int:
        with self._engine.connect() as connection:
            return int(str(connection.scalar(text("SHOW server_version_num"))))

    def _tell(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))

    @cached_property
    def _engine(self) -> Engine:
        return create_engine(self.url, isolation_level="AUTOCOMMIT")


@contextmanager
def postgres_server(durable: bool = False) -> Iterator[PostgresServer]:
    """The server named by NURTURE_TEST_PG_URL, else a private one.

    `durable` keeps fsync on. Raises PostgresMissing where there is neither.
    """
    prefix = f"nurture_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    named = os.environ.get("NURTURE_TEST_PG_URL")
    with nullcontext(named) if named else _private_cluster(durable) as url:
        server = PostgresServer(url, prefix)
        try:
            yield server
            for template in server.templates.values():
                server.drop(template)
        finally:
            server.close()


@contextmanager
def _private_cluster(durable: bool) -> Iterator[str]:
    programs = find_programs()
    if programs is None:
        raise PostgresMissing(MISSING)
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="nurture-pg-", dir=_open_folder(durable)))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    settings = {**SETTINGS, **({} if durable else CARELESS), "unix_socket_directories": str(folder)}
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", LIFE, "sh", str(programs), str(folder), options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder.parent,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        start_new_session=True,
    )
    with keeper:
        assert keeper.stdout is not None
        first = keeper.stdout.readline()
        if first != "ready\n":
            raise RuntimeError(f"{programs}/postgres did not start:\n{first}{keeper.stdout.read()}")
        yield f"postgresql+psycopg://nurture@/postgres?host={folder}"
        assert keeper.stdin is not None
        keeper.stdin.close()


class SharedStatements:
    """Compiled statements that outlive their engine, as in a daemon: half of a short test went into compiling anew.

    A dialect is part of a compiled statement's key, so that connections of one kind speak the first one's.
    """

    def __init__(self, size: int = 2000) -> None:
        """`size`: statements that are kept of each kind."""
        self._size = size
        self._kinds: dict[object, tuple[Dialect, LRUCache[object, object]]] = {}

    def listen(self) -> None:
        """From now on every connection of this process takes part. COMMIT and its kin stay with the engine's own."""
        event.listen(Engine, "engine_connect", self._join)

    def _join(self, connection: Connection) -> None:
        own: Any = connection.dialect
        kind = (type(own), own.dbapi, own.server_version_info, own._json_serializer)
        shared, cache = self._kinds.setdefault(kind, (own, LRUCache(self._size)))
        connection.dialect = shared
        connection.execution_options(compiled_cache=cache)


def find_programs() -> Path | None:
    """The folder that holds initdb, pg_ctl and postgres; the newest version where there are several."""
    found = [folder for folder in _candidates() if all((folder / each).is_file() for each in PROGRAMS)]
    return found[0] if found else None


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        yield Path(told.stdout.strip() or "/nowhere")
    for pattern in PLACES + PLACES_OF_HOMEBREW:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(folder)))


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: nobody else, unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresMissing("PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody' to run it as")


def _open_folder(durable: bool) -> str:
    """Where another user can reach a folder of ours: pytest's own temporary folders are closed to everybody else."""
    in_memory = () if durable or _free(MEMORY) < MEMORY_NEEDED else (MEMORY,)
    for folder in (*in_memory, tempfile.gettempdir(), *FOLDERS):
        here = Path(folder).resolve()
        is_open = all(each.stat().st_mode & 0o001 for each in (here, *here.parents))
        # The path of a Unix socket may have 107 bytes.
        if is_open and os.access(here, os.W_OK) and len(str(here)) < 60:
            return str(here)
    raise PostgresMissing(f"no folder for a PostgreSQL cluster that other users can reach among {', '.join(FOLDERS)}")


def _free(folder: str) -> int:
    return shutil.disk_usage(folder).free if os.path.isdir(folder) else 0


class SqliteFiles:
    """Copies of a database file that is prepared once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where the prepared files are kept."""
        self.templates: dict[object, Path] = {}
        """What prepared a file → the file."""

    def copy_of(self, prepare: Callable[[str], None], target: Path) -> str:
        """The URL of `target`, a copy of what `prepare(url)` makes of an empty file."""
        if prepare not in self.templates:
            template = self.folder / f"template{len(self.templates)}.db"
            prepare(sqlite_url(template))
            _write_back(create_engine(sqlite_url(template), poolclass=NullPool))
            self.templates[prepare] = template
        shutil.copyfile(self.templates[prepare], target)
        return sqlite_url(target)


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _write_back(engine: Engine) -> None:
    """Moves what is still in the write-ahead log into the file, which is all that is copied."""
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
