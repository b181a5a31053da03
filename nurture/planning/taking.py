"""What a second connection has opened meanwhile, in a thread of its own, becomes part of the plan.

Its rows get the numbers that they would have got here, so that it does not matter who has made them.
"""

from functools import lru_cache

from sqlalchemy import Connection, TextClause, func, select, text

from .workspace import MEMBERSHIP_CHANGE, OPENED, SHOP_DAY

LAST = select(func.coalesce(func.max(OPENED.c.id), 0))
OPENED_COLUMNS = ", ".join(each.name for each in OPENED.c if each is not OPENED.c.id)


def take_over(connection: Connection, schema: str) -> None:
    """Takes over what the second connection wrote while it opened, behind what has opened here.

    `schema`: where its tables are seen from here.
    """
    opened, *others = _taking(schema)
    connection.execute(opened, {"last": connection.scalar(LAST)})
    for statement in others:
        connection.execute(statement)


@lru_cache(maxsize=2)
def _taking(schema: str) -> list[TextClause]:
    found = f"SELECT :last + id, {OPENED_COLUMNS} FROM {schema}.opened ORDER BY id"
    return [
        text(f"INSERT INTO opened (id, {OPENED_COLUMNS}) {found}"),
        *(
            text(f"INSERT INTO {each.name} SELECT * FROM {schema}.{each.name} ORDER BY rowid")
            for each in (MEMBERSHIP_CHANGE, SHOP_DAY)
        ),
    ]
