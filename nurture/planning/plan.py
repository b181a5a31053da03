"""The plan: everything between reading state and knowing who gets what, when and why not. It writes TEMP tables only.

The same snapshot and the same situation give the same rows, whoever asks: preview is `plan`, run is `plan` + `commit`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from nurture.campaign import After, Anniversary, Campaign, Entered
from nurture.gates.limit import Limit, limits_of
from nurture.gates.placing import Block
from nurture.gates.reach import FIXED
from nurture.gates.situation import Situation
from nurture.gates.timing import make_placer
from nurture.store import among
from nurture.store.tables import Touch, table

from .cadence import Due, find_due
from .limits import crowded, open_owners, surplus
from .opening import count_unreachable, open_after, open_schedule, store_opened
from .returning import fill_days, open_anniversaries
from .settling import fill_flags, note_next_look, settle
from .staging import ask, stage, stage_removed, stir
from .streaming import place_all
from .times import Times, prepare_times
from .watching import open_entered, watch
from .workspace import ASKED, CANDIDATE, DECISION, OPENED, PLAN_STEP, STIRRED, count_rows

TOUCH = table(Touch)


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
    _write_steps(connection, situation)
    left_out: dict[str, dict[str, int]] = {}
    opened = sum(_open(connection, situation, campaign, times, due) for campaign in situation.campaigns.campaigns)
    opened += _open_schedules(connection, situation, due, left_out)
    owners = stir(connection, situation, all_open=due.generation_changed)
    if owners:
        _decide(connection, situation, times)
    return Planned(due, opened, owners, left_out)


def _open(connection: Connection, situation: Situation, campaign: Campaign, times: Times, due: Due) -> int:
    if isinstance(campaign.trigger, After):
        received_since = None if due.full else due.received_since
        return store_opened(connection, open_after(situation, campaign, received_since))
    if isinstance(campaign.trigger, Anniversary) and due.full and fill_days(connection, situation, campaign, times):
        return sum(store_opened(connection, each) for each in open_anniversaries(situation, campaign, times))
    if isinstance(campaign.trigger, Entered) and campaign.trigger.entered in due.segments:
        return _open_entered(connection, situation, campaign, campaign.trigger.entered, due)
    return 0


def _open_entered(connection: Connection, situation: Situation, campaign: Campaign, segment: str, due: Due) -> int:
    watchers = [each for each in situation.campaigns.campaigns if isinstance(each.trigger, Entered)]
    first = next(each for each in watchers if isinstance(each.trigger, Entered) and each.trigger.entered == segment)
    if first is campaign:
        watch(connection, situation, segment, first_time=segment in due.first_time)
    return store_opened(connection, open_entered(situation, campaign))


def _open_schedules(connection: Connection, situation: Situation, due: Due, left_out: dict[str, dict[str, int]]) -> int:
    opened = 0
    for each in due.schedules:
        opened += store_opened(connection, open_schedule(situation, each.campaign, each.instant, each.label))
        counted = connection.execute(count_unreachable(situation, each.campaign))
        left_out[each.name] = {FIXED[gate]: number for gate, number in counted}
    return opened


def _decide(connection: Connection, situation: Situation, times: Times) -> None:
    fill_flags(connection)
    count_rows(connection, OPENED)
    _stage_opened(connection, situation, times)
    _stage_asked(connection, situation, times)
    limits = limits_of(situation)
    if _stir_crowd(connection, situation, limits):
        connection.execute(delete(CANDIDATE))
        ask(connection)
        _stage_opened(connection, situation, times)
        _stage_asked(connection, situation, times)
    count_rows(connection, CANDIDATE)
    settle(connection, situation)
    place_all(connection, situation, make_placer(connection, situation))
    _share(connection, situation, limits)
    count_rows(connection, DECISION)
    note_next_look(connection, situation)


def _stage_opened(connection: Connection, situation: Situation, times: Times) -> None:
    with_rows = _campaigns_in(connection, OPENED)
    for campaign in situation.campaigns.campaigns:
        if campaign.campaign in with_rows:
            stage(connection, situation, campaign, times, fresh=True)


def _stage_asked(connection: Connection, situation: Situation, times: Times) -> None:
    with_rows = _campaigns_in(connection, ASKED)
    for campaign in situation.campaigns.campaigns:
        if campaign.campaign in with_rows:
            stage(connection, situation, campaign, times, fresh=False)
    if with_rows:
        stage_removed(connection, situation)


def _campaigns_in(connection: Connection, where: object) -> set[str]:
    return set(connection.scalars(select(where.c.campaign).distinct()))  # type: ignore[attr-defined]


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
        for start in range(0, len(owners), 500):
            chosen = owners[start : start + 500]
            placed = (CANDIDATE.c.gate == 0, CANDIDATE.c.exits.is_(None), among(CANDIDATE.c.owner_id, chosen))
            decided = select(CANDIDATE.c.id).where(*placed)
            connection.execute(delete(DECISION).where(DECISION.c.candidate_id.in_(decided)))
            place_all(connection, situation, make_placer(connection, situation, full), chosen)


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
