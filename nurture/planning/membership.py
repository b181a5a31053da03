"""The watched segments as a commit leaves them: who entered is written down, who left is taken out."""

from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, Connection, Delete, Select, Text, and_, bindparam, delete, func, select

from nurture.store import insert_into
from nurture.store.tables import Membership, table

from .workspace import MEMBERSHIP_CHANGE

MEMBERSHIP = table(Membership)
FIRST, LAST = (bindparam(name, type_=BigInteger) for name in ("first", "last"))
SEGMENT = bindparam("of", type_=Text)
ROWS = 2_000
"""Changes of a segment in one transaction: 25 ms of processor."""


def membership_cuts(connection: Connection) -> list[dict[str, Any]]:
    """Segment, first and last customer, with at most ROWS changes between them."""
    found = [(row.segment, row.customer_id) for row in connection.execute(_segment_cuts())]
    end = ("", 0)
    return [
        {"of": segment, "first": first, "last": (following if next_segment == segment else 1 << 62) - 1}
        for (segment, first), (next_segment, following) in pairwise([*found, end])
    ]


@lru_cache(maxsize=1)
def _segment_cuts() -> Select[Any]:
    changes = MEMBERSHIP_CHANGE.c
    turn = func.row_number().over(partition_by=changes.segment, order_by=changes.customer_id)
    numbered = select(changes.segment, changes.customer_id, turn.label("turn")).subquery("numbered").c
    cuts = select(numbered.segment, numbered.customer_id).where((numbered.turn - 1) % ROWS == 0)
    return cuts.order_by(numbered.segment, numbered.customer_id)


def write_memberships(connection: Connection, values: dict[str, Any]) -> None:
    """Who enters and leaves one segment, of a range of customers.

    A planner that dies between two ranges leaves nothing half-done: what it entered was enrolled before, and the next
    one finds the rest.
    """
    entering, leaving = _memberships(connection.dialect.name)
    connection.execute(entering, values)
    connection.execute(leaving, values)


@lru_cache(maxsize=2)
def _memberships(dialect: str) -> tuple[Any, Delete]:
    change = MEMBERSHIP_CHANGE.c
    mine = and_(change.segment == SEGMENT, change.customer_id.between(FIRST, LAST))
    found = select(change.segment, change.customer_id, change.since).where(mine, change.kind != "leave")
    new = insert_into(dialect, MEMBERSHIP).from_select(["segment", "customer_id", "since"], found)
    gone = select(change.customer_id).where(mine, change.kind == "leave")
    return new.on_conflict_do_nothing(), delete(MEMBERSHIP).where(
        MEMBERSHIP.c.segment == SEGMENT, MEMBERSHIP.c.customer_id.in_(gone)
    )
