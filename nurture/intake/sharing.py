"""Who holds an inbox: the first person at an address, those who share it, and the one whose caps hold for all."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select, update

from nurture.intake.inserting import insert_rows
from nurture.intake.listed import listed
from nurture.store import among, change
from nurture.store.tables import Address, Contact, Customer, Touch, table

_address, _customer, _contact, _touch = (table(each) for each in (Address, Customer, Contact, Touch))


def place_addresses(
    connection: Connection, wanted: Sequence[tuple[int, str, str, str]], made: Collection[int], now: datetime
) -> None:
    """Gives customers new addresses: (customer, channel, value, status) in the order in which they came.

    Whoever is not the first at an address shares it, and joins the first one's caps. `made`: customers who were
    inserted in this transaction, whom nobody can have seen yet.
    """
    if not wanted:
        return
    holders = _holders(connection, wanted)
    rows = []
    for customer, channel, value, status in wanted:
        holder = holders.setdefault((channel, value), customer)
        names = {"customer_id": customer, "channel": channel, "value": value, "status": status}
        rows.append({**names, "shared_with": None if holder == customer else holder, "created_at": now})
    insert_rows(connection, _address, rows)
    placed = [(customer, holders[channel, value]) for customer, channel, value, _ in wanted]
    join_inboxes(connection, [(customer, holder) for customer, holder in placed if customer != holder], made, now)


def join_inboxes(
    connection: Connection, joining: Sequence[tuple[int, int]], made: Collection[int], now: datetime
) -> None:
    """Puts customers, and whose caps were theirs, under the caps of who holds an inbox: (customer, holder)."""
    if not joining:
        return
    moves = _moves(connection, joining)
    seen = sorted({each for move in moves for each in move if each not in made})
    change(connection, seen, now)
    rows = [{"mine": mine, "theirs": theirs} for mine, theirs in moves]
    group = or_(_customer.c.id == bindparam("mine"), _customer.c.cap_owner_id == bindparam("mine"))
    if rows:
        connection.execute(update(_customer).where(group).values(cap_owner_id=bindparam("theirs")), rows)
    if known := [row for row in rows if row["mine"] not in made]:
        for each in (_contact, _touch):
            owned = update(each).where(each.c.owner_id == bindparam("mine")).values(owner_id=bindparam("theirs"))
            connection.execute(owned, known)
    change(connection, seen, now)


def _moves(connection: Connection, joining: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(cap owner, new cap owner) of every group that joins another, each after those that it builds on."""
    people = {each for pair in joining for each in pair}
    query = select(_customer.c.id, _customer.c.cap_owner_id).where(among(_customer.c.id, people))
    owners = {ident: owner or ident for ident, owner in connection.execute(query)}
    moves: dict[int, int] = {}
    for customer, holder in joining:
        mine, theirs = _root(moves, owners.get(customer, customer)), _root(moves, owners.get(holder, holder))
        if mine != theirs:
            moves[mine] = theirs
    return [(mine, _root(moves, mine)) for mine in moves]


def _root(moves: Mapping[int, int], owner: int) -> int:
    while owner in moves:
        owner = moves[owner]
    return owner


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


def _holders(connection: Connection, wanted: Sequence[tuple[int, str, str, str]]) -> dict[tuple[str, str], int]:
    """The first holder of each address that has one."""
    found: dict[tuple[str, str], int] = {}
    for channel in {each[1] for each in wanted}:
        query = select(_address.c.value, _address.c.customer_id).where(
            _address.c.channel == channel,
            listed(_address.c.value, {each[2] for each in wanted if each[1] == channel}),
            _address.c.removed_at.is_(None),
            _address.c.shared_with.is_(None),
        )
        found |= {(channel, value): customer for value, customer in connection.execute(query)}
    return found
