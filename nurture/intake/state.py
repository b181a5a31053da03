"""What the database knows of customers, as far as a file could change it; loaded for many at once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, select, type_coerce

from nurture.intake.listed import listed
from nurture.store.among import among
from nurture.store.tables import (
    Account,
    Address,
    Consent,
    Customer,
    CustomerTag,
    DatedFact,
    Suppression,
    table,
)

COLUMNS = (
    *("key", "kind", "name", "family_name", "given_name", "kana", "name_match", "phone", "postal_code"),
    *("prefecture", "street", "gender", "zone", "attributes", "registered_at", "note"),
)
"""Columns of table customer that a file may change."""

REFUSING = ("opt_out", "complaint", "erased")
"""Reasons of a suppression that say what the person wants; a bounce says nothing of that."""

_customer, _account, _address, _consent = (table(each).c for each in (Customer, Account, Address, Consent))
_tag, _dated, _suppression = (table(each).c for each in (CustomerTag, DatedFact, Suppression))


@dataclass(frozen=True, slots=True)
class Held:
    """An address that a customer has."""

    id: int
    channel: str
    value: str


@dataclass(slots=True)
class State:
    """One customer as the database knows them."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    """Without a column: empty. `registered_at` in epoch seconds."""
    account_key: str = ""
    addresses: list[Held] = field(default_factory=list)
    consents: dict[str, str] = field(default_factory=dict)
    """Channel → granted | withdrawn, what is in force."""
    stopped: set[str] = field(default_factory=set)
    """Channels that the person refused, whatever the address."""
    dates: dict[tuple[str, str], tuple[int | None, int, int | None]] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)


def load_states(connection: Connection, ids: Collection[int]) -> dict[int, State]:
    """The states of these customers."""
    states = {ident: State() for ident in ids}
    if not states:
        return states
    _load_columns(connection, states)
    query = select(_address.customer_id, _address.id, _address.channel, _address.value)
    query = query.where(among(_address.customer_id, ids), _address.removed_at.is_(None)).order_by(_address.id)
    for owner, ident, channel, value in connection.execute(query):
        states[owner].addresses.append(Held(ident, channel, value))
    mine = (among(_consent.customer_id, ids), _consent.purpose == "commercial", _consent.ended_at.is_(None))
    for owner, channel, status in connection.execute(
        select(_consent.customer_id, _consent.channel, _consent.status).where(*mine)
    ):
        states[owner].consents[channel] = status
    dates = select(_dated.customer_id, _dated.name, _dated.relative, _dated.year, _dated.month, _dated.day)
    for owner, name, relative, year, month, day in connection.execute(dates.where(among(_dated.customer_id, ids))):
        states[owner].dates[name, relative] = (year, month, day)
    for owner, tag in connection.execute(select(_tag.customer_id, _tag.tag).where(among(_tag.customer_id, ids))):
        states[owner].tags.add(tag)
    _load_stops(connection, states)
    return states


def refused_values(connection: Connection, addresses: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (channel, value) were refused by whoever reads them."""
    by_channel: dict[str, set[str]] = {}
    for channel, value in addresses:
        by_channel.setdefault(channel, set()).add(value)
    refused = set()
    for channel, values in by_channel.items():
        query = select(_suppression.value).where(
            _suppression.channel == channel, listed(_suppression.value, values), *_refusing()
        )
        refused |= {(channel, value) for value in connection.scalars(query)}
    return refused


def _load_columns(connection: Connection, states: dict[int, State]) -> None:
    picked = [
        type_coerce(_customer[name], BigInteger) if name == "registered_at" else _customer[name] for name in COLUMNS
    ]
    query = (
        select(_customer.id, _account.name_match, *picked)
        .join_from(table(Customer), table(Account), _account.id == _customer.account_id, isouter=True)
        .where(among(_customer.id, list(states)))
    )
    for ident, account, *values in connection.execute(query):
        states[ident].columns = dict(zip(COLUMNS, values, strict=True))
        states[ident].account_key = account or ""


def _load_stops(connection: Connection, states: dict[int, State]) -> None:
    query = select(_suppression.customer_id, _suppression.channel).where(
        and_(among(_suppression.customer_id, list(states)), _suppression.value.is_(None)), *_refusing()
    )
    for owner, channel in connection.execute(query):
        states[owner].stopped |= {channel} if channel else {"email", "line"}


def _refusing() -> tuple[Any, ...]:
    return (_suppression.reason.in_(REFUSING), _suppression.lifted_at.is_(None))
