"""A backup is whole, although others write meanwhile."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from nurture.store import backup, database_id, needs_upgrade, open_engine, reading, writing
from nurture.store.tables import Customer, table
from tests.database import sqlite_url
from tests.store.people import admit, person

customer = table(Customer)


def test_a_backup_has_every_customer_although_a_write_is_open(sqlite_database: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_database)
    admit(engine, (person(number) for number in range(1, 501)))
    copied = tmp_path / "店の控え.db"
    with writing(engine) as connection:
        connection.execute(update(customer).values(version=9))
        backup(engine, copied)
    assert sorted(each.name for each in tmp_path.glob("店*")) == ["店の控え.db"]
    copy = open_engine(sqlite_url(copied))
    with reading(engine) as original, reading(copy) as connection:
        assert connection.scalar(select(func.count()).select_from(customer)) == 500
        assert connection.scalar(select(func.max(customer.c.version))) == 1
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert database_id(connection) == database_id(original)
    assert not needs_upgrade(copy)
    copy.dispose()
    engine.dispose()


def test_an_older_backup_of_that_name_is_replaced(sqlite_database: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_database)
    copied = tmp_path / "copy.db"
    for number in (1, 2):
        admit(engine, [person(number)])
        backup(engine, copied)
    copy = open_engine(sqlite_url(copied))
    with reading(copy) as connection:
        assert connection.scalar(select(func.count()).select_from(customer)) == 2
    copy.dispose()
    engine.dispose()


def test_postgresql_is_left_to_its_own_tools(postgres_database: str, tmp_path: Path) -> None:
    engine = open_engine(postgres_database)
    with pytest.raises(ValueError, match="pg_dump"):
        backup(engine, tmp_path / "copy.db")
    engine.dispose()
