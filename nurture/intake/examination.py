"""Checks a whole file before anything is changed: which column is what, what is new, what can't be used, and why."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from nurture.collector import uncollected
from nurture.config import Settings
from nurture.intake.cells import Refusal, Terms
from nurture.intake.describing import Describer
from nurture.intake.field.mail import LOOKS_LIKE_MAIL
from nurture.intake.field.text import narrow
from nurture.intake.kind import REJECTED, VERDICTS, Checking, Item, Judged, Refused, Taken
from nurture.intake.kinds import KINDS
from nurture.intake.layout import Layout, declared, lay_out
from nurture.intake.mapping import ColumnMapping, kept_headers, read_mapping, remembered
from nurture.intake.presets import header_key
from nurture.intake.readers import Table, open_table
from nurture.intake.roster import Suggestion
from nurture.intake.staging import begin_run, discard_run, set_status, stage
from nurture.mistake import Mistake, MistakesFound, Place, nearest
from nurture.store import reading, writing

Progress = Callable[[int, int | None], None]
"""Told how many rows are done, and of about how many."""

BATCH = 1_000
"""Rows that are judged with one set of queries."""
SAMPLES = 3
LOOKED_AT = 100
"""Rows by which it is told what a column holds that nobody knows."""
MOST_REJECTED = 50
"""So many refused rows are told with the examination; all of them stand in the file of rejected rows."""
BASES = ("opt_in", "existing_customer", "business_card", "published_address")
_PERMISSION = re.compile(
    r"メルマガ|メールマガ|配信|購読|希望|受信|opt.?(?:in|out)|案内|お知らせ|(?<![a-z])dm(?![a-z])|newsletter|subscri|marketing"
)


@dataclass(frozen=True)
class Column:
    """A column of the file and what it was taken for."""

    header: str
    field: str
    """Empty where the column is not read."""
    samples: tuple[str, ...]
    """Its cells in the first rows."""
    holds_mail: bool = False
    """Whether most of its cells are mail addresses."""


@dataclass(frozen=True)
class Counts:
    """What becomes of the records of a file. An order of several rows is one record; refused rows are single rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class RejectedRow:
    """A row that can't be used."""

    row: int
    """As Excel counts."""
    refusal: Refusal


@dataclass(frozen=True)
class Examination:
    """What an import would do; the checked rows wait in the staging table under `run_id`."""

    run_id: int
    path: Path
    kind: str
    preset: str
    encoding: str
    """Empty for a workbook."""
    header_row: int
    columns: tuple[Column, ...]
    counts: Counts
    rejected: tuple[RejectedRow, ...]
    """The first of them."""
    suggestions: tuple[Suggestion, ...]
    """People who may be one; only a person can say. The first of them."""
    suggested: int
    """How many suggestions there are."""
    kept_opt_outs: int
    """Permissions in the file that came to nothing: the person had opted out, and an old list doesn't revive that."""
    unread_phones: int
    """Phone numbers that are none, left empty."""
    mapping: ColumnMapping | None
    """What was said about the columns; kept in `imports/` when the file is applied."""
    sheet: str = ""
    """Of a workbook, the sheet that is read."""
    other_sheets: tuple[str, ...] = ()
    """Those of it that seem to hold a list and are not read."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The file's headers."""
        return tuple(each.header for each in self.columns)

    @property
    def perhaps_permissions(self) -> tuple[str, ...]:
        """Headers of a list of people that sound like a permission and are not read: a no in them would be lost."""
        unread = (each.header for each in self.columns if not each.field) if self.kind == "customers" else ()
        return tuple(each for each in unread if _PERMISSION.search(header_key(each)))

    @property
    def perhaps_mail(self) -> tuple[int, ...]:
        """Columns, counted from 1, of mail addresses that are not read, where none is."""
        if self.kind == "products" or any(each.field == "email" for each in self.columns):
            return ()
        return tuple(at for at, each in enumerate(self.columns, 1) if each.holds_mail and not each.field)


