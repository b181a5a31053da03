"""What a shop's folder holds, loaded: settings, campaigns, templates, database. Every mistake is told at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nurture.campaign import Campaigns, load_campaigns
from nurture.config import FILE_NAME, Settings, load_settings
from nurture.mistake import Mistake, MistakesFound, Place

from .desk import Desk

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from nurture.message.template import Templates

Loaded = TypeVar("Loaded")


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


def settings_of(desk: Desk) -> Settings:
    """config.yaml with the environment. Raises MistakesFound."""
    if not (desk.folder / FILE_NAME).is_file():
        raise MistakesFound([Mistake(Place(str(desk.folder / FILE_NAME)), "cli.no_config")])
    return load_settings(desk.folder, desk.environment)


def shop_of(desk: Desk) -> Shop:
    """Everything in the folder. Raises MistakesFound with the mistakes of all files together."""
    from nurture.message.template import Templates

    settings = settings_of(desk)
    mistakes: list[Mistake] = []
    campaigns = _collected(lambda: load_campaigns(desk.folder / settings.campaigns, settings), mistakes)
    templates = _collected(lambda: Templates.load(desk.folder / settings.templates), mistakes)
    if campaigns is None or templates is None:
        raise MistakesFound(mistakes)
    return Shop(settings, campaigns, templates)


def _collected(load: Callable[[], Loaded], mistakes: list[Mistake]) -> Loaded | None:
    try:
        return load()
    except MistakesFound as found:
        mistakes.extend(found.mistakes)
        return None


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
