"""Who is stirred: the owners whose open steps are decided at this tick, all of them together.

An owner is *stirred* when something about them changed: an occurrence opened, a write raised their version, an
enrollment's time to look came, a planned touch is due or expired, or config and campaigns changed.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Select, func, insert, literal_column, select, union_all

from nurture.gates.situation import Situation
from nurture.rules.joining import join_in_order
from nurture.store.tables import Customer, CustomerChange, Enrollment, Touch, seconds, table

from .workspace import ASKED, OPENED, STIRRED

CUSTOMER, CHANGE, ENROLLMENT, TOUCH = (table(each) for each in (Customer, CustomerChange, Enrollment, Touch))
PLANNED: ColumnElement[str] = literal_column("'planned'")
"""Written out: SQLite uses a partial index only where it sees the condition, not for a bound value."""
FEW = 200
"""Of each kind, as many as come due at a usual tick."""


def rush(situation: Situation) -> Select[Any]:
    """Whether more than `FEW` come due at once, by any clock."""
    beyond = (each.with_only_columns(at).order_by(at).offset(FEW).limit(1) for at, each in _clocks(situation))
    return select(func.coalesce(*(each.scalar_subquery() for each in beyond)).is_not(None))


def stirring(situation: Situation, *, all_open: bool, few: bool) -> Insert:
    """Fills `stirred`; `all_open` takes everybody with an open enrollment.

    `few` says that there is no `rush`. PostgreSQL knows how many touches had their slot before now, and not that these
    were sent: it expects hundreds of thousands that still wait, and would read all customers for the three there are.
    """
    due = (select(each.order_by(at).limit(FEW).subquery()) if few else each for at, each in _clocks(situation))
    sources: list[Select[Any]] = [select(OPENED.c.customer_id), select(CHANGE.c.customer_id), *due]
    if all_open:
        sources.append(select(ENROLLMENT.c.customer_id).where(ENROLLMENT.c.ended_at.is_(None)))
    # UNION without ALL would merge the sources in the order of customers, and read each whole for that.
    people = union_all(*sources).subquery("people")
    owners = select(func.coalesce(CUSTOMER.c.cap_owner_id, CUSTOMER.c.id).label("owner_id")).select_from(
        join_in_order(people, CUSTOMER, CUSTOMER.c.id == people.c.customer_id)
    )
    return insert(STIRRED).from_select(["owner_id"], owners.distinct())


def _clocks(situation: Situation) -> list[tuple[ColumnElement[Any], Select[Any]]]:
    """Each instant at which something comes due, and of whom it has."""
    enrolled, planned = ENROLLMENT.c.ended_at.is_(None), TOUCH.c.status == PLANNED
    clocks = ((ENROLLMENT.c.next_at, enrolled), (TOUCH.c.at, planned), (TOUCH.c.expires_at, planned))
    now = situation.asked_at
    return [(at, select(at.table.c.customer_id).where(waits, seconds(at) <= now)) for at, waits in clocks]


def ask(connection: Connection) -> None:
    """Adds the open enrollments of every stirred owner, and of those who share the inbox, to `asked`."""
    for statement in _asking():
        connection.execute(statement)


@lru_cache(maxsize=1)
def _asking() -> tuple[Insert, ...]:
    mine = select(ENROLLMENT.c.id, ENROLLMENT.c.campaign).select_from(
        join_in_order(STIRRED, ENROLLMENT, ENROLLMENT.c.customer_id == STIRRED.c.owner_id)
    )
    shared = select(ENROLLMENT.c.id, ENROLLMENT.c.campaign).select_from(
        join_in_order(
            join_in_order(STIRRED, CUSTOMER, CUSTOMER.c.cap_owner_id == STIRRED.c.owner_id),
            ENROLLMENT,
            ENROLLMENT.c.customer_id == CUSTOMER.c.id,
        )
    )
    new = ~select(1).where(ASKED.c.enrollment_id == ENROLLMENT.c.id).exists()
    found = (each.where(ENROLLMENT.c.ended_at.is_(None), new).distinct() for each in (mine, shared))
    return tuple(insert(ASKED).from_select(["enrollment_id", "campaign"], each) for each in found)
