"""`backup`, `restore`: a copy of the database while others go on writing to it, and the way back to one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from datetime import datetime

    from nurture.config import Settings


def backup(context: typer.Context, file: Annotated[str, typer.Argument(metavar="FILE")]) -> int:
    """Copies the database into a file."""
    from nurture.config import FILE_NAME
    from nurture.store import backup as copy

    from .folder import existing_database, settings_of

    desk: Desk = context.obj
    path = Path(file)
    with existing_database(settings_of(desk)) as engine:
        if engine.dialect.name != "sqlite":
            raise MistakesFound([Mistake(Place(FILE_NAME), "cli.backup.server", key="database")])
        if path.resolve() == Path(str(engine.url.database)).resolve():
            raise MistakesFound([Mistake(Place("FILE"), "cli.backup.itself")])
        copy(engine, path)
    desk.tell("cli.backup.done", path=path, megabytes=f"{path.stat().st_size / 1e6:.1f}")
    return 0


def restore(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="[FILE]")] = "",
    acknowledge: Annotated[bool, typer.Option("--acknowledge")] = False,
) -> int:
    """Puts a backup back, or says that the gap is known."""
    from .folder import settings_of

    desk: Desk = context.obj
    settings = settings_of(desk)
    if bool(file) == acknowledge:
        raise MistakesFound([Mistake(Place("FILE"), "cli.restore.which")])
    return _acknowledge(desk, settings) if acknowledge else _put_back(desk, settings, Path(file))


def _put_back(desk: Desk, settings: "Settings", file: Path) -> int:
    from nurture.daemon import FileLocked, lock_database
    from nurture.store.snapshot import NotABackup, put_back

    from .folder import engine_of, upgraded_database
    from .running import BUSY

    engine = engine_of(settings)
    try:
        if engine.dialect.name != "sqlite":
            raise MistakesFound([Mistake(Place("database"), "cli.restore.server")])
        with lock_database(engine):
            _remember(desk, settings)
            kept = put_back(engine, file)
            with upgraded_database(settings):
                pass
    except FileLocked as found:
        desk.tell("cli.run.locked", holder=str(found))
        return BUSY
    except NotABackup as found:
        raise MistakesFound([Mistake(Place(str(file)), "cli.restore.no_backup", {"problem": str(found)})]) from None
    finally:
        engine.dispose()
    desk.tell("cli.restore.done", kept=kept.name)
    return 0


def _remember(desk: Desk, settings: "Settings") -> None:
    """Notes how far the database has come that is about to go: the daemon may not have been the last to look."""
    from sqlalchemy.exc import DBAPIError

    from nurture.daemon.sidecar import Sidecar, sidecar_path
    from nurture.store import current_revision, needs_upgrade, reading
    from nurture.store.sealing import seal_of

    from .folder import engine_of

    engine = engine_of(settings)
    try:
        if current_revision(engine) is None or needs_upgrade(engine):
            return
        sidecar = Sidecar(sidecar_path(engine, desk.folder, desk.environment))
        with reading(engine) as connection:
            seal = seal_of(connection)
        if sidecar.loss(seal) is None:
            sidecar.keep(seal, desk.now)
    except DBAPIError:
        # A damaged database can't be asked any more, and is what restoring is for.
        return
    finally:
        engine.dispose()


def _acknowledge(desk: Desk, settings: "Settings") -> int:
    from nurture.daemon.sidecar import Sidecar, sidecar_path
    from nurture.store import reading, writing
    from nurture.store.alarming import clear_alarm
    from nurture.store.sealing import acknowledge_restore, seal_of

    from .folder import existing_database

    with existing_database(settings) as engine:
        sidecar = Sidecar(sidecar_path(engine, desk.folder, desk.environment))
        with reading(engine) as connection:
            loss = sidecar.loss(seal_of(connection))
        if loss is None:
            desk.tell("cli.restore.nothing")
            return 0
        copy = sidecar.read() if loss != "unreadable" else None
        until, epoch = (copy.at, copy.seal.epoch) if copy else (desk.now, 0)
        with writing(engine) as connection:
            count = acknowledge_restore(connection, epoch, until, desk.now)
            clear_alarm(connection, "restored", None, desk.now)
            seal = seal_of(connection)
        sidecar.replace(seal, desk.now)
    desk.tell("cli.restore.acknowledged", count=count, until=_local(until, settings))
    return 0


def _local(at: "datetime", settings: "Settings") -> str:
    from zoneinfo import ZoneInfo

    return f"{at.astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M}"
