"""A past nobody lived through: rows that no protocol wrote, for tests of what is read from them later."""

from sqlalchemy import Connection

TRIGGERS = {"backstop_contact": "contact", "backstop_way": "touch"}
"""On PostgreSQL, with their tables."""


def lower_backstop(connection: Connection) -> None:
    """Takes the database's own checks away until the next upgrade."""
    if connection.dialect.name == "postgresql":
        for name, table in TRIGGERS.items():
            connection.exec_driver_sql(f"DROP TRIGGER {name} ON {table}")
        return
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    for name in found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
