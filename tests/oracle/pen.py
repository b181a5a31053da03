"""One pen for two books: every change of a generated shop is written to the oracle's state and to the database."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, insert, update

from nurture.store import change, tables, writing
from nurture.store.facts import refresh_facts
from nurture.store.pausing import pause, resume

from .state import Pause, Row, State, Tag


class Pen:
    """Collects changes and writes them in one transaction, customers marked first."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.touched: set[int] = set()
        self.statements: list[Any] = []
        self.last_id = 0

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self, row: Row) -> None:
        """A new row."""
        self.state.put(row)
        values = asdict(row)
        if isinstance(row, Tag) or row.table == "ProductRelation":
            del values["id"]
        self.write(_inserting(row.table), values)
        self._mark(row)

    def edit(self, row: Any, **values: Any) -> None:
        """New values of a row."""
        self._mark(row)
        for name, value in values.items():
            assert hasattr(row, name)
            setattr(row, name, value)
        changes = {f"new_{name}": value for name, value in values.items()} | {"row_id": row.id}
        self.write(_updating(row.table, tuple(values)), changes)
        self._mark(row)

    def remove(self, tag: Tag) -> None:
        """Takes a tag away."""
        self.state.drop(tag)
        table = _table(tag)
        gone = (table.c.customer_id == tag.customer_id) & (table.c.tag == tag.tag)
        self.statements.append(delete(table).where(gone))
        self._mark(tag)

    def pause(self, row: Pause, now: int) -> None:
        """A pause, unless one of the scope stands that lasts as long."""
        standing = [each for each in self.state.all(Pause) if each.scope == row.scope and each.ended_at is None]
        if any(each.until_at is None or (row.until_at and each.until_at >= row.until_at) for each in standing):
            return
        self.state.rows["Pause"][row.id] = row
        self.state.paused_or_resumed = True
        until = None if row.until_at is None else _instant(row.until_at)
        self.statements.append(lambda connection: pause(connection, row.scope, "", _instant(now), until))

    def resume(self, scope: str, now: int) -> None:
        """Lifts the pauses of a scope."""
        for each in self.state.all(Pause):
            if each.scope == scope and each.ended_at is None:
                each.ended_at = now
                self.state.paused_or_resumed = True
        self.statements.append(lambda connection: resume(connection, scope, _instant(now)))

    def own_touches(self, old: int, new: int, now: int) -> None:
        """Gives the touches of one cap owner to another, whose people are marked once they have come together."""
        touch = tables.table(tables.Touch)
        self.statements.append(update(touch).where(touch.c.owner_id == old).values(owner_id=new))
        self.statements.append(lambda connection: change(connection, [old], _instant(now)))

    def write(self, statement: Any, values: dict[str, Any]) -> None:
        """A statement for the database alone."""
        self.statements.append(lambda connection: connection.execute(statement, values))

    def mark(self, customer_ids: Iterable[int]) -> None:
        """Customers that are changed by what follows."""
        self.touched |= set(customer_ids)

    def flush(self, engine: Engine, now: int) -> None:
        """Writes everything that was collected."""
        if not self.statements and not self.touched:
            return
        known = {each for each in self.touched if each in self.state.rows["Customer"]}
        with writing(engine) as connection:
            self._write(connection, known, now)
        for each in known:
            self.state.changed |= self.state.sharing_with(each)
        self.touched, self.statements = set(), []

    def _write(self, connection: Connection, known: set[int], now: int) -> None:
        change(connection, known, _instant(now))
        for statement in self.statements:
            statement(connection) if callable(statement) else connection.execute(statement)
        refresh_facts(connection, known)

    def _mark(self, row: Row) -> None:
        customer_id = getattr(row, "customer_id", None)
        if row.table == "Customer":
            customer_id = row.id
        if customer_id is not None:
            self.touched.add(customer_id)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=64)
def _inserting(name: str) -> Any:
    return insert(tables.table(getattr(tables, name)))


@lru_cache(maxsize=64)
def _updating(name: str, columns: tuple[str, ...]) -> Any:
    table = tables.table(getattr(tables, name))
    return (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values({each: bindparam(f"new_{each}") for each in columns})
    )


def _table(row: Row) -> Any:
    return tables.table(getattr(tables, row.table))
