"""A planner's connection: it reads one snapshot, with two more beside it, and writes its plan afterwards.

It knows no table; where those of a plan lie is a matter of `scratch`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, TimeoutError

from nurture.store.engine import Prepare, begin_snapshot, checkpoint, driver_connection, sqlite_module, writing
from nurture.store.scratch import BESIDE, SCRATCH, attach_scratch, letting_go, put_down

log = structlog.get_logger()
OTHERS = "others"
LARGE = 256 * 1024 * 1024
"""Bytes of a database from which a plan gets two connections more: what a smaller one opens takes no second."""
MANY = 20_000
"""Rows from which it is worth a connection to PostgreSQL to divide them."""
SECOND_CACHE_KIB = 8 * 1024
"""Page cache of each of these, which walk through the customers in order: four times as much gains nothing."""
CHECKPOINT_AFTER = 20
"""Transactions of a large plan after which its log is copied into the file."""


@dataclass(frozen=True)
class _Other:
    """A connection beside the planner's own, in its snapshot."""

    take: Callable[[int | None], Connection | None]
    """Gives it, ready for a number of rows; None where it is not to be had."""
    leave: Callable[[], None] = lambda: None
    """Ends it where nobody has taken it."""


@contextmanager
def planning(
    engine: Engine, prepare: Prepare | None = None, verify: Prepare | None = None, *, large: bool | None = None
) -> Iterator["PlanningConnection"]:
    """A connection that plans in a snapshot as in `reading` and then writes its plan in several short transactions.

    Each of these begins with `verify`, which raises where the plan may not be written any more.
    The TEMP tables of `prepare` and their rows outlive the snapshot, and are gone when the connection is given back.
    `large`: with two connections more, see `take_second`; None = where the database is large.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(_detached(engine))
        if engine.dialect.name == "postgresql":
            begin_snapshot(connection, prepare)
            if large is not False:
                joining = _Other(partial(_join, stack, engine, connection, prepare, large is True))
                connection.info[OTHERS] = [joining] * len(BESIDE)
        elif _is_large(connection) if large is None else large:
            _begin_large(stack, engine, connection, prepare)
        else:
            attach_scratch(connection)
            begin_snapshot(connection, prepare)
            _forbid_writes(connection)
        yield PlanningConnection(connection, verify)


def take_second(connection: Connection, rows: int | None = None) -> Connection | None:
    """Another connection in the snapshot of this one, for another thread; the taker closes it. There are two at most.

    `rows`: how many there are to be divided, where that is known; for a few it is not worth it.
    It leaves the snapshot with its first commit. `take_rows` then takes over what it has written.
    """
    others: list[_Other] = connection.info.get(OTHERS, [])
    return others.pop(0).take(rows) if others else None


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
        for each in self.connection.info.pop(OTHERS, ()):
            each.leave()
        # A ROLLBACK would take the TEMP rows along, and going on in the snapshot gives SQLITE_BUSY_SNAPSHOT.
        self.connection.commit()


def _begin_large(stack: ExitStack, engine: Engine, connection: Connection, prepare: Prepare | None) -> None:
    """Begins one and the same snapshot of a SQLite file on three connections; prepares the first.

    The others are prepared when they are taken: at most ticks nobody takes them.
    """
    others = [stack.enter_context(_detached(engine)) for _ in BESIDE]
    attach_scratch(connection)
    for each, schema in zip(others, BESIDE, strict=True):
        attach_scratch(each, beside=connection, schema=schema)
    _begin_together(engine, (connection, *others), prepare)
    for each, schema in product(others, ("main", SCRATCH)):
        each.exec_driver_sql(f"PRAGMA {schema}.cache_size = -{SECOND_CACHE_KIB}")
    connection.info[OTHERS] = [_Other(partial(_prepared, each, prepare), each.close) for each in others]


def _prepared(connection: Connection, prepare: Prepare | None, rows: int | None) -> Connection:
    if prepare:
        prepare(connection)
    return connection


def _join(
    stack: ExitStack, engine: Engine, first: Connection, prepare: Prepare | None, certainly: bool, rows: int | None
) -> Connection | None:
    """A session of PostgreSQL in the snapshot of the first one; None where it is not worth it or not to be had."""
    if not certainly and ((rows is not None and rows < MANY) or not _is_large(first)):
        return None
    exported = first.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
    try:
        second = stack.enter_context(_detached(engine))
    except (OperationalError, TimeoutError) as problem:
        log.warning("second_connection_missing", error=type(problem).__name__)
        return None
    begin_snapshot(second, prepare, exported)
    return second


def _begin_together(engine: Engine, connections: Sequence[Connection], prepare: Prepare | None) -> None:
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
    if connection.dialect.name == "sqlite":
        return Path(str(connection.engine.url.database)).stat().st_size >= LARGE
    # As it was counted last: to ask each file for its length takes longer than a tick in which nothing happens.
    counted = "SELECT coalesce(sum(relpages::bigint), 0) * current_setting('block_size')::int FROM pg_class"
    return int(connection.exec_driver_sql(counted).scalar_one()) >= LARGE


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
        driver_connection(connection).execute("PRAGMA wal_autocheckpoint = 0")
        if now:
            checkpoint(connection)
