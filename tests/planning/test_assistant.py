"""An assistant places as the planner does, and what it dies with is placed all the same."""

import os
import signal
from collections.abc import Iterator
from itertools import islice
from random import Random

from bench.moment import NOW
from bench.situations import twenty
from nurture.gates.timing import placer_of
from nurture.planning.alike import Alike, Owned, Row
from nurture.planning.assistant import AHEAD, Assistant, assistant, place_with

SITUATION = twenty(NOW)
PLACER = placer_of(SITUATION, [])
HOUR = 3600


def a_town(owners: int) -> list[Owned]:
    """Owners with one to three candidates; of every fourth there is a contact."""
    chance, now = Random(7), SITUATION.instant
    found: list[Owned] = []
    for owner in range(1, owners + 1):
        rows: list[Row] = []
        for turn in range(chance.randrange(1, 4)):
            due = now + chance.randrange(-20, 20) * HOUR
            step = chance.randrange(len(SITUATION.steps))
            zone = chance.choice(["Asia/Tokyo", "Asia/Bangkok"])
            rows.append((10 * owner + turn, owner, -10 * owner - turn, step, due, due + 30 * HOUR, 0, 0, zone))
            rows[-1] += ("individual", None)
        contacts: list[Row] = [(now - 5 * HOUR, "email", "call")] if owner % 4 == 0 else []
        found.append((rows, contacts))
    return found


def in_batches(owners: list[Owned], size: int) -> Iterator[list[Owned]]:
    remaining = iter(owners)
    while batch := list(islice(remaining, size)):
        yield batch


def placed_alone(town: list[Owned]) -> list[Row]:
    return sorted(Alike(PLACER).place(town))


def test_who_is_placed_by_the_assistant_gets_the_answer_of_the_planner() -> None:
    town = a_town(3_000)
    with assistant(SITUATION, PLACER) as helping:
        assert helping
        for batch in in_batches(town[:2_000], 500):
            helping.give(batch)
        theirs = [row for answer in helping.rest() for row in answer]
        assert list(helping.given_back()) == []
        both = [row for answer in place_with(helping, Alike(PLACER), in_batches(town, 100)) for row in answer]
    assert sorted(theirs) == placed_alone(town[:2_000])
    assert sorted(both) == placed_alone(town)


def test_the_assistant_is_asked_only_about_who_was_contacted() -> None:
    town = a_town(1_000)
    helping = Silent()
    found = [row for rows in place_with(helping, Alike(PLACER), in_batches(town, 100)) for row in rows]
    assert {rows[0][1] for batch in helping.asked for rows, _ in batch} == set(range(4, 1_001, 4))
    assert sorted(found) == placed_alone(town)


class Silent(Assistant):
    """Takes whatever it is given, and gives it all back at the end."""

    free = True

    def __init__(self) -> None:
        self.asked: list[list[Owned]] = []

    def give(self, owners: list[Owned]) -> None:
        self.asked.append(owners)

    def answer(self) -> Iterator[list[Row]]:
        return iter(())

    rest = answer

    def given_back(self) -> Iterator[list[Owned]]:
        return iter(self.asked)


def test_nothing_is_lost_with_an_assistant_that_dies() -> None:
    town = a_town(1_500)
    with assistant(SITUATION, PLACER) as helping:
        assert helping
        for batch in in_batches(town[:500], 100):
            helping.give(batch)
        helping.process.kill()
        rest = [row for answer in place_with(helping, Alike(PLACER), in_batches(town[500:], 100)) for row in answer]
    assert sorted(rest) == placed_alone(town)


def test_an_assistant_that_is_stopped_holds_nobody_up() -> None:
    town = a_town(20_000)
    with assistant(SITUATION, PLACER, longest=2) as helping:
        assert helping
        os.kill(helping.process.pid, signal.SIGSTOP)
        rest = [row for answer in place_with(helping, Alike(PLACER), in_batches(town, 2_000)) for row in answer]
    assert sorted(rest) == placed_alone(town)


def test_an_assistant_that_does_not_keep_up_is_given_no_more() -> None:
    town = a_town(10 * AHEAD)
    with assistant(SITUATION, PLACER) as helping:
        assert helping
        given = given_to(helping, town)
        answered = sum(len(answer) for answer in helping.rest())
    assert given == AHEAD
    assert answered == sum(len(rows) for rows, _ in town[:given])


def given_to(helping: Assistant, town: list[Owned]) -> int:
    """How many it takes before it has anything loaded: a process needs a second to begin."""
    given = 0
    while helping.free and given < len(town):
        helping.give([town[given]])
        given += 1
    return given
