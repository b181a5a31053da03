"""`run`, `worker`, `pause`, `resume`, `approve`: the daemon from its start to its end, and the hand brake."""

import asyncio
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from nurture.config import Settings
    from nurture.daemon import Shop, Watched

BUSY = 75
"""Exit status when another daemon holds the database file (EX_TEMPFAIL of sysexits.h)."""


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once")] = False,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", metavar="table|json")] = "table",
) -> int:
    """The daemon, or a single tick."""
    from .planning import preview_once

    desk: Desk = context.obj
    watched = _watched(desk)
    live = watched.current.settings.mode == "live"
    if not live:
        return preview_once(desk, format_)
    return _with_daemon(desk, watched, once=once, deliver_only=False)


def worker(context: typer.Context) -> int:
    """Delivers only; as many as you like on PostgreSQL."""
    desk: Desk = context.obj
    watched = _watched(desk)
    if watched.current.settings.mode != "live":
        desk.tell("cli.run.preview")
        return 0
    return _with_daemon(desk, watched, once=False, deliver_only=True)


def pause(
    context: typer.Context,
    scope: Annotated[str, typer.Argument(metavar="[SCOPE]")] = "all",
    reason: Annotated[str, typer.Option(metavar="TEXT")] = "",
) -> int:
    """Stops everything, a channel or a campaign, at once."""
    from nurture.store import pause as stop
    from nurture.store import writing

    from .folder import upgraded_database

    desk: Desk = context.obj
    shop = _watched(desk).current
    named = _scope(shop, scope)
    with upgraded_database(shop.settings) as engine, writing(engine) as connection:
        stopped = stop(connection, named, reason, desk.now)
    desk.tell("cli.pause.done" if stopped else "cli.pause.already", scope=scope)
    return 0


def resume(context: typer.Context, scope: Annotated[str, typer.Argument(metavar="[SCOPE]")] = "all") -> int:
    """Goes on."""
    from nurture.store import resume as go_on
    from nurture.store import writing
    from nurture.store.alarming import clear_alarm

    from .folder import upgraded_database

    desk: Desk = context.obj
    shop = _watched(desk).current
    if scope == "clock":
        return _accept_clock(desk, shop)
    with upgraded_database(shop.settings) as engine, writing(engine) as connection:
        lifted = go_on(connection, _scope(shop, scope), desk.now)
        for kind in ("breaker", "backstop"):
            clear_alarm(connection, kind, scope, desk.now)
    desk.tell("cli.resume.done" if lifted else "cli.resume.none", scope=scope)
    return 0


def _accept_clock(desk: Desk, shop: "Shop") -> int:
    """A person says that the clock is right, whatever was written down before."""
    from nurture.store import writing
    from nurture.store.timing import put_clock_mark

    from .folder import upgraded_database

    with upgraded_database(shop.settings) as engine, writing(engine) as connection:
        put_clock_mark(connection, desk.now)
    desk.tell("cli.resume.clock", at=desk.now.isoformat(timespec="seconds"))
    return 0


def approve(context: typer.Context, day: Annotated[str, typer.Argument(metavar="[DATE]")] = "") -> int:
    """Lets a day's list go, where config says `approve: true`; default: tomorrow's."""
    from nurture.store import approve_until, writing
    from nurture.zone import zone_table

    from .folder import upgraded_database

    desk: Desk = context.obj
    shop = _watched(desk).current
    zone = zone_table(shop.settings.timezone)
    try:
        approved = date.fromisoformat(day) if day else zone.local_date(int(desk.now.timestamp())) + timedelta(days=1)
    except ValueError:
        raise MistakesFound([Mistake(Place("DATE"), "expected.date", {"found": day})]) from None
    with upgraded_database(shop.settings) as engine, writing(engine) as connection:
        approve_until(connection, zone.day_start(approved + timedelta(days=1)))
    desk.tell("cli.approve.done", day=approved.isoformat())
    return 0


