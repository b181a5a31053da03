"""What a database keeps of itself, by name: read every second by who watches it, hence the prepared statement."""

from sqlalchemy import Connection

from nurture.store.prepared import Prepared

_VALUE = Prepared("SELECT value FROM setting WHERE name = :name")


def setting(connection: Connection, name: str) -> str | None:
    """The value under that name, None where there is none."""
    found = _VALUE.run(connection, name=name)
    return str(found[0][0]) if found else None
