"""Cuts of a TEMP table into ranges of ids: sorting a million rows then needs memory for one range only."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, func, select

AT_ONCE = 100_000
"""Rows of a range, where the ids are spread evenly."""

EVERYBODY = (0, (1 << 63) - 1)


def ranges(connection: Connection, ids: ColumnElement[int], *rows: ColumnElement[bool]) -> Iterator[tuple[int, int]]:
    """Bounds that hold every id of these rows, ascending; none where there is no row."""
    least, most, count = connection.execute(
        select(func.min(ids), func.max(ids), func.count()).where(ids.is_not(None), *rows)
    ).one()
    if count:
        step = -(-(most - least + 1) // -(-count // AT_ONCE))
        for first in range(least, most + 1, step):
            yield first, min(first + step - 1, most)


def in_range(ids: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an id lies between the parameters `first` and `last`."""
    return ids.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))
