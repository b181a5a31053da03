"""A planner's connection: it reads one snapshot, on SQLite with two more beside it, and writes its plan afterwards.

It knows no table; where those of a plan lie is a matter of `scratch`.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from nurture.store.engine import Prepare, begin_snapshot, driver_connection, sqlite_module, writing
from nurture.store.scratch import BESIDE, SCRATCH, attach_scratch, letting_go, put_down

OTHERS = "others"
LARGE = 256 * 1024 * 1024
"""Bytes of a SQLite file from which a plan gets two connections more: what a smaller one opens takes no second."""
SECOND_CACHE_KIB = 8 * 1024
"""Page cache of each of these, which walk through the customers in order: four times as much gains nothing."""
CHECKPOINT_AFTER = 20
"""Transactions of a large plan after which its log is copied into the file."""


@contextmanager
def planning(
    engine: Engine, prepare: Prepare | None = None, verify: Prepare | None = None, *, large: bool | None = None
) -> Iterator["PlanningConnection"]:
    """A connection that plans in a snapshot as in `reading` and then writes its plan in several short transactions.

    Each of these begins with `verify`, which raises where the plan may not be written any more.
    The TEMP tables of `prepare` and their rows outlive the snapshot, and are gone when the connection is given back.
    `large`: with two connections more, see `take_second`; None = where the file is large.
    """
    with _detached(engine) as connection:
        if not (_is_large(connection) if large is None else large and connection.dialect.name == "sqlite"):
            attach_scratch(connection)
            begin_snapshot(connection, prepare)
            _forbid_writes(connection)
            yield PlanningConnection(connection, verify)
            return
        with ExitStack() as stack:
            others = [stack.enter_context(_detached(engine)) for _ in BESIDE]
            attach_scratch(connection)
            for each, schema in zip(others, BESIDE, strict=True):
                attach_scratch(each, beside=connection, schema=schema)
            _begin_together(engine, (connection, *others), prepare)
            for each, schema in product(others, ("main", SCRATCH)):
                each.exec_driver_sql(f"PRAGMA {schema}.cache_size = -{SECOND_CACHE_KIB}")
            connection.info[OTHERS] = [(each, prepare) for each in others]
            yield PlanningConnection(connection, verify)


def take_second(connection: Connection) -> Connection | None:
    """Another connection in the snapshot of this one, for another thread; the taker closes it. There are two at most.

    It leaves the snapshot with its first commit. `connection` then sees in the schema `seen_as` what it has written.
    """
    others: list[tuple[Connection, Prepare | None]] = connection.info.get(OTHERS, [])
    if not others:
        return None
    second, prepare = others.pop(0)
    if prepare:
        prepare(second)
    return second


class PlanningConnection:
    """Reads first, writes afterwards, on one and the same database connection."""

    def __init__(self, connection: Connection, verify: Prepare | None = None) -> None:
        self.connection, self._verify = connection, verify
        """For planning; until the first `write()` it sees one snapshot and can write to TEMP tables only."""
        self._writes = 0

    @contextmanager
    def apart(self) -> Iterator[Connection]:
        """A transaction that ends the snapshot and writes to TEMP tables alone: nobody waits for it."""
        self._leave_snapshot()
        with self.connection.begin():
            yield self.connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction; the first ends the snapshot, so that the state may have changed in between.

        Raises OperationalError when SQLite stays busy.
        """
        self._leave_snapshot()
        if not self._writes:
            put_down(self.connection)
        _checkpoint(self.connection, now=self._writes > 0 and self._writes % CHECKPOINT_AFTER == 0)
        self._writes += 1
        _allow_writes(self.connection)
        with self.connection.begin():
            if self._verify:
                self._verify(self.connection)
            yield self.connection

    def _leave_snapshot(self) -> None:
        for second, _ in self.connection.info.pop(OTHERS, ()):
            second.close()
        # A ROLLBACK would take the TEMP rows along, and going on in the snapshot gives SQLITE_BUSY_SNAPSHOT.
        self.connection.commit()


def _begin_together(engine: Engine, connections: Sequence[Connection], prepare: Prepare | None) -> None:
    """Begins one and the same snapshot of a SQLite file on several connections; prepares the first.

    The others are prepared when they are taken: at most ticks nobody takes them.
    """
    for each in connections:
        begin_snapshot(each, prepare if each is connections[0] else None)
        each.commit()
        _forbid_writes(each)
    with writing(engine):
        # Nobody can write in between. It is the first reading that a snapshot begins with, not BEGIN.
        for each in connections:
            each.exec_driver_sql("SELECT count(*) FROM main.sqlite_master").scalar()


@contextmanager
def _detached(engine: Engine) -> Iterator[Connection]:
    connection = engine.connect()
    # A pooled connection would hand its TEMP tables to the next user; a detached one is closed at the end.
    connection.detach()
    with letting_go(connection), connection:
        yield connection


def _is_large(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    return Path(str(connection.engine.url.database)).stat().st_size >= LARGE


def _forbid_writes(connection: Connection) -> None:
    """PostgreSQL's transaction is read-only already; a SQLite connection that will write later needs an authorizer."""
    if connection.dialect.name == "sqlite":
        driver = sqlite_module()
        changes = (driver.SQLITE_INSERT, driver.SQLITE_UPDATE, driver.SQLITE_DELETE)

        def authorize(action: int, first: Any, second: Any, database: Any, trigger: Any) -> int:
            denied = database == "main" and action in changes
            return int(driver.SQLITE_DENY if denied else driver.SQLITE_OK)

        driver_connection(connection).set_authorizer(authorize)


def _allow_writes(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        driver_connection(connection).set_authorizer(None)
        connection.execution_options(write=True)


def _checkpoint(connection: Connection, *, now: bool) -> None:
    """Copies SQLite's log into the file between two transactions, `now` or later; nobody has to wait for it.

    Left to SQLite it would be a part of nearly every commit: 20 ms of most, and a second of some.
    """
    if connection.dialect.name == "sqlite":
        driver = driver_connection(connection)
        driver.execute("PRAGMA wal_autocheckpoint = 0")
        if now:
            driver.execute("PRAGMA main.wal_checkpoint(PASSIVE)").fetchall()
