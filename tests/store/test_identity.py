"""Each database has its own id and its own secret, and customers fall into buckets by it."""

import pytest
from sqlalchemy import Engine

from nurture.store import (
    bucket_of,
    database_id,
    database_secret,
    open_engine,
    reading,
    set_database_secret,
    upgrade,
    writing,
)
from tests.database import sqlite_url

KEY = bytes(range(32))


def test_the_bucket_of_alice_never_changes() -> None:
    assert bucket_of(KEY, "alice") == 1695319503
    assert bucket_of(KEY, "アリス") == bucket_of(KEY, "アリス")
    assert bucket_of(bytes(32), "alice") != bucket_of(KEY, "alice")


def test_buckets_are_in_range_and_even() -> None:
    buckets = [bucket_of(KEY, str(number)) for number in range(20_000)]
    assert min(buckets) >= 0
    assert max(buckets) <= 2_147_483_646
    tenths = [sum(bucket % 10_000 // 1000 == tenth for bucket in buckets) for tenth in range(10)]
    assert all(1850 < count < 2150 for count in tenths)


def test_two_databases_have_two_secrets(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("two")
    found = set()
    for name in ("one", "two"):
        url = sqlite_url(folder / f"{name}.db")
        upgrade(url)
        engine = open_engine(url)
        with reading(engine) as connection:
            assert len(database_secret(connection)) == 32
            found |= {database_secret(connection).hex(), database_id(connection)}
        engine.dispose()
    assert len(found) == 4


def test_a_secret_can_be_set_for_a_measurement(engine: Engine) -> None:
    with writing(engine) as connection:
        set_database_secret(connection, KEY)
    with reading(engine) as connection:
        assert database_secret(connection) == KEY


def test_a_database_that_was_never_upgraded_says_so(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM setting")
    with pytest.raises(LookupError, match="not upgraded"), reading(engine) as connection:
        database_secret(connection)
