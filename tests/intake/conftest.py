"""A shop with an empty database, and files as its owner has them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from nurture.config import Settings
from nurture.intake import Examination, ImportResult, apply, discard, examine
from nurture.store.tables import table

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
"""Sunday 22 November 2026, 10:00 in Tokyo."""


@dataclass
class Shop:
    """A shop and its folder; `give` imports a file."""

    engine: Engine
    settings: Settings
    folder: Path

    def write(self, name: str, rows: Sequence[str] | bytes, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(rows if isinstance(rows, bytes) else ("\r\n".join(rows) + "\r\n").encode(encoding))
        return path

    def examine(self, path: Path, now: datetime = NOW, **options: Any) -> Examination:
        return examine(self.engine, self.settings, path, now=now, **options)

    def give(self, path: Path, now: datetime = NOW, **options: Any) -> ImportResult:
        return apply(self.engine, self.settings, self.examine(path, now, **options), now=now)

    def give_rows(self, name: str, *rows: str, now: datetime = NOW, **options: Any) -> ImportResult:
        return self.give(self.write(name, rows), now, **options)

    def look(self, path: Path, **options: Any) -> Examination:
        """A dry run."""
        found = self.examine(path, **options)
        discard(self.engine, found)
        return found

    def all(self, model: Any, *columns: str) -> list[tuple[Any, ...]]:
        """The columns of every row, in the order in which they came."""
        wanted = [table(model).c[name] for name in columns]
        with self.engine.connect() as connection:
            order = list(table(model).primary_key.columns)
            return [tuple(row) for row in connection.execute(select(*wanted).order_by(*order))]


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Shop:
    settings = Settings.model_validate({"shop": {"name": "みなと珈琲焙煎所"}}).model_copy(update={"folder": tmp_path})
    return Shop(engine, settings, tmp_path)


Counting = Callable[[ImportResult | Examination], tuple[int, int, int, int]]


@pytest.fixture
def counted() -> Counting:
    """(new, changed, unchanged, rejected) of an import."""
    return lambda found: (found.counts.new, found.counts.changed, found.counts.unchanged, found.counts.rejected)
