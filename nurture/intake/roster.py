"""The people of one file while it is checked: who is known, who was met in an earlier row, who is new."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from nurture.intake.matching import Directory, Known, find, look_up, look_up_names, resembling
from nurture.intake.person import Person

MOST_SUGGESTIONS = 200
"""So many are told in full; more are counted."""


@dataclass(frozen=True)
class Suggestion:
    """Two entries that may be one person; only a person can say."""

    row: int
    name: str
    resembles_id: int | None
    """The customer, None for somebody whom the file itself brings."""
    resembles_row: int | None
    """The row that brings them."""
    resembles_key: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a row's person belongs."""

    ref: int
    """A customer's id; minus a row's number where that row brings the customer."""
    is_new: bool
    """Whether this is that row."""
    again: bool
    """Whether an earlier row was about the same person."""
    taken_by: int = 0
    """The earlier row that gave the customer's number to somebody who can't be this one, 0 for none."""


class Roster:
    """Remembers the people of a file from its first row to its last."""

    def __init__(self) -> None:
        self.suggestions: list[Suggestion] = []
        self.suggested = 0
        """How many suggestions there are, those not kept in full included."""
        self._met = Directory()
        self._refs: set[int] = set()

    def place(self, connection: Connection, people: Sequence[tuple[int, Person]], apart: bool = False) -> list[Placed]:
        """Finds (row, person) one after the other; a few queries however many they are.

        `apart`: a row under the number of an earlier one, but with another name and other addresses, is not that
        person. A list of customers has one row for each; an order may be placed in another's name.
        """
        database = look_up(connection, (person for _, person in people))
        directories = (database, self._met)
        unknown = [person for _, person in people if find(person, directories) is None]
        look_up_names(connection, database, unknown)
        return [self._place(row, person, directories, apart) for row, person in people]

    def find(self, connection: Connection, people: Sequence[Person]) -> list[int | None]:
        """The customers of the database that these are; nobody new is noted."""
        database = look_up(connection, people)
        look_up_names(connection, database, (each for each in people if not each.is_known_by))
        return [find(each, (database,)) for each in people]

    def _place(self, row: int, person: Person, directories: Sequence[Directory], apart: bool) -> Placed:
        ref = find(person, directories)
        if ref is None:
            if other := resembling(person, directories):
                self._suggest(row, person, other)
            self._met.add(_known(-row, row, person), person)
            self._refs.add(-row)
            return Placed(-row, is_new=True, again=False)
        holder = self._met.by_key.get(person.key) if person.key else None
        if apart and holder and holder.is_stranger(person):
            return Placed(ref, is_new=False, again=True, taken_by=holder.row)
        again = ref in self._refs
        self._refs.add(ref)
        # What this row adds to somebody known lets a later row find them.
        self._met.add(_known(ref, row, person), person)
        return Placed(ref, is_new=False, again=again)

    def _suggest(self, row: int, person: Person, known: Known) -> None:
        self.suggested += 1
        if len(self.suggestions) < MOST_SUGGESTIONS:
            ident, other = (known.ref, None) if known.ref > 0 else (None, -known.ref)
            self.suggestions.append(Suggestion(row, person.name, ident, other, known.key))


def _known(ref: int, row: int, person: Person) -> Known:
    return Known(ref, person.key, person.name_key, person.kana_key, row, person.email, person.phone)
