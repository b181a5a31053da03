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

from nurture.intake.field.mail import looks_like_mail
from nurture.intake.field.text import narrow
from nurture.mistake import Mistake, MistakesFound, Place

_PLAIN, _QUOTED, _CLOSED, _START = range(4)
_ENDS = re.compile(r"\r\n|\r|\n")
_QUOTES = '"(?:[^"]++|"")*+'
_RUNS = re.compile("[a-z0-9]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NARROW = 3
"""Columns of a table so narrow that a line of a note soon has as many commas."""


@dataclass
class _Cell:
    """The cell that is being read."""

    line: int
    column: int
    """Where it begins; in a cell in quotes that is the quote."""
    length: int = 0


@dataclass
class Tidied:
    """The lines of a CSV without blanks between a closing quote and its separator, which some programs write."""

    lines: Iterable[str]
    delimiter: str
    within: bool = False
    """Whether the next line goes on inside quotes; whoever has read a record sets it back."""

    def __iter__(self) -> Iterator[str]:
        ends = re.escape(self.delimiter)
        cells = re.compile(rf'({_QUOTES}") +(?=[{ends}\r\n]|\Z)|{_QUOTES}"?|[^"{ends}][^{ends}]*')
        for line in self.lines:
            tidy = line
            if '" ' in line:
                # A cell that goes on is given the quote with which it began.
                begun = '"' if self.within else ""
                tidy = cells.sub(lambda found: found[1] or found[0], begun + line)[len(begun) :]
            self.within = True
            yield tidy


def broken(path: Path, encoding: str, delimiter: str, before: int) -> MistakesFound:
    """What is wrong with the first record after so many lines, which csv could not read."""
    with path.open(encoding=encoding, newline="") as stream:
        lines = Tidied(islice(stream, before, None), delimiter)
        code, cell, values = _fault(enumerate(lines, before + 1), delimiter)
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

    Two stray quotes make one cell of everything between them, and the record may have as many cells as the header all
    the same. A note may have line ends and separators too: it is no row unless it has the cells of one, and a mail
    address or what else stands in the other columns where they have it.
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


def _swallowing(cells: Sequence[str], width: int, delimiter: str) -> int | None:
    """Which of the cells holds rows; None where there is nothing but cells of several lines."""
    for at, cell in enumerate(cells):
        lines = _ENDS.split(cell)
        if len(lines) > 1 and (
            _counted(cells, at, lines, width, delimiter) or _held(cells, at, lines, width, delimiter)
        ):
            return at
    return None


def _counted(cells: Sequence[str], at: int, lines: Sequence[str], width: int, delimiter: str) -> bool:
    """Whether the record and all lines of the cell have the separators of as many whole rows, and look like them."""
    counts = [separators(line, delimiter) for line in lines]
    if len(cells) != width or counts != [width - 1 - at, *[width - 1] * (len(counts) - 2), at]:
        return False
    head, tail = lines[-1].split(delimiter)[:-1], lines[0].split(delimiter)[1:]
    return any(map(_alike, [*head, *tail], [*cells[:at], *cells[at + 1 :]]))


def _held(cells: Sequence[str], at: int, lines: Sequence[str], width: int, delimiter: str) -> bool:
    """Whether a line between the first and the last is a row by itself, wherever the rows around it were cut."""
    around = [*cells[:at], "", *cells[at + 1 :]]
    first = [*cells[:at], *lines[0].split(delimiter)]
    last = [*[*lines[-1].split(delimiter), *[""] * at][: at + 1], *cells[at + 1 :]]
    # Behind the commas of a sentence stand blanks; behind those of a row only where the whole file has them.
    spaced = any(cell[:1] == " " for cell in around)
    rows = [line.split(delimiter) for line in lines[1:-1]]
    plain = [row for row in rows if spaced or not any(cell[:1] == " " for cell in row[1:])]
    return any(_is_row(row, width, around, (first, last)) for row in plain)


def _is_row(row: Sequence[str], width: int, around: Sequence[str], cut: Iterable[Sequence[str]]) -> bool:
    """Whether a text with so many cells, a mail address among them or what else the record around it has, is a row."""
    if any(
        looks_like_mail(one) and looks_like_mail(other) for each in cut for one, other in zip(row, each, strict=False)
    ):
        return len(row) == width > 1 or (width > _NARROW and abs(len(row) - width) == 1)
    if len(row) != width or width <= _NARROW:
        return False
    return any(map(looks_like_mail, row)) or any(
        _make(narrow(one)) == _make(narrow(other)) != "" for one, other in zip(row, around, strict=False)
    )


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
