"""Who holds an inbox: the first person at an address, those who share it, and the one whose caps hold for all."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from nurture.store import change
from nurture.store.tables import Address, Contact, Customer, Touch, table

_address, _customer, _contact, _touch = (table(each) for each in (Address, Customer, Contact, Touch))


def place_addresses(connection: Connection, wanted: Sequence[tuple[int, str, str, str]], now: datetime) -> None:
    """Gives customers new addresses: (customer, channel, value, status) in the order in which they came.

    Whoever is not the first at an address shares it, and joins the first one's caps.
    """
    if not wanted:
        return
    holders = _holders(connection, wanted)
    joining: list[tuple[int, int]] = []
    rows = []
    for customer, channel, value, status in wanted:
        holder = holders.setdefault((channel, value), customer)
        shared_with = None if holder == customer else holder
        if shared_with:
            joining.append((customer, shared_with))
        rows.append(
            {
                "customer_id": customer,
                "channel": channel,
                "value": value,
                "status": status,
                "shared_with": shared_with,
                "created_at": now,
            }
        )
    connection.execute(insert(_address), rows)
    for customer, holder in joining:
        join_inbox(connection, customer, holder, now)


def remove_addresses(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Takes addresses away; where others share one, the next of them holds it from now on."""
    if not ids:
        return
    taken = update(_address).where(_address.c.id.in_(ids)).values(removed_at=now)
    gone = connection.execute(taken.returning(_address.c.channel, _address.c.value, _address.c.shared_with)).all()
    for channel, value, shared_with in gone:
        if shared_with is None:
            _promote(connection, channel, value)


def _promote(connection: Connection, channel: str, value: str) -> None:
    here = (_address.c.channel == channel, _address.c.value == value, _address.c.removed_at.is_(None))
    query = select(_address.c.id, _address.c.customer_id).where(*here).order_by(_address.c.id).limit(1)
    if found := connection.execute(query).one_or_none():
        ident, customer = found
        connection.execute(update(_address).where(_address.c.id == ident).values(shared_with=None))
        others = update(_address).where(*here, _address.c.id != ident)
        connection.execute(others.values(shared_with=customer))


def join_inbox(connection: Connection, customer: int, holder: int, now: datetime) -> None:
    """Puts a customer, and everybody whose caps were theirs, under the caps of the holder of an inbox."""
    query = select(_customer.c.id, _customer.c.cap_owner_id).where(_customer.c.id.in_([customer, holder]))
    owners = {ident: owner or ident for ident, owner in connection.execute(query)}
    mine, theirs = owners.get(customer, customer), owners.get(holder, holder)
    if mine == theirs:
        return
    change(connection, [mine, theirs], now)
    group = or_(_customer.c.id == mine, _customer.c.cap_owner_id == mine)
    connection.execute(update(_customer).where(group).values(cap_owner_id=theirs))
    for each in (_contact, _touch):
        connection.execute(update(each).where(each.c.owner_id == mine).values(owner_id=theirs))
    change(connection, [theirs], now)


def _holders(connection: Connection, wanted: Sequence[tuple[int, str, str, str]]) -> dict[tuple[str, str], int]:
    """The first holder of each address that has one."""
    found: dict[tuple[str, str], int] = {}
    for channel in {each[1] for each in wanted}:
        query = select(_address.c.value, _address.c.customer_id).where(
            _address.c.channel == channel,
            _address.c.value.in_({each[2] for each in wanted if each[1] == channel}),
            _address.c.removed_at.is_(None),
            _address.c.shared_with.is_(None),
        )
        found |= {(channel, value): customer for value, customer in connection.execute(query)}
    return found
