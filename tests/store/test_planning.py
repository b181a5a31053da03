"""What a preview and a planning run may do to a database, and what they may not."""

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from nurture.store import open_engine, planning, reading, take_second, writing
from nurture.store.tables import Customer, table
from tests.store.people import NOON, admit, person

customer = table(Customer)
ALICE, BOB = 1, 2
REFUSED = "readonly|read-only|not authorized"


def make_candidates(connection: Connection) -> None:
    connection.execute(text("CREATE TEMP TABLE candidate (customer_id bigint PRIMARY KEY, due_at bigint)"))
    connection.execute(text("CREATE INDEX ix_candidate_due ON candidate (due_at)"))


def stage(connection: Connection) -> None:
    connection.execute(text("INSERT INTO candidate SELECT id, 100 FROM customer"))
    connection.execute(text("DELETE FROM candidate WHERE customer_id = 2"))
    connection.execute(text("ANALYZE candidate"))


def staged(connection: Connection) -> int | None:
    found: int | None = connection.scalar(text("SELECT count(*) FROM candidate"))
    return found


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE customer SET version = 9",
        "DELETE FROM customer",
        "INSERT INTO setting VALUES ('a', 'b')",
        "INSERT INTO customer_change SELECT customer_id, 1 FROM candidate",
        "CREATE TABLE mallory (id integer)",
        "DROP TABLE customer",
        "CREATE INDEX mallory ON customer (version)",
    ],
)
@pytest.mark.parametrize("way", ["reading", "planning"])
def test_a_plan_cannot_write(engine: Engine, way: str, attempt: str) -> None:
    admit(engine, [person(ALICE)])
    opened = reading(engine, make_candidates) if way == "reading" else planning(engine, make_candidates)
    with opened as given:
        connection = given if isinstance(given, Connection) else given.connection
        stage(connection)
        with pytest.raises(DBAPIError, match=REFUSED):
            connection.execute(text(attempt))
    with reading(engine) as connection:
        assert connection.scalars(select(customer.c.version)).all() == [1]


def test_a_preview_may_stage_in_temp_tables_of_which_nothing_is_left(engine: Engine) -> None:
    admit(engine, [person(ALICE), person(BOB)])
    for _ in range(2):
        with reading(engine, make_candidates) as connection:
            stage(connection)
            assert staged(connection) == 1


def test_a_preview_sees_one_moment_whatever_is_written_meanwhile(engine: Engine) -> None:
    admit(engine, [person(ALICE)])
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(customer)) == 1
        admit(engine, [person(BOB)])
        assert connection.scalar(select(func.count()).select_from(customer)) == 1
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(customer)) == 2


def test_what_a_run_staged_outlives_its_snapshot_and_is_committed_in_ranges(engine: Engine) -> None:
    admit(engine, [person(number) for number in (1, 3, 4, 5)])
    with planning(engine, make_candidates) as plan:
        stage(plan.connection)
        for first, last in ((1, 3), (4, 5)):
            with plan.write() as connection:
                connection.execute(
                    text(
                        "INSERT INTO customer_change SELECT customer_id, 1 FROM candidate"
                        " WHERE customer_id BETWEEN :first AND :last"
                    ),
                    {"first": first, "last": last},
                )
            with reading(engine) as other:
                assert other.scalar(text("SELECT max(customer_id) FROM customer_change")) == last
        assert staged(plan.connection) == 4


