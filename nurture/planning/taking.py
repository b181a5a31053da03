"""What a second connection has opened meanwhile, in a thread of its own, becomes part of the plan.

Its rows get the numbers that they would have got here, so that it does not matter who has made them.
"""

from sqlalchemy import Connection

from nurture.store import take_rows

from .workspace import MEMBERSHIP_CHANGE, OPENED, SHOP_DAY

OPENED_COLUMNS = [each.name for each in OPENED.c if each is not OPENED.c.id]


def take_over(connection: Connection, second: Connection) -> None:
    """Takes over what the second connection wrote while it opened, behind what has opened here."""
    take_rows(connection, second, OPENED.name, OPENED_COLUMNS, OPENED.c.id.name)
    for each in (MEMBERSHIP_CHANGE, SHOP_DAY):
        take_rows(connection, second, each.name, each.c.keys())
