"""The sidecar: a copy of the database's seal in a file of its own, which no backup of the database takes back.

What is compared here is whether the database has forgotten hand-overs that the file remembers. A copy of the whole
machine, file included, can't be noticed; put the file elsewhere (`STATE_DIRECTORY`) where such copies are made.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from nurture.store.sealing import Seal

Loss = Literal["older", "other", "unreadable"]
"""`older`: the database was put back; `other`: another one lies in its place; `unreadable`: the file can't tell."""


@dataclass(frozen=True)
class Copy:
    """What the file remembers."""

    seal: Seal
    at: datetime
    """When the last hand-over it counts was noticed."""


Recalled = Copy | Literal["unreadable"] | None


def loss_of(recalled: Recalled, seal: Seal) -> Loss | None:
    """Whether the database of this seal knows less than what was recalled; None when all is well."""
    if recalled == "unreadable":
        return "unreadable"
    if recalled is None or recalled.seal.fences == 0:
        return None
    if recalled.seal.database != seal.database:
        return "other"
    return "older" if _far(seal) < _far(recalled.seal) else None


class Sidecar:
    """The file beside the database, or in the service's own folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: Seal | None = None

    def read(self) -> Copy | None:
        """What was remembered; None before the first time. Raises ValueError where the file makes no sense."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        try:
            at = datetime.fromisoformat(found["at"])
            return Copy(Seal(str(found["database"]), int(found["epoch"]), int(found["fences"])), at)
        except (KeyError, TypeError) as problem:
            raise ValueError(str(problem)) from None

    def recall(self) -> Recalled:
        """What was remembered, or that the file makes no sense: to be asked before the database.

        Another process may write down what happened between the two, and would make it look lost.
        """
        try:
            return self.read()
        except ValueError:
            return "unreadable"

    def loss(self, seal: Seal) -> Loss | None:
        """As `loss_of`, of what the file says now: for when nobody else is at work."""
        return loss_of(self.recall(), seal)

    def keep(self, seal: Seal, now: datetime) -> None:
        """Remembers how far the database has come; whole or not at all, also through a power cut."""
        if seal == self._written:
            return
        copy = self.read()
        if copy is None or copy.seal.database != seal.database or _far(copy.seal) < _far(seal):
            self.replace(seal, now)
        self._written = seal

    def replace(self, seal: Seal, now: datetime) -> None:
        """Remembers this and nothing else: a person has said that the gap is known."""
        self._write({**asdict(seal), "at": now.isoformat()})

    def _write(self, found: Mapping[str, object]) -> None:
        # Several processes of a host keep one file.
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(found, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.path)


def _far(seal: Seal) -> tuple[int, int]:
    return seal.epoch, seal.fences


def sidecar_path(engine: Engine, folder: Path, environment: Mapping[str, str]) -> Path:
    """Where the file lies: in systemd's `STATE_DIRECTORY`, else beside the SQLite file, else in the shop's folder."""
    database = engine.url.database or "nurture"
    name = f"{Path(database).name}.seal"
    if state := environment.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(state) / name
    return Path(database).with_name(name) if engine.dialect.name == "sqlite" else folder / name
