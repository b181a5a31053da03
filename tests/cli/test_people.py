"""`merge` and `forget`: what can't be undone is asked about first."""

import io
from pathlib import Path

import pytest
from sqlalchemy import select

from nurture.store import open_engine
from nurture.store.tables import Customer, table

from .conftest import Nurture


def named(folder: Path, name: str) -> list[str | None]:
    """The numbers of everybody of that name who was merged into nobody."""
    engine = open_engine(f"sqlite:///{folder / 'nurture.db'}")
    people = table(Customer)
    with engine.connect() as connection:
        found = select(people.c.key).where(people.c.name.contains(name), people.c.merged_into.is_(None))
        rows = list(connection.scalars(found.order_by(people.c.id)))
    engine.dispose()
    return rows


class Terminal(io.StringIO):
    """Somebody who sits there and types."""

    def isatty(self) -> bool:
        return True


def typed(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(words))
    monkeypatch.setattr("sys.stderr", Terminal())


def test_without_a_terminal_nobody_is_forgotten_unless_yes_is_said(nurture: Nurture, sample_shop: Path) -> None:
    asked = nurture("forget", "1203")
    assert asked.status == 2
    assert "若草" in asked.err
    assert "--yes" in asked.err
    assert len(named(sample_shop, "若草")) == 1
    done = nurture("forget", "1203", "--yes")
    assert done.status == 0
    assert "消しました" in done.err
    assert named(sample_shop, "若草") == []
    assert nurture("explain", "1203").status == 1
    assert nurture("preview").status == 0
    assert nurture("forget", "1203", "--yes").status == 1


@pytest.mark.parametrize(("words", "status", "left"), [("n\n", 2, 1), ("\n", 2, 1), ("", 2, 1), ("y\n", 0, 0)])
def test_on_a_terminal_one_is_asked(
    nurture: Nurture, sample_shop: Path, monkeypatch: pytest.MonkeyPatch, words: str, status: int, left: int
) -> None:
    typed(monkeypatch, words)
    assert nurture("forget", "1203").status == status
    assert len(named(sample_shop, "若草")) == left


def test_two_entries_become_one_and_both_numbers_lead_to_it(nurture: Nurture, sample_shop: Path) -> None:
    keep, gone, *_ = named(sample_shop, "佐藤")
    assert nurture("merge", keep, gone).status == 2
    merged = nurture("merge", keep, gone, "--yes")
    assert merged.status == 0
    assert keep in merged.err
    assert gone not in named(sample_shop, "佐藤")
    assert nurture("explain", gone).out == nurture("explain", keep).out


@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_who_is_one_person_already_stays_so(nurture: Nurture, sample_shop: Path, yes: tuple[str, ...]) -> None:
    keep, gone, *_ = named(sample_shop, "佐藤")
    nurture("merge", keep, gone, "--yes")
    for again in ((keep, gone), (gone, keep), (keep, keep)):
        same = nurture("merge", *again, *yes)
        assert same.status == 0
        assert "すでに同じ人です" in same.err
        assert "GONE" not in same.err
        assert keep in same.err


def test_it_is_told_whom_a_number_leads_to_that_was_merged_before(nurture: Nurture, sample_shop: Path) -> None:
    whole, part, *_ = named(sample_shop, "佐藤")
    nurture("merge", whole, part, "--yes")
    asked = nurture("merge", "1203", part)
    assert asked.status == 2
    first, second, *_ = asked.err.splitlines()
    assert first.startswith(f"{part} 佐藤")
    assert f"すでに {whole} 佐藤" in first
    assert second.startswith(f"{whole} 佐藤")


def test_several_people_of_one_name_are_listed_and_left_alone(nurture: Nurture, sample_shop: Path) -> None:
    before = named(sample_shop, "佐藤")
    assert nurture("forget", "佐藤", "--yes").status == 1
    assert nurture("merge", "佐藤", "1203", "--yes").status == 1
    assert named(sample_shop, "佐藤") == before
