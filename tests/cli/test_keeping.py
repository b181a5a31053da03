"""`backup`: a copy that is whole, made of what is there."""

from pathlib import Path

from nurture.store import sqlite_module

from .conftest import Nurture


def test_a_backup_holds_every_customer(nurture: Nurture, sample_shop: Path, tmp_path: Path) -> None:
    given = nurture("backup", tmp_path / "kept.db")
    assert given.status == 0
    counts = []
    for path in (sample_shop / "nurture.db", tmp_path / "kept.db"):
        database = sqlite_module().connect(str(path))
        counts.append(database.execute("SELECT count(*) FROM customer").fetchone())
        database.close()
    assert counts[0] == counts[1]


def test_the_database_is_not_its_own_backup(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("backup", "nurture.db")
    assert given.status == 1
    assert "別の名前" in given.err


def test_without_customers_there_is_nothing_to_back_up(nurture: Nurture, empty_shop: Path, tmp_path: Path) -> None:
    assert nurture("backup", tmp_path / "kept.db").status == 1
    assert not (tmp_path / "kept.db").exists()
