"""What every test may ask for: an empty database of either kind, migrated, and the engine on it."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from nurture.collector import settle_down
from tests.database import PostgresMissing, PostgresServer, SharedStatements, SqliteFiles, postgres_server, sqlite_url
from tests.oracle.counting import pytest_sessionfinish, pytest_terminal_summary  # noqa: F401  (hooks: the worlds' cases)

# A shared machine has no deadline worth keeping. In CI the same examples are tried every time (.ci/run sets the name).
settings.register_profile("nurture", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "nurture"))

SharedStatements().listen()

DATABASES = ("sqlite", "postgresql")

LONG = (
    "tests/simulation/test_simulation.py",
    "tests/daemon/test_end_to_end.py",
    "tests/daemon/test_stopping.py",
    "tests/delivery/test_simulated.py",
    "tests/delivery/test_composer.py",
    "tests/delivery/test_machine.py",
)
"""Where single tests take ten seconds and more."""


def pytest_configure() -> None:
    """Sets the collector of cycles aside while the tests and all they need are imported: nothing of that goes away."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on it works as in a daemon: a twentieth of the time went into looking through what had been loaded."""
    gc.enable()
    settle_down()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long tests first: no worker begins one when the other has nothing left to do."""
    items.sort(key=lambda each: not each.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """Database files that are prepared once a session."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this session's own: each worker starts one, which is quicker than to agree on one.

    Where there is none, the test is skipped; with NURTURE_REQUIRE_POSTGRES=1 it fails.
    """
    try:
        with postgres_server(durable=os.environ.get("NURTURE_TEST_PG_DURABLE") == "1") as server:
            yield server
    except PostgresMissing as missing:
        if os.environ.get("NURTURE_REQUIRE_POSTGRES") == "1":
            pytest.fail(f"NURTURE_REQUIRE_POSTGRES=1, but {missing}", pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture
def sqlite_database(sqlite_files: SqliteFiles, tmp_path: Path) -> str:
    """The URL of an SQLite file with every table and no row."""
    return sqlite_files.copy_of(migrate, tmp_path / "nurture.db")


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database with every table and no row."""
    url = postgres.copy_of(migrate)
    yield url
    postgres.drop(url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with every table and no row: the test runs on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_database"))


@pytest.fixture(params=DATABASES)
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table, for what makes them."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "blank.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """`nurture.store.open_engine` on a fresh database, once for SQLite and once for PostgreSQL."""
    from nurture.store import open_engine

    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def migrate(url: str) -> None:
    """Brings the tables to the newest version, as every command does at start."""
    from nurture.store import upgrade

    upgrade(url)
