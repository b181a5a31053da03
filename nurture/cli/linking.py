"""`line-link`: personal links by which customers let the shop know their LINE account, for paper as QR codes."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nurture.config import Settings

ENDINGS = (".svg", ".png")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


def line_link(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="[CUSTOMER]")] = "",
    everybody: Annotated[bool, typer.Option("--all")] = False,
    qr: Annotated[str, typer.Option("--qr", metavar="FILE")] = "",
    output: Annotated[str, typer.Option("--output", metavar="FILE")] = "",
) -> int:
    """Gives one customer's link, or the links of all whose LINE account is not known yet."""
    from .folder import existing_database, settings_of
    from .people import the_one

    desk: Desk = context.obj
    _sensible(customer, everybody, qr)
    settings = settings_of(desk)
    _refuse_unready(settings)
    with existing_database(settings) as engine, engine.connect() as connection:
        if everybody:
            rows = list(_links(connection, settings, desk.now))
            _give(desk, _table(rows, desk), output)
            desk.tell("cli.line-link.done", count=len(rows))
            return 0
        link = _link(settings, the_one(connection, customer, "CUSTOMER"), desk.now)
    if qr:
        _draw(link, Path(qr))
        desk.tell("cli.written", path=qr)
    _give(desk, link, output)
    return 0


def _sensible(customer: str, everybody: bool, qr: str) -> None:
    if bool(customer) == everybody:
        raise MistakesFound([Mistake(Place("--all"), "cli.line-link.whom")])
    if qr and (everybody or not qr.lower().endswith(ENDINGS)):
        raise MistakesFound([Mistake(Place("--qr"), "cli.line-link.file", {"found": qr})])


def _refuse_unready(settings: "Settings") -> None:
    """A link that leads nowhere must not be printed on paper."""
    from nurture.config import FILE_NAME, SECRETS

    mistakes = []
    if not settings.line.enabled:
        mistakes.append(Mistake(Place(FILE_NAME), "check.line_off", {}, "line.enabled"))
    if not settings.public_url:
        mistakes.append(Mistake(Place(FILE_NAME), "cli.line-link.no_url", {}, "public_url"))
    if not settings.secrets.secret_key.get_secret_value():
        mistakes.append(Mistake(Place(FILE_NAME), "check.no_secret", {"variable": SECRETS["secret_key"]}))
    if mistakes:
        raise MistakesFound(mistakes)


def _link(settings: "Settings", customer: int, now: datetime) -> str:
    from nurture.message.line_link import link_for_mail

    return link_for_mail(settings, customer, int(now.timestamp()))


def _links(connection: "Connection", settings: "Settings", now: datetime) -> Iterator[tuple[str, str, str]]:
    """Number, name and link of everybody whom the shop may write to and whose LINE account it does not know."""
    from sqlalchemy import select

    from nurture.rules.permission import has_address
    from nurture.store.tables import Customer, table

    people = table(Customer)
    gone = (people.c.merged_into.is_not(None), people.c.erased_at.is_not(None), people.c.never)
    found = select(people.c.id, people.c.key, people.c.name).where(~has_address(people.c.id, "line"))
    for row in connection.execute(found.where(*(~each for each in gone)).order_by(people.c.id)):
        yield row.key or "", row.name, _link(settings, row.id, now)


def _table(rows: list[tuple[str, str, str]], desk: Desk) -> str:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow([desk.say(f"cli.line-link.{each}") for each in ("number", "name", "link")])
    writer.writerows([_harmless(each) for each in row] for row in rows)
    return made.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _give(desk: Desk, text: str, output: str) -> None:
    if not output:
        desk.hand_over(text)
        return
    # With the mark at its beginning Excel reads a CSV file as what it is.
    Path(output).write_text(text.rstrip("\n") + "\n", "utf-8-sig" if output.lower().endswith(".csv") else "utf-8")
    desk.tell("cli.written", path=output)


def _draw(link: str, path: Path) -> None:
    """Level M survives the wear of a card; four modules of white around it are the standard's (ISO/IEC 18004)."""
    import segno

    segno.make_qr(link, error="m").save(str(path), scale=8, border=4)
