"""A campaign or segment as it was found in its file, whole or not, and which names a broken file may have given."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from nurture.condition import Condition
from nurture.document import Document, Keys

from .model import Campaign, Segment

_NAMED = re.compile(r"^campaign[ \t]*:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_SEGMENT = re.compile(r"\bsegment[ \t]*:[ \t]*[\"']?([^\s\"',#{}\[\]]+)")


@dataclass(frozen=True)
class Draft:
    """One campaign or segment; what depends on a part that is missing here is not looked at."""

    document: Document
    path: Keys
    """Where in the document it stands: () of a campaign, `("segments", 3)` of a segment."""
    trigger: Any
    """Of a campaign, as it was read; None where it can't be, and of a segment."""
    conditions: Mapping[str, Condition]
    """By the key they stand under; parts that can't be read are left out."""
    whole: Campaign | Segment | None
    """None where anything in it is wrong."""

    @property
    def is_campaign(self) -> bool:
        """Whether it is a campaign and no segment."""
        return not self.path

    @property
    def name(self) -> str:
        """As it is written, empty where nothing is."""
        written = self.document.value_at(self.path)
        # A segment may also be named by `name`, as its model lets it.
        return str(
            (written.get("campaign") if self.is_campaign else written.get("segment") or written.get("name")) or ""
        )

    @property
    def steps(self) -> tuple[str, ...] | None:
        """The names of a campaign's steps as they are written; None where one of them can't be read."""
        written = self.document.value.get("steps")
        listed = written if isinstance(written, list) else []
        names = [each.get("step") for each in listed if isinstance(each, dict)]
        found = tuple(each for each in names if isinstance(each, str))
        return found if found and len(found) == len(listed) else None


def possible_names(text: str, file: str) -> Iterator[str]:
    """Names that a file with a mistake in it may define: others that use them are not told that there are none."""
    yield PurePath(file).stem
    if found := _NAMED.findall(text):
        yield from found
        return
    yield from _SEGMENT.findall(text)
