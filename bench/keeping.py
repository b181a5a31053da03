"""Worlds that are kept between runs: a million customers are made once, and again only when seed or tables change."""

import hashlib
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.schema import CreateIndex, CreateTable

from nurture.store import open_engine, writing
from nurture.store.migrations.target import target_metadata

from .filling import Say, fill
from .world import World

OF_THE_WORLD = (
    "setting",
    "customer",
    "address",
    "consent",
    "suppression",
    "dated_fact",
    "product",
    "hold",
    "order",
    "order_line",
    "contact",
    "customer_fact",
)
"""Tables that a world fills; the others are empty in it, and are made anew before a measurement."""


def sqlite_world(folder: Path, world: World, say: Say) -> str:
    """The URL of the world's file below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{_name(world)}.db"
    if not kept.exists():
        say(f"making {world.customers:,} customers on SQLite, once")
        making = kept.with_suffix(".making")
        for suffix in ("", "-wal", "-shm"):
            making.with_name(making.name + suffix).unlink(missing_ok=True)
        fill(f"sqlite:///{making}", world, say)
        making.rename(kept)
    return f"sqlite:///{kept}"


def postgres_world(maintenance: str, world: World) -> str | None:
    """The URL of the world's database in the cluster, None when it has yet to be made."""
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": _name(world)})
    engine.dispose()
    return _within(maintenance, _name(world)) if found else None


def make_postgres_world(maintenance: str, world: World, say: Say) -> None:
    """Makes the world's database."""
    say(f"making {world.customers:,} customers on PostgreSQL, once")
    name, making = _name(world), f"{_name(world)}_making"
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {making} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {making}")
        fill(_within(maintenance, making), world, say)
        connection.exec_driver_sql(f"ALTER DATABASE {making} RENAME TO {name}")
    engine.dispose()


def empty(url: str) -> None:
    """Makes the tables anew that planning writes, so that each measurement finds the world as it was made."""
    engine = open_engine(url)
    others = [each for each in target_metadata(engine.dialect.name).sorted_tables if each.name not in OF_THE_WORLD]
    with writing(engine) as connection:
        for each in others:
            connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{each.name}"')
            each.create(connection)
    engine.dispose()


def _name(world: World) -> str:
    parts = [statement for _, statement in world.statements("postgresql")]
    for each in target_metadata("postgresql").sorted_tables:
        if each.name in OF_THE_WORLD:
            parts += [str(CreateTable(each)), *sorted(str(CreateIndex(index)) for index in each.indexes)]
    return f"world_{world.customers}_{hashlib.sha256(''.join(parts).encode()).hexdigest()[:8]}"


def _within(maintenance: str, name: str) -> str:
    return make_url(maintenance).set(database=name).render_as_string(hide_password=False)
