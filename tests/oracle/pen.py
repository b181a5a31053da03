"""One pen for two books: every change of a generated shop is written to the oracle's state and to the database."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, update

from nurture.store import change, tables, writing
from nurture.store.facts import refresh_facts

from .state import Row, State, Tag


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
        self.state.rows[row.table][row.id] = row
        values = asdict(row)
        if isinstance(row, Tag) or row.table == "ProductRelation":
            del values["id"]
        self.statements.append(insert(_table(row)).values(**values))
        self._mark(row)

    def edit(self, row: Any, **values: Any) -> None:
        """New values of a row."""
        self._mark(row)
        for name, value in values.items():
            assert hasattr(row, name)
            setattr(row, name, value)
        table = _table(row)
        self.statements.append(update(table).where(table.c.id == row.id).values(**values))
        self._mark(row)

    def remove(self, tag: Tag) -> None:
        """Takes a tag away."""
        del self.state.rows["CustomerTag"][tag.id]
        table = _table(tag)
        gone = (table.c.customer_id == tag.customer_id) & (table.c.tag == tag.tag)
        self.statements.append(delete(table).where(gone))
        self._mark(tag)

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
        change(connection, known, datetime.fromtimestamp(now, UTC))
        for statement in self.statements:
            connection.execute(statement)
        refresh_facts(connection, known)

    def _mark(self, row: Row) -> None:
        customer_id = getattr(row, "customer_id", None)
        if row.table == "Customer":
            customer_id = row.id
        if customer_id is not None:
            self.touched.add(customer_id)


def _table(row: Row) -> Any:
    return tables.table(getattr(tables, row.table))
