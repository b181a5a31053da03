"""`preview`, `explain` and `run`: who gets what, when and by which channel, and who does not, and why."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nurture.mistake import Mistake, MistakesFound, Place, nearest

from .desk import Desk

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from nurture.config import Settings

    from .folder import Shop

Format = Literal["table", "json", "html"]
At = Annotated[str, typer.Option("--at", metavar="TIME")]


def preview(
    context: typer.Context,
    at: At = "",
    campaign: Annotated[str, typer.Option("--campaign", metavar="NAME")] = "",
    customer: Annotated[str, typer.Option("--customer", metavar="CUSTOMER")] = "",
    format_: Annotated[Format, typer.Option("--format", metavar="table|json|html")] = "table",
    output: Annotated[str, typer.Option("--output", metavar="FILE")] = "",
) -> None:
    """What the plan would be; nothing is written."""
    from .folder import existing_database, shop_of

    desk: Desk = context.obj
    shop, today = shop_of(desk), desk.now
    _known_campaign(shop, campaign)
    now = _moment(shop, at, today)
    with existing_database(shop.settings) as engine:
        text = _foreseen(desk, shop, engine, now, today, campaign, customer, format_)
        held = shop.settings.approve and _waits_for_approval(engine, shop.settings, desk.now)
    _give(desk, text, output)
    if held:
        desk.tell("cli.preview.held")
    if format_ == "table":
        desk.tell("cli.preview.next")


def explain(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    at: At = "",
    format_: Annotated[Literal["table", "json"], typer.Option("--format", metavar="table|json")] = "table",
) -> int:
    """Every campaign and every gate for one customer."""
    from nurture.preview import SeveralPeople, explain_customer, explanation_json, explanation_table

    from .folder import existing_database, quota_in_force, shop_of

    desk: Desk = context.obj
    shop, today = shop_of(desk), desk.now
    now = _moment(shop, at, today)
    with existing_database(shop.settings) as engine:
        settings = quota_in_force(engine, shop.settings, min(now, today))
        found = explain_customer(engine, settings, shop.campaigns, shop.templates, now, customer, today)
    if format_ == "json":
        desk.hand_over(explanation_json(found))
    else:
        desk.hand_over(explanation_table(found, desk.language, color=desk.color, width=desk.width))
    return 1 if isinstance(found, SeveralPeople) else 0


def preview_once(desk: Desk, format_: Literal["table", "json"]) -> int:
    """What `run` does in preview mode: the plan is shown, nothing is recorded or sent."""
    from .folder import existing_database, shop_of

    shop, today = shop_of(desk), desk.now
    with existing_database(shop.settings) as engine:
        desk.hand_over(_foreseen(desk, shop, engine, today, today, "", "", format_))
    desk.tell("cli.run.preview")
    return 0


def _foreseen(
    desk: Desk,
    shop: "Shop",
    engine: "Engine",
    now: datetime,
    today: datetime,
    campaign: str,
    customer: str,
    format_: Format,
) -> str:
    from nurture.preview import as_html, as_json, as_table, foresee

    from .folder import quota_in_force

    found = foresee(
        engine,
        quota_in_force(engine, shop.settings, today),
        shop.campaigns,
        shop.templates,
        now,
        campaign=campaign or None,
        customer=customer or None,
        today=today,
    )
    forms: dict[str, Callable[[], str]] = {
        "table": lambda: as_table(found, desk.language, color=desk.color, width=desk.width),
        "json": lambda: as_json(found),
        "html": lambda: as_html(found, desk.language),
    }
    return forms[format_]()


def _waits_for_approval(engine: "Engine", settings: "Settings", now: datetime) -> bool:
    """Whether something of tomorrow's list does not leave before the owner's word."""
    from nurture.feedback.approving import end_of, next_day
    from nurture.store import approved_until, reading

    with reading(engine) as connection:
        return approved_until(connection) < end_of(settings, next_day(settings, now))


def _moment(shop: "Shop", at: str, today: datetime) -> datetime:
    from .moment import read_moment

    return read_moment(at, shop.settings.timezone, today) if at else today


def _known_campaign(shop: "Shop", name: str) -> None:
    known = [each.campaign for each in shop.campaigns.campaigns]
    if name and name not in known:
        values = {"found": name, "allowed": ", ".join(known)}
        raise MistakesFound(
            [Mistake(Place("--campaign"), "campaign.unknown_campaign", values, "", nearest(name, known))]
        )


def _give(desk: Desk, text: str, output: str) -> None:
    if not output:
        desk.hand_over(text)
        return
    Path(output).write_text(text.rstrip("\n") + "\n", "utf-8")
    desk.tell("cli.written", path=output)
