"""Quotation marks of a CSV that is written wrongly: which of them makes rows disappear in a cell, and on what line.

What is written well is RFC 4180's: a cell in quotes may hold line ends and separators, and a quote in it is doubled.
What a cell holds is not told: it is somebody's name or address.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nurture.intake.field.text import narrow
from nurture.mistake import Mistake, MistakesFound, Place

_PLAIN, _QUOTED, _CLOSED, _START = range(4)
_ENDS = re.compile(r"\r\n|\r|\n")
_RUNS = re.compile("[a-z0-9]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


@dataclass
class _Cell:
    """The cell that is being read."""

    line: int
    column: int
    """Where it begins; in a cell in quotes that is the quote."""
    length: int = 0


def broken(path: Path, encoding: str, delimiter: str, before: int) -> MistakesFound:
    """What is wrong with the first record after so many lines, which csv could not read."""
    with path.open(encoding=encoding, newline="") as stream:
        code, cell, values = _fault(enumerate(islice(tidied(stream, delimiter), before, None), before + 1), delimiter)
    found = {"line": cell.line, "limit": csv.field_size_limit(), **values}
    return MistakesFound([Mistake(Place(path.name, cell.line, cell.column), code, found)])


def _fault(lines: Iterable[tuple[int, str]], delimiter: str) -> tuple[str, _Cell, dict[str, object]]:
    """Catalogue key, cell and values. It reads on only as far as csv did."""
    state, cell, ends = _START, _Cell(0, 0), delimiter + "\r\n"
    for number, line in lines:
        for at, char in enumerate(line):
            if state == _START:
                cell = _Cell(number, at + 1)
            if state == _CLOSED and char not in ends and char != '"':
                return "import.text_after_quote", cell, {"end": number}
            state = _after(state, char, ends)
            cell.length += 1
            if cell.length > csv.field_size_limit():
                return ("import.open_quote" if state == _QUOTED else "import.long_cell"), cell, {}
    return ("import.open_quote" if state == _QUOTED else "import.long_cell"), cell, {}


def _after(state: int, char: str, ends: str) -> int:
    if state == _QUOTED:
        return _CLOSED if char == '"' else _QUOTED
    if char == '"' and state in (_START, _CLOSED):
        return _QUOTED
    return _START if char in ends else _PLAIN


def refuse_swallowed(path: Path, cells: Sequence[str], width: int, delimiter: str, before: int) -> None:
    """Raises MistakesFound where a cell of this record, after so many lines, holds whole rows of the table.

    Two stray quotes in one column make one cell of everything between them, and the record has as many cells as the
    header all the same. A note may have line ends and separators too: it is no row unless what would stand in
    the other columns looks like what stands there.
    """
    at = _swallowing(cells, width, delimiter)
    if at is None:
        return
    line = before + 1 + sum(_breaks(cell) for cell in cells[:at])
    values = {"line": line, "end": line + _breaks(cells[at])}
    column = 1 + sum(len(_ENDS.split(cell)[-1]) + 1 for cell in cells[:at])
    raise MistakesFound([Mistake(Place(path.name, line, column), "import.swallowed", values)])


def separators(text: str, delimiter: str) -> int:
    """How many separators a text holds; the comma of 1,500 is none."""
    return text.count(delimiter) - (len(_THOUSANDS.findall(text)) if delimiter == "," else 0)


def tidied(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines without blanks between a closing quote and its separator, which some programs write."""
    blanks = re.compile(rf'(?<=[^"{re.escape(delimiter)}])" +(?=[{re.escape(delimiter)}\r\n]|$)')
    for line in lines:
        yield blanks.sub('"', line) if '" ' in line else line


def _swallowing(cells: Sequence[str], width: int, delimiter: str) -> int | None:
    for at, cell in enumerate(cells) if len(cells) == width else ():
        first, *between = _ENDS.split(cell)
        if not between:
            continue
        counts = [separators(line, delimiter) for line in (first, *between)]
        if counts != [width - 1 - at, *[width - 1] * (len(counts) - 2), at]:
            continue
        head, tail = between[-1].split(delimiter)[:-1], first.split(delimiter)[1:]
        if any(map(_alike, [*head, *tail], [*cells[:at], *cells[at + 1 :]])):
            return at
    return None


def _alike(one: str, other: str) -> bool:
    """Whether two cells may stand in one column: equal words, or two numbers, dates or addresses of one make."""
    one, other = narrow(one).strip().lower(), narrow(other).strip().lower()
    return bool(one) and (one == other or _make(one) == _make(other) != "")


def _make(text: str) -> str:
    """`a@a.a` for a mail address, `0/0/0` for a date; empty for words."""
    if not text.isascii() or not ("@" in text or any(map(str.isdigit, text))):
        return ""
    made = _RUNS.sub(lambda run: "0" if run[0].isdigit() else "a", text)
    # Any number may be a price or an amount in a note.
    return "" if made == "0" else made


def _breaks(cell: str) -> int:
    return len(_ENDS.findall(cell))
