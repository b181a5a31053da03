"""Erasure: somebody asks to be forgotten. What says who they were goes; what was bought and sent stays as figures.

The address itself stays in one place, the list of those who may never be written to: else a file that still names them
would bring the messages back with its next import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update
from sqlmodel import SQLModel

from nurture.intake.sharing import remove_addresses
from nurture.store import change
from nurture.store.tables import (
    Address,
    Contact,
    Customer,
    CustomerTag,
    DatedFact,
    Event,
    Hold,
    ImportRow,
    Inbound,
    LinkCode,
    Membership,
    Message,
    Suppression,
    Touch,
    table,
)

from .optout import opt_out

ADDRESS, CONTACT, CUSTOMER, INBOUND = (table(each) for each in (Address, Contact, Customer, Inbound))
MESSAGE, SUPPRESSION, TOUCH = table(Message), table(Suppression), table(Touch)
TELLING: tuple[type[SQLModel], ...] = (CustomerTag, DatedFact, Event, Hold, ImportRow, LinkCode, Membership)
"""Tables whose rows say something about a person and are no figures."""
BLANK: dict[str, Any] = {
    **dict.fromkeys(("name", "family_name", "given_name", "kana", "name_match", "gender", "note"), ""),
    **dict.fromkeys(("postal_code", "prefecture", "street"), ""),
    **dict.fromkeys(("key", "phone", "account_id", "registered_at"), None),
    "attributes": {},
    "never": True,
}


@dataclass(frozen=True)
class Erased:
    """What was done."""

    stopped: int
    """Queued messages that will not leave."""
    under_way: int
    """Messages that have passed the fence and whose bytes are still needed; erase again when they are settled."""


def erase(connection: Connection, customer_id: int, now: datetime) -> Erased:
    """Forgets a customer and whoever was merged into them, in the caller's write transaction. `now`: aware UTC.

    Raises ValueError for a number nobody has, or one that was merged into another.
    """
    alone = select(CUSTOMER.c.id).where(CUSTOMER.c.id == customer_id, CUSTOMER.c.merged_into.is_(None))
    if connection.scalar(alone) is None:
        raise ValueError(f"customer {customer_id} can't be erased: unknown, or merged into another")
    change(connection, [customer_id], now)
    refused = opt_out(connection, customer_id, None, "transactional", "forget", "erased on request", now)
    people = [customer_id, *connection.scalars(select(CUSTOMER.c.id).where(CUSTOMER.c.merged_into == customer_id))]
    _addresses(connection, people, now)
    for model in TELLING:
        connection.execute(delete(table(model)).where(table(model).c.customer_id.in_(people)))
    connection.execute(update(CONTACT).where(CONTACT.c.customer_id.in_(people)).values(note="", source=""))
    under_way = _messages(connection, people)
    connection.execute(update(CUSTOMER).where(CUSTOMER.c.id.in_(people)).values(**BLANK, erased_at=now))
    change(connection, [customer_id], now)
    return Erased(refused.stopped if refused else 0, under_way)


def _addresses(connection: Connection, people: Sequence[int], now: datetime) -> None:
    """An inbox that others share goes on for them; one of nobody else is never written to again."""
    mine = ADDRESS.c.customer_id.in_(people)
    columns = (ADDRESS.c.id, ADDRESS.c.channel, ADDRESS.c.value, ADDRESS.c.removed_at)
    rows = connection.execute(select(*columns).where(mine)).all()
    remove_addresses(connection, [row.id for row in rows if row.removed_at is None], now)
    connection.execute(delete(ADDRESS).where(mine))
    for channel, value in sorted({(row.channel, row.value) for row in rows}):
        if not _held(connection, channel, value):
            values = {"channel": channel, "value": value, "scope": "all", "reason": "erased", "source": "forget"}
            connection.execute(insert(SUPPRESSION).values(**values, created_at=now))
    users = [row.value for row in rows if row.channel == "line"]
    said = or_(INBOUND.c.customer_id.in_(people), INBOUND.c.person.in_(users))
    connection.execute(delete(INBOUND).where(said))


def erase_rest(connection: Connection) -> int:
    """Removes the bytes of letters that were on their way when somebody was erased; gives how many."""
    erased = select(TOUCH.c.id).join(CUSTOMER, CUSTOMER.c.id == TOUCH.c.customer_id)
    settled = erased.where(CUSTOMER.c.erased_at.is_not(None), TOUCH.c.status != "sending")
    return connection.execute(delete(MESSAGE).where(MESSAGE.c.touch_id.in_(settled))).rowcount


def _held(connection: Connection, channel: str, value: str) -> bool:
    found: ColumnElement[bool] = (ADDRESS.c.channel == channel) & (ADDRESS.c.value == value)
    return connection.scalar(select(ADDRESS.c.id).where(found, ADDRESS.c.removed_at.is_(None)).limit(1)) is not None


def _messages(connection: Connection, people: Sequence[int]) -> int:
    """Removes the bytes of all letters but those on their way; gives how many these are."""
    mine = TOUCH.c.customer_id.in_(people)
    settled = select(TOUCH.c.id).where(mine, TOUCH.c.status != "sending")
    connection.execute(delete(MESSAGE).where(MESSAGE.c.touch_id.in_(settled)))
    under_way = select(func.count()).select_from(TOUCH).where(mine, TOUCH.c.status == "sending")
    return connection.scalar(under_way) or 0
