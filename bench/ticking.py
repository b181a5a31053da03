"""Ticks in a process of their own: twenty campaigns due at once, their commit, and ticks with nothing to do.

`python -m bench.ticking URL` prints what it measured as JSON, so that the peak of memory is that of planning alone.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, event, func, select, text

from nurture.gates.situation import Situation
from nurture.gates.timing import make_placer
from nurture.planning.commit import commit
from nurture.planning.plan import Planned, plan
from nurture.planning.streaming import place_all
from nurture.planning.workspace import CANDIDATE, DECISION, prepare
from nurture.store import PlanningConnection, open_engine, planning

from .effort import spent
from .keeping import empty
from .moment import BEFORE, NOW
from .situations import twenty

IDLE_TICKS = 7
PLANS = 3
"""Plans of the same tick, the last of which is committed: a single one says as much of the neighbours as of itself."""


@dataclass
class Ticked:
    """What one process measured on one world."""

    plan_seconds: list[float] = field(default_factory=list)
    plan_cpu: list[float] = field(default_factory=list)
    commit_seconds: float = 0
    commit_cpu: float = 0
    transactions: int = 0
    longest_write_ms: float = 0
    opened: int = 0
    candidates: int = 0
    placed: int = 0
    place_seconds: float = 0
    place_cpu: float = 0
    idle_ms: list[float] = field(default_factory=list)
    idle_cpu_ms: list[float] = field(default_factory=list)
    idle_statements: int = 0
    peak_mb: float = 0


def ticked(url: str) -> Ticked:
    """Prepares the world (what was planned three days ago has been sent), and measures in a new process."""
    empty(url)
    engine = open_engine(url)
    _tick(engine, twenty(BEFORE))
    _deliver(engine, NOW)
    engine.dispose()
    told = subprocess.run([sys.executable, "-m", "bench.ticking", url], check=True, stdout=subprocess.PIPE, text=True)
    return Ticked(**json.loads(told.stdout))


def _measure(url: str) -> Ticked:
    engine, found = open_engine(url), Ticked()
    situation = twenty(NOW)
    for _ in range(PLANS - 1):
        with planning(engine, prepare) as opened:
            _plan(opened.connection, situation, found)
    with planning(engine, prepare) as opened:
        planned = _plan(opened.connection, situation, found)
        found.opened = planned.opened
        found.candidates = opened.connection.scalar(select(func.count()).select_from(CANDIDATE)) or 0
        _place_again(opened.connection, situation, found)
        timed = _Timed(opened.connection)
        with spent(opened.connection) as effort:
            commit(timed, situation, planned)
        found.commit_seconds, found.commit_cpu = effort.wall, effort.cpu
        found.transactions, found.longest_write_ms = len(timed.seconds), max(timed.seconds) * 1000
    found.peak_mb = _peak_mb()
    _deliver(engine, NOW + timedelta(minutes=5))
    _idle(engine, found)
    engine.dispose()
    return found


def _plan(connection: Connection, situation: Situation, found: Ticked) -> Planned:
    with spent(connection) as effort:
        planned = plan(connection, situation)
    found.plan_seconds.append(effort.wall)
    found.plan_cpu.append(effort.cpu)
    return planned


def _peak_mb() -> float:
    """The most memory that this program had: what a process inherits from the one that started it does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _place_again(connection: Connection, situation: Situation, found: Ticked) -> None:
    """Places once more what the plan placed, for the time that it takes: streaming, `place`, writing decisions."""
    free = select(CANDIDATE.c.id).where(CANDIDATE.c.gate == 0, CANDIDATE.c.exits.is_(None))
    found.placed = connection.scalar(select(func.count()).select_from(free.subquery())) or 0
    connection.execute(delete(DECISION).where(DECISION.c.candidate_id.in_(free)))
    with spent(connection) as effort:
        place_all(connection, situation, make_placer(connection, situation))
    found.place_seconds, found.place_cpu = effort.wall, effort.cpu


def _idle(engine: Engine, found: Ticked) -> None:
    """Ticks a second apart, as in a million customers something comes due every few; only those with nothing count."""
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    # A daemon reads its campaigns when they change, not at every tick.
    situation = twenty(NOW)
    for second in range(60, 180):
        statements.clear()
        with spent() as effort:
            planned = _tick(engine, replace(situation, now=NOW + timedelta(seconds=second)))
        if second > 60 and planned.owners == 0:
            found.idle_ms.append(effort.wall * 1000)
            found.idle_cpu_ms.append(effort.cpu * 1000)
            found.idle_statements = len(statements)
        if len(found.idle_ms) == IDLE_TICKS:
            return


def _tick(engine: Engine, situation: Situation) -> Planned:
    with planning(engine, prepare) as opened:
        planned = plan(opened.connection, situation)
        commit(opened, situation, planned)
    return planned


def _deliver(engine: Engine, until: datetime) -> None:
    """What is planned up to then has been sent, in place of a delivery that we do not measure here."""
    with engine.connect().execution_options(write=True) as connection:
        values = {"until": int(until.timestamp())}
        connection.execute(text("UPDATE touch SET status = 'sent' WHERE status = 'planned' AND at <= :until"), values)
        connection.commit()
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


class _Timed(PlanningConnection):
    """Notes how long each write transaction keeps other writers waiting: from its begin to the end of its commit."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.seconds: list[float] = []

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            start = time.perf_counter()
            yield connection
        self.seconds.append(time.perf_counter() - start)


def _main() -> None:
    print(json.dumps(asdict(_measure(sys.argv[1]))))


if __name__ == "__main__":
    _main()
