"""Who a row is about: somebody known, somebody met earlier in the file, or somebody new.

By key; by LINE id; by e-mail or phone only if the names agree or one is empty, else two people share an inbox. A name
alone is a suggestion that a person must confirm.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from nurture.intake.field.name import kana_key
from nurture.intake.listed import listed
from nurture.intake.person import Person
from nurture.store.among import among
from nurture.store.tables import Address, Customer, table

_customer, _address = table(Customer).c, table(Address).c
NAMESAKES = 3
"""So many people of one name are kept as suggestions; more would be no help."""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom a row may be about."""

    ref: int
    """Their id; for somebody whom this file brings, minus the number of the row."""
    key: str
    name_key: str
    kana_key: str
    row: int = 0
    """The row of the file that says so; 0 = it stands in the database."""
    email: str = ""
    phone: str = ""

    def conflicts(self, person: Person) -> bool:
        """Whether the shop's own numbers say that these are two people."""
        return bool(self.key and person.key and self.key != person.key)

    def agrees(self, person: Person) -> bool:
        """Whether the names are equal, in characters or in kana, or one of them is empty."""
        if not self.name_key or not person.name_key or self.name_key == person.name_key:
            return True
        mine = self.kana_key or kana_key(self.name_key)
        theirs = person.kana_key or kana_key(person.name_key)
        return bool(mine) and mine == theirs

    def is_stranger(self, person: Person) -> bool:
        """Whether a row of the same file has nothing in common with this one: another name, another mail and phone.

        What is lacking on either side says nothing.
        """
        pairs = ((self.email, person.email), (self.phone, person.phone))
        both = [mine == theirs for mine, theirs in pairs if mine and theirs]
        return bool(self.row and both) and not any(both) and not self.agrees(person)


class Directory:
    """People by everything that they can be known by."""

    def __init__(self) -> None:
        self.by_key: dict[str, Known] = {}
        self.by_address: dict[tuple[str, str], list[Known]] = {}
        """The first holder first."""
        self.by_phone: dict[str, list[Known]] = {}
        self.by_name: dict[str, list[Known]] = {}
        self.alone: dict[str, Known] = {}
        """Name → somebody of whom we know nothing to find them by."""

    def add(self, known: Known, person: Person) -> None:
        """Enters somebody under everything that a row says of them."""
        if person.key:
            self.by_key.setdefault(person.key, known)
        for channel, value, _ in person.addresses:
            self._enter(self.by_address.setdefault((channel, value), []), known)
        if person.phone:
            self._enter(self.by_phone.setdefault(person.phone, []), known)
        if person.name_key:
            namesakes = self.by_name.setdefault(person.name_key, [])
            if len(namesakes) < NAMESAKES:
                self._enter(namesakes, known)
            if not person.is_known_by:
                self.alone.setdefault(person.name_key, known)

    @staticmethod
    def _enter(people: list[Known], known: Known) -> None:
        if all(each.ref != known.ref for each in people):
            people.append(known)


def find(person: Person, directories: Sequence[Directory]) -> int | None:
    """The ref of a person, None for nobody known; the first directory knows most."""
    for each in directories:
        if person.key and (found := each.by_key.get(person.key)):
            return found.ref
    for found in _by_contact(person, directories):
        if not found.conflicts(person):
            return found.ref
    if not person.is_known_by:
        for each in directories:
            if found := each.alone.get(person.name_key):
                return found.ref
    return None


def _by_contact(person: Person, directories: Sequence[Directory]) -> Iterator[Known]:
    """People with the row's LINE id; with its mail or phone if the names agree, equal names before empty ones."""
    if person.line:
        yield from _listed(directories, ("line", person.line))
    agreeing = []
    if person.email:
        agreeing += [each for each in _listed(directories, ("email", person.email)) if each.agrees(person)]
    if person.phone:
        agreeing += [k for each in directories for k in each.by_phone.get(person.phone, ()) if k.agrees(person)]
    yield from sorted(agreeing, key=lambda each: not each.name_key or each.name_key != person.name_key)


def _listed(directories: Sequence[Directory], address: tuple[str, str]) -> Iterator[Known]:
    for each in directories:
        yield from each.by_address.get(address, ())


