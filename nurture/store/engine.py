"""The engine: how a database is opened, read, planned in and written to. It knows no table.

SQLite runs in WAL mode with a BEGIN of our own: the driver begins only at the first write, so that of two overlapping
read-modify-writes one is silently lost.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import mkstemp
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

Prepare = Callable[[Connection], None]
SECOND = "second"

BUSY_SECONDS = 30
"""How long SQLite waits for a lock before it says that the database is busy."""
BEGIN_ATTEMPTS = 4
"""SQLite wakes its waiters in no order, so that one may be passed over for a whole busy timeout."""
SCRATCH = "scratch"
"""Schema of a plan's tables on SQLite."""
AHEAD = "ahead"
"""The same of a second connection's tables, as the first one sees them."""
LARGE = 256 * 1024 * 1024
"""Bytes of a SQLite file from which a plan gets a second connection: what a smaller one opens takes no second."""
CACHE_KIB = 2 * 1024
"""Page cache of one SQLite connection: a worker has several, and needs little of a large file. SQLite's own default."""
PLAN_CACHE_KIB = 32 * 1024
"""The same of one that plans."""
SECOND_CACHE_KIB = 8 * 1024
"""The same of a second one, which walks through the customers in order: with four times as much it was no faster."""
CHECKPOINT_AFTER = 10
"""Transactions of a large plan after which its log is copied into the file."""


