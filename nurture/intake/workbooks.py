"""Workbooks as rows of text, and what a file is that is called one and can't be opened."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from nurture.mistake import Mistake, MistakesFound, Place

LARGEST_WORKBOOK = 100 * 1024**2
LARGEST_UNPACKED = 1024**3
"""Bytes; a workbook is a zip archive, and a small one may unpack to any size."""
MOST_COLUMNS = 1_000
WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"})
ZIP = b"PK\x03\x04"

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
"""Begins an .xls, and, since ECMA-376's encryption packs it so, an .xlsx with a password."""
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_LOOKED_AT = 65_536


@dataclass(frozen=True)
class Sheet:
    """The one sheet of a workbook that is read."""

    name: str
    rows: list[tuple[int, list[str]]]
    others: tuple[str, ...]
    """Visible sheets that seem to hold a list too."""


def read_workbook(path: Path, size: int) -> Sheet:
    """The first visible sheet with a list, or with anything. Raises MistakesFound for what can't be opened."""
    if size > LARGEST_WORKBOOK:
        raise _mistake(path, "mistake.too_large", size=size, limit=LARGEST_WORKBOOK)
    _refuse_bomb(path)
    try:
        return _sheet(path)
    except PasswordError:
        raise _mistake(path, "import.workbook_locked") from None
    except (CalamineError, ValueError):
        # What the library says of it is about its own parts, in English: it helps nobody who keeps a shop.
        raise _mistake(path, _instead(path)) from None


def _refuse_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST_UNPACKED:
        raise _mistake(path, "mistake.too_large", size=size, limit=LARGEST_UNPACKED)


def _sheet(path: Path) -> Sheet:
    with CalamineWorkbook.from_path(str(path)) as workbook:
        visible = [each.name for each in workbook.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
        chosen, others = Sheet("", [], ()), list[str]()
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            if _is_list(chosen.rows):
                others += [name] if min(sheet.width, sheet.height) > 1 else []
                continue
            if sheet.width > MOST_COLUMNS:
                raise _mistake(path, "import.too_many_columns", row=1, found=sheet.width, limit=MOST_COLUMNS)
            rows = [(number, [_written(cell) for cell in cells]) for number, cells in enumerate(sheet.iter_rows(), 1)]
            if _is_list(rows) or (not chosen.rows and any(any(cells) for _, cells in rows)):
                chosen = Sheet(name, rows, ())
    return replace(chosen, others=tuple(others))


def _is_list(rows: Sequence[tuple[int, list[str]]]) -> bool:
    """Whether a row has two filled cells: a cover has none."""
    return any(sum(1 for cell in cells if cell.strip()) > 1 for _, cells in rows)


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


def _instead(path: Path) -> str:
    """The catalogue's key for what the file is instead of a workbook."""
    with path.open("rb") as stream:
        start = stream.read(_LOOKED_AT)
    if start.startswith(_OLE):
        old = path.suffix.lower() == ".xls"
        return "import.workbook_locked" if _LOCKED in path.read_bytes() else f"import.workbook{'' if old else '_old'}"
    if start.startswith(ZIP):
        return "import.is_workbook" if path.suffix.lower() == ".xls" and zipfile.is_zipfile(path) else "import.workbook"
    text = _text(start)
    if text.lstrip().startswith("<"):
        return "import.workbook_is_page"
    return "import.workbook_is_text" if text else "import.workbook"


def _text(start: bytes) -> str:
    """The start of the file if it is text, else nothing."""
    encodings = ("utf-16",) if start[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp932")
    for encoding in encodings:
        try:
            # What is cut off at the end of the start is no fault.
            found = start[: len(start) & ~1].decode(encoding, "strict" if len(start) < _LOOKED_AT else "ignore")
        except UnicodeError:
            continue
        return "" if "\0" in found else found
    return ""


def _mistake(path: Path, code: str, row: int = 0, **values: object) -> MistakesFound:
    return MistakesFound([Mistake(Place(path.name, row, 1 if row else 0), code, {"row": row, **values})])
