"""Writes the checked rows in short transactions; an import that was killed goes on where it stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update

from nurture.collector import uncollected
from nurture.config import Settings
from nurture.intake.examination import Counts, Examination
from nurture.intake.kind import REJECTED, VERDICTS
from nurture.intake.kinds import KINDS
from nurture.intake.mapping import remember
from nurture.intake.recording import Writing
from nurture.intake.rejection import rejected_path, write_rejected
from nurture.intake.staging import count_waiting, empty, refused_rows, set_status, tick_off, waiting
from nurture.mistake import Mistake, MistakesFound, Place
from nurture.store import database_secret, writing
from nurture.store.tables import ImportRow, ImportRun, table

CHUNK = 400
"""Records in one write transaction: 50 to 80 ms on SQLite for customers that are new."""

_run, _row = table(ImportRun), table(ImportRow)
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class ImportResult:
    """What an import did."""

    run_id: int
    file: str
    kind: str
    counts: Counts
    rejected_file: Path | None
    """Where the refused rows lie with their reasons, None where there was none."""
    kept_opt_outs: int
    suggested: int
    mapping_file: Path | None
    """Where the mapping was kept for the next file with these headers."""


@dataclass(frozen=True)
class Unfinished:
    """An import that was begun and not brought to its end."""

    run_id: int
    file: str
    kind: str
    started_at: datetime
    waiting: int
    """Records still to be written."""


def apply(
    engine: Engine, settings: Settings, examination: Examination, *, now: datetime, progress: Progress | None = None
) -> ImportResult:
    """Writes what `examine` found. Customers, their versions and their facts change in the same transactions.

    The customers touched are left in table customer_change, as after every change. Raises MistakesFound before
    anything is written when the examination is gone or the rejected rows can't be saved.
    """
    kept = None
    if examination.mapping:
        kept = remember(settings.folder, examination.path.stem, examination.mapping, examination.headers)
    return _apply(engine, settings, examination.run_id, ("staged",), kept, now, progress)


def resume(
    engine: Engine, settings: Settings, run_id: int, *, now: datetime, progress: Progress | None = None
) -> ImportResult:
    """Goes on with an import that was killed while it wrote. Raises MistakesFound when there is none of that number."""
    return _apply(engine, settings, run_id, ("applying",), None, now, progress)


def unfinished(engine: Engine) -> tuple[Unfinished, ...]:
    """The imports that were killed while they wrote, oldest first."""
    query = select(_run.c.id, _run.c.file, _run.c.kind, _run.c.started_at).where(_run.c.status == "applying")
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(_run.c.id)).all()
        return tuple(Unfinished(*row, count_waiting(connection, row.id)) for row in rows)


def _apply(
    engine: Engine,
    settings: Settings,
    run_id: int,
    statuses: tuple[str, ...],
    mapping_file: Path | None,
    now: datetime,
    progress: Progress | None,
) -> ImportResult:
    run = _begin(engine, run_id, statuses)
    path = Path(run.counts["path"])
    rejected = _save_rejected(engine, settings, run, path)
    with engine.connect() as connection:
        total, secret = count_waiting(connection, run_id), database_secret(connection)
    done = 0
    while written := _write_chunk(engine, run, secret, now):
        done += written
        if progress:
            progress(done, total)
    empty(engine, run_id)
    with writing(engine) as connection:
        set_status(connection, run_id, "done", finished_at=now)
    _close_killed(engine, run, now)
    counts = Counts(**{verdict: run.counts[verdict] for verdict in VERDICTS})
    return ImportResult(
        run_id,
        run.file,
        run.kind,
        counts,
        rejected,
        run.counts["kept_opt_outs"],
        run.counts["suggested"],
        mapping_file,
    )


def _close_killed(engine: Engine, run: Any, now: datetime) -> None:
    """Ends earlier imports of the same file that were killed: this one has done what was left of them."""
    earlier = (_run.c.status == "applying", _run.c.digest == run.digest, _run.c.kind == run.kind, _run.c.id < run.id)
    with engine.connect() as connection:
        killed = list(connection.scalars(select(_run.c.id).where(*earlier)))
    for ident in killed:
        empty(engine, ident)
        with writing(engine) as connection:
            set_status(connection, ident, "failed", finished_at=now)


def _begin(engine: Engine, run_id: int, statuses: tuple[str, ...]) -> Any:
    """The run, from now on being applied; only one caller gets it from `staged`."""
    with writing(engine) as connection:
        mine = (_run.c.id == run_id, _run.c.status.in_(statuses))
        taken = update(_run).where(*mine).values(status="applying").returning(*_run.c)
        run = connection.execute(taken).one_or_none()
    if run is None:
        raise MistakesFound([Mistake(Place("import"), "import.no_such_run", {"found": run_id})])
    return run


def _save_rejected(engine: Engine, settings: Settings, run: Any, path: Path) -> Path | None:
    if not run.counts[REJECTED]:
        return None
    target = rejected_path(path)
    with engine.connect() as connection:
        try:
            write_rejected(target, run.counts["headers"], refused_rows(connection, run.id), settings.language)
        except MistakesFound:
            connection.rollback()
            with writing(engine) as undoing:
                _give_back(undoing, run.id)
            raise
    return target


def _give_back(connection: Connection, run_id: int) -> None:
    """Makes a run that has not written anything yet what it was before."""
    begun = select(func.count()).where(_row.c.run_id == run_id, _row.c.applied).scalar_subquery()
    connection.execute(update(_run).where(_run.c.id == run_id, begun == 0).values(status="staged"))


def _write_chunk(engine: Engine, run: Any, secret: bytes, now: datetime) -> int:
    """Writes the next records; 0 when none are left."""
    with uncollected(), writing(engine) as connection:
        # Two processes that go on with one import on PostgreSQL take turns here.
        connection.execute(select(_run.c.id).where(_run.c.id == run.id).with_for_update())
        rows = waiting(connection, run.id, CHUNK)
        if rows:
            step = Writing(connection, run.id, now, run.file, secret)
            tick_off(connection, run.id, rows, KINDS[run.kind].write(step, rows))
        return len(rows)
