"""A run without delivery: what the daemon's planner does at a tick."""

from datetime import datetime

from sqlalchemy import Engine

from nurture.gates.situation import Situation
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.preview.foresight import requirements
from nurture.store import planning
from tests.preview import people


def run(engine: Engine, now: datetime) -> None:
    """Plans a tick of the test shop at `now` and writes it down."""
    situation = Situation(people.settings(), people.campaigns(), requirements(people.templates()), now)
    with planning(engine, prepare) as opened:
        commit(opened, situation, plan(opened.connection, situation))
