"""The way from nothing to the present tables."""

import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, select, text

from nurture.store import (
    NewerDatabase,
    current_revision,
    database_id,
    needs_upgrade,
    open_engine,
    reading,
    upgrade,
    writing,
)
from nurture.store.migrations import alembic_config, newest_revision
from nurture.store.migrations.target import target_metadata
from nurture.store.tables import Customer, table
from tests.database import sqlite_url
from tests.store.people import NOON

customer = table(Customer)


def test_the_migrations_lead_to_the_tables_of_the_models(engine: Engine) -> None:
    def compared(_: object, name: str | None, *about: object) -> bool:
        # SQLite tells no direction of an index's columns; `test_an_index_keeps_its_condition_and_direction` does.
        return engine.dialect.name != "sqlite" or name != "ix_touch_due"

    options = {"compare_type": True, "compare_server_default": True, "include_object": compared}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, target_metadata(engine.dialect.name)) == []


def test_every_instant_is_a_whole_number_of_64_bits(engine: Engine) -> None:
    inspector = inspect(engine)
    instants = {
        f"{name}.{column['name']}": str(column["type"])
        for name in inspector.get_table_names()
        for column in inspector.get_columns(name)
        if column["name"].endswith("_at") or column["name"] in ("at", "since")
    }
    assert "touch.at" in instants
    assert set(instants.values()) == {"BIGINT"}


def test_an_index_keeps_its_condition_and_direction(engine: Engine) -> None:
    catalogue = "sqlite_master WHERE name" if engine.dialect.name == "sqlite" else "pg_indexes WHERE indexname"
    definition = "sql" if engine.dialect.name == "sqlite" else "indexdef"
    with engine.connect() as connection:
        for name, part in (
            ("ux_address_value", "shared_with IS NULL"),
            ("ix_touch_at", "'planned'"),
            ("ix_touch_due", "'planned'"),
            ("ix_touch_due", "channel, at, priority DESC, id"),
        ):
            found = connection.scalar(text(f"SELECT {definition} FROM {catalogue} = '{name}'"))
            assert part in str(found)


def test_an_empty_database_needs_an_upgrade_once(blank_database_url: str) -> None:
    engine = open_engine(blank_database_url)
    assert current_revision(engine) is None
    assert needs_upgrade(engine)
    upgrade(blank_database_url)
    assert not needs_upgrade(engine)
    assert current_revision(engine)
    engine.dispose()


def test_the_names_of_the_files_say_what_is_newest() -> None:
    """Alembic, which would know it too, is not loaded where there is nothing to do."""
    scripts = ScriptDirectory.from_config(alembic_config())
    assert newest_revision() == scripts.get_current_head()
    assert all(Path(each.path).name.startswith(f"{each.revision}_") for each in scripts.walk_revisions())


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    engine = open_engine(database_url)
    with reading(engine) as connection:
        before = database_id(connection)
    upgrade(database_url)
    with reading(engine) as connection:
        assert database_id(connection) == before
    engine.dispose()


def test_to_ask_for_the_revision_makes_no_file(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "missing.db"))
    assert current_revision(engine) is None
    assert list(tmp_path.iterdir()) == []
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    engine = open_engine(database_url)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match=r"newer nurture.*9999"):
        upgrade(database_url)
    assert current_revision(engine) == "9999"
    engine.dispose()


def test_two_processes_may_upgrade_at_once(blank_database_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            upgrade(blank_database_url)
        except BaseException as error:
            failures.append(error)

    starts = [threading.Thread(target=start) for _ in range(2)]
    for each in starts:
        each.start()
    for each in starts:
        each.join(60)
    assert failures == []


def test_the_way_back_leaves_no_table(engine: Engine) -> None:
    with writing(engine) as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_a_key_is_drawn_by_the_database_or_given(engine: Engine) -> None:
    row = {"bucket": 0, "created_at": NOON, "attributes": {}}
    with writing(engine) as connection:
        connection.execute(insert(customer), [row | {"id": 41}])
    with writing(engine) as connection:
        drawn = connection.execute(insert(customer).values(**row).returning(customer.c.id)).scalar_one()
        assert connection.scalars(select(customer.c.id).order_by(customer.c.id)).all() == sorted([41, drawn])


def test_postgresql_keys_are_identity_columns(postgres_database: str) -> None:
    engine = open_engine(postgres_database)
    kinds = {str(column["name"]): column.get("identity") for column in inspect(engine).get_columns("touch")}
    engine.dispose()
    assert kinds["id"] is not None
    assert not kinds["id"]["always"]


@pytest.mark.parametrize("name", ["customer", "touch"])
def test_sqlite_keys_are_row_ids(sqlite_database: str, name: str) -> None:
    engine = open_engine(sqlite_database)
    with engine.connect() as connection:
        keys = [row for row in connection.exec_driver_sql(f"PRAGMA table_info({name})") if row.pk]
    engine.dispose()
    assert [(key.name, key.type) for key in keys] == [("id", "INTEGER")]
