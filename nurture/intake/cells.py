"""A row of a file seen through its layout: values by the name of their field, and one refusal for the whole row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from nurture.config import Settings
from nurture.intake.field.date import read_moment
from nurture.intake.field.text import Unreadable, clean
from nurture.intake.layout import Layout

Value = TypeVar("Value")
DAY = 86_400


@dataclass(frozen=True)
class Terms:
    """What holds for every row of a run."""

    settings: Settings
    layout: Layout
    now: datetime
    source: str
    """The file's name, kept with what comes from it."""
    basis: str | None = None
    """Ground of consent for people the file itself says nothing about; as in table consent."""
    since: int | None = None
    """Position of the column with the date from which that ground holds."""

    @cached_property
    def moment(self) -> int:
        """`now` as epoch seconds."""
        return int(self.now.timestamp())

    @cached_property
    def zone(self) -> tzinfo:
        """The shop's."""
        return ZoneInfo(self.settings.timezone)

    @cached_property
    def today(self) -> date:
        """The shop's local date."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True)
class Refusal:
    """Why a row can't be taken: what stands in the catalogue under `code`, and the column that it is about."""

    code: str
    values: Mapping[str, object]
    header: str = ""


class RowRefused(Exception):
    """A row that can't be used; it says why."""

    def __init__(self, code: str, header: str = "", **values: object) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, values, header)


class Cells:
    """One row; every reading of a cell goes through here, so that a refusal names its column."""

    __slots__ = ("layout", "row", "texts")

    def __init__(self, layout: Layout, row: Sequence[str]) -> None:
        self.layout = layout
        self.row = row
        self.texts: dict[str, str] = {}
        """Field → its first filled cell, cleaned."""
        width = len(row)
        for position, name in layout.plan:
            if position < width and (cell := row[position]) and name not in self.texts and (text := clean(cell)):
                self.texts[name] = text

    def has(self, name: str) -> bool:
        """Whether the file has such a column."""
        return name in self.layout.columns

    def text(self, name: str) -> str:
        """The first filled cell of the field, cleaned; empty when there is none."""
        return self.texts.get(name, "")

    def joined(self, name: str, separator: str) -> str:
        """All filled cells of the field."""
        positions = self.layout.columns.get(name, ())
        if len(positions) < 2:
            return self.texts.get(name, "")
        found = (clean(self.row[at]) for at in positions if at < len(self.row))
        return separator.join(filter(None, found))

    def read(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        """The parsed cell, None when it is empty. Raises RowRefused when it can't be read."""
        text = self.texts.get(name)
        if text is None:
            return None
        try:
            return parse(text)
        except Unreadable as problem:
            raise RowRefused(problem.code, self.layout.header_of(name), **problem.values) from None

    def moment(self, name: str, terms: Terms, future: bool = False) -> int | None:
        """The cell as epoch seconds. A day after tomorrow is refused unless the field may lie in the `future`."""
        if name not in self.texts:
            return None
        found = self.read(name, lambda text: read_moment(text, terms.zone))
        if found is not None and not future and found > terms.moment + DAY:
            raise RowRefused("reject.date_future", self.layout.header_of(name), found=self.text(name))
        return found

    def require(self, name: str, *others: str) -> None:
        """Raises RowRefused when the field, and all of the `others`, are empty."""
        if not any(self.text(each) for each in (name, *others)):
            header = self.layout.header_of(name) if self.has(name) else ""
            raise RowRefused("reject.missing", header, missing=header or name)
