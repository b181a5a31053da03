"""`forget` and `merge`: what is done to single customers and can't be undone. Who is meant is found in one place."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

Yes = Annotated[bool, typer.Option("--yes")]


def forget(
    context: typer.Context, customer: Annotated[str, typer.Argument(metavar="CUSTOMER")], yes: Yes = False
) -> int:
    """Erases what says who a customer is, and stops everything queued."""
    from nurture.feedback.erasing import erase
    from nurture.store import writing

    from .folder import existing_database, settings_of

    desk: Desk = context.obj
    with existing_database(settings_of(desk)) as engine:
        with engine.connect() as connection:
            person = the_one(connection, customer, "CUSTOMER")
            name = shown(connection, person)
        if not _agreed(desk, yes, "cli.forget.ask", name=name):
            return 2
        with writing(engine) as connection:
            done = erase(connection, person, desk.now)
    desk.tell("cli.forget.done", number=person, stopped=done.stopped)
    if done.under_way:
        desk.tell("cli.forget.under_way", count=done.under_way)
    return 0


def merge(
    context: typer.Context,
    keep: Annotated[str, typer.Argument(metavar="KEEP")],
    gone: Annotated[str, typer.Argument(metavar="GONE")],
    yes: Yes = False,
) -> int:
    """Makes two entries for one person one."""
    from nurture.intake.merging import merge_customers
    from nurture.store import writing

    from .folder import existing_database, settings_of

    desk: Desk = context.obj
    with existing_database(settings_of(desk)) as engine:
        with engine.connect() as connection:
            kept, dropped = the_one(connection, keep, "KEEP"), the_one(connection, gone, "GONE")
            names = {"keep": shown(connection, kept), "gone": shown(connection, dropped)}
            before = list(_merged_before(connection, (keep, gone)))
        for part, whole in before:
            desk.tell("cli.merge.before", part=part, whole=whole)
        if kept == dropped:
            desk.tell("cli.merge.same", **names)
            return 0
        if not _agreed(desk, yes, "cli.merge.ask", **names):
            return 2
        with writing(engine) as connection:
            merge_customers(connection, kept, dropped, desk.now)
    desk.tell("cli.merge.done", **names)
    return 0


def the_one(connection: "Connection", wanted: str, argument: str) -> int:
    """The id of the one customer meant. Raises MistakesFound when there is none, or when there are several."""
    from nurture.preview.people import find_people

    found = find_people(connection, wanted)
    if len(found) > 1:
        listed = ", ".join(shown(connection, each) for each in found)
        values = {"found": wanted, "count": len(found), "listed": listed}
        raise MistakesFound([Mistake(Place(argument), "cli.several", values)])
    return found[0]


def _merged_before(connection: "Connection", typed: "Iterable[str]") -> "Iterator[tuple[str, str]]":
    """Entries named by their own number that are a part of somebody since an earlier merge, and of whom."""
    from sqlalchemy import select

    from nurture.store.tables import Customer, table

    people = table(Customer)
    numbers = [each.strip() for each in typed]
    query = select(people.c.id, people.c.merged_into).where(
        people.c.key.in_(numbers), people.c.merged_into.is_not(None)
    )
    for part, whole in connection.execute(query.order_by(people.c.id)):
        yield shown(connection, part), shown(connection, whole)


def shown(connection: "Connection", customer: int) -> str:
    """A customer as the owner knows them: number and name."""
    from sqlalchemy import select

    from nurture.store.tables import Customer, table

    people = table(Customer)
    row = connection.execute(select(people.c.key, people.c.name).where(people.c.id == customer)).one()
    return f"{row.key or '-'} {row.name}".strip()


def _agreed(desk: Desk, yes: bool, question: str, **values: object) -> bool:
    """Whether the person agrees: said beforehand, or asked on a terminal; elsewhere nobody could answer."""
    if yes:
        return True
    desk.tell(question, **values)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        desk.tell("cli.yes.wanted")
        return False
    sys.stderr.write(desk.say("cli.yes.prompt") + " ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes", "はい")
