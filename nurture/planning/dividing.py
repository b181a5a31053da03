"""Dividing the asked enrollments: on a large SQLite file half of them is staged on another connection, in a thread.

The halves are cut between two campaigns, and the second one is taken over behind the first: each candidate has the
number that it would have got on one connection.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import lru_cache

from sqlalchemy import Connection, TextClause, bindparam, func, select, text

from nurture.campaign import Campaign
from nurture.store import driver_cursor, seen_as, take_second

from .staging import stage, staging_removed
from .statements import Statements
from .workspace import ASKED, CANDIDATE

BATCH = 5_000
ASKED_BY_CAMPAIGN = select(ASKED.c.campaign, func.count()).group_by(ASKED.c.campaign)
ASKED_OF = select(ASKED.c.enrollment_id).where(ASKED.c.campaign == bindparam("of")).execution_options(yield_per=BATCH)
HAND_OVER = "INSERT INTO asked (enrollment_id, campaign) VALUES (?, ?)"
COLUMNS = ", ".join(each.name for each in CANDIDATE.c if each is not CANDIDATE.c.id)


def stage_asked(connection: Connection, statements: Statements, now: int) -> None:
    """Writes the steps of all asked enrollments into `candidate`, campaign by campaign; `now` in epoch seconds."""
    asked: dict[str, int] = {row[0]: row[1] for row in connection.execute(ASKED_BY_CAMPAIGN)}
    if not asked:
        return
    campaigns = [each for each in statements.situation.campaigns.campaigns if each.campaign in asked]
    other = take_second(connection) if len(campaigns) > 1 else None
    if other is None:
        _stage(connection, statements, campaigns)
    else:
        with closing(other):
            _stage_on_two(connection, other, statements, now, *_halves(campaigns, asked))
    connection.execute(statements.keep(lambda: staging_removed(statements.situation), "removed"))


def _stage(connection: Connection, statements: Statements, campaigns: Sequence[Campaign]) -> None:
    for campaign in campaigns:
        stage(connection, statements, campaign, fresh=False)


def _halves(campaigns: Sequence[Campaign], asked: dict[str, int]) -> tuple[Sequence[Campaign], Sequence[Campaign]]:
    """Cut where both have about the same number of steps to stage; none is empty."""
    steps = [asked[each.campaign] * len(each.steps) for each in campaigns]
    cut = min(range(1, len(steps)), key=lambda place: abs(sum(steps[:place]) - sum(steps[place:])))
    return campaigns[:cut], campaigns[cut:]


def _stage_on_two(
    connection: Connection,
    other: Connection,
    statements: Statements,
    now: int,
    mine: Sequence[Campaign],
    theirs: Sequence[Campaign],
) -> None:
    _hand_over(connection, other, theirs)
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(_stage_beside, other, statements, now, theirs)
        _stage(connection, statements, mine)
        coming.result()
    connection.execute(_taking(seen_as(other)))


def _hand_over(connection: Connection, other: Connection, campaigns: Sequence[Campaign]) -> None:
    """Tells the other connection who is asked: it can't see what this one has not committed."""
    for each in campaigns:
        found = connection.scalars(ASKED_OF, {"of": each.campaign})
        for ids in found.partitions():
            with driver_cursor(other, HAND_OVER) as cursor:
                cursor.executemany(HAND_OVER, [(number, each.campaign) for number in ids])


def _stage_beside(other: Connection, statements: Statements, now: int, campaigns: Sequence[Campaign]) -> None:
    statements.moment.tell(now=now)
    _stage(other, statements, campaigns)
    other.commit()


@lru_cache(maxsize=2)
def _taking(schema: str) -> TextClause:
    return text(f"INSERT INTO candidate ({COLUMNS}) SELECT {COLUMNS} FROM {schema}.candidate ORDER BY id")
