"""The staging table: checked rows wait here until they are written, and a killed import is gone on with from here."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, update

from nurture.intake.inserting import insert_rows
from nurture.intake.kind import REJECTED, UNCHANGED, Judged, Refused, Staged
from nurture.store import among, writing
from nurture.store.tables import ImportRow, ImportRun, table

_row, _run = table(ImportRow), table(ImportRun)
FORGOTTEN = timedelta(days=1)
"""A check that was never followed by a decision is swept away after this."""
SWEPT = 20_000
"""Rows deleted in one transaction: 40 ms on SQLite."""


def begin_run(engine: Engine, file: str, kind: str, preset: str, digest: str, now: datetime) -> int:
    """A new run; checks of the same file that nobody decided about are swept away."""
    sweep(engine, file, now)
    with writing(engine) as connection:
        row = {"file": file, "kind": kind, "preset": preset, "digest": digest, "status": "staged", "started_at": now}
        statement = insert(_run).values(**row, counts={}).returning(_run.c.id)
        return int(connection.execute(statement).scalar_one())


def stage(connection: Connection, run_id: int, found: Sequence[Judged | Refused]) -> None:
    """Keeps what is to be written and what was refused; unchanged rows are only counted."""
    rows = [_staged(run_id, each) for each in found if not (isinstance(each, Judged) and each.verdict == UNCHANGED)]
    insert_rows(connection, _row, rows)


def _staged(run_id: int, found: Judged | Refused) -> dict[str, Any]:
    if isinstance(found, Judged):
        kept = {"verdict": found.verdict, "values": found.values, "customer_id": found.customer_id}
    else:
        refusal = found.refusal
        values = {key: str(value) for key, value in refusal.values.items()}
        reason = {"code": refusal.code, "values": values, "header": refusal.header}
        kept = {"verdict": REJECTED, "values": {"cells": list(found.cells), "reason": reason}, "customer_id": None}
    return {"run_id": run_id, "row": found.row, "applied": False, **kept}


def waiting(connection: Connection, run_id: int, limit: int) -> list[Staged]:
    """The next rows to be written, in the order of the file."""
    query = (
        select(_row.c.row, _row.c["values"])
        .where(_row.c.run_id == run_id, _row.c.applied.is_(False), _row.c.verdict != REJECTED)
        .order_by(_row.c.row)
        .limit(limit)
    )
    return [Staged(row, values) for row, values in connection.execute(query)]


def tick_off(connection: Connection, run_id: int, rows: Sequence[Staged], customers: dict[int, int]) -> None:
    """Marks rows as written. `customers`: row → its customer; a new one is noted where later rows look for them."""
    new = {-row.values["ref"]: customers[row.row] for row in rows if row.row in customers and row.values["ref"] < 0}
    here = {row.row for row in rows}
    noted = update(_row).where(_row.c.run_id == run_id, _row.c.row == bindparam("at"))
    noted = noted.values(customer_id=bindparam("whom"))
    # Noted and ticked off at once where it can be: a row is rewritten with all its values.
    for ticked, statement in ((True, noted.values(applied=True)), (False, noted)):
        if values := [{"at": row, "whom": ident} for row, ident in new.items() if (row in here) is ticked]:
            connection.execute(statement, values)
    if left := here - set(new):
        connection.execute(update(_row).where(_row.c.run_id == run_id, among(_row.c.row, left)).values(applied=True))


def count_waiting(connection: Connection, run_id: int) -> int:
    """How many rows are still to be written."""
    query = select(func.count()).where(_row.c.run_id == run_id, _row.c.applied.is_(False), _row.c.verdict != REJECTED)
    return int(connection.execute(query).scalar_one())


def refused_rows(connection: Connection, run_id: int) -> Iterator[tuple[int, list[str], dict[str, Any]]]:
    """(row, cells, reason) of every refused row, in the order of the file."""
    query = select(_row.c.row, _row.c["values"]).where(_row.c.run_id == run_id, _row.c.verdict == REJECTED)
    for row, values in connection.execute(query.order_by(_row.c.row)):
        yield row, values["cells"], values["reason"]


def set_status(connection: Connection, run_id: int, status: str, **columns: Any) -> None:
    """Moves a run on: staged → applying → done, or → failed."""
    connection.execute(update(_run).where(_run.c.id == run_id).values(status=status, **columns))


def empty(engine: Engine, run_id: int) -> None:
    """Removes the rows of a run, a short transaction at a time."""
    while True:
        with writing(engine) as connection:
            some = select(_row.c.row).where(_row.c.run_id == run_id).limit(SWEPT).scalar_subquery()
            if not connection.execute(delete(_row).where(_row.c.run_id == run_id, _row.c.row.in_(some))).rowcount:
                return


def discard_run(engine: Engine, run_id: int) -> None:
    """Removes a run that was only looked at, with its rows."""
    empty(engine, run_id)
    with writing(engine) as connection:
        connection.execute(delete(_run).where(_run.c.id == run_id))


def sweep(engine: Engine, file: str, now: datetime) -> None:
    """Discards checks nobody decided about: of the same file, or a day old."""
    with engine.connect() as connection:
        left = (_run.c.status == "staged") & ((_run.c.file == file) | (_run.c.started_at < now - FORGOTTEN))
        ids = list(connection.scalars(select(_run.c.id).where(left)))
    for run_id in ids:
        discard_run(engine, run_id)
