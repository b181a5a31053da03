"""How a database is opened, and what two writers do to each other."""

import multiprocessing
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from nurture.store import Reader, Recorder, open_engine, reading, sqlite_module, wal_fault, writing
from nurture.store.tables import Cadence, Customer, Setting, table
from tests.store.people import NOON, admit, person

customer = table(Customer)
ALICE = 1


def raise_version(url: str, times: int) -> None:
    """Reads, thinks, writes: what loses updates when the read is not under the writer's lock."""
    engine = open_engine(url)
    for _ in range(times):
        with writing(engine) as connection:
            found = select(customer.c.version).where(customer.c.id == ALICE).with_for_update()
            seen = connection.execute(found).scalar_one()
            connection.execute(update(customer).where(customer.c.id == ALICE).values(version=seen + 1))
    engine.dispose()


def test_four_processes_that_change_alice_fifty_times_each_lose_nothing(database_url: str) -> None:
    engine = open_engine(database_url)
    admit(engine, [person(ALICE)])
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # loaded once, instead of by each
    clerks = [context.Process(target=raise_version, args=(database_url, 50)) for _ in range(4)]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join(120)
    assert [clerk.exitcode for clerk in clerks] == [0, 0, 0, 0]
    with reading(engine) as connection:
        assert connection.scalar(select(customer.c.version)) == 1 + 200
    engine.dispose()


def test_a_failed_write_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(customer), [person(ALICE), person(2), person(ALICE)])
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(customer)) == 0


def test_a_reader_is_not_kept_waiting_by_a_writer(engine: Engine) -> None:
    admit(engine, [person(ALICE)])
    with writing(engine) as writer:
        writer.execute(update(customer).values(version=7))
        with reading(engine) as connection:
            assert connection.scalar(select(customer.c.version)) == 1


def test_a_sqlite_writer_waits_for_another_at_its_begin(sqlite_database: str) -> None:
    engine = open_engine(sqlite_database)
    admit(engine, [person(ALICE)])
    second = threading.Thread(target=raise_version, args=(sqlite_database, 1))
    with writing(engine) as connection:
        connection.execute(update(customer).values(version=10))
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join(30)
    with reading(engine) as connection:
        assert connection.scalar(select(customer.c.version)) == 11
    engine.dispose()


def test_begin_is_tried_a_bounded_number_of_times(sqlite_database: str) -> None:
    engine, other = open_engine(sqlite_database), open_engine(sqlite_database)
    with engine.connect() as connection:
        # The pool hands this connection out again.
        connection.exec_driver_sql("PRAGMA busy_timeout = 20")
    with writing(other), pytest.raises(OperationalError, match="locked"), writing(engine):
        pass
    with writing(engine):
        pass
    engine.dispose()
    other.dispose()


def test_a_writer_keeps_its_connection_and_gets_another_after_an_error(sqlite_database: str) -> None:
    engine = open_engine(sqlite_database)
    recorder, lent = Recorder(engine), []
    for whom in (ALICE, ALICE, 2, 3):
        with suppress(IntegrityError), recorder.writing() as connection:
            connection.execute(insert(customer), [person(whom)])
            lent.append(connection)
    with reading(engine) as connection:
        assert connection.scalars(select(customer.c.id)).all() == [ALICE, 2, 3]
    assert lent[0].closed
    assert lent[1] is lent[2] is not lent[0]
    recorder.close()
    engine.dispose()


def test_a_writer_on_postgresql_outlives_its_server_sessions(postgres_database: str) -> None:
    engine = open_engine(postgres_database)
    recorder = Recorder(engine)
    for whom in (ALICE, 2):
        with recorder.writing() as connection:
            connection.execute(insert(customer), [person(whom)])
        other = open_engine(postgres_database)
        with writing(other) as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        other.dispose()
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(customer)) == 2
    recorder.checkpoint()
    engine.dispose()


