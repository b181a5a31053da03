"""The plan: everything between reading state and knowing who gets what, when and why not. It writes TEMP tables only.

The same snapshot and the same situation give the same rows, whoever asks: preview is `plan`, run is `plan` + `commit`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from nurture.gates.limit import Limit, limits_of
from nurture.gates.placing import Block
from nurture.gates.situation import Situation
from nurture.gates.timing import make_placer
from nurture.store import among
from nurture.store.tables import Touch, table

from .cadence import Due, find_due
from .cutting import EVERYBODY, ranges
from .dividing import stage_asked, stage_steps
from .limits import crowded, open_owners, surplus
from .opener import Opener
from .settling import fill_flags, next_looks, settling
from .statements import Statements, statements_of
from .stirring import ask, rush, stirring
from .streaming import place_all
from .times import fill_shop_days, prepare_times
from .workspace import CANDIDATE, DECISION, OPENED, PLAN_STEP, STIRRED, count_rows

TOUCH = table(Touch)
OF_ASKED = delete(CANDIDATE).where(CANDIDATE.c.thread > 0)


@dataclass(frozen=True)
class Planned:
    """What a plan did, beside the rows it left in the TEMP tables."""

    due: Due
    opened: int
    """Occurrences that open."""
    owners: int
    """Owners whose steps were decided."""
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    """Cadence name of a broadcast → gate → people in its audience who can't be reached."""


def plan(connection: Connection, situation: Situation) -> Planned:
    """Plans one tick at `situation.now` on a connection whose TEMP tables were made by `workspace.prepare`."""
    due = find_due(connection, situation)
    times = prepare_times(connection, situation)
    statements = statements_of(situation, times)
    opener = Opener(connection, situation, statements, times, due)
    opened = opener.open_all()
    everybody = due.generation_changed
    few = not connection.scalar(statements.keep(lambda: rush(statements.situation), "rush"))
    stir = statements.keep(
        lambda: stirring(statements.situation, all_open=everybody, few=few), "stirring", everybody, few
    )
    owners = connection.execute(stir).rowcount
    if owners:
        _decide(connection, situation, statements, days=not due.segments)
    return Planned(due, opened, owners, opener.left_out)


def _decide(connection: Connection, situation: Situation, statements: Statements, *, days: bool) -> None:
    if days:
        fill_shop_days(connection, situation)
    _write_steps(connection, situation)
    fill_flags(connection)
    count_rows(connection, OPENED)
    ask(connection)
    stage_steps(connection, statements, situation.instant)
    limits = limits_of(situation)
    if _stir_crowd(connection, situation, limits):
        connection.execute(OF_ASKED)
        ask(connection)
        stage_asked(connection, statements, situation.instant)
    count_rows(connection, CANDIDATE)
    connection.execute(statements.keep(lambda: settling(statements.situation), "settling"))
    place_all(connection, situation, make_placer(connection, situation))
    _share(connection, situation, limits)
    count_rows(connection, DECISION)
    of_range, *others = statements.keep(lambda: next_looks(statements.situation), "next looks")
    # PostgreSQL keeps to its memory by itself, and reads all decisions for each range.
    whole = connection.dialect.name == "postgresql"
    for first, last in [EVERYBODY] if whole else ranges(connection, CANDIDATE.c.customer_id):
        connection.execute(of_range, {"first": first, "last": last})
    for each in others:
        connection.execute(each)


def _stir_crowd(connection: Connection, situation: Situation, limits: Iterable[Limit]) -> bool:
    """Where a shared limit may not hold everybody, the open touches under it compete again."""
    stirred = False
    for limit in limits:
        if crowded(connection, limit, situation):
            known = select(1).where(STIRRED.c.owner_id == TOUCH.c.owner_id).exists()
            owners = select(TOUCH.c.owner_id).where(open_owners(limit), ~known).distinct()
            stirred |= connection.execute(insert(STIRRED).from_select(["owner_id"], owners)).rowcount > 0
    return stirred


def _share(connection: Connection, situation: Situation, limits: Iterable[Limit]) -> None:
    full: dict[int, list[Block]] = {}
    # Each round closes a period to somebody for good, and there are only so many before an expiry.
    while over := [each for limit in limits for each in surplus(connection, limit, situation)]:
        for candidate_id, _owner, block in over:
            full.setdefault(candidate_id, []).append(block)
        owners = sorted({owner for _, owner, _ in over})
        placed = (CANDIDATE.c.gate == 0, CANDIDATE.c.exits.is_(None), among(CANDIDATE.c.owner_id, owners))
        decided = select(CANDIDATE.c.id).where(*placed)
        connection.execute(delete(DECISION).where(DECISION.c.candidate_id.in_(decided)))
        for start in range(0, len(owners), 500):
            place_all(connection, situation, make_placer(connection, situation, full), owners[start : start + 500])


def _write_steps(connection: Connection, situation: Situation) -> None:
    rows = [
        {
            "step_id": each.id,
            "campaign": each.campaign.campaign,
            "step": each.step.step,
            "first_channel": each.step.channels[0],
            "second_channel": each.step.channels[1] if len(each.step.channels) > 1 else None,
            "obeys_cap": each.campaign.obeys_cap,
            "campaign_version": 0,
        }
        for each in situation.steps
    ]
    if rows:
        connection.execute(insert(PLAN_STEP), rows)
