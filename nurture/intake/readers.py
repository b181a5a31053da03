"""Files as rows of text: CSV in whatever encoding Japanese software writes, and workbooks. Cells mean nothing here."""

import codecs
import csv
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from nurture.mistake import Mistake, MistakesFound, Place

LARGEST_CSV = 2 * 1024**3
LARGEST_WORKBOOK = 100 * 1024**2
LARGEST_UNPACKED = 1024**3
"""Bytes; a workbook is a zip archive, and a small one may unpack to any size."""
MOST_COLUMNS = 1_000
HEADER_WITHIN = 20
"""The header stands in one of the first rows; people put a title above it."""
LADDER = ("utf-8", "cp932")
"""Never `shift_jis`: Python's fails on 髙, 﨑, ① and ㈱, which every Japanese list holds."""
WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"})
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
        return _csv_rows(self.path, self.encoding, self.delimiter)


def open_table(path: Path, encoding: str | None = None) -> Table:
    """Finds out how a file is written. `encoding` overrides the guess for a CSV.

    Raises MistakesFound when the file is missing, empty, too large, or not what its name says.
    """
    size = _size(path)
    if path.suffix.lower() in WORKBOOKS:
        return _open_workbook(path, size)
    if size > LARGEST_CSV:
        raise _mistake(path, "mistake.too_large", size=size, limit=LARGEST_CSV)
    name, digest, lines = _encoding(path, encoding)
    delimiter = _delimiter(path, name)
    header_row, headers = _header(path, _csv_rows(path, name, delimiter))
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
    if start == b"PK\x03\x04":
        raise _mistake(path, "import.is_workbook")
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    ladder = (wanted,) if wanted else (marked,) if marked else LADDER
    problem = ""
    for name in ladder:
        problem, lines = _undecodable(path, name)
        if not problem:
            return name, digest, lines
    raise _mistake(path, "import.encoding", tried=", ".join(ladder), problem=problem)


def _undecodable(path: Path, encoding: str) -> tuple[str, int]:
    """Why the file can't be read so, empty if it can; and how many line ends it has."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
    except LookupError:
        raise _mistake(path, "import.no_such_encoding", found=encoding) from None
    before = feeds = returns = 0
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
                before, feeds, returns = before + len(block), feeds + block.count(b"\n"), returns + block.count(b"\r")
            decoder.decode(b"", final=True)
        except UnicodeError as problem:
            return f"{getattr(problem, 'reason', problem)} @{before + getattr(problem, 'start', 0)}", 0
    return "", max(feeds, returns)


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as stream:
        start = stream.read(65_536)
    lines = [line for line in start.splitlines() if line.strip()][:HEADER_WITHIN]
    return max(DELIMITERS, key=lambda each: sum(line.count(each) for line in lines))


def _csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    # With newline="" the file is split at CR, LF and CRLF alike and csv keeps line ends inside quotes.
    with path.open(encoding=encoding, newline="") as stream:
        number = 0
        try:
            for number, cells in enumerate(csv.reader(stream, delimiter=delimiter), start=1):
                if len(cells) > MOST_COLUMNS:
                    raise _mistake(path, "import.too_many_columns", row=number, found=len(cells), limit=MOST_COLUMNS)
                yield number, [_unguarded(cell) for cell in cells] if any(c[:1] == "'" for c in cells) else cells
        except csv.Error as problem:
            raise _mistake(path, "import.broken_csv", row=number + 1, problem=problem) from None


def _unguarded(cell: str) -> str:
    """A cell as it was before it was made safe for Excel, in a file of rejected rows."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@\t\r\n＝＋－＠" else cell


def _open_workbook(path: Path, size: int) -> Table:
    if size > LARGEST_WORKBOOK:
        raise _mistake(path, "mistake.too_large", size=size, limit=LARGEST_WORKBOOK)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    _refuse_bomb(path)
    try:
        rows = list(_workbook_rows(path))
    except (CalamineError, OSError, ValueError) as problem:
        raise _mistake(path, "import.workbook", problem=problem) from None
    header_row, headers = _header(path, iter(rows))
    return Table(path, headers, header_row, "", digest, len(rows), _workbook=rows)


def _refuse_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST_UNPACKED:
        raise _mistake(path, "mistake.too_large", size=size, limit=LARGEST_UNPACKED)


def _workbook_rows(path: Path) -> Iterator[Row]:
    """The rows of the first visible sheet that holds any."""
    with CalamineWorkbook.from_path(str(path)) as workbook:
        for known in workbook.sheets_metadata:
            if known.visible != SheetVisibleEnum.Visible:
                continue
            sheet = workbook.get_sheet_by_name(known.name)
            if sheet.width > MOST_COLUMNS:
                raise _mistake(path, "import.too_many_columns", row=1, found=sheet.width, limit=MOST_COLUMNS)
            rows = [(number, [_written(cell) for cell in cells]) for number, cells in enumerate(sheet.iter_rows(), 1)]
            if any(any(cells) for _, cells in rows):
                yield from rows
                return


def _written(cell: Any) -> str:
    """A workbook's cell as text: 9012345678.0 without its .0, dates as ISO."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _header(path: Path, rows: Iterator[Row]) -> tuple[int, tuple[str, ...]]:
    """The first row with two filled cells or more; a list of one column has its first filled row."""
    single: tuple[int, tuple[str, ...]] | None = None
    for number, cells in rows:
        filled = sum(1 for cell in cells if cell.strip())
        if filled > 1:
            return number, tuple(cells)
        single = single or ((number, tuple(cells)) if filled else None)
        if number >= HEADER_WITHIN:
            break
    if single is None:
        raise _mistake(path, "mistake.empty")
    return single


def _mistake(path: Path, code: str, row: int = 0, **values: object) -> MistakesFound:
    return MistakesFound([Mistake(Place(path.name, row, 1 if row else 0), code, {"row": row, **values})])