def test_a_checkpoint_leaves_nothing_in_the_wal_to_be_moved(sqlite_database: str) -> None:
    engine = open_engine(sqlite_database)
    recorder = Recorder(engine)
    with recorder.writing() as connection:
        connection.execute(insert(customer), [person(ALICE)])
    file = Path(sqlite_database.removeprefix("sqlite:///"))
    recorder.checkpoint()
    unlogged = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
    assert unlogged.execute("SELECT count(*) FROM customer").fetchone() == (1,)
    unlogged.close()
    recorder.close()
    engine.dispose()


def test_sqlite_keeps_every_commit_and_spares_memory(sqlite_database: str) -> None:
    engine = open_engine(sqlite_database)
    with engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "temp_store", "busy_timeout", "cache_size")
        }
    engine.dispose()
    full, file = 2, 1
    assert told == {
        "journal_mode": "wal",
        "synchronous": full,
        "temp_store": file,
        "busy_timeout": 30_000,
        "cache_size": -2_048,
    }


def test_eight_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    failures: list[BaseException] = []

    def open_it(barrier: threading.Barrier) -> None:
        engine = open_engine(url)
        barrier.wait()
        try:
            with writing(engine) as connection:
                connection.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            failures.append(error)
        engine.dispose()

    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=open_it, args=(barrier,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_a_path_with_spaces_and_signs_of_an_address_is_only_a_path(tmp_path: Path) -> None:
    path = tmp_path / "店 100%?#.db"
    engine = open_engine(f"sqlite:///{str(path).replace('?', '%3F')}")
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE alice (name text)")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alice").scalar() == 0
    engine.dispose()


def test_a_relative_path_stays_where_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = open_engine("sqlite:///shop.db")
    monkeypatch.chdir("/")
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE alice (name text)")
    engine.dispose()
    assert (tmp_path / "shop.db").exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "mysql://host/shop"])
def test_a_database_that_cannot_serve_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="write sqlite:///path"):
        open_engine(url)


def test_postgresql_answers_in_utc_whatever_its_server_says(postgres_database: str) -> None:
    engine = open_engine(postgres_database.replace("postgresql+psycopg", "postgresql"))
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"
    engine.dispose()


def test_japanese_in_json_stays_legible(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(
            insert(table(Cadence)).values(name="full", last_at=NOON, opened=0, left_out={"理由": "同意"})
        )
    with reading(engine) as connection:
        raw = connection.scalar(text("SELECT CAST(left_out AS text) FROM cadence"))
    assert raw == '{"理由":"同意"}'


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 4), False),
    ],
)
def test_the_versions_of_sqlite_that_can_corrupt_a_wal_file(version: tuple[int, ...], faulty: bool) -> None:
    assert wal_fault(version) is faulty


def test_the_newer_sqlite_is_taken() -> None:
    assert sqlite_module().sqlite_version_info >= sqlite3.sqlite_version_info


def test_an_insert_says_how_many_rows_it_wrote_on_both_databases(engine: Engine) -> None:
    setting = table(Setting)
    with writing(engine) as connection:
        assert connection.execute(insert(setting).values(name="one", value="1")).rowcount == 1
        copies = select(setting.c.name + "'", setting.c.value).where(setting.c.name == "one")
        assert connection.execute(insert(setting).from_select(["name", "value"], copies)).rowcount == 1


def test_a_reader_that_met_an_error_reads_again(engine: Engine) -> None:
    admit(engine, [person(ALICE)])
    reader = Reader(engine)
    for wrong in ("SELECT * FROM nowhere", "DELETE FROM customer"):
        with pytest.raises(DBAPIError), reader.reading() as broken:
            broken.execute(text(wrong))
        with reader.reading() as connection:
            assert connection is not broken
            assert connection.scalar(select(func.count()).select_from(customer)) == 1
    reader.close()


def test_a_reader_whose_server_hung_up_connects_anew(postgres_database: str) -> None:
    engine = open_engine(postgres_database)
    reader = Reader(engine)
    with reader.reading() as connection:
        mine = connection.scalar(text("SELECT pg_backend_pid()"))
    with writing(engine) as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
    with pytest.raises(OperationalError), reader.reading():
        pass
    with reader.reading() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != mine
    reader.close()
    engine.dispose()
