"""What a shop's folder holds, loaded: settings, campaigns, templates, database. Every mistake is told at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nurture.campaign import Campaigns, CampaignsRead, read_campaigns
from nurture.config import FILE_NAME, Settings, SettingsRead, in_doubt, load_settings, read_settings
from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from nurture.message.template import Templates


@dataclass(frozen=True)
class Shop:
    """A shop's own files."""

    settings: Settings
    campaigns: Campaigns
    templates: "Templates"

    @property
    def requires(self) -> dict[str, tuple[str, ...]]:
        """Template name → the variables it can't do without."""
        return {each.name: each.requires for each in self.templates}


@dataclass(frozen=True)
class ShopRead:
    """The same as far as it can be read, mistakes and all."""

    settings: SettingsRead
    campaigns: CampaignsRead
    templates: "Templates"

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """Of every file."""
        missing = not self.templates.there and in_doubt(self.settings.doubtful, "templates")
        templates = () if missing else self.templates.mistakes
        return (*self.settings.mistakes, *self.campaigns.mistakes, *templates)


def settings_of(desk: Desk) -> Settings:
    """config.yaml with the environment. Raises MistakesFound."""
    _expect_config(desk)
    return load_settings(desk.folder, desk.environment)


def shop_of(desk: Desk) -> Shop:
    """Everything in the folder. Raises MistakesFound with the mistakes of all files together."""
    found = shop_read(desk)
    if found.mistakes:
        raise MistakesFound(found.mistakes)
    return Shop(found.settings.settings, found.campaigns.campaigns, found.templates)


def shop_read(desk: Desk) -> ShopRead:
    """Everything in the folder as far as it can be read. Raises MistakesFound where there is no config.yaml at all."""
    from nurture.message.template import Templates

    _expect_config(desk)
    read = read_settings(desk.folder, desk.environment)
    settings = read.settings
    campaigns = read_campaigns(desk.folder / settings.campaigns, settings, read.doubtful)
    templates = Templates.read(desk.folder / settings.templates)
    return ShopRead(read, campaigns, templates)


def _expect_config(desk: Desk) -> None:
    if not (desk.folder / FILE_NAME).is_file():
        raise MistakesFound([Mistake(Place(str(desk.folder / FILE_NAME)), "cli.no_config")])


@contextmanager
def existing_database(settings: Settings) -> Iterator["Engine"]:
    """The database as it is, for reading. Raises MistakesFound when there is none, or one of an older version."""
    from nurture.store import current_revision, needs_upgrade

    engine = engine_of(settings)
    try:
        if current_revision(engine) is None:
            raise MistakesFound([Mistake(Place(shown_database(settings)), "cli.no_database")])
        if needs_upgrade(engine):
            raise MistakesFound([Mistake(Place(shown_database(settings)), "cli.old_database")])
        yield engine
    finally:
        engine.dispose()


@contextmanager
def upgraded_database(settings: Settings) -> Iterator["Engine"]:
    """The database for writing: made where there is none, brought to the newest version where it is older."""
    from nurture.store import upgrade

    engine = engine_of(settings)
    try:
        upgrade(settings.database_url)
        yield engine
    finally:
        engine.dispose()


def engine_of(settings: Settings) -> "Engine":
    """The engine; nothing is connected yet. Raises MistakesFound for an address that is none."""
    from sqlalchemy.exc import ArgumentError

    from nurture.store import open_engine

    try:
        return open_engine(settings.database_url)
    except (ValueError, ArgumentError) as problem:
        place = Place(FILE_NAME)
        raise MistakesFound([Mistake(place, "cli.database_url", {"problem": str(problem)}, "database")]) from None


def quota_in_force(engine: "Engine", settings: Settings, now: datetime) -> Settings:
    """The settings with the LINE quota that the daemon plans by: LINE's own figure, where the daemon has asked it."""
    from nurture.gates.quota import in_force
    from nurture.store import reading

    with reading(engine) as connection:
        return in_force(connection, settings, now)


def shown_database(settings: Settings) -> str:
    """The database as a person names it: a file, or an address without its password."""
    from sqlalchemy import make_url

    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return Path(str(url.database)).name
    return url.render_as_string(hide_password=True)
