"""Rows of a plan's tables from one of its connections to another, each of which has tables of its own.

On SQLite the first connection sees what the others have committed to theirs; nobody sees what is not committed, and on
PostgreSQL nobody sees another's TEMP tables at all: then the rows pass through here.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, text

from nurture.store.prepared import driver_cursor
from nurture.store.scratch import seen_as

BATCH = 5_000


def take_rows(connection: Connection, second: Connection, table: str, columns: Sequence[str], order: str = "") -> None:
    """Appends the rows of the second connection's table, which it has committed, to the table of the same name.

    `order`: the column by which they come. Ids that the table draws itself then follow on from those that it has.
    """
    names, by = ", ".join(columns), f" ORDER BY {order}" if order else ""
    if connection.dialect.name == "sqlite":
        by = by or " ORDER BY rowid"
        found = f"SELECT {names} FROM {seen_as(second)}.{table}{by}"
        connection.execute(text(f"INSERT INTO {table} ({names}) {found}"))
    else:
        _pipe(second, connection, f"SELECT {names} FROM pg_temp.{table}{by}", table, names)


def give_rows(connection: Connection, other: Connection, found: Select[Any], table: str) -> None:
    """Appends what the first connection finds to a table of the other one; its parameters are written out."""
    names = [each.name for each in found.selected_columns]
    if connection.dialect.name == "sqlite":
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        for rows in connection.execute(found.execution_options(yield_per=BATCH)).partitions():
            with driver_cursor(other, statement) as cursor:
                cursor.executemany(statement, [tuple(row) for row in rows])
    else:
        written = str(found.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        _pipe(connection, other, written, table, ", ".join(names))


def _pipe(source: Connection, target: Connection, found: str, table: str, names: str) -> None:
    reading, writing = f"COPY ({found}) TO STDOUT (FORMAT BINARY)", f"COPY pg_temp.{table} ({names}) FROM STDIN BINARY"
    with (
        driver_cursor(source, reading) as giving,
        driver_cursor(target, writing) as taking,
        giving.copy(reading) as blocks,
        taking.copy(writing) as into,
    ):
        for block in blocks:
            into.write(block)
