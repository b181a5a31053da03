"""Files as rows of text: CSV in whatever encoding Japanese software writes, and workbooks. Cells mean nothing here."""

import codecs
import csv
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nurture.intake.heading import HEADER_WITHIN, find_heading
from nurture.intake.quotes import Tidied, broken, refuse_swallowed
from nurture.intake.workbooks import MOST_COLUMNS, WORKBOOKS, ZIP, read_workbook
from nurture.mistake import Mistake, MistakesFound, Place

LARGEST_CSV = 2 * 1024**3
LADDER = ("utf-8", "cp932")
"""Never `shift_jis`: Python's fails on 髙, 﨑, ① and ㈱, which every Japanese list holds."""
DELIMITERS = ",\t;"

Row = tuple[int, list[str]]
"""Its number as Excel counts, from 1, and its cells."""

_BLOCK = 1024 * 1024
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Table:
    """A file that was found readable; its rows can be gone through as often as needed."""

    path: Path
    headers: tuple[str, ...]
    header_row: int
    encoding: str
    """`utf-8`, `utf-8-sig`, `cp932`, …; empty for a workbook."""
    digest: str
    """SHA-256 of the file."""
    lines: int
    """About how many rows there are, for progress only: line ends inside quotes are counted too."""
    delimiter: str = ","
    sheet: str = ""
    """Of a workbook, the sheet that is read."""
    other_sheets: tuple[str, ...] = ()
    """Those of it that seem to hold a list and are not read."""
    _workbook: list[Row] | None = field(default=None, repr=False)

    @property
    def file(self) -> str:
        """The name under which the file is spoken of."""
        return self.path.name

    def rows(self) -> Iterator[Row]:
        """The rows below the header that hold anything. Raises MistakesFound where the file breaks off."""
        for number, cells in self._all():
            if number > self.header_row and any(cells):
                yield number, cells

    def _all(self) -> Iterator[Row]:
        if self._workbook is not None:
            return iter(self._workbook)
        return _csv_rows(self.path, self.encoding, self.delimiter, len(self.headers))


def open_table(path: Path, encoding: str | None = None, told: Collection[str] = ()) -> Table:
    """Finds out how a file is written. `encoding` overrides the guess for a CSV; `told`: headers that a person named.

    Raises MistakesFound when the file is missing, empty, too large, or not what its name says.
    """
    size = _size(path)
    if path.suffix.lower() in WORKBOOKS:
        return _open_workbook(path, size, told)
    if size > LARGEST_CSV:
        raise _mistake(path, "mistake.too_large", size=size, limit=LARGEST_CSV)
    name, digest, lines = _encoding(path, encoding)
    delimiter = _delimiter(path, name)
    header_row, headers = _header(path, _csv_rows(path, name, delimiter), told)
    return Table(path, headers, header_row, name, digest, lines, delimiter)


def _size(path: Path) -> int:
    try:
        if not path.is_file():
            raise _mistake(path, "mistake.file_missing")
        size = path.stat().st_size
    except OSError:
        raise _mistake(path, "mistake.file_missing") from None
    if not size:
        raise _mistake(path, "mistake.empty")
    return size


def _encoding(path: Path, wanted: str | None) -> tuple[str, str, int]:
    """The encoding in which the whole file can be read, the file's digest and about how many lines it has."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        start = stream.read(4)
    if start == ZIP:
        raise _mistake(path, "import.is_workbook")
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    ladder = (wanted,) if wanted else (marked,) if marked else LADDER
    furthest = 0
    for name in ladder:
        readable, lines = _decodable(path, name)
        if readable:
            return name, digest, lines
        furthest = max(furthest, lines)
    raise _mistake(path, "import.encoding", row=furthest + 1, tried=", ".join(ladder))


def _decodable(path: Path, encoding: str) -> tuple[bool, int]:
    """Whether the whole file can be read so; and how many line ends it has, or has before what can't be read."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
    except LookupError:
        raise _mistake(path, "import.no_such_encoding", found=encoding) from None
    feeds = returns = 0
    with path.open("rb") as stream:
        block, good = b"", True
        while good and (block := stream.read(_BLOCK)):
            try:
                decoder.decode(block)
            except UnicodeError as problem:
                block, good = block[: getattr(problem, "start", 0)], False
            feeds, returns = feeds + block.count(b"\n"), returns + block.count(b"\r")
    try:
        decoder.decode(b"", final=good)
    except UnicodeError:
        good = False
    return good, max(feeds, returns)


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as stream:
        start = stream.read(65_536)
    lines = [line for line in start.splitlines() if line.strip()][:HEADER_WITHIN]
    return max(DELIMITERS, key=lambda each: sum(line.count(each) for line in lines))


def _csv_rows(path: Path, encoding: str, delimiter: str, width: int = 0) -> Iterator[Row]:
    """The records of a file whose header has so many columns; 0 = the header is still looked for."""
    # With newline="" the file is split at CR, LF and CRLF alike and csv keeps line ends inside quotes.
    with path.open(encoding=encoding, newline="") as stream:
        # Not strict, csv takes an open quote for one cell to the end of the file, and the customers in it with it.
        tidied = Tidied(stream, delimiter)
        reader, lines = csv.reader(tidied, delimiter=delimiter, strict=True), 0
        try:
            for number, cells in enumerate(reader, start=1):
                tidied.within = False
                if len(cells) > MOST_COLUMNS:
                    raise _mistake(path, "import.too_many_columns", row=number, found=len(cells), limit=MOST_COLUMNS)
                if reader.line_num > lines + 1:
                    refuse_swallowed(path, cells, width, delimiter, lines)
                lines = reader.line_num
                yield number, [_unguarded(cell) for cell in cells] if any(c[:1] == "'" for c in cells) else cells
        except csv.Error:
            raise broken(path, encoding, delimiter, lines) from None


def _unguarded(cell: str) -> str:
    """A cell as it was before it was made safe for Excel, in a file of rejected rows."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@\t\r\n＝＋－＠" else cell


def _open_workbook(path: Path, size: int, told: Collection[str]) -> Table:
    sheet = read_workbook(path, size)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    header_row, headers = _header(path, iter(sheet.rows), told)
    lines = len(sheet.rows)
    return Table(
        path, headers, header_row, "", digest, lines, sheet=sheet.name, other_sheets=sheet.others, _workbook=sheet.rows
    )


def _header(path: Path, rows: Iterator[Row], told: Collection[str]) -> tuple[int, tuple[str, ...]]:
    found = find_heading(rows, told)
    if found is None:
        raise _mistake(path, "mistake.empty")
    return found


def _mistake(path: Path, code: str, row: int = 0, **values: object) -> MistakesFound:
    return MistakesFound([Mistake(Place(path.name, row, 1 if row else 0), code, {"row": row, **values})])