def _scope(shop: "Shop", word: str) -> str:
    if word == "all":
        return word
    if word in ("email", "line"):
        return f"channel:{word}"
    names = [each.campaign for each in shop.campaigns.campaigns]
    if word in names:
        return f"campaign:{word}"
    values = {"found": word, "allowed": ", ".join(("all", "email", "line", *names))}
    raise MistakesFound([Mistake(Place("SCOPE"), "mistake.unknown_word", values)])


def _watched(desk: Desk) -> "Watched[Shop]":
    from nurture.channels.signing import signer
    from nurture.config import FILE_NAME
    from nurture.daemon import Shop, Watched
    from nurture.daemon.reload import digest_of

    from .folder import shop_of

    def load() -> Shop:
        found = shop_of(desk)
        # A key that can't sign is told like any other mistake of the folder, before a mail needs it.
        signer(found.settings)
        return Shop(found.settings, found.campaigns, found.templates)

    first = load()
    folder = desk.folder
    paths = (folder / FILE_NAME, folder / first.settings.campaigns, folder / first.settings.templates)
    return Watched(load, paths, first, digest_of(paths))


def _with_daemon(desk: Desk, watched: "Watched[Shop]", *, once: bool, deliver_only: bool) -> int:
    from nurture.daemon import FileLocked, lock_database

    from .folder import engine_of, upgraded_database

    named = engine_of(watched.current.settings)
    try:
        # Locked first: a newer program must not change the tables under a daemon that runs.
        with lock_database(named) as alone, upgraded_database(watched.current.settings) as engine:
            return asyncio.run(_run(desk, watched, engine, once=once, deliver_only=deliver_only, alone=alone))
    except FileLocked as found:
        desk.tell("cli.run.locked", holder=str(found))
        return BUSY
    finally:
        named.dispose()


async def _run(
    desk: Desk, watched: "Watched[Shop]", engine: "Engine", *, once: bool, deliver_only: bool, alone: bool
) -> int:
    from nurture.collector import settle_down
    from nurture.daemon import read_mailbox, watch_mailbox
    from nurture.daemon.journal import keep_journal

    from .wiring import wired

    terminal = sys.stderr.isatty()
    settings = watched.current.settings
    _refuse_unready(settings)
    keep_journal(desk.clock.now, terminal=terminal)
    works = wired(desk, watched, engine, deliver_only=deliver_only, alone=alone)
    daemon = works.daemon
    if not once:
        settle_down()
    mailbox = (engine, settings, desk.environment, desk.clock)
    _tell_unread_mailbox(desk, settings)
    if once or terminal:
        campaigns = len(watched.current.campaigns.campaigns)
        desk.tell("cli.run.will", channels=", ".join(daemon.worker.senders) or "-", campaigns=campaigns)
    try:
        if once:
            await read_mailbox(*mailbox)
            step = await daemon.tick()
            await daemon.drain()
            touches = step.planned.touches if step.planned else 0
            desk.tell("cli.run.live", touches=touches, sent=step.delivered.get("sent", 0))
            return 0
        reading = [] if deliver_only else [watch_mailbox(*mailbox, daemon.stopping)]
        await asyncio.gather(daemon.run(), *reading, *works.serving)
        return 0
    finally:
        await works.close()


def _tell_unread_mailbox(desk: Desk, settings: "Settings") -> None:
    """Where letters are the only way out and no mailbox is named, a person must read them."""
    from nurture.feedback.mailbox import is_named

    if settings.opt_out_mailbox and not settings.public_url and not is_named(desk.environment):
        desk.tell("cli.run.mailbox", mailbox=settings.opt_out_mailbox)


def _refuse_unready(settings: "Settings") -> None:
    """Without the signing key every mail would lack its way out, and fail: nothing is begun."""
    from nurture.config import FILE_NAME, SECRETS

    if not settings.secrets.secret_key.get_secret_value():
        values = {"variable": SECRETS["secret_key"]}
        raise MistakesFound([Mistake(Place(FILE_NAME), "check.no_secret", values)])