def open_engine(url: str) -> Engine:
    """Opens `sqlite:///path`, `postgresql://…` or `postgresql+psycopg://…`; nothing is connected yet.

    A relative SQLite path counts from the present directory. Raises ValueError for any other kind of address, and for
    SQLite in memory, which a second connection could not see.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    if address.drivername in ("postgresql", "postgresql+psycopg"):
        return _open_postgresql(address.set(drivername="postgresql+psycopg"))
    raise ValueError(f"{address.drivername!r}: write sqlite:///path or postgresql://host/name")


@contextmanager
def reading(engine: Engine, prepare: Prepare | None = None) -> Iterator[Connection]:
    """A connection in one snapshot that can't write, whatever is tried; the database itself refuses.

    `prepare` makes the TEMP tables and their indexes: on PostgreSQL a read-only transaction can fill, empty and ANALYZE
    them but not create them (nor TRUNCATE). Everything temporary is gone afterwards. Give `stream_results` to a
    statement, never to the connection, or the next INSERT becomes a cursor too.
    """
    reader = engine.get_execution_options().get("reader", engine)
    with reader.connect() as connection:
        _begin_snapshot(connection, prepare)
        yield connection
        connection.rollback()


@contextmanager
def planning(
    engine: Engine, prepare: Prepare | None = None, verify: Prepare | None = None, *, large: bool | None = None
) -> Iterator["PlanningConnection"]:
    """A connection that plans in a snapshot as in `reading` and then writes its plan in several short transactions.

    Each of these begins with `verify`, which raises where the plan may not be written any more.
    The TEMP tables of `prepare` and their rows outlive the snapshot, and are gone when the connection is given back.
    `large`: with a second connection, see `take_second`; None = where the file is large.
    """
    with _detached(engine) as connection:
        if not (_is_large(connection) if large is None else large and connection.dialect.name == "sqlite"):
            _attach_scratch(connection)
            _begin_snapshot(connection, prepare)
            _forbid_writes(connection)
            yield PlanningConnection(connection, verify)
            return
        with _detached(engine) as second:
            _attach_scratch(connection)
            _attach_scratch(second, beside=connection)
            _begin_together(engine, (connection, second), prepare)
            for schema in ("main", SCRATCH):
                second.exec_driver_sql(f"PRAGMA {schema}.cache_size = -{SECOND_CACHE_KIB}")
            connection.info[SECOND] = second
            yield PlanningConnection(connection, verify)


def take_second(connection: Connection) -> Connection | None:
    """A second connection in the snapshot of this one, for another thread; the taker closes it.

    Of what it has committed to its plan's tables, `connection` sees the rows in the schema `AHEAD`.
    """
    second: Connection | None = connection.info.pop(SECOND, None)
    return second


class PlanningConnection:
    """Reads first, writes afterwards, on one and the same database connection."""

    def __init__(self, connection: Connection, verify: Prepare | None = None) -> None:
        self.connection, self._verify = connection, verify
        """For planning; until the first `write()` it sees one snapshot and can write to TEMP tables only."""
        self._writes = 0

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction; the first ends the snapshot, so that the state may have changed in between.

        Raises OperationalError when SQLite stays busy.
        """
        if second := take_second(self.connection):
            second.close()
        # A ROLLBACK would take the TEMP rows along, and going on in the snapshot gives SQLITE_BUSY_SNAPSHOT.
        self.connection.commit()
        if self._writes:
            _checkpoint(self.connection, now=self._writes % CHECKPOINT_AFTER == 0)
        self._writes += 1
        _allow_writes(self.connection)
        with self.connection.begin():
            if self._verify:
                self._verify(self.connection)
            yield self.connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end, rolled back on an error. Keep it under 100 ms.

    On SQLite it holds the write lock from its first moment, so that what it reads can't change before it writes.
    Raises OperationalError when SQLite stays busy.
    """
    with engine.connect() as connection:
        connection.execution_options(write=True)
        with connection.begin():
            yield connection


def sqlite_module() -> Any:
    """The SQLite driver: `pysqlite3`, which brings a newer SQLite than the machine's, else the standard library's."""
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:
        return import_module("sqlite3.dbapi2")


def wal_fault(version: tuple[int, ...]) -> bool:
    """Whether this SQLite can corrupt a WAL database that two connections write to.

    Mended in 3.51.3 and in the backports 3.50.7 and 3.44.6 (sqlite.org/wal.html, "the WAL-reset bug").
    """
    return version < (3, 51, 3) and not any(fixed <= version < (*fixed[:2], 99) for fixed in ((3, 50, 7), (3, 44, 6)))


def _open_sqlite(address: URL) -> Engine:
    if address.database in (None, "", ":memory:") or address.query:
        raise ValueError(f"{address.render_as_string()!r}: write sqlite:///path, without options and not in memory")
    path = Path(str(address.database)).absolute()
    address = address.set(database=str(path))
    driver = sqlite_module()
    options: dict[str, Any] = {"module": driver, "json_serializer": _json}
    reader = create_engine(address, **options, creator=partial(_connect, driver, path, "ro"), poolclass=NullPool)
    writer = create_engine(
        address,
        **options,
        creator=partial(_connect, driver, path, "rwc"),
        execution_options={"reader": reader},
    )
    for engine in (reader, writer):
        event.listen(engine, "begin", _begin_sqlite)
    return writer


def _connect(driver: Any, path: Path, mode: str) -> Any:
    connection = driver.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    if mode != "ro":
        _use_wal(driver, connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _use_wal(driver: Any, connection: Any) -> None:
    """Turns WAL on once for the file; two processes that open a new file at once may meet here."""
    for attempt in range(BEGIN_ATTEMPTS):
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except driver.OperationalError:
            if attempt == BEGIN_ATTEMPTS - 1:
                raise
            # The change of mode doesn't wait for a lock; a transaction does.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("write"):
        connection.exec_driver_sql("BEGIN")
        return
    for attempt in range(BEGIN_ATTEMPTS):
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except OperationalError as error:
            if attempt == BEGIN_ATTEMPTS - 1 or "locked" not in str(error.orig):
                raise


def _open_postgresql(address: URL) -> Engine:
    # Without it, SQLAlchemy forgets how many rows an INSERT wrote when psycopg closes its cursor: -1.
    counting = {"preserve_rowcount": True}
    engine = create_engine(address, json_serializer=_json, pool_pre_ping=True, execution_options=counting)
    event.listen(engine, "connect", _use_utc)
    return engine


def _use_utc(connection: Any, record: Any) -> None:
    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _begin_snapshot(connection: Connection, prepare: Prepare | None) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    if prepare:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA main.cache_size = -{PLAN_CACHE_KIB}")
        prepare(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _begin_together(engine: Engine, connections: Sequence[Connection], prepare: Prepare | None) -> None:
    """Begins one and the same snapshot of a SQLite file on several connections."""
    for each in connections:
        _begin_snapshot(each, prepare)
        each.commit()
        _forbid_writes(each)
    with writing(engine):
        # Nobody can write in between. It is the first reading that a snapshot begins with, not BEGIN.
        for each in connections:
            each.exec_driver_sql("SELECT count(*) FROM main.sqlite_master").scalar()


def has_scratch(connection: Connection) -> bool:
    """Whether the tables of a plan go to the schema `SCRATCH` and not to TEMP."""
    if connection.dialect.name != "sqlite":
        return False
    return any(row[1] == SCRATCH for row in _driver_connection(connection).execute("PRAGMA database_list"))


@contextmanager
def _detached(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        # A pooled connection would hand its TEMP tables to the next user; a detached one is closed at the end.
        connection.detach()
        yield connection


def _is_large(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    return Path(str(connection.engine.url.database)).stat().st_size >= LARGE


def _attach_scratch(connection: Connection, beside: Connection | None = None) -> None:
    """On SQLite, a nameless file for the tables of a plan, gone with the connection; `beside` sees it as `AHEAD`.

    `pysqlite3` is built with SQLITE_TEMP_STORE=3: its TEMP tables lie in memory, whatever `temp_store` says.
    """
    if connection.dialect.name != "sqlite":
        return
    folder = Path(str(connection.engine.url.database)).parent
    handle, name = mkstemp(prefix=".nurture-plan-", dir=folder)
    os.close(handle)
    try:
        _attach(connection, name, SCRATCH)
        if beside is not None:
            _attach(beside, name, AHEAD)
    finally:
        Path(name).unlink()


def _attach(connection: Connection, name: str, schema: str) -> None:
    driver = _driver_connection(connection)
    driver.execute(f"ATTACH ? AS {schema}", (name,))
    # Nobody reads it after a crash, or after a rollback.
    driver.execute(f"PRAGMA {schema}.journal_mode = OFF")
    driver.execute(f"PRAGMA {schema}.synchronous = OFF")
    if schema == SCRATCH:
        driver.execute(f"PRAGMA {schema}.cache_size = -{PLAN_CACHE_KIB}")


def _forbid_writes(connection: Connection) -> None:
    """PostgreSQL's transaction is read-only already; a SQLite connection that will write later needs an authorizer."""
    if connection.dialect.name == "sqlite":
        driver = sqlite_module()
        changes = (driver.SQLITE_INSERT, driver.SQLITE_UPDATE, driver.SQLITE_DELETE)

        def authorize(action: int, first: Any, second: Any, database: Any, trigger: Any) -> int:
            denied = database == "main" and action in changes
            return int(driver.SQLITE_DENY if denied else driver.SQLITE_OK)

        _driver_connection(connection).set_authorizer(authorize)


def _allow_writes(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        _driver_connection(connection).set_authorizer(None)
        connection.execution_options(write=True)


def _checkpoint(connection: Connection, *, now: bool) -> None:
    """Copies SQLite's log into the file between two transactions, `now` or later; nobody has to wait for it.

    Left to SQLite it would be a part of nearly every commit: 20 ms of most, and a second of some.
    """
    if connection.dialect.name == "sqlite":
        driver = _driver_connection(connection)
        driver.execute("PRAGMA wal_autocheckpoint = 0")
        if now:
            driver.execute("PRAGMA main.wal_checkpoint(PASSIVE)").fetchall()


def _driver_connection(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
