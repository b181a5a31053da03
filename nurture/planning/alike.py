"""Owners who are in the same position, and the answer that is worked out once for all of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from nurture.gates.placing import Candidate, Contact, Placer

REMEMBERED = 10_000
"""Answers kept at most: orders differ in their instants, and their answers would be kept for nothing."""
OWNER, THREAD, WISH = (Candidate._fields.index(name) for name in ("owner_id", "thread", "step_id"))
"""From WISH on a candidate says what is wished for, before it whose it is."""
Row = tuple[Any, ...]
"""A candidate, a contact or a decision, its values in the order of their fields; plain tuples travel faster."""
Owned = tuple[list[Row], list[Row]]
"""One owner's candidates, best first, and their counted contacts in ascending order."""


class Alike:
    """Whoever was not contacted lately and waits for the same things gets the same answer, worked out once.

    Of a letter to everybody that is most people: what `place` is given then differs in nothing but ids.
    """

    def __init__(self, placer: Placer) -> None:
        self.placer = placer
        self.answers: dict[Row, list[Row]] = {}

    def place(self, owners: Iterable[Owned]) -> list[Row]:
        """The decisions for every candidate of these owners, each in the order of `Decision`."""
        found, others = self.part(owners)
        for rows, contacts in others:
            found += self._place(None, rows, contacts)
        return found

    def part(self, owners: Iterable[Owned]) -> tuple[list[Row], list[Owned]]:
        """The decisions about those whose answer is known, or is worth remembering; and all the others."""
        found: list[Row] = []
        others: list[Owned] = []
        for rows, contacts in owners:
            key = None if contacts or self.placer.full else _wishes(rows)
            answers = None if key is None else self.answers.get(key)
            if key is None or (answers is None and len(self.answers) >= REMEMBERED):
                others.append((rows, contacts))
            elif answers is None:
                found += self._place(key, rows, contacts)
            elif len(rows) == 1:
                # One row or two, nearly always: `zip` would take longer than all the rest.
                found.append((rows[0][0], *answers[0]))
            elif len(rows) == 2:
                found += ((rows[0][0], *answers[0]), (rows[1][0], *answers[1]))
            else:
                found += [(row[0], *answer) for row, answer in zip(rows, answers, strict=True)]
        return found, others

    def _place(self, key: Row | None, rows: list[Row], contacts: Sequence[Row]) -> list[Row]:
        candidates = [Candidate._make(row) for row in rows]
        decisions: list[Row] = [
            tuple(each) for each in self.placer.place(candidates, [Contact(*each) for each in contacts])
        ]
        if key is not None:
            self.answers[key] = [decision[1:] for decision in decisions]
        return decisions


def _wishes(rows: list[Row]) -> Row | None:
    """What is wished for without whose it is; None where steps of one thread depend on each other."""
    if len(rows) == 1:
        return rows[0][WISH:]
    if len(rows) == 2:
        # As the general case below, in a third of the time.
        one, other = rows
        return None if one[THREAD] == other[THREAD] else one[WISH:] + other[WISH:]
    if len({row[THREAD] for row in rows}) < len(rows):
        return None
    return tuple([row[WISH:] for row in rows])
