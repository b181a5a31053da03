"""The row of a file that is its header. People put titles above it, and the names of groups of columns."""

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import islice, zip_longest

from nurture.intake.field.text import narrow
from nurture.intake.presets import PRESETS, header_key

HEADER_WITHIN = 20
"""The header stands in one of the first rows."""
_VALUE = re.compile(r"[\d,.\-/:]*\d|\S+@\S+")
_KNOWN = frozenset(key for preset in PRESETS for key in preset.columns)


def find_heading(rows: Iterable[tuple[int, list[str]]], told: Collection[str]) -> tuple[int, tuple[str, ...]] | None:
    """The header's row and the headers; None for a file of empty rows. `told`: headers that a person named.

    The first row with two filled cells, unless a later one says more by which columns are known; where a cell of that
    one is empty, its header reaches over two rows. A list of one column has its first filled row.
    """
    told = {header_key(each) for each in told}
    single: tuple[int, tuple[str, ...]] | None = None
    best: tuple[int, tuple[str, ...]] | None = None
    most, above = 0, list[str]()
    for number, cells in islice(rows, HEADER_WITHIN):
        filled = sum(1 for cell in cells if cell.strip())
        if filled < 2:
            single = single or ((number, tuple(cells)) if filled else None)
            above = []
            continue
        joined = _joined(above, cells)
        known = _known(joined, told)
        if best is None:
            best, most = (number, tuple(cells)), known
        # One known word may be a value, 電話 under 種別.
        elif known > most and _known(cells, told) > 1 and not _is_of_data(cells, best[1], told):
            best, most = (number, joined), known
        above = cells
    return best or single


def _is_of_data(cells: Sequence[str], heading: Sequence[str], told: Collection[str]) -> bool:
    """Whether a row says something under a heading that is known, as no header does, or holds a number or address."""
    if any(_VALUE.fullmatch(narrow(cell).strip()) for cell in cells):
        return True
    pairs = ((cell, over) for cell, over in zip(cells, heading, strict=False) if cell.strip() and cell != over)
    return any(_known([over], told) and not _known([cell], told) for cell, over in pairs)


def _joined(above: Sequence[str], cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell if cell.strip() else over for over, cell in zip_longest(above, cells, fillvalue=""))


def _known(cells: Iterable[str], told: Collection[str]) -> int:
    """How many columns are known by these headers; what a person named counts twice."""
    keys = set(map(header_key, cells))
    return len(keys & _KNOWN) + 2 * len(keys & set(told))
