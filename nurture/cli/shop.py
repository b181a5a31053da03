"""`init` and `sample`: a shop folder to begin with, and invented customers to look at."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nurture.zone import zone_table

Kind = Literal["shop", "salon"]


def init(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="[DIR]")] = "",
    kind: Annotated[Kind, typer.Option("--kind", metavar="shop|salon")] = "shop",
) -> None:
    """Writes a working shop folder."""
    from nurture.shop import start

    desk = context.obj
    place = Path(folder) if folder else desk.folder
    today = zone_table("Asia/Tokyo").local_date(int(desk.now.timestamp()))
    files = start(place, kind, desk.language, today)
    for name in sorted({path.relative_to(place).parts[0] for path in files}):
        desk.hand_over((place / name).as_posix())
    where = "" if place == Path() else f"cd {place} && "
    desk.tell("cli.init.done", count=len(files), folder=place, where=where)


def sample(context: typer.Context) -> None:
    """Fills the shop's database with invented customers."""
    from nurture.catalogue import say_mistakes
    from nurture.mistake import MistakesFound

    from .folder import settings_of
    from .sampling import Refused, fill

    desk = context.obj
    settings = settings_of(desk)
    done = fill(settings, desk.now)
    if isinstance(done, Refused):
        desk.tell(done.code, **done.values)
        return
    for problem in done.mistakes:
        desk.remark(say_mistakes(desk.language, MistakesFound([problem])))
    desk.tell("cli.sample.done", customers=done.customers, orders=done.orders, bookings=done.bookings, day=done.day)
