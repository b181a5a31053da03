"""Where a preview would send to: the addresses in use of many customers."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from nurture.store import among
from nurture.store.tables import Address, table

ADDRESS = table(Address)


def usable_addresses(connection: Connection, customers: Iterable[int]) -> dict[tuple[int, str], str]:
    """The oldest usable address by (customer, channel)."""
    usable = (ADDRESS.c.removed_at.is_(None), ADDRESS.c.status != "invalid")
    found = (
        select(ADDRESS.c.customer_id, ADDRESS.c.channel, ADDRESS.c.value)
        .where(among(ADDRESS.c.customer_id, customers), *usable)
        .order_by(ADDRESS.c.id.desc())
    )
    # The oldest comes last and stays.
    return {(row.customer_id, row.channel): row.value for row in connection.execute(found)}
