"""Four rules in our campaign language beside their twins in SQL: opening and staging, the same rows or no figure."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text

from nurture.campaign import After, Anniversary, Campaign
from nurture.gates.situation import Situation
from nurture.planning.cadence import Due, find_due
from nurture.planning.opening import gathering, open_after, open_schedule, store_opened
from nurture.planning.returning import fill_days, open_anniversaries
from nurture.planning.staging import stage
from nurture.planning.statements import statements_of
from nurture.planning.times import Times, prepare_times
from nurture.planning.workspace import ANNIVERSARY_DAY, AUDIENCE, CANDIDATE, count_rows, prepare
from nurture.store import open_engine, planning

from .effort import Effort, spent
from .figure import Figure, ratio
from .keeping import empty
from .moment import DAY, EPOCH, NOW
from .situations import only, rules
from .twins import twin

RULES = ("birthday", "thanks", "cross-sell", "newsletter")
LETTERS = dict(zip(RULES, "abcd", strict=True))
GOAL = 1.2
OFFSETS = {"Asia/Tokyo": 32_400, "Asia/Taipei": 28_800, "Asia/Bangkok": 25_200}
COMPARED = ("customer_id", "occurrence", "step_id", "due_at", "expires_at", "gate", "channel", "held", "incomplete")
BLANKS = " \t\r\n\u3000"
Pair = tuple[Effort, Effort]
"""Ours and theirs, of one round."""
Act = Callable[[Connection, Times], None]


def compare(url: str, rounds: int) -> list[Figure]:
    """The ratio of each rule, and of the first three together."""
    empty(url)
    engine = open_engine(url)
    database = engine.dialect.name
    figures, three = [], [(Effort(), Effort())] * rounds
    for rule in RULES:
        pairs, people = _rounds(engine, rule, rounds)
        what = f"{LETTERS[rule]}: {rule}, {people:,} candidates, ours : by hand"
        figures.append(ratio(what, pairs, database=database, goal=GOAL if _long(pairs) else None))
        if rule != "newsletter":
            three = [(_sum(a, c), _sum(b, d)) for (a, b), (c, d) in zip(three, pairs, strict=True)]
    figures.append(ratio("a + b + c, ours : by hand", three, database=database, goal=GOAL))
    engine.dispose()
    return figures


def ours_of(url: str) -> Effort:
    """What opening and staging the first three rules takes, after a first time that warms the caches."""
    engine, total = open_engine(url), Effort()
    for rule in RULES[:3]:
        situation = only(rules(NOW), rule)
        _effort(engine, situation, _ours(situation))
        total = _sum(total, _effort(engine, situation, _ours(situation)))
    engine.dispose()
    return total


def _long(pairs: Sequence[Pair]) -> bool:
    """Below 50 ms a rule alone says more of the clock than of the rule."""
    return min(theirs.cpu for _, theirs in pairs) >= 0.05


def _sum(one: Effort, other: Effort) -> Effort:
    return Effort(one.wall + other.wall, one.cpu + other.cpu)


def _rounds(engine: Engine, rule: str, rounds: int) -> tuple[list[Pair], int]:
    situation = only(rules(NOW), rule)
    ours, theirs = _ours(situation), _theirs(situation, rule)
    expected = _rows(engine, situation, ours)
    if expected != _rows(engine, situation, theirs):
        raise AssertionError(f"{rule}: the planner and the SQL written by hand differ")
    pairs: list[Pair] = []
    for turn in range(rounds):
        order = (ours, theirs) if turn % 2 else (theirs, ours)
        took = {act: _effort(engine, situation, act) for act in order}
        pairs.append((took[ours], took[theirs]))
    return pairs, len(expected)


def _effort(engine: Engine, situation: Situation, act: Act) -> Effort:
    with planning(engine, prepare) as opened:
        times = prepare_times(opened.connection, situation)
        with spent(opened.connection) as effort:
            act(opened.connection, times)
        return effort


def _rows(engine: Engine, situation: Situation, act: Act) -> list[Any]:
    with planning(engine, prepare) as opened:
        act(opened.connection, prepare_times(opened.connection, situation))
        columns = [CANDIDATE.c[name] for name in COMPARED]
        order = [CANDIDATE.c[name] for name in ("customer_id", "step_id", "occurrence")]
        return list(opened.connection.execute(select(*columns).order_by(*order)))


def _ours(situation: Situation) -> Act:
    campaign = situation.campaigns.campaigns[0]

    def act(connection: Connection, times: Times) -> None:
        _open(connection, situation, campaign, times)
        stage(connection, statements_of(situation, times), campaign, fresh=True)

    return act


def _open(connection: Connection, situation: Situation, campaign: Campaign, times: Times) -> None:
    if isinstance(campaign.trigger, After):
        store_opened(connection, open_after(situation, campaign, None))
    elif isinstance(campaign.trigger, Anniversary):
        fill_days(connection, situation, campaign, times)
        for statement in open_anniversaries(situation, campaign, times):
            store_opened(connection, statement)
    else:
        due: Due = find_due(connection, situation)
        for each in due.schedules:
            for statement in gathering(situation, campaign, each.instant):
                connection.execute(statement)
            count_rows(connection, AUDIENCE)
            store_opened(connection, open_schedule(situation, campaign, each.instant, each.label))


def _theirs(situation: Situation, rule: str) -> Act:
    values = {
        "now": EPOCH,
        "horizon": situation.horizon,
        "blanks": BLANKS,
        "instant": EPOCH,
        "occurrence": "schedule:2026-12-01T10:00",
        "half_a_year_ago": EPOCH - 180 * DAY,
        "two_weeks_ago": EPOCH - 14 * DAY,
    }

    def act(connection: Connection, times: Times) -> None:
        if rule == "birthday":
            connection.execute(insert(ANNIVERSARY_DAY), list(_days(situation)))
            count_rows(connection, ANNIVERSARY_DAY)
        for statement in twin(rule, connection.dialect.name):
            connection.execute(text(statement), values)

    return act


def _days(situation: Situation) -> list[dict[str, object]]:
    """The nine days on which a birthday can still be greeted, in each zone."""
    found: list[dict[str, object]] = []
    for zone, offset in OFFSETS.items():
        for days in range(-9, 3):
            day = NOW.date() + timedelta(days=days)
            base = int((EPOCH + days * DAY) // DAY * DAY) - offset
            if EPOCH - 8 * DAY < base < situation.horizon:
                found.append({"zone": zone, "month": day.month, "day": day.day, "year": day.year, "base_at": base})
                found[-1] |= {"born_from": None, "born_to": None}
    return found
