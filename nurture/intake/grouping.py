"""Rows that belong together: an order has one row a line, and they need not stand one below the other."""

from collections.abc import Callable, Iterator

from nurture.intake.readers import Row, Table


def grouped(table: Table, key_of: Callable[[list[str]], str]) -> Iterator[list[Row]]:
    """The rows of each key together, in the order of the first of them; the file is read twice.

    The first reading only finds the keys that come back after others, so that no more than their rows have to wait.
    """
    returning = _returning(table, key_of)
    waiting: dict[str, list[Row]] = {}
    current: list[Row] = []
    current_key = ""
    for row in table.rows():
        key = key_of(row[1])
        if key in returning:
            waiting.setdefault(key, []).append(row)
            returning[key] -= 1
            if not returning[key]:
                yield waiting.pop(key)
            continue
        if current and key != current_key:
            yield current
            current = []
        current.append(row)
        current_key = key
    if current:
        yield current


def _returning(table: Table, key_of: Callable[[list[str]], str]) -> dict[str, int]:
    """The keys whose rows do not stand together, with the number of their rows."""
    seen: dict[int, int] = {}
    scattered: set[int] = set()
    last = 0
    for _, cells in table.rows():
        # A hash takes a fifth of the memory; of two keys with one hash both merely wait for their last row.
        key = hash(key_of(cells))
        if key in seen and key != last:
            scattered.add(key)
        seen[key] = seen.get(key, 0) + 1
        last = key
    if not scattered:
        return {}
    counted: dict[str, int] = {}
    for _, cells in table.rows():
        name = key_of(cells)
        if hash(name) in scattered:
            counted[name] = counted.get(name, 0) + 1
    return counted
