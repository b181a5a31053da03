"""The planner and the oracle in generated shops: whatever happens there, they say the same at every tick.

`python -m tests.oracle SEED` replays one world. The numbers of cases met by the long run are printed at its end
(tests/oracle/counting.py), and none of them may be small.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from nurture.store import open_engine
from tests.conftest import migrate
from tests.database import MEMORY, PostgresServer, SqliteFiles
from tests.oracle.counting import ASKED_FOR, WANTED, too_rare
from tests.oracle.world import Size, World

SMALL = Size(people=10, campaigns=4, days=5)
LARGE = Size(people=30, campaigns=5, days=30)
CHUNK = 20
Record = Callable[[str, object], None]


@pytest.mark.parametrize("seed", range(24))
def test_planner_and_oracle_agree_on_sqlite(seed: int, sqlite_files: SqliteFiles) -> None:
    on_sqlite(seed, SMALL, sqlite_files)


@pytest.mark.parametrize("seed", range(100, 108))
def test_planner_and_oracle_agree_on_postgresql(seed: int, postgres: PostgresServer) -> None:
    on_postgresql(seed, SMALL, postgres)


@pytest.mark.long
@pytest.mark.parametrize("first", range(10_000, 11_000, CHUNK))
def test_they_agree_in_a_thousand_worlds_on_sqlite(
    first: int, sqlite_files: SqliteFiles, record_property: Record
) -> None:
    met: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        met += on_sqlite(seed, LARGE, sqlite_files)
    record_property("met", json.dumps(met))


@pytest.mark.long
@pytest.mark.parametrize("first", range(20_000, 20_200, CHUNK))
def test_they_agree_in_two_hundred_worlds_on_postgresql(
    first: int, postgres: PostgresServer, record_property: Record
) -> None:
    met: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        met += on_postgresql(seed, LARGE, postgres)
    record_property("met", json.dumps(met))


def on_sqlite(seed: int, size: Size, files: SqliteFiles) -> Counter[str]:
    """A world on an SQLite file, in memory where the machine lets us: these commits need not survive."""
    with tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None) as folder:
        return _run(seed, size, files.copy_of(migrate, Path(folder) / "nurture.db"), Path(folder))


def on_postgresql(seed: int, size: Size, server: PostgresServer) -> Counter[str]:
    """A world on a PostgreSQL database of its own."""
    url = server.copy_of(migrate)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _run(seed, size, url, Path(folder))
    finally:
        server.drop(url)


def _run(seed: int, size: Size, url: str, folder: Path) -> Counter[str]:
    engine = open_engine(url)
    try:
        return World(seed, engine, folder, size).run()
    finally:
        engine.dispose()


def test_a_run_that_hardly_met_a_case_says_so() -> None:
    plenty = Counter(dict.fromkeys(WANTED, 100_000)) + Counter({"worlds": 1000})
    assert too_rare(plenty) == []
    assert too_rare(plenty - Counter({"29 February": 99_900})) == ["29 February (100 of 150)"]
    assert set(ASKED_FOR.values()) <= WANTED.keys()
