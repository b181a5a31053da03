"""What every kind of file has in common: how its rows are read, judged against the database and written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from nurture.intake.cells import Cells, Refusal, RowRefused, Terms
from nurture.intake.describing import Describer
from nurture.intake.readers import Row, Table
from nurture.intake.recording import Writing
from nurture.intake.roster import Roster
from nurture.intake.shape import refuse_misshapen

NEW, CHANGED, UNCHANGED, REJECTED = "new", "changed", "unchanged", "rejected"
VERDICTS = (NEW, CHANGED, UNCHANGED, REJECTED)


@dataclass(frozen=True)
class Taken:
    """A record that could be read; `row` is the first of its rows."""

    row: int
    record: Any
    cells: tuple[str, ...] = ()
    """The row as it stands in the file."""


@dataclass(frozen=True)
class Refused:
    """A row that can't be used, and why."""

    row: int
    cells: tuple[str, ...]
    refusal: Refusal


@dataclass(frozen=True)
class Judged:
    """A record and what becomes of it. `values` is all that writing it needs, as plain JSON."""

    row: int
    verdict: str
    values: dict[str, Any]
    customer_id: int | None = None


@dataclass(frozen=True)
class Staged:
    """A judged record, back from the staging table."""

    row: int
    values: dict[str, Any]


@dataclass
class Checking:
    """One file being checked."""

    table: Table
    terms: Terms
    describer: Describer
    roster: Roster = field(default_factory=Roster)
    kept_opt_outs: int = 0
    """Permissions in the file that came to nothing, because the person had opted out."""
    keys: set[str] = field(default_factory=set)
    """Keys of the records met so far, for a record that stands in the file twice."""
    codes: set[str] = field(default_factory=set)
    """Every product code of a price list."""
    fingerprints: dict[int, int] = field(default_factory=dict)
    """Ref of somebody new → what their first row said, so that the same row again is nothing new."""


Item = Taken | Refused


@dataclass(frozen=True)
class Kind:
    """How one kind of file is imported."""

    name: str
    read: Callable[[Checking], Iterator[Item]]
    """The records of the file, in order."""
    judge: Callable[[Connection, Checking, Sequence[Taken]], list[Judged | Refused]]
    """Compares records with the database; it writes nothing."""
    write: Callable[[Writing, Sequence[Staged]], dict[int, int]]
    """Writes records that are new or changed; gives the customers of rows with a person. Idempotent."""


def each_row(checking: Checking, parse: Callable[[Cells], Any]) -> Iterator[Item]:
    """One record a row."""
    for row in checking.table.rows():
        yield one_row(checking, row, parse)


def one_row(checking: Checking, row: Row, parse: Callable[[Cells], Any]) -> Item:
    """The record of a row, or why there is none."""
    number, cells = row
    try:
        return Taken(number, parse(cells_of(checking, cells)), tuple(cells))
    except RowRefused as refused:
        return Refused(number, tuple(cells), refused.refusal)


def cells_of(checking: Checking, cells: Sequence[str]) -> Cells:
    """A row seen through the layout. Raises RowRefused where it would lose a cell."""
    refuse_misshapen(cells, checking.terms.layout, checking.table.delimiter)
    return Cells(checking.terms.layout, cells)


def refuse(taken: Taken, code: str, header: str = "", **values: object) -> Refused:
    """Turns a record away after all."""
    return Refused(taken.row, taken.cells, Refusal(code, values, header))


def met_before(checking: Checking, key: str) -> bool:
    """Whether a record with this key stood in the file before; from now on it did."""
    if key in checking.keys:
        return True
    checking.keys.add(key)
    return False