def test_a_range_that_fails_takes_only_itself_along(engine: Engine) -> None:
    admit(engine, [person(ALICE), person(3)])
    with planning(engine, make_candidates) as plan:
        stage(plan.connection)
        with plan.write() as connection:
            connection.execute(update(customer).where(customer.c.id == ALICE).values(version=2))
        with pytest.raises(ZeroDivisionError), plan.write() as connection:
            connection.execute(update(customer).values(version=1 // 0))
        assert staged(plan.connection) == 2
        with plan.write() as connection:
            connection.execute(update(customer).where(customer.c.id == 3).values(version=3))
    with reading(engine) as connection:
        assert connection.scalars(select(customer.c.version).order_by(customer.c.id)).all() == [2, 3]


def test_a_run_writes_although_the_state_changed_since_its_snapshot(engine: Engine) -> None:
    admit(engine, [person(ALICE)])
    with planning(engine, make_candidates) as plan:
        stage(plan.connection)
        admit(engine, [person(BOB)])
        with plan.write() as connection:
            connection.execute(update(customer).where(customer.c.version == 1).values(version=2))
    with reading(engine) as connection:
        assert connection.scalars(select(customer.c.version)).all() == [2, 2]


def test_another_writer_gets_in_between_two_ranges(engine: Engine) -> None:
    with planning(engine, make_candidates) as plan:
        with plan.write() as connection:
            connection.execute(insert(customer), [person(ALICE)])
        admit(engine, [person(BOB)])
        with plan.write() as connection:
            connection.execute(insert(customer), [person(3)])
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(customer)) == 3


def test_the_next_user_of_the_pool_finds_no_temp_tables(engine: Engine) -> None:
    for _ in range(3):
        with planning(engine, make_candidates) as plan, plan.write():
            pass
        with pytest.raises(DBAPIError), writing(engine) as connection:
            connection.execute(text("SELECT * FROM candidate"))


def test_a_run_may_plan_nothing(engine: Engine) -> None:
    with planning(engine) as plan, plan.write() as connection:
        connection.execute(insert(customer), [person(ALICE) | {"created_at": NOON}])
    with reading(engine) as connection:
        assert connection.scalar(select(customer.c.id)) == ALICE


def test_the_other_connections_of_a_large_plan_see_the_same_moment_and_cannot_write_either(engine: Engine) -> None:
    admit(engine, [person(ALICE)])
    with planning(engine, make_candidates, large=True) as plan:
        second, third = take_second(plan.connection), take_second(plan.connection)
        assert second is not None
        assert third is not None
        assert take_second(plan.connection) is None
        admit(engine, [person(BOB)])
        for each in (plan.connection, second, third):
            assert each.scalar(select(func.count()).select_from(customer)) == 1
            with pytest.raises(DBAPIError, match=REFUSED):
                each.execute(update(customer).values(version=9))
        second.close()
        third.close()
    with planning(engine, make_candidates, large=True) as plan, plan.write() as connection:
        connection.execute(update(customer).values(version=9))
    with reading(engine) as connection:
        assert connection.scalars(select(customer.c.version)).all() == [9, 9]


def test_what_is_worth_no_connection_to_postgresql_is_planned_on_one(postgres_database: str) -> None:
    engine = open_engine(postgres_database)
    with planning(engine, make_candidates) as plan:
        assert take_second(plan.connection) is None
    with engine.begin() as connection:
        connection.execute(text("UPDATE pg_class SET relpages = 1000000 WHERE relname = 'customer'"))
    with planning(engine, make_candidates) as plan:
        assert take_second(plan.connection, rows=10) is None
        assert take_second(plan.connection, rows=1_000_000) is not None
    engine.dispose()


def test_a_plan_that_gets_no_second_connection_goes_on_with_one(postgres_database: str) -> None:
    engine = open_engine(postgres_database)
    admit(engine, [person(ALICE)])
    with planning(engine, make_candidates, large=True) as plan:
        engine.dispose()
        event.listen(engine, "do_connect", _refuse)
        assert take_second(plan.connection) is None
        assert plan.connection.scalar(select(func.count()).select_from(customer)) == 1
    engine.dispose()


def _refuse(dialect: Any, record: Any, arguments: Any, parameters: Any) -> None:
    raise dialect.loaded_dbapi.OperationalError("FATAL: sorry, too many clients already")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="nothing tells which files are open")
def test_a_large_plan_leaves_no_file_open(sqlite_database: str) -> None:
    engine = open_engine(sqlite_database)
    admit(engine, [person(ALICE)])
    engine.dispose()
    before = set(os.listdir("/proc/self/fd"))
    with planning(engine, make_candidates, large=True) as plan, plan.write() as connection:
        connection.execute(update(customer).values(version=9))
        during = set(os.listdir("/proc/self/fd"))
    engine.dispose()
    assert len(during) >= len(before) + 2
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_small_plan_has_one_connection(engine: Engine) -> None:
    with planning(engine, make_candidates) as plan:
        assert take_second(plan.connection) is None


def test_the_log_of_a_large_plan_is_copied_between_its_transactions_and_no_part_of_one(sqlite_database: str) -> None:
    engine = open_engine(sqlite_database)
    admit(engine, [person(ALICE)])
    log = Path(f"{engine.url.database}-wal")
    lengths = []
    with planning(engine) as opened:
        for letter in "abcdefghijklmnopqrstuvwxy":
            with opened.write() as connection:
                # Four megabytes at the fourth: from there on SQLite by itself would copy it after every commit.
                connection.execute(update(customer).values(note=letter * 1_000_000))
            lengths.append(log.stat().st_size)
            # Whoever reads in between is in nobody's way: once the transaction after a copy found the table locked.
            assert opened.connection.scalars(select(customer.c.version)).first() is not None
        assert opened.connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 0
    engine.dispose()
    # Twenty transactions and no more: the next begins the log anew.
    assert 19_000_000 < max(lengths) < 24_000_000
