"""The sample: invented customers of the folder's kind of shop, made for today and imported as a shop would."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from nurture.campaign import After, Campaign, load_campaigns
from nurture.config import Settings
from nurture.intake import apply, examine
from nurture.mistake import Mistake, MistakesFound
from nurture.shop.sample import write_salon, write_shop
from nurture.store import current_revision, reading, upgrade, writing
from nurture.store.tables import Booking, Contact, Customer, ImportRun, Order, Setting, Touch, table
from nurture.zone import zone_table

from .folder import engine_of

MADE_FOR, FILES = "sample_made_for", "sample_files"
"""Names in `setting`: the local date of the sample in the database, and how many files were imported for it."""
TEN = 10 * 3600
"""The sample is made for a day from ten in the morning on; before that, yesterday's shows more."""
_CUSTOMER, _ORDER, _BOOKING, _RUN, _TOUCH = (table(each) for each in (Customer, Order, Booking, ImportRun, Touch))
_CONTACT, _SETTING = table(Contact), table(Setting)


@dataclass(frozen=True)
class Filled:
    """What was put into the database."""

    day: date
    customers: int
    orders: int
    bookings: int
    mistakes: tuple[Mistake, ...] = ()
    """Files that could not be imported."""


@dataclass(frozen=True)
class Refused:
    """Why nothing was done."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


def fill(settings: Settings, now: datetime) -> Filled | Refused:
    """Makes the database when it is absent, or makes a sample of an earlier day anew; any other is left alone."""
    day = _day(settings, now)
    engine = engine_of(settings)
    try:
        if current_revision(engine) is not None and (refused := _make_room(engine, day)):
            return refused
        upgrade(settings.database_url)
        return _fill(engine, settings, day, now)
    finally:
        engine.dispose()


def _make_room(engine: Engine, day: date) -> Refused | None:
    """Removes a sample of an earlier day; says why there is no room for another."""
    with reading(engine) as connection:
        if not _count(connection, _CUSTOMER) and not _count(connection, _RUN):
            return None
    made_for = _untouched_sample(engine)
    if made_for is None:
        return Refused("cli.sample.own_data")
    if made_for >= day or engine.dialect.name != "sqlite":
        return Refused("cli.sample.there", {"day": made_for})
    engine.dispose()
    _remove(Path(str(engine.url.database)))
    return None


def _day(settings: Settings, now: datetime) -> date:
    zone, instant = zone_table(settings.timezone), int(now.timestamp())
    today = zone.local_date(instant)
    return today if zone.local_seconds(instant) >= TEN else today - timedelta(days=1)


def _fill(engine: Engine, settings: Settings, day: date, now: datetime) -> Filled:
    mistakes: list[Mistake] = []
    with tempfile.TemporaryDirectory(prefix="nurture-sample-") as folder:
        for path in _write(settings, Path(folder), day):
            try:
                apply(engine, settings, examine(engine, settings, path, now=now), now=now)
            except MistakesFound as found:
                mistakes += found.mistakes
    _mark(engine, day)
    with reading(engine) as connection:
        customers, orders, bookings = (_count(connection, each) for each in (_CUSTOMER, _ORDER, _BOOKING))
    return Filled(day, customers, orders, bookings, tuple(mistakes))


def _write(settings: Settings, folder: Path, day: date) -> Sequence[Path]:
    """The files in the order to import them; a shop that speaks of visits is a salon."""
    campaigns = load_campaigns(settings.folder / settings.campaigns, settings).campaigns
    write = write_salon if any(_about_bookings(each) for each in campaigns) else write_shop
    return write(folder, day)


def _about_bookings(campaign: Campaign) -> bool:
    return isinstance(campaign.trigger, After) and campaign.trigger.table == "booking"


def _mark(engine: Engine, day: date) -> None:
    with writing(engine) as connection:
        rows = {MADE_FOR: day.isoformat(), FILES: str(_count(connection, _RUN))}
        connection.execute(_SETTING.insert(), [{"name": name, "value": value} for name, value in rows.items()])


def _untouched_sample(engine: Engine) -> date | None:
    """The day a sample was made for; None when the database holds anything else, or anything has happened in it."""
    with reading(engine) as connection:
        known = {row.name: row.value for row in connection.execute(select(_SETTING.c.name, _SETTING.c.value))}
        own = select(func.count()).select_from(_CONTACT).where(_CONTACT.c.touch_id.is_not(None))
        used = _count(connection, _TOUCH) or connection.scalar(own)
        if MADE_FOR not in known or str(_count(connection, _RUN)) != known.get(FILES) or used:
            return None
    return date.fromisoformat(known[MADE_FOR])


def _count(connection: Connection, source: object) -> int:
    return connection.scalar(select(func.count()).select_from(source)) or 0  # type: ignore[arg-type]


def _remove(path: Path) -> None:
    for each in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal"))):
        each.unlink(missing_ok=True)
