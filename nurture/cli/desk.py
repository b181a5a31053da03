"""What every command is given: the shop's folder, the clock, the language, and where its words go. It does no work."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nurture.catalogue import say
from nurture.clock import Clock

NARROW = 100
"""Columns of output that goes to no terminal."""


@dataclass(frozen=True)
class Desk:
    """One command's surroundings."""

    folder: Path
    """Where config.yaml lies."""
    language: str
    """ja | en."""
    clock: Clock
    environment: Mapping[str, str]
    debug: bool = False
    """Whether a bug shows its traceback."""

    @property
    def now(self) -> datetime:
        """This instant, aware UTC."""
        return self.clock.now()

    @property
    def color(self) -> bool:
        """Whether stdout is a terminal that wants colours (no-color.org)."""
        return sys.stdout.isatty() and not self.environment.get("NO_COLOR")

    @property
    def width(self) -> int:
        """Columns that stdout has."""
        return shutil.get_terminal_size((NARROW, 24)).columns

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue in the user's language."""
        return say(self.language, key, **values)

    def tell(self, key: str, **values: object) -> None:
        """Says something to the person; it is no data."""
        self.remark(self.say(key, **values))

    def remark(self, text: str) -> None:
        """Says a ready text to the person."""
        sys.stderr.write(text.rstrip("\n") + "\n")
        sys.stderr.flush()

    def hand_over(self, text: str) -> None:
        """Gives data."""
        sys.stdout.write(text.rstrip("\n") + "\n")
        sys.stdout.flush()
