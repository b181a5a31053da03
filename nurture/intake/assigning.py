"""Ids for rows that are about to be inserted, so that thousands go in with one statement and their ids are known."""

from sqlalchemy import Connection, Table, func, select, text


def draw_ids(connection: Connection, target: Table, count: int) -> list[int]:
    """`count` ids of `target`; call it in the write transaction that inserts the rows.

    RETURNING would give them too, but SQLAlchemy then inserts row by row on SQLite: 60 µs each instead of 12.
    """
    if connection.dialect.name == "postgresql":
        drawn = text("SELECT nextval(pg_get_serial_sequence(:target, 'id')) FROM generate_series(1, :count)")
        return list(connection.scalars(drawn, {"target": f'"{target.name}"', "count": count}))
    # The transaction holds SQLite's only write lock, and without AUTOINCREMENT the next id is the largest plus one.
    last: int = connection.scalar(select(func.coalesce(func.max(target.c.id), 0))) or 0
    return list(range(last + 1, last + 1 + count))
