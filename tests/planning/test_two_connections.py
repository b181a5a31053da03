"""What is opened and staged on other connections meanwhile is what the first one would have written."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from bench.filling import fill
from bench.moment import BEFORE, NOW
from bench.situations import REQUIRES, twenty
from bench.world import World
from nurture.gates.situation import Situation
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import (
    ASKED,
    CANDIDATE,
    DECISION,
    LOOK,
    MEMBERSHIP_CHANGE,
    OPENED,
    SHOP_DAY,
    STIRRED,
    prepare,
)
from nurture.store import open_engine, planning

TABLES = (OPENED, MEMBERSHIP_CHANGE, SHOP_DAY, STIRRED, ASKED, CANDIDATE, DECISION, LOOK)


@pytest.fixture
def town(database_url: str) -> Iterator[Engine]:
    """Three hundred customers, for whom twenty campaigns have been planned three days ago."""
    fill(database_url, World(customers=300, seed=1), lambda said: None)
    engine = open_engine(database_url)
    with planning(engine, prepare) as opened:
        commit(opened, twenty(BEFORE), plan(opened.connection, twenty(BEFORE)))
    if engine.dialect.name == "postgresql":
        # In which order a join gives its rows goes by the statistics, which a server takes when it likes.
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    yield engine
    engine.dispose()


def planned(engine: Engine, situation: Situation, *, large: bool) -> dict[str, Any]:
    with planning(engine, prepare, large=large) as opened:
        result = plan(opened.connection, situation)
        found: dict[str, Any] = {
            each.name: opened.connection.execute(select(each).order_by(*each.primary_key)).all() for each in TABLES
        }
        return {**found, "opened now": result.opened, "left out": result.left_out}


def test_a_large_plan_is_row_for_row_the_plan_of_one_connection(town: Engine) -> None:
    alone = planned(town, twenty(NOW), large=False)
    assert planned(town, twenty(NOW), large=True) == alone
    broadcasts = {row.campaign for row in alone["opened"] if row.occurrence.startswith("schedule:")}
    others = {row.campaign for row in alone["opened"]} - broadcasts
    assert len(broadcasts) == 2
    assert others
    assert alone["membership_change"]
    assert len({row.campaign for row in alone["asked"]}) > 2
    assert sum(map(len, alone["left out"].values())) > 0


def test_what_a_large_plan_decides_is_committed(town: Engine) -> None:
    with planning(town, prepare, large=True) as opened:
        result = plan(opened.connection, twenty(NOW))
        committed = commit(opened, twenty(NOW), result)
    assert committed.enrollments == result.opened > 0
    assert planned(town, twenty(NOW), large=True)["opened now"] == 0


def test_where_a_day_does_not_hold_everybody_both_stage_the_same_once_more(town: Engine) -> None:
    scarce = twenty(NOW).settings
    scarce = scarce.model_copy(update={"email": scarce.email.model_copy(update={"per_day": 20})})
    situation = Situation(scarce, twenty(NOW).campaigns, REQUIRES, NOW)
    alone = planned(town, situation, large=False)
    assert planned(town, situation, large=True) == alone
    assert any("over_quota" in str(row.failing) for row in alone["decision"])
