"""The rows that were turned away, as a CSV that Excel opens by a double click: with the row's number and the reason."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nurture.catalogue import say
from nurture.mistake import Mistake, MistakesFound, Place

FORMULA = "=+-@\t\r\n＝＋－＠"
"""A cell that begins so is a formula to Excel, in full width too, and may call a program."""


def write_rejected(
    path: Path, headers: Sequence[str], rows: Iterable[tuple[int, list[str], Mapping[str, Any]]], language: str
) -> None:
    """Writes (row, cells, reason) as UTF-8 with a BOM, every cell quoted, no cell a formula.

    The file can be mended and imported as it is. Raises MistakesFound when it can't be written.
    """
    head = [say(language, "import.rejected_row"), say(language, "import.rejected_reason")]
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            writer.writerow(map(harmless, [*head, *headers]))
            for row, cells, reason in rows:
                writer.writerow([str(row), harmless(reason_text(language, reason)), *map(harmless, cells)])
    except OSError:
        raise MistakesFound([Mistake(Place(path.name), "import.rejected_unwritable")]) from None


def reason_text(language: str, reason: Mapping[str, Any]) -> str:
    """Why a row was turned away, in words, with the column that it is about."""
    text = say(language, reason["code"], **reason["values"])
    header = reason["header"]
    return say(language, "import.in_column", header=header, text=text) if header else text


def harmless(cell: str) -> str:
    """The cell, with an apostrophe before what Excel would run; spaces before it don't hide it."""
    return f"'{cell}" if cell.lstrip(" 　")[:1] in tuple(FORMULA) else cell


def rejected_path(path: Path) -> Path:
    """customers.csv → customers.csv.rejected.csv, beside the file."""
    return path.with_name(f"{path.name}.rejected.csv")
