"""On PostgreSQL too, no statement of planning walks through a large table once for each row of another.

PostgreSQL reads tables of a few hundred rows whole, and is right. So it is told that they hold millions, and forbidden
to read them whole or to join them in any other way: where it still walks through one in an inner loop, there was no
key to use.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from bench.filling import fill
from bench.moment import NOW
from bench.situations import twenty
from bench.world import World
from nurture.store import open_engine
from tests.planning.test_query_plans import BOOKINGS, CARELESS, SHOPS, THURSDAY, at, open_every_schedule, tick

FORBIDDEN = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_material", "enable_memoize")
LARGE = (
    "customer account address consent order order_line contact enrollment touch customer_fact dated_fact booking event "
    "customer_tag hold suppression membership touch_log message"
).split()
"""Tables that grow with the customers."""
Plan = dict[str, Any]
Found = dict[str, list[str]]
"""Statement → what is wrong with its plan."""


@pytest.fixture
def town(postgres_database: str) -> Iterator[Engine]:
    """Three hundred customers with orders, bookings and contacts, and the statistics that go with them."""
    fill(postgres_database, World(customers=300, seed=1), lambda said: None)
    engine = open_engine(postgres_database)
    event.listen(engine, "connect", _forbid)
    with engine.begin() as connection:
        for statement in (BOOKINGS, HOLDS):
            connection.execute(text(statement))
    yield engine
    engine.dispose()


HOLDS = """
    INSERT INTO hold (customer_id, kind, category, opened_at, closed_at, note)
    SELECT id, 'complaint', '', created_at, created_at + 1, '' FROM customer
"""
MILLIONS = "UPDATE pg_class SET relpages = 1, reltuples = 1000000 WHERE relkind = 'r' AND relname = ANY (:tables)"
"""A million rows on each page, of which it counts the pages itself."""


@pytest.mark.parametrize("shop", SHOPS)
def test_no_large_table_is_walked_through_for_each_row_of_another(town: Engine, shop: str) -> None:
    situation = SHOPS[shop]()
    tick(town, situation)
    believe_in_millions(town)
    with reading_plans(town) as found:
        for now in (NOW, THURSDAY):
            tick(town, at(situation, now))
        open_every_schedule(town, at(situation, THURSDAY))
    assert len(found) > 40
    assert {statement: wrong for statement, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("changing", ["INSERT INTO touch_log", "UPDATE touch "])
def test_a_commit_finds_the_touches_it_changes_by_their_numbers(town: Engine, changing: str) -> None:
    """Not by an index of what is planned: the statistics are of a time when that was little, and each range of
    customers would read all that the ranges before it have planned."""
    tick(town, twenty(NOW))
    pretend(town, "UPDATE touch SET status = 'sent'")
    believe_in_millions(town)
    pretend(town, "UPDATE touch SET status = 'planned'")
    with reading_plans(town, read=_ways_to_touches) as found:
        tick(town, twenty(THURSDAY))
    (ways,) = (ways for statement, ways in found.items() if statement.startswith(changing))
    assert set(ways) == {"touch_pkey"}


def test_where_nothing_is_due_no_large_table_is_read_whole(town: Engine) -> None:
    """Half of all touches had their slot before now, say the statistics, and half of all are planned: none is both."""
    situation = at(twenty(NOW), NOW + timedelta(minutes=1))
    tick(town, twenty(NOW))
    tick(town, situation)
    before, later = (int((situation.now + delay).timestamp()) for delay in (timedelta(hours=-1), timedelta(days=1)))
    pretend(town, f"UPDATE touch SET status = CASE WHEN id % 2 = 0 THEN 'sent' ELSE 'planned' END, at = {before}")
    believe_in_millions(town)
    pretend(town, f"UPDATE touch SET at = {later}, expires_at = {later} WHERE status = 'planned'")
    free = open_engine(town.url.render_as_string(hide_password=False))
    with reading_plans(free, read=_read_whole) as found:
        assert tick(free, situation).owners == 0
    free.dispose()
    assert {statement: whole for statement, whole in found.items() if whole} == {}


@pytest.mark.parametrize("careless", CARELESS)
def test_a_careless_statement_is_found(town: Engine, careless: str) -> None:
    believe_in_millions(town)
    with reading_plans(town) as found, town.connect() as connection:
        connection.execute(text(CARELESS[careless]))
    assert any(found.values())


def believe_in_millions(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
        connection.execute(text(MILLIONS), {"tables": list(LARGE)})


def pretend(engine: Engine, statement: str) -> None:
    """Runs it past the triggers that would refuse it."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


@contextmanager
def reading_plans(engine: Engine, read: Callable[[Plan], Iterable[str]] | None = None) -> Iterator[Found]:
    """Asks for the plan of every statement that runs meanwhile, just before it runs; notes what is wrong with it, or
    what `read` says."""
    found: Found = {}

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        planned = not many and statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
        if planned and statement not in found:
            found[statement] = list((read or _unkeyed)(_explained(connection, statement, parameters)))

    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def _forbid(connection: Any, record: Any) -> None:
    for way in FORBIDDEN:
        connection.execute(f"SET {way} = off")
    connection.commit()


def _explained(connection: Connection, statement: str, parameters: Any) -> dict[str, Any]:
    with connection.connection.cursor() as cursor:
        rows = cursor.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}", parameters or None).fetchall()
    plan: dict[str, Any] = rows[0][0][0]["Plan"]
    return plan


def _unkeyed(node: dict[str, Any], repeated: bool = False, once: frozenset[str] = frozenset()) -> Iterator[str]:
    """Scans of large tables without a key that are begun anew for each row of something else."""
    # A hashed subplan is read once, and so is whatever an InitPlan gives.
    once |= {f"SubPlan {word.split(')')[0]}" for word in str(node).split("hashed SubPlan ")[1:]}
    if repeated and node.get("Relation Name") in LARGE and "Index Cond" not in node and _scans(node):
        yield f"{node['Node Type']} of {node['Relation Name']}, {node.get('Filter', 'all of it')}"
    for each in node.get("Plans", ()):
        inner = node["Node Type"] == "Nested Loop" and each["Parent Relationship"] == "Inner"
        correlated = each["Parent Relationship"] == "SubPlan" and each.get("Subplan Name") not in once
        fresh = each["Parent Relationship"] == "InitPlan" or each.get("Subplan Name") in once
        yield from _unkeyed(each, (repeated and not fresh) or inner or correlated, once)


def _read_whole(node: Plan) -> Iterator[str]:
    """Tables that a plan reads from end to end; an empty one it may."""
    if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in ("customer", "enrollment", "touch", "order"):
        yield node["Relation Name"]
    for each in node.get("Plans", ()):
        yield from _read_whole(each)


def _ways_to_touches(node: Plan) -> Iterator[str]:
    """The indexes through which a plan reads touches; `` where it reads them whole."""
    if node.get("Relation Name") == "touch" and _scans(node):
        yield node.get("Index Name", "")
    for each in node.get("Plans", ()):
        yield from _ways_to_touches(each)


def _scans(node: dict[str, Any]) -> bool:
    return node["Node Type"] in ("Seq Scan", "Index Scan", "Index Only Scan")
