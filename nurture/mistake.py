"""A mistake in what a person wrote: where it is, what was found and what to write instead. Bugs are not kept here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Place:
    """A spot in a file; lines and columns count from 1, and 0 means that the whole file is meant."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Mistake:
    """One thing to mend. The text lives in the catalogue under `code`; `values` fill its gaps."""

    place: Place
    code: str
    """Key of the text in the catalogue, e.g. `mistake.unknown_key`."""
    values: Mapping[str, object] = field(default_factory=dict)
    key: str = ""
    """The dotted key inside the file, e.g. `steps.0.template`, empty for the file itself."""
    suggestion: str = ""
    """The nearest allowed word, empty when none is near."""


class MistakesFound(Exception):
    """Input that can't be used; it carries every mistake found, in file order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda each: each.place))
        super().__init__("; ".join(f"{each.place}: {each.code} {dict(each.values)}" for each in self.mistakes))


def nearest(word: str, allowed: Iterable[str]) -> str:
    """The allowed word most like `word`, or an empty string."""
    return next(iter(get_close_matches(word, list(allowed), n=1, cutoff=0.6)), "")
