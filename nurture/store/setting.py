"""What a database keeps of itself, by name: read every second by who watches it, hence the prepared statement."""

from sqlalchemy import Connection

from nurture.store.inserting import insert_into
from nurture.store.prepared import Prepared
from nurture.store.tables import Setting, table

SETTING = table(Setting)
_VALUE = Prepared("SELECT value FROM setting WHERE name = :name")


def setting(connection: Connection, name: str) -> str | None:
    """The value under that name, None where there is none."""
    found = _VALUE.run(connection, name=name)
    return str(found[0][0]) if found else None


def put_setting(connection: Connection, name: str, value: str) -> None:
    """Writes a value over the one before, in the caller's write transaction; of two at once the later one stands."""
    new = insert_into(connection, SETTING).values(name=name, value=value)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"value": new.excluded.value}))
