"""What a second connection has opened meanwhile, in a thread of its own, becomes part of the plan.

Its rows get the numbers that they would have got here, so that it does not matter who has made them.
"""

from sqlalchemy import Connection, func, select, text

from nurture.store import BESIDE

from .workspace import MEMBERSHIP_CHANGE, OPENED, SHOP_DAY

LAST = select(func.coalesce(func.max(OPENED.c.id), 0))
OPENED_COLUMNS = ", ".join(each.name for each in OPENED.c if each is not OPENED.c.id)
TAKE_OPENED = text(
    f"INSERT INTO opened (id, {OPENED_COLUMNS}) SELECT :last + id, {OPENED_COLUMNS} FROM {BESIDE}.opened ORDER BY id"
)
TAKE_OTHERS = [
    text(f"INSERT INTO {each.name} SELECT * FROM {BESIDE}.{each.name} ORDER BY rowid")
    for each in (MEMBERSHIP_CHANGE, SHOP_DAY)
]


def take_over(connection: Connection) -> None:
    """Takes over what the second connection wrote while it opened, behind what has opened here."""
    connection.execute(TAKE_OPENED, {"last": connection.scalar(LAST)})
    for statement in TAKE_OTHERS:
        connection.execute(statement)
