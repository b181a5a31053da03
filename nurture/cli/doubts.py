"""`unknown`, `resolve`: messages of which nobody knows whether they arrived, and a person's word about them."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from nurture.config import Settings
    from nurture.store.doubt import Doubtful, Ending

ENDINGS: dict[str, "Ending"] = {"sent": "sent", "not-sent": "failed", "again": "planned"}


def unknown(
    context: typer.Context,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", metavar="table|json")] = "table",
) -> int:
    """What is in doubt."""
    from nurture.store import reading
    from nurture.store.doubt import doubtful

    from .folder import existing_database, settings_of

    desk: Desk = context.obj
    settings = settings_of(desk)
    with existing_database(settings) as engine, reading(engine) as connection:
        found = doubtful(connection)
    if format_ == "json":
        desk.hand_over(json.dumps([_record(each) for each in found], ensure_ascii=False, indent=2))
    elif found:
        desk.hand_over("\n".join([desk.say("cli.unknown.head"), *(_line(desk, settings, each) for each in found)]))
        desk.tell("cli.unknown.hint")
    else:
        desk.tell("cli.unknown.none")
    return 0


def resolve(
    context: typer.Context,
    touch: Annotated[str, typer.Argument(metavar="NUMBER")],
    ending: Annotated[Literal["sent", "not-sent", "again"], typer.Argument(metavar="sent|not-sent|again")],
) -> int:
    """Settles one, or several at once."""
    from nurture.store import writing
    from nurture.store.doubt import settle_unknown

    from .folder import existing_database, settings_of

    desk: Desk = context.obj
    with existing_database(settings_of(desk)) as engine, writing(engine) as connection:
        settled = settle_unknown(connection, _meant(connection, touch), ENDINGS[ending], "person", desk.now)
    if not settled:
        raise MistakesFound([Mistake(Place("NUMBER"), "cli.resolve.none", {"found": touch})])
    desk.tell("cli.resolve.done", count=len(settled), ending=ending)
    return 0


def _meant(connection: Any, word: str) -> list[int]:
    from nurture.store.doubt import doubtful

    if word.isascii() and word.isdigit():
        return [int(word)]
    found = doubtful(connection) if word in ("all", "restored") else []
    return [each.touch_id for each in found if word == "all" or each.why == "restored"]


def _record(doubt: "Doubtful") -> dict[str, Any]:
    return {**asdict(doubt), "at": doubt.at.isoformat()}


def _line(desk: Desk, settings: "Settings", doubt: "Doubtful") -> str:
    at = f"{doubt.at.astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M}"
    why = desk.say("cli.unknown.restored") if doubt.why == "restored" else doubt.why or "-"
    customer = doubt.customer or f"#{doubt.customer_id}"
    step = f"{doubt.campaign}/{doubt.step}"
    return "  ".join([str(doubt.touch_id), at, doubt.channel, step, customer, why, doubt.key or "-"])
