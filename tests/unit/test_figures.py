"""The table of figures says what the files say."""

import json
from pathlib import Path

import pytest

from tests.figures import BEGIN, END, FOLDER, PAGE, Figures, Unreadable, read, table, written

SIMULATION = {
    "suite": "simulation",
    "what": "the real code under a virtual clock",
    "figures": {"days": 5120, "faults": 1234567, "lost": 0, "days a second": 1.2345, "days on 0123456": 5120},
    "commit": "0123456789abcdef",
    "date": "2026-11-22",
}


def test_the_page_has_the_table_of_the_files_as_they_are() -> None:
    page = PAGE.read_text("utf-8")
    assert written(page, read(FOLDER)) == page, "run: python -m tests.figures"


def test_a_line_for_each_suite_by_name(tmp_path: Path) -> None:
    for name in ("simulation", "chaos"):
        (tmp_path / f"{name}.json").write_text(json.dumps({**SIMULATION, "suite": name}))
    assert table(read(tmp_path)).splitlines()[2:] == [
        f"| {name} | the real code under a virtual clock | 5,120 days, 1,234,567 faults, 0 lost, 1.23 days a second "
        "| `0123456789`, 2026-11-22 |"
        for name in ("chaos", "simulation")
    ]


def test_the_rest_of_the_page_stays_as_it_is() -> None:
    found = [Figures(**SIMULATION)]  # type: ignore[arg-type]
    page = f"above\n{BEGIN}\nold\n{END}\nbelow\n"
    once = written(page, found)
    assert once.startswith("above\n")
    assert once.endswith("\nbelow\n")
    assert "old" not in once
    assert written(once, found) == once


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "x.json: "),
        ("[]", "its keys must be"),
        ('{"suite": "a"}', "its keys must be"),
        (json.dumps({**SIMULATION, "figures": 3}), "figures must be dict"),
    ],
)
def test_a_file_that_makes_no_sense_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(Unreadable, match=why):
        read(tmp_path)


def test_a_page_without_marks_is_left_alone() -> None:
    with pytest.raises(Unreadable):
        written("no marks", [])
