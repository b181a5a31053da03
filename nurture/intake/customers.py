"""Lists of people: customers, members, LINE friends, a salon's clients."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from nurture.intake.cells import Cells, RowRefused
from nurture.intake.difference import BLANK, difference
from nurture.intake.kind import (
    CHANGED,
    NEW,
    UNCHANGED,
    Checking,
    Item,
    Judged,
    Kind,
    Refused,
    Staged,
    Taken,
    each_row,
    refuse,
)
from nurture.intake.person import Person
from nurture.intake.recording import Entry, Writing, record_people
from nurture.intake.roster import Placed
from nurture.intake.state import State, load_states, refused_values


def _read(checking: Checking) -> Iterator[Item]:
    def parse(cells: Cells) -> Person:
        person = checking.describer.person(cells)
        if person.is_nobody:
            raise RowRefused("reject.nobody")
        return person

    return each_row(checking, parse)


def _judge(connection: Connection, checking: Checking, taken: Sequence[Taken]) -> list[Judged | Refused]:
    placed = checking.roster.place(connection, [(each.row, each.record) for each in taken], apart=True)
    states = load_states(connection, {each.ref for each in placed if each.ref > 0})
    refused = refused_values(connection, {a[:2] for each in taken for a in each.record.addresses})
    return [
        _judged(checking, each, where, states.get(where.ref), refused)
        for each, where in zip(taken, placed, strict=True)
    ]


def _judged(
    checking: Checking, taken: Taken, placed: Placed, state: State | None, refused: set[tuple[str, str]]
) -> Judged | Refused:
    person: Person = taken.record
    if placed.taken_by:
        header = checking.terms.layout.header_of("key")
        return refuse(taken, "reject.number_taken", header, found=person.key, row=placed.taken_by)
    # The first row about a person overwrites, a second one fills gaps: so the same file twice changes nothing.
    fills = checking.terms.layout.preset.fills or placed.again
    if state:
        changes = difference(person, state, refused, fills)
        checking.kept_opt_outs += changes.kept_opt_outs
        verdict = CHANGED if changes else UNCHANGED
    else:
        verdict = _verdict_on_new(checking, taken, placed)
        if refused and person.permissions:
            checking.kept_opt_outs += difference(person, BLANK, refused, fills).kept_opt_outs
    if verdict == UNCHANGED:
        return Judged(taken.row, verdict, {})
    values = {"person": person.to_json(), "ref": placed.ref, "fills": fills}
    return Judged(taken.row, verdict, values, placed.ref if placed.ref > 0 else None)


def _verdict_on_new(checking: Checking, taken: Taken, placed: Placed) -> str:
    """Of somebody whom this file brings: the same row again says nothing new."""
    said = hash(taken.cells)
    if placed.is_new:
        checking.fingerprints[placed.ref] = said
        return NEW
    return UNCHANGED if checking.fingerprints.get(placed.ref) == said else CHANGED


def _write(writing: Writing, rows: Sequence[Staged]) -> dict[int, int]:
    return record_people(writing, [entry_of(each) for each in rows])


def entry_of(staged: Staged) -> Entry:
    """The person of a staged record."""
    values = staged.values
    return Entry(staged.row, values["ref"], Person.from_json(values["person"]), values.get("fills", True))


CUSTOMERS = Kind("customers", _read, _judge, _write)
