"""Caps under races of real processes: whoever plans beside whom, no window ever holds more than its cap."""

import sys
from pathlib import Path

import pytest

from tests.planning.racing import Mode, Race, Ran, run
from tests.simulation.figures import record

EIGHT = 8


def raced(url: str, folder: Path, mode: Mode, processes: int, customers: int, rounds: int) -> Ran:
    ran = run(Race(url, folder, mode, processes, customers, rounds))
    assert ran.counts["crashed"] == 0
    return ran


def nothing_over(ran: Ran) -> None:
    assert ran.over == []
    assert ran.alarms == 0, "the triggers had to help"
    assert ran.contacts == ran.counts["sent"] == ran.counts["arrived"] > 0


def held_by_triggers(ran: Ran) -> None:
    assert ran.over == []
    assert ran.counts["refused: capped"] + ran.counts["refused: capped_by_calendar"] > 0
    assert ran.contacts == ran.counts["written"] > 0


def told(mode: Mode, url: str, ran: Ran) -> None:
    what = "Eight processes race for the same 40 customers in 36 rounds: one plans, all plan, triggers alone"
    base = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    refused = sum(number for name, number in ran.counts.items() if name.startswith("refused"))
    found = {
        f"contacts {mode} on {base}": ran.contacts,
        f"refused {mode} on {base}": refused,
        "over a cap": len(ran.over),
    }
    record("races", what, found)


def test_three_that_share_the_planners_lease_keep_the_caps(database_url: str, tmp_path: Path) -> None:
    ran = raced(database_url, tmp_path, "leased", 3, customers=8, rounds=4)
    nothing_over(ran)
    assert (ran.counts["planned"], ran.counts["waited"]) == (4, 8)


def test_planners_without_a_lease_leave_the_caps_to_the_fence(database_url: str, tmp_path: Path) -> None:
    nothing_over(raced(database_url, tmp_path, "free", 3, customers=8, rounds=4))


@pytest.mark.long  # that a race goes wrong hangs on the scheduler: nothing for every run
def test_who_counts_first_and_writes_then_breaks_the_cap_in_the_same_race(database_url: str, tmp_path: Path) -> None:
    assert raced(database_url, tmp_path, "naive", 3, customers=20, rounds=4).over != []


def test_three_write_without_asking_and_the_triggers_hold_the_caps(database_url: str, tmp_path: Path) -> None:
    held_by_triggers(raced(database_url, tmp_path, "bare", 3, customers=8, rounds=2))


@pytest.mark.long
@pytest.mark.parametrize("mode", ["leased", "free"])
def test_eight_race_for_the_same_customers(database_url: str, tmp_path: Path, mode: Mode) -> None:
    ran = raced(database_url, tmp_path, mode, EIGHT, customers=40, rounds=36)
    sys.stdout.write(f"{(mode, database_url[:10], ran.overplanned, ran.counts, ran.contacts)}\n")
    nothing_over(ran)
    told(mode, database_url, ran)


@pytest.mark.long
def test_eight_write_without_asking_and_the_triggers_hold_the_caps(database_url: str, tmp_path: Path) -> None:
    ran = raced(database_url, tmp_path, "bare", EIGHT, customers=40, rounds=36)
    sys.stdout.write(f"{(database_url[:10], ran.overplanned, ran.counts, ran.contacts)}\n")
    held_by_triggers(ran)
    told("bare", database_url, ran)


@pytest.mark.long
def test_eight_that_count_first_and_write_then_break_the_cap(database_url: str, tmp_path: Path) -> None:
    assert len(raced(database_url, tmp_path, "naive", EIGHT, customers=40, rounds=36).over) > 0
