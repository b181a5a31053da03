"""`backup`: a copy of the shop's database while others go on writing to it."""

from pathlib import Path
from typing import Annotated

import typer

from .desk import Desk


def backup(context: typer.Context, file: Annotated[str, typer.Argument(metavar="FILE")]) -> int:
    """Copies the database into a file."""
    from nurture.config import FILE_NAME
    from nurture.mistake import Mistake, MistakesFound, Place
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
