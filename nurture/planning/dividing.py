"""Dividing the staging: in a large database half of it, all asked anew, is done on another connection, in a thread.

The halves are cut between two campaigns, and the second one is taken over behind the first: each candidate has the
number that it would have got on one connection.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Select, func, select

from nurture.campaign import Campaign
from nurture.store import give_rows, take_rows, take_second

from .staging import stage, staging_removed
from .statements import Statements
from .workspace import ASKED, CANDIDATE, OPENED

ASKED_BY_CAMPAIGN = select(ASKED.c.campaign, func.count()).group_by(ASKED.c.campaign)
OPENED_BY_CAMPAIGN = (
    select(OPENED.c.campaign, func.count()).where(OPENED.c.first_reach.is_(None)).group_by(OPENED.c.campaign)
)
"""But for the broadcasts, which are staged as soon as they have opened."""
COLUMNS = [each.name for each in CANDIDATE.c if each is not CANDIDATE.c.id]


def stage_steps(connection: Connection, statements: Statements, now: int) -> None:
    """Writes the steps of what has opened and of what is asked into `candidate`; `now` in epoch seconds."""
    opened = _counted(connection, OPENED_BY_CAMPAIGN)
    fresh = [each for each in statements.situation.campaigns.campaigns if each.campaign in opened]
    _divide(connection, statements, now, fresh, sum(opened[each.campaign] * len(each.steps) for each in fresh))


def stage_asked(connection: Connection, statements: Statements, now: int) -> None:
    """Writes the steps of all asked enrollments, where those of what has opened are there."""
    _divide(connection, statements, now, (), 0)


def _counted(connection: Connection, by_campaign: Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(by_campaign)}


def _divide(
    connection: Connection, statements: Statements, now: int, fresh: Sequence[Campaign], fresh_steps: int
) -> None:
    asked = _counted(connection, ASKED_BY_CAMPAIGN)
    campaigns = [each for each in statements.situation.campaigns.campaigns if each.campaign in asked]
    other = take_second(connection, sum(asked.values())) if len(campaigns) > 1 else None
    if other is None:
        _stage(connection, statements, fresh, campaigns)
    else:
        cut = _half(campaigns, asked, fresh_steps)
        with closing(other):
            _hand_over(connection, other, campaigns[cut:])
            with ThreadPoolExecutor(1) as beside:
                coming = beside.submit(_stage_beside, other, statements, now, campaigns[cut:])
                _stage(connection, statements, fresh, campaigns[:cut])
                coming.result()
            take_rows(connection, other, CANDIDATE.name, COLUMNS, CANDIDATE.c.id.name)
    if asked:  # those of campaigns that are gone, too
        connection.execute(statements.keep(lambda: staging_removed(statements.situation), "removed"))


def _stage(
    connection: Connection, statements: Statements, fresh: Sequence[Campaign], asked: Sequence[Campaign]
) -> None:
    for campaign in fresh:
        stage(connection, statements, campaign, fresh=True)
    for campaign in asked:
        stage(connection, statements, campaign, fresh=False)


def _half(campaigns: Sequence[Campaign], asked: dict[str, int], before: int) -> int:
    """Where to cut, so that both have about the same number of steps to stage; `before` of them are the first's."""
    steps = [asked[each.campaign] * len(each.steps) for each in campaigns]
    first = 0 if before else 1
    return min(range(first, len(steps)), key=lambda place: abs(before + sum(steps[:place]) - sum(steps[place:])))


def _hand_over(connection: Connection, other: Connection, campaigns: Sequence[Campaign]) -> None:
    """Tells the other connection who is asked: it can't see what this one has not committed."""
    names = [each.campaign for each in campaigns]
    give_rows(connection, other, select(ASKED).where(ASKED.c.campaign.in_(names)), ASKED.name)


def _stage_beside(other: Connection, statements: Statements, now: int, campaigns: Sequence[Campaign]) -> None:
    statements.moment.tell(now=now)
    _stage(other, statements, (), campaigns)
    other.commit()
