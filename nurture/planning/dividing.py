"""Dividing the asked enrollments: in a large database half of them is staged on another connection, in a thread.

The halves are cut between two campaigns, and the second one is taken over behind the first: each candidate has the
number that it would have got on one connection.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from sqlalchemy import Connection, func, select

from nurture.campaign import Campaign
from nurture.store import give_rows, take_rows, take_second

from .staging import stage, staging_removed
from .statements import Statements
from .workspace import ASKED, CANDIDATE

ASKED_BY_CAMPAIGN = select(ASKED.c.campaign, func.count()).group_by(ASKED.c.campaign)
COLUMNS = [each.name for each in CANDIDATE.c if each is not CANDIDATE.c.id]


def stage_asked(connection: Connection, statements: Statements, now: int) -> None:
    """Writes the steps of all asked enrollments into `candidate`, campaign by campaign; `now` in epoch seconds."""
    asked: dict[str, int] = {row[0]: row[1] for row in connection.execute(ASKED_BY_CAMPAIGN)}
    if not asked:
        return
    campaigns = [each for each in statements.situation.campaigns.campaigns if each.campaign in asked]
    other = take_second(connection, sum(asked.values())) if len(campaigns) > 1 else None
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
    take_rows(connection, other, CANDIDATE.name, COLUMNS, CANDIDATE.c.id.name)


def _hand_over(connection: Connection, other: Connection, campaigns: Sequence[Campaign]) -> None:
    """Tells the other connection who is asked: it can't see what this one has not committed."""
    names = [each.campaign for each in campaigns]
    give_rows(connection, other, select(ASKED).where(ASKED.c.campaign.in_(names)), ASKED.name)


def _stage_beside(other: Connection, statements: Statements, now: int, campaigns: Sequence[Campaign]) -> None:
    statements.moment.tell(now=now)
    _stage(other, statements, campaigns)
    other.commit()
