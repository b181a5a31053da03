"""No statement of planning walks through a table once for each row of another.

SQLite has no hash join: two tables joined without a key took 207 seconds where the keyed form takes half a second. So
the plans of every statement are read that the campaigns of this repository lead to. PostgreSQL, which chooses by the
size of the tables among joins that SQLite does not have, is asked in test_query_plans_postgresql.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from bench.filling import fill
from bench.moment import BEFORE, NOW
from bench.situations import rules, twenty
from bench.world import World
from nurture.campaign import Schedule, load_campaigns
from nurture.config import load_settings
from nurture.gates.situation import Situation
from nurture.message.template import Templates
from nurture.planning.commit import commit
from nurture.planning.opening import count_unreachable, gathering, open_schedule, store_opened
from nurture.planning.plan import Planned, plan
from nurture.planning.workspace import prepare
from nurture.store import open_engine, planning

REPOSITORY = Path(__file__).parents[2]
THURSDAY = NOW + timedelta(days=2, hours=1)
LARGE = (
    "customer account address consent order order_line contact enrollment touch customer_fact dated_fact booking event"
).split()
"""Tables that grow with the customers; a tick with nothing to do may not walk through one of them."""


def a_shop(folder: Path) -> Situation:
    settings = load_settings(folder, {})
    templates = Templates.load(folder / settings.templates)
    campaigns = load_campaigns(folder / settings.campaigns, settings)
    return Situation(settings, campaigns, {each.name: each.requires for each in templates}, BEFORE)


SHOPS: dict[str, Callable[[], Situation]] = {
    "the sample shop": lambda: a_shop(REPOSITORY),
    "the salon": lambda: a_shop(REPOSITORY / "nurture/shop/kinds/salon"),
    "the bench's four rules": lambda: rules(BEFORE),
    "the bench's twenty campaigns": lambda: twenty(BEFORE),
}


@pytest.fixture
def town(sqlite_database: str) -> Iterator[Engine]:
    """Three hundred customers with orders, bookings and contacts, and the statistics that go with them."""
    fill(sqlite_database, World(customers=300, seed=1), lambda said: None)
    engine = open_engine(sqlite_database)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(BOOKINGS))
        connection.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


BOOKINGS = """
    INSERT INTO booking (key, customer_id, status, starts_at, menu, staff, price, received_at)
    SELECT key, customer_id, CASE WHEN id < 30 THEN 'no_show' ELSE 'visited' END, ordered_at, 'カット', '港', 0,
      ordered_at
    FROM "order"
