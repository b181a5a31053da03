"""What comes back from the database is what was put in, in the same order, on both databases."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Text, column, insert, select, text
from sqlalchemy.exc import StatementError
from sqlmodel import Session

from nurture.store import among, binary_order, reading, writing
from nurture.store.tables import Customer, table
from tests.store.people import NOON, admit, person

customer = table(Customer)
TOKYO = ZoneInfo("Asia/Tokyo")
NAMES = ["b", "a", "B", "Ä", "ab", "a b", "a-b", "亜", "ア", "ｱ", "𠮷", ""]


def test_nine_in_tokyo_comes_back_as_midnight_in_utc(engine: Engine) -> None:
    nine = datetime(2026, 11, 22, 9, 0, tzinfo=TOKYO)
    with writing(engine) as connection:
        connection.execute(insert(customer), [person(1) | {"registered_at": nine}])
    with reading(engine) as connection:
        found = connection.scalar(select(customer.c.registered_at))
        same = connection.scalar(select(customer.c.id).where(customer.c.registered_at == nine))
        later = connection.scalar(select(customer.c.registered_at + 3600))
    assert found == nine
    assert found.isoformat() == "2026-11-22T00:00:00+00:00"
    assert same == 1
    assert later in (datetime(2026, 11, 22, 1, 0, tzinfo=UTC), int(nine.timestamp()) + 3600)


def test_the_models_give_instants_in_utc_as_well(engine: Engine) -> None:
    admit(engine, [person(1)])
    with reading(engine) as connection, Session(bind=connection, expire_on_commit=False) as session:
        alice = session.get(Customer, 1)
        assert alice is not None
        assert alice.created_at == NOON
        assert alice.created_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    naive = datetime(2026, 11, 22, 9, 0)  # noqa: DTZ001 - the offence itself
    with pytest.raises(StatementError, match="naive datetime"), writing(engine) as connection:
        connection.execute(insert(customer), [person(1) | {"registered_at": naive}])


def test_text_is_ordered_by_its_bytes_whatever_the_locale(engine: Engine) -> None:
    locale = 'COLLATE "und-x-icu"' if engine.dialect.name == "postgresql" else "COLLATE NOCASE"

    def prepare(connection: object) -> None:
        connection.execute(text(f"CREATE TEMP TABLE campaign (name text {locale})"))  # type: ignore[attr-defined]

    name = column("name", Text)
    with reading(engine, prepare) as connection:
        connection.execute(text("INSERT INTO campaign VALUES (:name)"), [{"name": each} for each in NAMES])
        query = select(name).select_from(text("campaign"))
        natural = connection.scalars(query.order_by(name)).all()
        found = connection.scalars(query.order_by(binary_order(name))).all()
        backwards = connection.scalars(query.order_by(binary_order(name).desc())).all()
        after = connection.scalars(query.where(binary_order(name) > "a").order_by(binary_order(name))).all()
    assert natural != sorted(NAMES)
    assert found == sorted(NAMES)
    assert backwards == sorted(NAMES, reverse=True)
    assert after == [each for each in sorted(NAMES) if each > "a"]


@given(st.lists(st.text()))
def test_bytes_of_utf8_sort_as_python_sorts(names: list[str]) -> None:
    legal = [each for each in names if each.isprintable()]
    assert sorted(legal) == sorted(legal, key=lambda each: each.encode("utf-8", "surrogatepass"))


def test_among_takes_more_ids_than_a_statement_has_parameters(engine: Engine) -> None:
    admit(engine, [person(number) for number in (1, 2, 3)])
    with reading(engine) as connection:
        for _ in range(8):
            query = select(customer.c.id).where(among(customer.c.id, range(2, 100_000))).order_by(customer.c.id)
            assert connection.scalars(query).all() == [2, 3]
        assert connection.scalars(select(customer.c.id).where(among(customer.c.id, []))).all() == []
        assert connection.scalars(select(customer.c.id).where(~among(customer.c.id, [1, 3]))).all() == [2]


def test_among_uses_the_index(sqlite_database: str) -> None:
    from nurture.store import open_engine

    engine = open_engine(sqlite_database)
    with reading(engine) as connection:
        query = select(customer.c.id).where(among(customer.c.cap_owner_id, [1, 2]))
        compiled = query.compile(engine)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", ("[1,2]",)).all()
    engine.dispose()
    assert "SEARCH customer USING COVERING INDEX" in plan[0].detail
