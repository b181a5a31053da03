"""The engine: how a database is opened, read and written to. It knows no table.

SQLite runs in WAL mode with a BEGIN of our own: the driver begins only at the first write, so that of two overlapping
read-modify-writes one is silently lost.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, Transaction, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError

Prepare = Callable[[Connection], None]

BUSY_SECONDS = 30
"""How long SQLite waits for a lock before it says that the database is busy."""
BEGIN_ATTEMPTS = 4
"""SQLite wakes its waiters in no order, so that one may be passed over for a whole busy timeout."""
CACHE_KIB = 2 * 1024
"""Page cache of one SQLite connection: a worker has several, and needs little of a large file. SQLite's own default."""
PLAN_CACHE_KIB = 32 * 1024
"""The same of one that plans."""
TEMP_MEGABYTES = 64
"""What a PostgreSQL session may keep of its TEMP tables; its own default is 8 MB, and a large plan's take 500."""


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
        begin_snapshot(connection, prepare)
        yield connection
        connection.rollback()


class Kept:
    """A connection that is kept from one transaction to the next, for one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def _begun(self) -> Iterator[tuple[Connection, Transaction]]:
        """A transaction; an error in it ends the connection, and the next one is made anew."""
        if self._connection is None:
            self._connection = self._engine.connect()
            self._connection.detach()  # a pool would wait for it, and hand a broken one out again
        try:
            with self._connection.begin() as transaction:
                yield self._connection, transaction
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Reader(Kept):
    """Reads on one connection: SQLite takes 2 ms to open one, and its pages along."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.get_execution_options().get("reader", engine))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """As the function `reading`, one after the other."""
        with self._begun() as (connection, snapshot):
            begin_snapshot(connection, None)
            yield connection
            snapshot.rollback()


class Recorder(Kept):
    """Writes on one connection: to borrow one takes SQLite's writer 0.15 ms, and others wait for what it writes.

    On PostgreSQL each transaction borrows one: the pool asks it first whether its server is still there.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.execution_options(write=True))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """As the function `writing`, one after the other."""
        if self._engine.dialect.name != "sqlite":
            with writing(self._engine) as borrowed:
                yield borrowed
            return
        with self._begun() as (connection, _):
            yield connection

    def checkpoint(self) -> None:
        """Moves what was committed from SQLite's WAL into the file, which is else done within a COMMIT, every thousand
        pages, while somebody waits for it (sqlite.org/wal.html section 3.2). It waits for no reader."""
        if self._connection is not None:
            checkpoint(self._connection)


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


def begin_snapshot(connection: Connection, prepare: Prepare | None, exported: str | None = None) -> None:
    """Begins a snapshot that `prepare` makes its TEMP tables in; PostgreSQL then refuses to write to any other.

    `exported`: the name of another connection's snapshot on PostgreSQL, to be this one's too.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if exported:
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{exported}'")
    if prepare:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA main.cache_size = -{PLAN_CACHE_KIB}")
        prepare(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def checkpoint(connection: Connection) -> None:
    """Moves what was committed from SQLite's WAL into the file, as far as no reader needs it there; between two
    transactions of this connection. It raises nothing: what is wrong with a disk, the next COMMIT tells."""
    assert connection.dialect.dbapi is not None
    with suppress(connection.dialect.dbapi.Error):
        driver_connection(connection).execute("PRAGMA main.wal_checkpoint(PASSIVE)").fetchone()


def driver_connection(connection: Connection) -> Any:
    """The driver's own connection, where a statement must not begin a transaction."""
    return connection.connection.dbapi_connection


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
    statement = "BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN"
    dialect, driver = connection.dialect, driver_connection(connection)
    assert dialect.dbapi is not None
    for attempt in range(BEGIN_ATTEMPTS):
        try:
            # As a statement of SQLAlchemy's it takes 0.3 ms, and a worker's connections all wait for it.
            driver.execute(statement)
            return
        except dialect.dbapi.Error as problem:
            if attempt == BEGIN_ATTEMPTS - 1 or "locked" not in str(problem):
                raise DBAPIError.instance(statement, None, problem, dialect.dbapi.Error, dialect=dialect) from problem


def _open_postgresql(address: URL) -> Engine:
    # Without it, SQLAlchemy forgets how many rows an INSERT wrote when psycopg closes its cursor: -1.
    counting = {"preserve_rowcount": True}
    engine = create_engine(address, json_serializer=_json, pool_pre_ping=True, execution_options=counting)
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, record: Any) -> None:
    connection.execute("SET TIME ZONE 'UTC'")
    # Only a session whose TEMP tables have not been touched yet takes it.
    connection.execute(f"SET temp_buffers = '{TEMP_MEGABYTES}MB'")
    connection.commit()


_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
