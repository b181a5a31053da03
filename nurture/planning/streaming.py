"""The stream between the database and `place`: owners in order, with their candidates and counted contacts."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, case, select

from nurture.collector import uncollected
from nurture.gates.cap import longest_memory
from nurture.gates.placing import Placer
from nurture.gates.situation import Situation
from nurture.rules.joining import join_in_order
from nurture.store import binary_order, driver_cursor
from nurture.store.tables import Contact as ContactRow
from nurture.store.tables import Pause, seconds, table

from .alike import OWNER, Alike, Owned, Row
from .assistant import assistant, place_with
from .cutting import EVERYBODY, in_range, ranges
from .workspace import CANDIDATE

CONTACT, PAUSE = table(ContactRow), table(Pause)
BATCH = 5_000
"""Rows fetched at once."""
TOGETHER = 1_000
"""Owners placed at once."""
NOBODY: list[Row] = []
BEYOND: Row = (EVERYBODY[1] + 1,)
"""Stands behind the last contact: no owner has this number."""
DECISION_COLUMNS = ("candidate_id", "status", "verdict", "at", "channel", "failing")


def place_all(connection: Connection, situation: Situation, placer: Placer, owners: Iterable[int] = ()) -> None:
    """Places every candidate that passes the fixed gates, or only those of `owners`, and writes the decisions."""
    chosen = list(owners)
    write = _copy if connection.dialect.name == "postgresql" else _insert_many
    bounds = [EVERYBODY] if chosen else list(ranges(connection, CANDIDATE.c.owner_id, CANDIDATE.c.gate == 0))
    # From two ranges on, what starting a process takes is little beside what it saves.
    with assistant(situation, placer) if len(bounds) > 1 else nullcontext() as helping, uncollected():
        batches = _batches(_owned(connection, situation, bounds, chosen))
        for decisions in place_with(helping, Alike(placer), batches):
            write(connection, decisions)


def _owned(
    connection: Connection, situation: Situation, bounds: Sequence[tuple[int, int]], owners: Sequence[int]
) -> Iterator[Owned]:
    some, chosen = bool(owners), {"owners": list(owners)} if owners else {}
    oldest = situation.instant - longest_memory(situation.caps)
    for first, last in bounds:
        values = {**chosen, "first": first, "last": last}
        ledger = _Ledger(_rows(connection, _contacts(some=some), {**values, "oldest": oldest}))
        for owner, mine in groupby(_rows(connection, _candidates(some=some), values), key=itemgetter(OWNER)):
            yield list(mine), ledger.of(owner) if ledger.owner <= owner else NOBODY


def _batches(owners: Iterator[Owned]) -> Iterator[list[Owned]]:
    while batch := list(islice(owners, TOGETHER)):
        yield batch


def _rows(connection: Connection, statement: Select[Any], values: dict[str, Any]) -> Iterator[Row]:
    # The driver's own tuples: SQLAlchemy's rows cost 4 µs each. Not straight from its cursor: a streamed result has
    # fetched the first row ahead, and that would be lost.
    result: Any = connection.execute(statement, values)
    while rows := result.cursor_strategy.fetchmany(result, result.cursor, BATCH):
        yield from rows


@lru_cache(maxsize=2)
def _candidates(*, some: bool) -> Select[Any]:
    """In the order of placing; of everybody, or of `some` only."""
    other = case((CANDIDATE.c.channel == 0, CANDIDATE.c.second_reach), else_=CANDIDATE.c.first_reach)
    found = select(
        CANDIDATE.c.id,
        CANDIDATE.c.owner_id,
        CANDIDATE.c.thread,
        CANDIDATE.c.step_id,
        CANDIDATE.c.due_at,
        CANDIDATE.c.expires_at,
        CANDIDATE.c.channel,
        other,
        CANDIDATE.c.zone,
        CANDIDATE.c.kind,
        CANDIDATE.c.touch_at,
    ).where(CANDIDATE.c.gate == 0, CANDIDATE.c.exits.is_(None), in_range(CANDIDATE.c.owner_id))
    if some:
        found = found.where(CANDIDATE.c.owner_id.in_(bindparam("owners", expanding=True)))
    # A named cursor on PostgreSQL: a million candidates must not lie in memory at once.
    return found.execution_options(yield_per=BATCH).order_by(
        CANDIDATE.c.owner_id,
        CANDIDATE.c.priority.desc(),
        CANDIDATE.c.expires_at,
        CANDIDATE.c.step_id,
        binary_order(CANDIDATE.c.occurrence),
        CANDIDATE.c.customer_id,
    )


@lru_cache(maxsize=2)
def _contacts(*, some: bool) -> Select[Any]:
    oldest = bindparam("oldest", type_=BigInteger)
    deciding = select(CANDIDATE.c.owner_id).where(CANDIDATE.c.gate == 0, in_range(CANDIDATE.c.owner_id))
    if some:
        deciding = deciding.where(CANDIDATE.c.owner_id.in_(bindparam("owners", expanding=True)))
    people = deciding.distinct().subquery("deciding")
    label = case((CONTACT.c.touch_id.is_not(None), CONTACT.c.source), else_=CONTACT.c.channel)
    return (
        select(people.c.owner_id, seconds(CONTACT.c.at), CONTACT.c.channel, label)
        .select_from(join_in_order(people, CONTACT, CONTACT.c.owner_id == people.c.owner_id))
        # Said of the contacts too, as PostgreSQL concludes no range from an equality, and read all of them for each.
        .where(in_range(CONTACT.c.owner_id), CONTACT.c.counts, CONTACT.c.direction == "out")
        .where(seconds(CONTACT.c.at) > oldest)
        .order_by(people.c.owner_id, CONTACT.c.at, CONTACT.c.id)
        .execution_options(yield_per=BATCH)
    )


class _Ledger:
    """Contacts in the order of owners, read along with the candidates."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self.rows = rows
        self.ahead: Row = ()
        self.owner: int = 0
        """Whose contacts come next."""
        self._advance()

    def _advance(self) -> None:
        self.ahead = next(self.rows, BEYOND)
        self.owner = self.ahead[0]

    def of(self, owner: int) -> list[Row]:
        while self.owner < owner:
            self._advance()
        found = []
        while self.owner == owner:
            found.append(self.ahead[1:])
            self._advance()
        return found


def _insert_many(connection: Connection, batch: Sequence[Row]) -> None:
    # The driver spends 2 µs on every None that it binds, more than on all the rest of a row: nearly no decision fails.
    columns = len(DECISION_COLUMNS)
    plain, failing = [row[:-1] for row in batch if row[-1] is None], [row for row in batch if row[-1] is not None]
    for rows, width in ((plain, columns - 1), (failing, columns)):
        names, marks = ", ".join(DECISION_COLUMNS[:width]), ", ".join("?" * width)
        statement = f"INSERT INTO decision ({names}) VALUES ({marks})"
        with driver_cursor(connection, statement) as cursor:
            cursor.executemany(statement, rows)


def _copy(connection: Connection, batch: Sequence[Row]) -> None:
    statement = f"COPY pg_temp.decision ({', '.join(DECISION_COLUMNS)}) FROM STDIN"
    with driver_cursor(connection, statement) as cursor, cursor.copy(statement) as copy:
        for decision in batch:
            copy.write_row(decision)
