"""Who a customer's number stands for today: links in old mails name people who were merged since."""

from sqlalchemy import Connection, select

from nurture.store.tables import Customer, table

CUSTOMER = table(Customer)


def survivor(connection: Connection, customer_id: int) -> int | None:
    """The customer, or the one they were merged into; None for a number nobody has."""
    found: int | None = customer_id
    merged = _merged(connection, customer_id)
    while merged:
        (next_,) = merged
        if next_ is None:
            return found
        found, merged = next_, _merged(connection, next_)
    return None


def _merged(connection: Connection, customer_id: int) -> tuple[int | None] | None:
    row = connection.execute(select(CUSTOMER.c.merged_into).where(CUSTOMER.c.id == customer_id)).one_or_none()
    return None if row is None else (row.merged_into,)
