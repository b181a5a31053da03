"""`import`: files become customers, orders and bookings; what a file would do is shown before it is done."""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from nurture.config import Settings
    from nurture.intake import Examination, ImportResult
    from nurture.intake.examination import Progress

ORDER = ("products", "customers", "optouts", "orders", "bookings", "contacts", "holds")
SHOWN = 5
"""Refused rows and suggestions that are shown; the rest is counted."""


def import_files(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE…")],
    kind: Annotated[str, typer.Option(metavar="KIND")] = "",
    preset: Annotated[str, typer.Option(metavar="NAME")] = "",
    map_: Annotated[str, typer.Option("--map", metavar="FIELD=HEADER,…")] = "",
    encoding: Annotated[str, typer.Option(metavar="NAME")] = "",
    basis: Annotated[str, typer.Option(metavar="GROUND")] = "",
    since: Annotated[str, typer.Option(metavar="HEADER")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", metavar="table|json")] = "table",
) -> int:
    """Imports files, one after the other."""
    from .folder import settings_of

    desk: Desk = context.obj
    settings = settings_of(desk)
    options = {"kind": kind, "preset": preset, "mapping": map_, "encoding": encoding, "basis": basis, "since": since}
    given = {name: value or None for name, value in options.items()}
    done: list[dict[str, Any]] = []
    with _database(settings, dry=dry_run) as engine:
        if not dry_run:
            _finish(desk, engine, settings)
        for path in _in_order(settings, files, given):
            done.append(_import(desk, engine, settings, path, given, dry=dry_run, table=format_ == "table"))
    if format_ == "json":
        desk.hand_over(json.dumps(done, ensure_ascii=False, indent=2))
    desk.tell("cli.import.dry" if dry_run else "cli.import.next")
    return 0


@contextmanager
def _database(settings: "Settings", *, dry: bool) -> "Iterator[Engine]":
    """The shop's database; for a look only, where there is none yet, one that is thrown away."""
    from nurture.store import current_revision

    from .folder import engine_of, upgraded_database

    with tempfile.TemporaryDirectory(prefix="nurture-look-") as folder:
        present = engine_of(settings)
        if dry and current_revision(present) is None:
            settings = settings.model_copy(update={"database": f"sqlite:///{folder}/look.db"})
        present.dispose()
        with upgraded_database(settings) as engine:
            yield engine


def _finish(desk: Desk, engine: "Engine", settings: "Settings") -> None:
    """What an import that was killed left to be done."""
    from nurture.intake import resume, unfinished

    for each in unfinished(engine):
        resume(engine, settings, each.run_id, now=desk.now)
        desk.tell("cli.import.resumed", file=each.file)


def _in_order(settings: "Settings", files: Sequence[str], given: Mapping[str, str | None]) -> list[Path]:
    """People and products before what is said about them: a shell gives `data/*.csv` by the alphabet."""
    paths = [Path(name) for name in files]
    if missing := [path for path in paths if not path.is_file()]:
        codes = ("mistake.file_missing", "import.is_folder")
        raise MistakesFound(Mistake(Place(str(path)), codes[path.is_dir()]) for path in missing)
    return sorted(paths, key=lambda path: ORDER.index(_kind_of(settings, path, given))) if len(paths) > 1 else paths


def _kind_of(settings: "Settings", path: Path, given: Mapping[str, str | None]) -> str:
    from nurture.intake.layout import lay_out
    from nurture.intake.mapping import ColumnMapping, kept_headers, read_mapping, remembered
    from nurture.intake.readers import open_table

    said = read_mapping(given["mapping"]) if given["mapping"] else None
    table = open_table(path, given["encoding"], said.columns.values() if said else kept_headers(settings.folder))
    told = said or remembered(settings.folder, table.headers) or ColumnMapping()
    kind, preset = given["kind"] or told.kind, given["preset"] or told.preset
    return lay_out(table.file, table.headers, kind, preset, told.columns, {}, table.header_row).kind


def _import(
    desk: Desk,
    engine: "Engine",
    settings: "Settings",
    path: Path,
    given: dict[str, str | None],
    *,
    dry: bool,
    table: bool,
) -> dict[str, Any]:
    from nurture.intake import apply, discard, examine

    with _progress(desk, "cli.import.reading", path.name) as progress:
        examined = examine(engine, settings, path, **given, now=desk.now, progress=progress)
    if table:
        desk.hand_over("\n".join(_shown(desk, examined, closely=dry)))
    if dry:
        discard(engine, examined)
        return _as_data(examined, None)
    with _progress(desk, "cli.import.writing", path.name) as progress:
        result = apply(engine, settings, examined, now=desk.now, progress=progress)
    for code, found in (("cli.import.rejected_file", result.rejected_file), ("cli.import.kept", result.mapping_file)):
        if found:
            desk.tell(code, path=found)
    return _as_data(examined, result)


def _shown(desk: Desk, examined: "Examination", *, closely: bool) -> Iterator[str]:
    """What was found in the file, in lines; `closely` with the first cells of every column."""
    from nurture.intake.rejection import reason_text

    counts = examined.counts
    kind = desk.say(f"cli.kind.{examined.kind}")
    yield desk.say("cli.import.file", file=examined.path.name, kind=kind, preset=examined.preset)
    if examined.other_sheets:
        others = desk.say("cause.join").join(examined.other_sheets)
        yield "  " + desk.say("cli.import.other_sheets", sheet=examined.sheet, others=others)
    yield from _columns(desk, examined, closely=closely)
    yield "  " + desk.say("cli.import.counts", **vars(counts))
    for each in examined.rejected[:SHOWN]:
        reason = {"code": each.refusal.code, "values": each.refusal.values, "header": each.refusal.header}
        yield "    " + desk.say("cli.import.row", row=each.row, reason=reason_text(desk.language, reason))
    if counts.rejected > SHOWN:
        yield "    " + desk.say("cli.import.more", count=counts.rejected - SHOWN)
    if counts.rejected and not (counts.new or counts.changed or counts.unchanged):
        headers = desk.say("cause.join").join(filter(None, examined.headers))
        yield "  " + desk.say("cli.import.all_rejected", row=examined.header_row, headers=headers)
    notes = {
        "cli.import.kept_opt_outs": examined.kept_opt_outs,
        "cli.import.unread_phones": examined.unread_phones,
        "cli.import.suggested": examined.suggested,
    }
    for code, count in notes.items():
        if count:
            yield "  " + desk.say(code, count=count)
    for suggestion in examined.suggestions[:SHOWN]:
        other = suggestion.resembles_key or suggestion.resembles_id or suggestion.resembles_row
        yield "    " + desk.say("cli.import.suggestion", row=suggestion.row, name=suggestion.name, other=other)


def _columns(desk: Desk, examined: "Examination", *, closely: bool) -> Iterator[str]:
    join = desk.say("cause.join").join
    taken = [each for each in examined.columns if each.field]
    if closely:
        yield "  " + desk.say("cli.import.columns", columns="")
        for each in taken:
            yield f"    {each.header} → {each.field}: {join(' '.join(cell.split()) for cell in each.samples if cell)}"
    else:
        yield "  " + desk.say("cli.import.columns", columns=join(f"{each.header} → {each.field}" for each in taken))
    if unread := [each.header for each in examined.columns if not each.field and each.header]:
        yield "  " + desk.say("cli.import.unread", columns=join(unread))
    if perhaps := examined.perhaps_permissions:
        yield "  " + desk.say("cli.import.perhaps_permission", columns=join(perhaps), first=perhaps[0])
    for at in examined.perhaps_mail:
        yield "  " + _perhaps_mail(desk, examined, at)


def _perhaps_mail(desk: Desk, examined: "Examination", at: int) -> str:
    header = examined.columns[at - 1].header
    if not header.strip():
        return desk.say("cli.import.mail_unnamed", column=at, row=examined.header_row)
    mapped = {**(examined.mapping.columns if examined.mapping else {}), "email": header}
    return desk.say("cli.import.perhaps_mail", column=header, mapping=",".join(map("=".join, mapped.items())))


def _as_data(examined: "Examination", result: "ImportResult | None") -> dict[str, Any]:
    return {
        "file": examined.path.name,
        "kind": examined.kind,
        "preset": examined.preset,
        "columns": {each.header: each.field for each in examined.columns if each.field},
        "counts": vars(examined.counts),
        "rejected": [{"row": each.row, "code": each.refusal.code} for each in examined.rejected],
        "suggested": examined.suggested,
        "kept_opt_outs": examined.kept_opt_outs,
        "applied": result is not None,
        "rejected_file": str(result.rejected_file) if result and result.rejected_file else None,
    }


@contextmanager
def _progress(desk: Desk, key: str, file: str) -> Iterator["Progress | None"]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(desk.say(key, file=file), total=None)
        yield lambda rows, total: bars.update(task, completed=rows, total=total)