"""


@pytest.mark.parametrize("shop", SHOPS)
def test_no_table_is_walked_through_for_each_row_of_another(town: Engine, shop: str) -> None:
    situation = SHOPS[shop]()
    with reading_plans(town) as found:
        for now in (BEFORE, NOW, THURSDAY):
            tick(town, at(situation, now))
        open_every_schedule(town, at(situation, THURSDAY))
    assert len(found.plans) > 40
    assert found.complaints() == []


def test_a_tick_with_nothing_to_do_walks_through_no_large_table(town: Engine) -> None:
    situation = twenty(BEFORE)
    tick(town, situation)
    with reading_plans(town) as found:
        planned = tick(town, at(situation, BEFORE + timedelta(seconds=20)))
    assert (planned.due.full, planned.opened) == (False, 0)
    walked = [(plan.walked() & set(LARGE), plan.statement) for plan in found.plans.values()]
    assert [each for each in walked if each[0]] == []


def test_a_tick_reads_only_the_orders_that_came_in_since_the_last(town: Engine) -> None:
    situation = twenty(BEFORE)
    tick(town, situation)
    lately = {"now": int((BEFORE + timedelta(seconds=10)).timestamp())}
    with town.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(text('UPDATE "order" SET received_at = :now WHERE id = 1'), lately)
    with reading_plans(town) as found:
        tick(town, at(situation, BEFORE + timedelta(seconds=20)))
    opening = [plan for plan in found.plans.values() if plan.statement.startswith("INSERT INTO opened")]
    begun_with = {next(each for _, _, each in plan.steps if each.startswith(("SCAN", "SEARCH"))) for plan in opening}
    assert begun_with == {"SEARCH received USING COVERING INDEX ix_order_received (received_at>?)"}


CARELESS = {
    "a join without a key": "SELECT count(*) FROM contact JOIN customer ON customer.note = contact.note",
    "a probe without a key": """
        SELECT count(*) FROM customer WHERE EXISTS (SELECT 1 FROM contact WHERE contact.note = customer.name)
    """,
    "two groups side by side": """
        SELECT count(*)
        FROM (SELECT customer_id, count(*) AS n FROM order_line GROUP BY 1) bought
        JOIN contact ON length(contact.note) > bought.n
    """,
}


@pytest.mark.parametrize("careless", CARELESS)
def test_a_careless_statement_is_found(town: Engine, careless: str) -> None:
    with reading_plans(town) as found, town.connect() as connection:
        connection.execute(text(CARELESS[careless]))
    assert found.complaints() != []


def at(situation: Situation, now: Any) -> Situation:
    return Situation(situation.settings, situation.campaigns, situation.requires, now)


def tick(engine: Engine, situation: Situation) -> Planned:
    with planning(engine, prepare) as opened:
        planned = plan(opened.connection, situation)
        commit(opened, situation, planned)
    return planned


def open_every_schedule(engine: Engine, situation: Situation) -> None:
    with planning(engine, prepare) as opened:
        for campaign in situation.campaigns.campaigns:
            if isinstance(campaign.trigger, Schedule):
                for each in gathering(situation, campaign, situation.instant):
                    opened.connection.execute(each)
                opened.connection.execute(count_unreachable())
                found = open_schedule(situation, campaign, situation.instant, "2026-12-03T11:00")
                store_opened(opened.connection, found)


@dataclass
class Plan:
    """How a database means to carry out a statement."""

    statement: str
    steps: list[tuple[int, int, str]]
    """Rows of EXPLAIN QUERY PLAN: id, parent, detail."""

    def complaints(self) -> list[str]:
        return [f"{each}\n{self.statement}" for each in _unkeyed_loops(self.steps)]

    def walked(self) -> set[str]:
        details = [detail for _, _, detail in self.steps]
        return {_table(each) for each in details if each.startswith("SCAN ")}


@dataclass
class Plans:
    """Every statement met, with its plan."""

    plans: dict[str, Plan] = field(default_factory=dict)

    def complaints(self) -> list[str]:
        return [each for plan in self.plans.values() for each in plan.complaints()]


@contextmanager
def reading_plans(engine: Engine) -> Iterator[Plans]:
    """Asks for the plan of every statement that runs meanwhile, just before it runs."""
    found = Plans()

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if not many and statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            found.plans.setdefault(statement, Plan(statement, _explained(connection, statement, parameters)))

    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def _explained(connection: Connection, statement: str, parameters: Any) -> list[tuple[int, int, str]]:
    rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    return [(row[0], row[1], row[3]) for row in rows]


def _unkeyed_loops(rows: list[tuple[int, int, str]]) -> Iterator[str]:
    """Loops of one level stand below one parent, the outermost first (sqlite.org/eqp.html)."""
    details = {number: detail for number, _, detail in rows}
    parents = {number: parent for number, parent, _ in rows}
    outer: set[int] = set()
    for number, parent, detail in rows:
        walks = detail.startswith("SCAN ") and not _small(detail)
        # An index made for one statement is the database's own way out where the tables have none.
        if "AUTOMATIC" in detail or (walks and parent in outer):
            yield f"an inner loop without a key: {detail}"
        elif walks and any(each.startswith("CORRELATED") for each in _above(number, parents, details)):
            yield f"a correlated subquery without a key: {detail}"
        if detail.startswith(("SCAN ", "SEARCH ")):
            outer.add(parent)


def _above(number: int, parents: dict[int, int], details: dict[int, str]) -> Iterator[str]:
    while (number := parents.get(number, 0)) in details:
        yield details[number]


def _small(detail: str) -> bool:
    return detail.startswith("SCAN CONSTANT ROW") or _table(detail) in ("json_each",)


def _table(detail: str) -> str:
    return detail.split()[1].removesuffix("_probe")
