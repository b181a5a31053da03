"""The table of figures in docs/reliability.md, made of `figures/*.json`: `python -m tests.figures`.

Each suite writes one file when it is run for the record: {"suite", "what", "figures": {name: value}, "commit", "date"}.
Nobody writes the table by hand, and a test compares it with the files.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE, FOLDER = ROOT / "docs" / "reliability.md", ROOT / "figures"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
KEYS = {"suite": str, "what": str, "figures": dict, "commit": str, "date": str}


class Unreadable(Exception):
    """A file of figures that is none; the text says which and why."""


@dataclass(frozen=True)
class Figures:
    """What one suite measured."""

    suite: str
    what: str
    """What was run, in a few words."""
    figures: dict[str, Any]
    commit: str
    date: str
    """ISO 8601."""


def read(folder: Path) -> list[Figures]:
    """Every file of the folder, by name of the suite. Raises Unreadable."""
    return sorted((_read(path) for path in sorted(folder.glob("*.json"))), key=lambda each: each.suite)


def _read(path: Path) -> Figures:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as problem:
        raise Unreadable(f"{path.name}: {problem}") from None
    if not isinstance(found, dict) or found.keys() != KEYS.keys():
        raise Unreadable(f"{path.name}: its keys must be {', '.join(KEYS)}")
    if wrong := [key for key, kind in KEYS.items() if not isinstance(found[key], kind)]:
        raise Unreadable(f"{path.name}: {', '.join(wrong)} must be {', '.join(KEYS[key].__name__ for key in wrong)}")
    return Figures(**found)


def table(found: list[Figures]) -> str:
    """The table, a line for each suite."""
    if not found:
        return "No suite has been run for the record yet."
    head = ["| suite | what was run | figures | commit, day |", "|---|---|---|---|"]
    return "\n".join([*head, *(_line(each) for each in found)])


def _line(each: Figures) -> str:
    # On which commit how many days ran stays in the file: it would be most of the line.
    shown = {name: value for name, value in each.figures.items() if not name.startswith("days on ")}
    figures = ", ".join(f"{_shown(value)} {name}" for name, value in shown.items())
    return f"| {each.suite} | {_safe(each.what)} | {_safe(figures)} | `{each.commit[:10]}`, {each.date[:10]} |"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def written(page: str, found: list[Figures]) -> str:
    """The page with the table between its marks. Raises Unreadable where the marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Unreadable(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{after}"


def main() -> int:
    """Writes the table; 1 where a file can't be read."""
    try:
        PAGE.write_text(written(PAGE.read_text("utf-8"), read(FOLDER)), "utf-8")
    except Unreadable as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
