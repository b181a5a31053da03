"""The disk of a world: SQLite in memory, statements and commits that fail or kill by seed, and a journal of its own.

The journal is written by triggers, in the order of the commits: what passed the fence and what was refused, when. The
oracle reads it instead of anything that the engine says about itself.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from nurture.store import open_engine, sqlite_module, upgrade, writing

from .dice import Dice
from .loop import PROCESS, Killed, VirtualLoop

MEMORY = Path("/dev/shm")
STRETCH = 1000
"""Instructions of SQLite's machine between two chances of being interrupted."""
JOURNAL = """
CREATE TABLE sim_journal (seq INTEGER PRIMARY KEY, kind TEXT, touch INTEGER, customer INTEGER, token INTEGER,
    at INTEGER, moment REAL, word TEXT);
CREATE TRIGGER sim_fence AFTER INSERT ON attempt BEGIN
    INSERT INTO sim_journal (kind, touch, token, at, moment)
    VALUES ('fence', NEW.touch_id, NEW.token, NEW.fenced_at, sim_time()) § END;
CREATE TRIGGER sim_sending AFTER UPDATE OF status ON touch
    WHEN NEW.status = 'sending' AND OLD.status <> 'sending' BEGIN
    INSERT INTO sim_journal (kind, touch, customer, token, at, moment)
    VALUES ('sending', NEW.id, NEW.customer_id, NEW.token, NEW.at, sim_time()) § END;
CREATE TRIGGER sim_refusal AFTER INSERT ON suppression WHEN NEW.customer_id IS NOT NULL BEGIN
    INSERT INTO sim_journal (kind, customer, at, moment, word)
    VALUES ('refusal', NEW.customer_id, NEW.created_at, sim_time(), NEW.scope) § END;
CREATE TRIGGER sim_call AFTER INSERT ON contact WHEN NEW.touch_id IS NULL BEGIN
    INSERT INTO sim_journal (kind, customer, at, moment)
    VALUES ('call', NEW.customer_id, NEW.at, sim_time()) § END;
"""


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where there is one."""
    with tempfile.TemporaryDirectory(prefix="nurture-sim-", dir=MEMORY if MEMORY.is_dir() else None) as found:
        yield Path(found)


@cache
def _template() -> bytes:
    with folder() as here:
        upgrade(f"sqlite:///{here / 'empty.db'}")
        with sqlite_module().connect(here / "empty.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return (here / "empty.db").read_bytes()


def empty(file: Path) -> str:
    """The URL of a new database at `file`, with every table and no row."""
    file.write_bytes(_template())
    return f"sqlite:///{file}"


@cache
def _engine() -> tuple[Engine, Path]:
    """One engine for all worlds, one after the other: what SQLAlchemy has compiled belongs to an engine."""
    place = tempfile.TemporaryDirectory(prefix="nurture-sim-", dir=MEMORY if MEMORY.is_dir() else None)
    atexit.register(place.cleanup)
    file = Path(place.name) / "nurture.db"
    return open_engine(f"sqlite:///{file}"), file


class Storage:
    """The database of one world; there is one at a time."""

    def __init__(self, loop: VirtualLoop, dice: Dice) -> None:
        self.loop, self.dice = loop, dice
        self.engine, self.path = _engine()
        for each in self.path.parent.iterdir():
            each.unlink()
        empty(self.path)
        self.commits = 0
        self.interlude: Any = lambda: None
        """Called between two transactions of one call: others may write there."""
        self._driver = sqlite_module()
        self._commit = self.engine.dialect.do_commit
        self.engine.dialect.do_commit = self._commit_or_not  # type: ignore[method-assign]
        self._listeners: dict[str, Callable[..., Any]] = {
            "before_cursor_execute": self._before_statement,
            "connect": self._add_time,
            "begin": self._before_begin,
        }
        for name, listener in self._listeners.items():
            event.listen(self.engine, name, listener, insert=True)
        with writing(self.engine) as connection:
            for statement in JOURNAL.split(";\n"):
                connection.exec_driver_sql(statement.replace("§", ";"))

    def copy(self, name: str) -> Path:
        """The database as it is now, for looking at."""
        with writing(self.engine):
            return Path(shutil.copy(self.path, self.path.parent / name))

    def close(self) -> None:
        """Closes every connection, and leaves the engine to the next world."""
        self.engine.dispose()
        self.engine.dialect.do_commit = self._commit  # type: ignore[method-assign]
        for name, listener in self._listeners.items():
            event.remove(self.engine, name, listener)

    def _add_time(self, connection: Any, record: Any) -> None:
        connection.create_function("sim_time", 0, self.loop.time)
        connection.set_progress_handler(self._interrupt, STRETCH)
        # Nobody could give a lock back while another waits for it: there is one thread.
        connection.execute("PRAGMA busy_timeout = 0")

    def _interrupt(self) -> int:
        """Asked by SQLite itself in the middle of its work; a yes is an error of whatever statement is running."""
        return PROCESS.get() is not None and self.dice.fault("db_interrupted", 0.0005)

    def _before_statement(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if PROCESS.get() is not None and self.dice.fault("db_error", 0.0015):
            raise self._error(statement, "disk I/O error")

    def _before_begin(self, connection: Connection) -> None:
        """As when the engine has tried to begin for minutes."""
        writes = PROCESS.get() is not None and connection.get_execution_options().get("write")
        if writes and self.dice.fault("db_busy", 0.003):
            raise self._error("BEGIN IMMEDIATE", "database is locked")

    def _commit_or_not(self, connection: Any) -> None:
        process = PROCESS.get()
        if process is None:
            return self._commit(connection)
        self.commits += 1
        if self.dice.fault("kill_before_commit", 0.004):
            # The kernel closes what a dead process held; SQLAlchemy forgets to, for a detached connection.
            connection.rollback()
            process.kill()
            raise Killed
        if self.dice.fault("db_commit_failed", 0.004):
            raise self._driver.OperationalError("disk I/O error")
        self._commit(connection)
        if self.dice.fault("kill_after_commit", 0.006):
            process.kill()
            raise Killed
        if self.dice.fault("db_commit_unknown", 0.004):
            raise self._driver.OperationalError("the connection broke behind COMMIT")
        return self.interlude()

    def _error(self, statement: str, what: str) -> OperationalError:
        return OperationalError(statement, {}, self._driver.OperationalError(what))
