"""Records about a customer with a key of their own: bookings, contacts, holds. One way to judge and write them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import BigInteger, Connection, Table, bindparam, insert, select, type_coerce, update

from nurture.intake.kind import CHANGED, NEW, UNCHANGED, Checking, Judged, Refused, Staged, Taken, met_before, refuse
from nurture.intake.listed import listed
from nurture.intake.person import Person
from nurture.intake.recording import Entry, Writing, record_people
from nurture.store import change
from nurture.store.facts import refresh_facts
from nurture.store.tables import Instant

MADE = "made:"
"""Begins a key that was made because the file has none."""


@dataclass(frozen=True)
class Record:
    """One record as the file describes it."""

    key: str
    columns: Mapping[str, Any]
    """Instants in epoch seconds, money in minor units; None where the file does not say."""
    person: Person


@dataclass(frozen=True)
class Keyed:
    """How one such table is kept."""

    target: Table
    creates: bool
    """Whether people nobody knows become customers; else their rows are turned away."""
    more: Callable[[Writing, Collection[int]], Mapping[int, Mapping[str, Any]]]
    """Columns of a new row that the file does not hold, by customer."""
    when_changed: Callable[[Writing], Mapping[str, Any]] = lambda writing: {}
    """Columns that every change sets."""

    def judge(self, connection: Connection, checking: Checking, taken: Sequence[Taken]) -> list[Judged | Refused]:
        """Compares records with the table."""
        known = self._load(connection, taken)
        twice = {each.row for each in taken if met_before(checking, each.record.key)}
        fresh = [each for each in taken if each.record.key not in known and each.row not in twice]
        refs = self._people(connection, checking, fresh)
        return [self._judged(each, refs.get(each.row), known, twice) for each in taken]

    def write(self, writing: Writing, rows: Sequence[Staged]) -> dict[int, int]:
        """Writes new and changed records, and the people whom they bring."""
        known = {row["key"]: row for row in self._rows(writing.connection, [each.values["key"] for each in rows])}
        fresh = [each for each in rows if each.values["key"] not in known]
        entries = [Entry(e.row, e.values["ref"], Person.from_json(e.values["person"]), fills=True) for e in fresh]
        people = record_people(writing, entries)
        moved = {
            each.values["key"]: columns
            for each in rows
            if each.values["key"] in known and (columns := _moved(each.values["columns"], known[each.values["key"]]))
        }
        owners = {*people.values(), *(known[key]["customer_id"] for key in moved)}
        change(writing.connection, owners, writing.now)
        self._insert(writing, [(people[each.row], each.values) for each in fresh])
        self._update(writing, [(known[key], columns) for key, columns in moved.items()])
        refresh_facts(writing.connection, owners)
        return people

    def _judged(
        self, taken: Taken, ref: int | None, known: Mapping[str, Mapping[str, Any]], twice: Collection[int]
    ) -> Judged | Refused:
        record: Record = taken.record
        values = {"key": record.key, "columns": dict(record.columns)}
        if taken.row in twice:
            return Judged(taken.row, UNCHANGED, {})
        if record.key in known:
            before = known[record.key]
            verdict = CHANGED if _moved(record.columns, before) else UNCHANGED
            return Judged(taken.row, verdict, values, before["customer_id"])
        if ref is None:
            return refuse(taken, "reject.no_such_customer", found=_called(record.person))
        person = record.person.to_json() if self.creates else {}
        return Judged(taken.row, NEW, {**values, "person": person, "ref": ref}, ref if ref > 0 else None)

    def _people(self, connection: Connection, checking: Checking, fresh: Sequence[Taken]) -> dict[int, int | None]:
        """Row → whom it is about."""
        if self.creates:
            placed = checking.roster.place(connection, [(each.row, each.record.person) for each in fresh])
            return {each.row: where.ref for each, where in zip(fresh, placed, strict=True)}
        found = checking.roster.find(connection, [each.record.person for each in fresh])
        return {each.row: ref for each, ref in zip(fresh, found, strict=True)}

    def _load(self, connection: Connection, taken: Sequence[Taken]) -> dict[str, Mapping[str, Any]]:
        return {row["key"]: row for row in self._rows(connection, [each.record.key for each in taken])}

    def _rows(self, connection: Connection, keys: Sequence[str]) -> list[Mapping[str, Any]]:
        columns = [
            type_coerce(column, BigInteger).label(column.name) if isinstance(column.type, Instant) else column
            for column in self.target.c
        ]
        rows = connection.execute(select(*columns).where(listed(self.target.c.key, set(keys))))
        return [dict(row._mapping) for row in rows]

    def _insert(self, writing: Writing, fresh: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        if not fresh:
            return
        more = self.more(writing, {customer for customer, _ in fresh})
        rows = [
            {**more[customer], **values["columns"], "key": values["key"], "customer_id": customer}
            for customer, values in fresh
        ]
        writing.connection.execute(insert(self.target), rows)

    def _update(self, writing: Writing, moved: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        for before, columns in moved:
            statement = update(self.target).where(self.target.c.id == bindparam("ident"))
            values = {**columns, **self.when_changed(writing)}
            writing.connection.execute(statement.values(values), {"ident": before["id"]})


def made_key(person: Person, *parts: object) -> str:
    """A key from who it is about and what is said; the same row gives the same key again."""
    who = person.key or person.email or person.line or person.phone or person.name_key
    return MADE + blake2b(repr((who, *parts)).encode(), digest_size=12).hexdigest()


def _moved(columns: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What changes in a known record; an empty cell empties nothing."""
    return {name: value for name, value in columns.items() if value not in (None, "") and value != before[name]}


def _called(person: Person) -> str:
    return person.key or person.name or person.email or person.line or person.phone
