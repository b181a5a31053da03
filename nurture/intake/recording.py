"""Writes what rows change in customers: one transaction, a fixed number of statements however many rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from nurture.intake.difference import BLANK, Changes, difference
from nurture.intake.field.name import company_key
from nurture.intake.inserting import draw_ids, insert_rows
from nurture.intake.listed import listed
from nurture.intake.matching import roots
from nurture.intake.person import Person
from nurture.intake.sharing import place_addresses, remove_addresses
from nurture.intake.state import COLUMNS, load_states, refused_values
from nurture.store import among, bucket_of, change, insert_into
from nurture.store.facts import begin_facts
from nurture.store.tables import (
    Account,
    Consent,
    Customer,
    CustomerTag,
    DatedFact,
    ImportRow,
    Suppression,
    table,
)

_customer, _account = table(Customer), table(Account)
_consent, _suppression, _tag, _dated = table(Consent), table(Suppression), table(CustomerTag), table(DatedFact)
_row = table(ImportRow)


@dataclass(frozen=True)
class Writing:
    """One chunk being written."""

    connection: Connection
    run_id: int
    now: datetime
    """Aware UTC."""
    source: str
    secret: bytes
    """Key of the bucket hash."""

    @property
    def moment(self) -> int:
        """`now` as epoch seconds."""
        return int(self.now.timestamp())


@dataclass(frozen=True)
class Entry:
    """One row about a person, on its way into the database."""

    row: int
    ref: int
    """A customer's id; minus a row's number where that row brings the customer."""
    person: Person
    fills: bool


@dataclass
class _Batch:
    """Rows of different customers."""

    ids: dict[int, int] = field(default_factory=dict)
    """Row → customer."""
    changes: dict[int, Changes] = field(default_factory=dict)
    """Customer → what changes."""


def record_people(writing: Writing, entries: Sequence[Entry]) -> dict[int, int]:
    """Makes or changes the customers of these rows, in the order of the file; gives each row's customer.

    Later rows about one customer see what the earlier ones have changed.
    """
    found: dict[int, int] = {}
    made: dict[int, int] = {}
    waiting = list(entries)
    while waiting:
        first: dict[int, Entry] = {}
        for entry in waiting:
            first.setdefault(entry.ref, entry)
        batch = list(first.values())
        found |= _record(writing, batch, made)
        made |= {entry.ref: found[entry.row] for entry in batch}
        waiting = [entry for entry in waiting if first[entry.ref] is not entry]
    return found


def resolve(writing: Writing, refs: Iterable[int]) -> dict[int, int]:
    """The customer behind each ref, also of one who was merged since; without an entry where none was made yet."""
    refs = set(refs)
    rows = [-ref for ref in refs if ref < 0]
    query = select(_row.c.row, _row.c.customer_id).where(
        _row.c.run_id == writing.run_id, among(_row.c.row, rows), _row.c.customer_id.is_not(None)
    )
    found = {-row: ident for row, ident in writing.connection.execute(query)} if rows else {}
    found |= {ref: ref for ref in refs if ref > 0}
    targets = roots(writing.connection, found.values())
    return {ref: targets[ident] for ref, ident in found.items()}


def _record(writing: Writing, entries: Sequence[Entry], made: Mapping[int, int]) -> dict[int, int]:
    """`made`: ref → customer, of earlier rows of the same chunk."""
    known = resolve(writing, {entry.ref for entry in entries if entry.ref not in made})
    known |= {entry.ref: made[entry.ref] for entry in entries if entry.ref in made}
    known |= _met_meanwhile(writing.connection, [entry for entry in entries if entry.ref not in known])
    refused = refused_values(writing.connection, [(a[0], a[1]) for entry in entries for a in entry.person.addresses])
    batch = _Batch()
    old = [entry for entry in entries if entry.ref in known]
    states = load_states(writing.connection, {known[entry.ref] for entry in old})
    for entry in old:
        ident = known[entry.ref]
        batch.ids[entry.row] = ident
        batch.changes[ident] = difference(entry.person, states[ident], refused, entry.fills)
    changed = [ident for ident, changes in batch.changes.items() if changes]
    change(writing.connection, changed, writing.now)
    _update_columns(writing, batch, {ident: states[ident].columns for ident in changed})
    _make(writing, batch, [entry for entry in entries if entry.ref not in known], refused)
    new = set(batch.ids.values()) - set(known.values())
    _write_changes(writing, {ident: changes for ident, changes in batch.changes.items() if changes}, new)
    return batch.ids


def _met_meanwhile(connection: Connection, entries: Sequence[Entry]) -> dict[int, int]:
    """Customers who got a new one's number between the checking of the file and now."""
    keys = {entry.person.key: entry.ref for entry in entries if entry.person.key}
    if not keys:
        return {}
    rows = connection.execute(select(_customer.c.key, _customer.c.id).where(listed(_customer.c.key, keys)))
    found = {keys[key]: ident for key, ident in rows}
    targets = roots(connection, found.values()) if found else {}
    return {ref: targets[ident] for ref, ident in found.items()}


