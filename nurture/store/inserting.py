"""INSERT as each database spells what to do with a row that is there already."""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(database: Connection | str, target: Any) -> Any:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`.

    `database` is a connection, or the name of its dialect where the statement is kept.
    """
    dialect = database if isinstance(database, str) else database.dialect.name
    return (postgresql if dialect == "postgresql" else sqlite).insert(target)
