"""`status`: the state of the database and of planning, for a person who wonders whether all is well."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from .desk import Desk

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from nurture.config import Settings

COUNTED = ("customer", "order", "booking", "product", "contact")


def status(
    context: typer.Context,
    format_: Annotated[Literal["table", "json"], typer.Option("--format", metavar="table|json")] = "table",
) -> None:
    """How things stand."""
    from .folder import engine_of, settings_of

    desk: Desk = context.obj
    settings = settings_of(desk)
    engine = engine_of(settings)
    try:
        found = _state(engine, settings, desk.now)
    finally:
        engine.dispose()
    if format_ == "json":
        desk.hand_over(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        desk.hand_over("\n".join(_lines(desk, settings, found)))


def _state(engine: "Engine", settings: "Settings", now: datetime) -> dict[str, Any]:
    from nurture.store import current_revision, needs_upgrade, reading

    from .folder import shown_database

    revision = current_revision(engine)
    found: dict[str, Any] = {
        "mode": settings.mode,
        "database": shown_database(settings),
        **_driver(engine),
        "revision": revision,
        "up_to_date": revision is not None and not needs_upgrade(engine),
    }
    if found["up_to_date"]:
        with reading(engine) as connection:
            found |= _contents(connection) | _permitted(connection, settings, now)
    return found


def _permitted(connection: "Connection", settings: "Settings", now: datetime) -> dict[str, Any]:
    """What may leave: up to when the owner said yes, where asked; LINE's pushes of the month in the shop's zone."""
    from nurture.gates.quota import in_force, month_of
    from nurture.store import approved_until, pushes_since

    quota = in_force(connection, settings, now).line.monthly_quota if settings.line.enabled else None
    until = approved_until(connection) if settings.approve else 0
    line = {"quota": quota, "used": pushes_since(connection, month_of(settings, now))} if quota is not None else None
    return {"approved_until": _iso(datetime.fromtimestamp(until, UTC) if until else None), "line_quota": line}


def _driver(engine: "Engine") -> dict[str, Any]:
    from nurture.store import sqlite_module, wal_fault

    if engine.dialect.name != "sqlite":
        return {"engine": engine.dialect.name}
    driver = sqlite_module()
    version = tuple(map(int, driver.sqlite_version.split(".")))
    return {
        "engine": "sqlite",
        "sqlite_version": driver.sqlite_version,
        "sqlite_driver": driver.__name__.split(".")[0],
        "wal_fault": wal_fault(version),
    }


def _contents(connection: "Connection") -> dict[str, Any]:
    from sqlalchemy import func, select
    from sqlmodel import SQLModel

    from nurture.store.alarming import standing_alarms
    from nurture.store.tables import Cadence, Generation, ImportRun, Pause, Touch, table

    touch, cadence, generation, pause, run = (table(each) for each in (Touch, Cadence, Generation, Pause, ImportRun))
    tables = SQLModel.metadata.tables
    counts = {name: connection.scalar(select(func.count()).select_from(tables[name])) or 0 for name in COUNTED}
    found = select(touch.c.status, func.count().label("number")).group_by(touch.c.status)
    touches = connection.execute(found.order_by(touch.c.status))
    newest = connection.execute(select(generation).order_by(generation.c.id.desc()).limit(1)).first()
    pauses = connection.execute(select(pause).where(pause.c.ended_at.is_(None)).order_by(pause.c.id))
    unfinished = select(run.c.id, run.c.file).where(run.c.status == "applying").order_by(run.c.id)
    return {
        "counts": counts,
        "touches": {row.status: row.number for row in touches},
        "last_tick": _iso(connection.scalar(select(cadence.c.last_at).where(cadence.c.name == "tick"))),
        "generation": {"number": newest.id, "began_at": _iso(newest.began_at)} if newest else None,
        "pauses": [
            {"scope": row.scope, "reason": row.reason, "until": _iso(row.until_at), "began_at": _iso(row.began_at)}
            for row in pauses
        ],
        "alarms": [
            {"kind": each.kind, "subject": each.subject, "raised_at": _iso(each.raised_at), "about": each.about}
            for each in standing_alarms(connection)
        ],
        "unfinished_imports": [{"number": row.id, "file": row.file} for row in connection.execute(unfinished)],
    }


def _iso(found: datetime | None) -> str | None:
    return found.isoformat() if found else None


def _lines(desk: Desk, settings: "Settings", found: Mapping[str, Any]) -> Iterator[str]:
    yield desk.say(f"cli.status.mode.{found['mode']}")
    yield desk.say("cli.status.database", database=found["database"])
    if found["engine"] == "sqlite":
        values = {"version": found["sqlite_version"], "driver": found["sqlite_driver"]}
        yield desk.say("cli.status.wal_fault" if found["wal_fault"] else "cli.status.sqlite", **values)
    else:
        yield desk.say("cli.status.engine", engine=found["engine"])
    if not found["up_to_date"]:
        yield desk.say("cli.status.no_tables" if found["revision"] is None else "cli.status.old_tables")
        return
    yield from _alarms(desk, settings, found)
    yield desk.say("cli.status.revision", revision=found["revision"])
    yield desk.say("cli.status.counts", **found["counts"])
    touches = [f"{status} {count}" for status, count in found["touches"].items()]
    yield desk.say("cli.status.touches", touches=", ".join(touches) or desk.say("cli.status.none"))
    if count := found["touches"].get("unknown"):
        yield desk.say("cli.status.unknown", count=count)
    tick = _local(found["last_tick"], settings) or desk.say("cli.status.never")
    yield desk.say("cli.status.tick", at=tick)
    if found["generation"]:
        began = _local(found["generation"]["began_at"], settings)
        yield desk.say("cli.status.generation", number=found["generation"]["number"], at=began)
    if settings.approve:
        until = _local(found["approved_until"], settings)
        yield desk.say("cli.status.approved", until=until) if until else desk.say("cli.status.not_approved")
    if found["line_quota"]:
        yield desk.say("cli.status.line_quota", **found["line_quota"])
    yield from _stops(desk, settings, found)


def _alarms(desk: Desk, settings: "Settings", found: Mapping[str, Any]) -> Iterator[str]:
    for each in found["alarms"]:
        kind = each["about"].get("by") or each["about"].get("loss") or each["about"].get("fault") or ""
        key = f"alarm.{each['kind']}.{kind}".removesuffix(".")
        what = desk.say(key, **{**each["about"], "subject": each["subject"]})
        yield desk.say("cli.status.alarm", at=_local(each["raised_at"], settings), what=what)


def _stops(desk: Desk, settings: "Settings", found: Mapping[str, Any]) -> Iterator[str]:
    if not found["pauses"]:
        yield desk.say("cli.status.no_pause")
    for each in found["pauses"]:
        until = _local(each["until"], settings) or desk.say("cli.status.open_end")
        yield desk.say("cli.status.pause", scope=each["scope"], until=until, reason=each["reason"] or "-")
    for each in found["unfinished_imports"]:
        yield desk.say("cli.status.unfinished", file=each["file"], number=each["number"])


def _local(text: str | None, settings: "Settings") -> str | None:
    if text is None:
        return None
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M}"