def _make(writing: Writing, batch: _Batch, entries: Sequence[Entry], refused: set[tuple[str, str]]) -> None:
    if not entries:
        return
    found = [difference(entry.person, BLANK, refused, fills=False) for entry in entries]
    rows = [_new_row(writing, entry, changes) for entry, changes in zip(entries, found, strict=True)]
    ids = draw_ids(writing.connection, _customer, len(rows))
    insert_rows(writing.connection, _customer, [{"id": ident, **row} for ident, row in zip(ids, rows, strict=True)])
    batch.ids |= {entry.row: ident for entry, ident in zip(entries, ids, strict=True)}
    batch.changes |= dict(zip(ids, found, strict=True))
    begin_facts(writing.connection, ids)


def _new_row(writing: Writing, entry: Entry, changes: Changes) -> dict[str, Any]:
    person = entry.person
    identity = person.key or person.email or person.line or person.phone or f"{writing.run_id}:{entry.row}"
    empty = dict.fromkeys(COLUMNS, "") | {"key": None, "phone": None, "zone": None, "registered_at": None}
    return {
        **empty,
        "kind": "individual",
        "attributes": {},
        **changes.columns,
        "created_at": writing.moment,
        "bucket": bucket_of(writing.secret, identity),
        "version": 1,
        "never": False,
    }


def _update_columns(writing: Writing, batch: _Batch, known: Mapping[int, Mapping[str, Any]]) -> None:
    rows = [
        {f"new_{name}": value for name, value in {**known[ident], **batch.changes[ident].columns}.items()}
        | {"ident": ident}
        for ident in known
        if batch.changes[ident].columns
    ]
    if rows:
        values = {name: bindparam(f"new_{name}", type_=_customer.c[name].type) for name in COLUMNS}
        writing.connection.execute(update(_customer).where(_customer.c.id == bindparam("ident")).values(values), rows)


def _write_changes(writing: Writing, changes: Mapping[int, Changes], made: set[int]) -> None:
    """`made`: the customers who are new."""
    _write_accounts(writing, changes)
    remove_addresses(
        writing.connection, [ident for each in changes.values() for ident in each.removed_addresses], writing.now
    )
    place_addresses(
        writing.connection,
        [(ident, *address) for ident, each in changes.items() for address in each.new_addresses],
        made,
        writing.now,
    )
    _write_permissions(writing, changes)
    _write_stops(writing, changes)
    _write_dates(writing, changes)
    tags = [{"customer_id": ident, "tag": tag} for ident, each in changes.items() for tag in each.tags]
    insert_rows(writing.connection, _tag, tags, keep="customer_id, tag")


def _write_accounts(writing: Writing, changes: Mapping[int, Changes]) -> None:
    named = {company_key(each.account): each.account for each in changes.values() if each.account}
    if not named:
        return
    query = select(_account.c.name_match, _account.c.id).where(listed(_account.c.name_match, named))
    ids = {row[0]: row[1] for row in writing.connection.execute(query.order_by(_account.c.id.desc()))}
    missing = [{"name": name, "name_match": key} for key, name in named.items() if key not in ids]
    if missing:
        statement = insert(_account).returning(_account.c.name_match, _account.c.id)
        ids |= {row[0]: row[1] for row in writing.connection.execute(statement, missing)}
    rows = [{"ident": i, "account": ids[company_key(each.account)]} for i, each in changes.items() if each.account]
    joined = update(_customer).where(_customer.c.id == bindparam("ident")).values(account_id=bindparam("account"))
    writing.connection.execute(joined, rows)


def _write_permissions(writing: Writing, changes: Mapping[int, Changes]) -> None:
    given = [(ident, each) for ident, found in changes.items() for each in found.permissions]
    if not given:
        return
    ended = update(_consent).where(
        _consent.c.customer_id == bindparam("ident"),
        _consent.c.channel == bindparam("on"),
        _consent.c.purpose == "commercial",
        _consent.c.ended_at.is_(None),
    )
    writing.connection.execute(
        ended.values(ended_at=writing.moment), [{"ident": ident, "on": each.channel} for ident, each in given]
    )
    rows = [
        {
            "customer_id": ident,
            "channel": each.channel,
            "purpose": "commercial",
            "status": "granted" if each.granted else "withdrawn",
            "basis": each.basis,
            "source": writing.source,
            "evidence": "",
            "given_at": each.given_at,
            "recorded_at": writing.moment,
        }
        for ident, each in given
    ]
    insert_rows(writing.connection, _consent, rows)


def _write_stops(writing: Writing, changes: Mapping[int, Changes]) -> None:
    rows = [
        {
            "channel": channel,
            "value": value,
            "customer_id": ident,
            "scope": "commercial",
            "reason": "opt_out",
            "source": writing.source,
            "created_at": writing.moment,
        }
        for ident, each in changes.items()
        for channel, value in each.stops
    ]
    insert_rows(writing.connection, _suppression, rows)


def _write_dates(writing: Writing, changes: Mapping[int, Changes]) -> None:
    rows = [
        {"customer_id": ident, "name": name, "relative": relative, "year": year, "month": month, "day": day}
        for ident, each in changes.items()
        for (name, relative), (year, month, day) in each.dates.items()
    ]
    if rows:
        statement = insert_into(writing.connection, _dated)
        values = {name: statement.excluded[name] for name in ("year", "month", "day")}
        keys = ["customer_id", "name", "relative"]
        writing.connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), rows)
