"""The owner's word: until when the planned list may leave, where the shop wants to see it first, and who was asked."""

from datetime import date

from sqlalchemy import Connection, delete, select, update

from nurture.store.inserting import insert_into
from nurture.store.setting import put_setting, setting
from nurture.store.tables import Setting, table

SETTING = table(Setting)
NAME = "approved_until"
ASKED = "approval_asked:"
"""Before the day whose list the owner was asked about; the value is `begun` or `sent`."""


def approve_until(connection: Connection, instant: int) -> None:
    """Slots before `instant` (epoch seconds) may leave; an earlier word never takes a later one back."""
    if instant > approved_until(connection):
        put_setting(connection, NAME, str(instant))


def approved_until(connection: Connection) -> int:
    """The instant before which slots may leave, epoch seconds; 0 = nothing was approved yet."""
    return int(setting(connection, NAME) or 0)


def asked(connection: Connection, day: date) -> str | None:
    """`sent` where the owner was asked about the day's list, `begun` where that may have been cut short, else None."""
    return connection.scalar(select(SETTING.c.value).where(SETTING.c.name == ASKED + day.isoformat()))


def begin_asking(connection: Connection, day: date) -> bool:
    """Notes, before the mail is handed over, that the owner is asked; False where somebody else noted it first."""
    noting = (
        insert_into(connection, SETTING).values(name=ASKED + day.isoformat(), value="begun").on_conflict_do_nothing()
    )
    return connection.execute(noting).rowcount == 1


def end_asking(connection: Connection, day: date, *, sent: bool) -> None:
    """What became of it: a mail that was not taken may be tried again, and older days are of no use any more."""
    name = ASKED + day.isoformat()
    if sent:
        connection.execute(update(SETTING).where(SETTING.c.name == name).values(value="sent"))
        older = SETTING.c.name.startswith(ASKED, autoescape=True) & (SETTING.c.name < name)
        connection.execute(delete(SETTING).where(older))
    else:
        connection.execute(delete(SETTING).where(SETTING.c.name == name))
