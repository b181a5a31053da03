"""The owner's word: until when the planned list may leave, where the shop wants to see it first."""

from sqlalchemy import Connection, delete, insert, select

from nurture.store.tables import Setting, table

SETTING = table(Setting)
NAME = "approved_until"


def approve_until(connection: Connection, instant: int) -> None:
    """Slots before `instant` (epoch seconds) may leave; an earlier word never takes a later one back."""
    if instant > approved_until(connection):
        connection.execute(delete(SETTING).where(SETTING.c.name == NAME))
        connection.execute(insert(SETTING).values(name=NAME, value=str(instant)))


def approved_until(connection: Connection) -> int:
    """The instant before which slots may leave, epoch seconds; 0 = nothing was approved yet."""
    return int(connection.scalar(select(SETTING.c.value).where(SETTING.c.name == NAME)) or 0)
