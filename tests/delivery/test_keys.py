"""Every statement of delivery finds its rows by key, however many there are: read from SQLite's own plans."""

import importlib
import re

import pytest

from nurture.store import Prepared, open_engine, reading

MODULES = ("delivery.claiming", "delivery.fencing", "delivery.recording", "store.facts", "store.change")
PARAMETERS = {"rows": "[[1,1,1,1,1,1,1]]", "now": 0, "instant": 0, "leased": 0, "holder": "w", "generated": 0}
STATEMENTS = {
    f"{module}.{name}": found
    for module in MODULES
    for name, found in vars(importlib.import_module(f"nurture.{module}")).items()
    if isinstance(found, Prepared) and "FOR UPDATE" not in found.text("sqlite")
}
LARGE = "touch customer attempt message contact customer_fact customer_change touch_log".split()
READ_WHOLE = re.compile(rf"\bSCAN ({'|'.join(LARGE)})\b")


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_reads_a_whole_table(sqlite_database: str, name: str) -> None:
    engine = open_engine(sqlite_database)
    with reading(engine) as connection:
        cursor = connection.connection.cursor()
        plan = cursor.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name].text('sqlite')}", PARAMETERS).fetchall()
        cursor.close()
    engine.dispose()
    details = [row[3] for row in plan]
    assert not [each for each in details if READ_WHOLE.search(each)], details


def test_the_statements_are_found() -> None:
    assert len(STATEMENTS) > 10
