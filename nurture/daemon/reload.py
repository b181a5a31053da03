"""Campaigns, templates and config as they lie in the shop's folder, read anew when their bytes change."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from nurture.mistake import MistakesFound

Loaded = TypeVar("Loaded")


@dataclass
class Watched(Generic[Loaded]):
    """Something loaded from files; a broken file keeps the last good version."""

    load: Callable[[], Loaded]
    """Reads everything; raises MistakesFound."""
    paths: tuple[Path, ...]
    """Files and folders whose bytes decide whether to read again."""
    current: Loaded
    digest: str = ""
    mistakes: MistakesFound | None = None
    """What is wrong with the files as they lie there now, None when they are in force."""

    def refresh(self) -> bool:
        """Reads again if something changed; True when a new version is in force."""
        digest = digest_of(self.paths)
        if digest == self.digest:
            return False
        self.digest = digest
        try:
            self.current = self.load()
        except MistakesFound as found:
            self.mistakes = found
            return False
        self.mistakes = None
        return True


def digest_of(paths: tuple[Path, ...]) -> str:
    """A hash over the names and bytes of every file in `paths`."""
    total = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                total.update(str(file).encode() + b"\0")
                total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()
