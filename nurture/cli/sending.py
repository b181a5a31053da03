"""`send-test`: one letter of a campaign to the owner's own address, marked as a test and outside the ledger."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.campaign import Campaign, Step
from nurture.mistake import Mistake, MistakesFound, Place, nearest

from .desk import Desk

if TYPE_CHECKING:
    from nurture.check.specimen import Specimen

    from .folder import Shop

OUTBOX = "outbox"


def send_test(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN")],
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS")],
    step: Annotated[str, typer.Option("--step", metavar="NAME")] = "",
    customer: Annotated[str, typer.Option("--customer", metavar="CUSTOMER")] = "",
) -> int:
    """Writes the message into `outbox/`."""
    from nurture.channels.console import Console
    from nurture.channels.outcome import Accepted

    from .folder import shop_of
    from .testing import test_message

    desk: Desk = context.obj
    shop = shop_of(desk)
    chosen = _campaign(shop, campaign)
    steps = [_step(chosen, step)] if step else list(chosen.steps)
    specimen = _specimen(desk, shop, chosen, customer)
    folder = _outbox(desk.folder)
    parcels = [test_message(shop, chosen, each, specimen, to, desk.now) for each in steps]
    for parcel in parcels:
        outcome = asyncio.run(Console(folder).send(parcel))
        if not isinstance(outcome, Accepted):
            desk.tell("cli.outside_failed", problem=getattr(outcome, "reply", ""), place=folder)
            return 3
        desk.hand_over(outcome.reply)
    known = specimen.name or desk.say("cli.send-test.invented")
    done = "cli.send-test.done_line" if parcels[0].channel == "line" else "cli.send-test.done"
    desk.tell(done, count=len(steps), name=known, to=to)
    return 0


def _campaign(shop: "Shop", name: str) -> Campaign:
    found = {each.campaign: each for each in shop.campaigns.campaigns}
    if name in found:
        return found[name]
    values = {"found": name, "allowed": ", ".join(found)}
    raise MistakesFound([Mistake(Place("CAMPAIGN"), "campaign.unknown_campaign", values, "", nearest(name, found))])


def _step(campaign: Campaign, name: str) -> Step:
    found = {each.step: each for each in campaign.steps}
    if name in found:
        return found[name]
    values = {"found": name, "allowed": ", ".join(found)}
    raise MistakesFound([Mistake(Place("--step"), "mistake.unknown_word", values, "", nearest(name, found))])


def _specimen(desk: Desk, shop: "Shop", campaign: Campaign, customer: str) -> "Specimen":
    from nurture.check.specimen import specimen_of
    from nurture.store import current_revision, reading

    from .folder import engine_of, existing_database
    from .people import the_one

    if customer:
        with existing_database(shop.settings) as engine:
            with reading(engine) as connection:
                person = the_one(connection, customer, "--customer")
            return specimen_of(engine, shop.settings, shop.campaigns, shop.templates, campaign, desk.now, person)
    engine = engine_of(shop.settings)
    try:
        present = engine if current_revision(engine) else None
        return specimen_of(present, shop.settings, shop.campaigns, shop.templates, campaign, desk.now)
    finally:
        engine.dispose()


def _outbox(folder: Path) -> Path:
    """The folder for what would be sent; it keeps itself out of git, since customers' names stand in it."""
    outbox = folder / OUTBOX
    outbox.mkdir(exist_ok=True)
    (outbox / ".gitignore").write_text("*\n", "utf-8")
    return outbox