def examine(
    engine: Engine,
    settings: Settings,
    path: Path,
    *,
    kind: str | None = None,
    preset: str | None = None,
    mapping: str | None = None,
    encoding: str | None = None,
    basis: str | None = None,
    since: str | None = None,
    now: datetime,
    progress: Progress | None = None,
) -> Examination:
    """Reads and checks the whole file and keeps the outcome in the staging table; nothing else is changed.

    `kind`, `preset`: what the file is, None to tell by its headers. `mapping`: `field=header,…` or the name of a YAML
    file. `basis`: the ground of consent (existing-customer, opt-in, business-card, published-address) for people whom
    the file itself says nothing about; `since`: the column with the date from which it holds. `now`: aware UTC.
    Raises MistakesFound, and leaves the database as it was, when the file can't be used at all.
    """
    said = read_mapping(mapping) if mapping else None
    table = open_table(path, encoding, said.columns.values() if said else kept_headers(settings.folder))
    told = said or remembered(settings.folder, table.headers) or ColumnMapping()
    titles = dict(declared({name: each.title for name, each in settings.attributes.items()}))
    layout = lay_out(
        table.file, table.headers, kind or told.kind, preset or told.preset, told.columns, titles, table.header_row
    )
    ground, position = _ground(table, basis, since)
    terms = Terms(settings, layout, now, table.file, ground, position)
    checking = Checking(table, terms, Describer(terms))
    run_id = begin_run(engine, table.file, layout.kind, layout.preset.name, table.digest, now)
    try:
        counts, rejected = _check(engine, checking, run_id, progress)
        if not any(vars(counts).values()):
            raise MistakesFound([Mistake(Place(table.file, table.header_row + 1, 1), "import.no_rows")])
        with writing(engine) as connection:
            set_status(connection, run_id, "staged", counts=_remembered_counts(counts, checking))
    except BaseException:
        discard_run(engine, run_id)
        raise
    return Examination(
        run_id=run_id,
        path=path,
        kind=layout.kind,
        preset=layout.preset.name,
        encoding=table.encoding,
        header_row=table.header_row,
        columns=_columns(table, layout),
        counts=counts,
        rejected=tuple(rejected),
        suggestions=tuple(checking.roster.suggestions),
        suggested=checking.roster.suggested,
        kept_opt_outs=checking.kept_opt_outs,
        unread_phones=checking.describer.unread_phones,
        mapping=ColumnMapping(said.columns, layout.kind, said.preset or preset) if said else None,
        sheet=table.sheet,
        other_sheets=table.other_sheets,
    )


def discard(engine: Engine, examination: Examination) -> None:
    """Forgets an examination: after this, and for `--dry-run`, the database is as it was before."""
    discard_run(engine, examination.run_id)


def _check(
    engine: Engine, checking: Checking, run_id: int, progress: Progress | None
) -> tuple[Counts, list[RejectedRow]]:
    counts, rejected = dict.fromkeys(VERDICTS, 0), list[RejectedRow]()
    kind = KINDS[checking.terms.layout.kind]
    for batch in _batches(kind.read(checking)):
        found: list[Judged | Refused] = [each for each in batch if isinstance(each, Refused)]
        with uncollected():
            with reading(engine) as connection:
                found += kind.judge(connection, checking, [each for each in batch if isinstance(each, Taken)])
            with writing(engine) as connection:
                stage(connection, run_id, found)
        for each in found:
            counts[each.verdict if isinstance(each, Judged) else REJECTED] += 1
        refused = sorted((each for each in found if isinstance(each, Refused)), key=lambda each: each.row)
        rejected += [RejectedRow(each.row, each.refusal) for each in refused[: MOST_REJECTED - len(rejected)]]
        if progress:
            progress(batch[-1].row, checking.table.lines or None)
    return Counts(**counts), rejected


def _batches(items: Iterator[Item]) -> Iterator[Sequence[Item]]:
    while batch := _next(items):
        yield batch


def _next(items: Iterator[Item]) -> Sequence[Item]:
    with uncollected():
        return list(islice(items, BATCH))


def _ground(table: Table, basis: str | None, since: str | None) -> tuple[str | None, int | None]:
    """The ground of consent and the position of its date."""
    place = Place(table.file, table.header_row, 1)
    word = basis.replace("-", "_") if basis else None
    if word and word not in BASES:
        allowed = [each.replace("_", "-") for each in BASES]
        values = {"found": basis, "allowed": ", ".join(allowed)}
        raise MistakesFound([Mistake(place, "mistake.unknown_word", values, "--basis", nearest(str(basis), allowed))])
    if since and not word:
        raise MistakesFound([Mistake(place, "import.since_alone", {"found": since}, "--since")])
    if word == "existing_customer" and not since:
        raise MistakesFound([Mistake(place, "import.since_missing", {}, "--since")])
    keys = [header_key(each) for each in table.headers]
    if since and header_key(since) not in keys:
        values = {"found": since, "allowed": ", ".join(filter(None, table.headers))}
        mistake = Mistake(place, "import.no_such_header", values, "--since", nearest(since, table.headers))
        raise MistakesFound([mistake])
    return word, keys.index(header_key(since)) if since else None


def _remembered_counts(counts: Counts, checking: Checking) -> dict[str, Any]:
    return {
        **vars(counts),
        "kept_opt_outs": checking.kept_opt_outs,
        "suggested": checking.roster.suggested,
        "unread_phones": checking.describer.unread_phones,
        "path": str(checking.table.path.absolute()),
        "headers": list(checking.table.headers),
    }


def _columns(table: Table, layout: Layout) -> tuple[Column, ...]:
    first = [cells for _, cells in islice(table.rows(), LOOKED_AT)]
    columns = ([cells[at] for cells in first if at < len(cells)] for at in range(len(table.headers)))
    return tuple(
        Column(header, layout.field_at(at), tuple(cells[:SAMPLES]), _hold_mail(cells))
        for at, (header, cells) in enumerate(zip(table.headers, columns, strict=True))
    )


def _hold_mail(cells: Sequence[str]) -> bool:
    filled = [narrow(cell).strip() for cell in cells if cell.strip()]
    return 2 * sum(1 for each in filled if LOOKS_LIKE_MAIL.fullmatch(each)) > len(filled)