def resembling(person: Person, directories: Sequence[Directory]) -> Known | None:
    """Somebody whom `find` did not take for the person and who may be them all the same; a person has to say.

    They have the same name, and the same inbox or phone even under another number, else only without a number.
    """
    addresses = [(channel, value) for channel, value, _ in person.addresses]
    near = [k for address in addresses for k in _listed(directories, address)]
    near += [k for each in directories for k in each.by_phone.get(person.phone, ())] if person.phone else []
    for found in near:
        if found.name_key and found.name_key == person.name_key:
            return found
    for each in directories:
        for found in each.by_name.get(person.name_key, ()):
            if not found.conflicts(person):
                return found
    return None


def look_up(connection: Connection, people: Iterable[Person]) -> Directory:
    """Everybody in the database who has a key, an address or a phone of these people."""
    people = list(people)
    directory = Directory()
    rows = _rows(connection, listed(_customer.key, {each.key for each in people if each.key}), _customer.key)
    for key, known in _merged(connection, rows):
        directory.by_key[key] = known
    for channel in ("email", "line"):
        values = {value for each in people for found, value, _ in each.addresses if found == channel}
        _enter_addresses(connection, directory, channel, values)
    phones = {each.phone for each in people if each.phone}
    wanted = and_(listed(_customer.phone, phones), _customer.merged_into.is_(None))
    for phone, known, _ in _rows(connection, wanted, _customer.phone) if phones else ():
        directory.by_phone.setdefault(phone, []).append(known)
    return directory


def look_up_names(connection: Connection, directory: Directory, people: Iterable[Person]) -> None:
    """Adds the namesakes of these people, whom nothing else has found."""
    names = {each.name_key for each in people if each.name_key}
    if not names:
        return
    wanted = and_(listed(_customer.name_match, names), _customer.merged_into.is_(None))
    addressed = select(_address.id).where(_address.customer_id == _customer.id, _address.removed_at.is_(None)).exists()
    bare = and_(_customer.key.is_(None), _customer.phone.is_(None), ~addressed)
    for name, known, is_bare in _rows(connection, wanted, _customer.name_match, bare):
        namesakes = directory.by_name.setdefault(name, [])
        if len(namesakes) < NAMESAKES:
            namesakes.append(known)
        if is_bare:
            directory.alone.setdefault(name, known)


def _rows(
    connection: Connection, wanted: ColumnElement[bool], by: ColumnElement[str], more: ColumnElement[bool] | None = None
) -> list[tuple[str, Known, object]]:
    extra = _customer.merged_into if more is None else more
    query = select(by, _customer.id, _customer.key, _customer.name_match, _customer.kana, extra).where(wanted)
    rows = connection.execute(query.order_by(_customer.id))
    return [
        (found, Known(ident, key or "", name, kana_key(kana)), merged) for found, ident, key, name, kana, merged in rows
    ]


def _merged(connection: Connection, rows: list[tuple[str, Known, object]]) -> Iterator[tuple[str, Known]]:
    """Each key with its person; those that were merged into another lead to that one."""
    targets = roots(connection, {known.ref for _, known, merged in rows if merged is not None})
    for key, known, merged in rows:
        yield key, known if merged is None else Known(targets[known.ref], key, known.name_key, known.kana_key)


def roots(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    """Each id with the customer whom it was merged into, or itself."""
    found = {each: each for each in ids}
    while found:
        open_ids = set(found.values())
        query = select(_customer.id, _customer.merged_into)
        rows = connection.execute(query.where(among(_customer.id, open_ids), _customer.merged_into.is_not(None)))
        merged: dict[int, int] = {row[0]: row[1] for row in rows}
        if not merged:
            break
        found = {each: merged.get(target, target) for each, target in found.items()}
    return found


def _enter_addresses(connection: Connection, directory: Directory, channel: str, values: set[str]) -> None:
    if not values:
        return
    query = (
        select(_address.value, _customer.id, _customer.key, _customer.name_match, _customer.kana)
        .join_from(table(Address), table(Customer), _customer.id == _address.customer_id)
        .where(_address.channel == channel, listed(_address.value, values), _address.removed_at.is_(None))
        .order_by(or_(_address.shared_with.is_not(None)), _address.id)
    )
    for value, ident, key, name, kana in connection.execute(query):
        known = Known(ident, key or "", name, kana_key(kana))
        directory.by_address.setdefault((channel, value), []).append(known)
