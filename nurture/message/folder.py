"""The files of a template folder as text: names, sizes, encoding and front matter. Jinja is not asked here."""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from nurture.document import LARGEST, Document, load_text
from nurture.mistake import Mistake, MistakesFound, Place
from nurture.shape import Section, shaped

TEXT, HTML, LINE_TEXT, LINE_JSON = ".txt.j2", ".html.j2", ".line.txt.j2", ".line.json.j2"
ENDING = ".j2"
JINJA = ("subject", "preheader", "line_alt")
"""Keys of the front matter whose values are Jinja."""
_ALLOWED = re.compile(r"([a-z0-9_][a-z0-9_-]*/)*[a-z0-9_][a-z0-9_-]*(\.line\.txt|\.line\.json|\.txt|\.html)\.j2")
_FRONT = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_BARE = re.compile(r"^(?P<key>[a-z_]+):[ \t]*\{[{%]", re.MULTILINE)


def _no_text(found: object) -> object:
    return "" if found is None else found


class Front(Section):
    """What stands between the `---` lines at the top of a `.txt.j2`."""

    subject: str = Field(min_length=1)
    """Jinja; one line."""
    preheader: Annotated[str, BeforeValidator(_no_text)] = ""
    """Jinja; the line that mail programs show after the subject."""
    line_alt: Annotated[str, BeforeValidator(_no_text)] = ""
    """Jinja; what LINE shows in the list of talks for a Flex message. Empty = the subject."""
    requires: tuple[str, ...] = ()
    """Variables without which the message can't be written."""


@dataclass(frozen=True)
class Source:
    """One template file."""

    name: str
    """Relative to the folder, with forward slashes: `thanks.html.j2`."""
    shown: str
    """With the folder's name before it, as mistakes name it: `templates/thanks.html.j2`."""
    text: str
    """What Jinja compiles: the front matter is replaced by a comment of as many lines, so that line numbers hold."""
    front: Front | None = None
    """Only of a main template's text."""
    document: Document | None = field(default=None, repr=False, compare=False)
    """Where the front matter's values stand."""
    raw: str = field(default="", repr=False)
    """The file as it was read."""

    @property
    def front_lines(self) -> Iterator[str]:
        """Every text of the front matter that is Jinja, as Jinja compiles it."""
        return (self.front_line(key) for key in JINJA if getattr(self.front, key, ""))

    def front_line(self, key: str) -> str:
        """One text of the front matter as Jinja compiles it."""
        assert self.document is not None
        return at_line(getattr(self.front, key), self.document.place((key,)).line)

    def place(self, text: str, line: int = 0) -> Place:
        """Where `text` stands at or after `line`; the line's start when it can't be found. Jinja knows no columns."""
        lines = self.raw.split("\n")
        for number in range(max(line, 1), len(lines) + 1):
            if text and text in lines[number - 1]:
                return Place(self.shown, number, lines[number - 1].index(text) + 1)
        return Place(self.shown, line or 1, 1)


def at_line(text: str, line: int) -> str:
    """The text behind a Jinja comment of so many lines that its first line has the number `line`."""
    return "{#" + "\n" * (line - 1) + "#}" + text


@dataclass(frozen=True)
class Folder:
    """A folder's files."""

    sources: Mapping[str, Source]
    """Those that can be used, by name."""
    unread: frozenset[str] = frozenset()
    """Names of the others."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with them."""
    there: bool = True
    """Whether there is a folder at all."""


def read_folder(folder: Path) -> Folder:
    """Every template file of the folder."""
    if not folder.is_dir():
        return Folder({}, frozenset(), (Mistake(Place(folder.name), "message.no_folder"),), there=False)
    sources: dict[str, Source] = {}
    unread: set[str] = set()
    mistakes: list[Mistake] = []
    for path in sorted(folder.rglob("*" + ENDING)):
        name = path.relative_to(folder).as_posix()
        try:
            sources[name] = _read(folder, path, name)
        except MistakesFound as found:
            mistakes += found.mistakes
            unread.add(name)
    return Folder(sources, frozenset(unread), (*mistakes, *_without_text(sources, unread)))


def is_main(name: str) -> bool:
    """Whether the file is the text of a template that a campaign can name, and no layout or part of one."""
    return name.endswith(TEXT) and not name.endswith(LINE_TEXT) and not is_part(name)


def is_part(name: str) -> bool:
    """Whether the file is there to be extended or included only."""
    return "/" in name or name.startswith(("_", "layout."))


def stem(name: str) -> str:
    """`thanks` for `thanks.line.json.j2`."""
    return name.partition(".")[0]


def _read(folder: Path, path: Path, name: str) -> Source:
    shown = f"{folder.name}/{name}"
    if not _ALLOWED.fullmatch(name):
        raise MistakesFound([Mistake(Place(shown), "message.file_name")])
    if not path.resolve().is_relative_to(folder.resolve()):
        raise MistakesFound([Mistake(Place(shown), "message.outside")])
    text = _decoded(path.read_bytes(), shown)
    if not is_main(name):
        return Source(name, shown, text, raw=text)
    return _with_front(name, shown, text)


def _decoded(raw: bytes, shown: str) -> str:
    if len(raw) > LARGEST:
        raise MistakesFound([Mistake(Place(shown), "mistake.too_large", {"size": len(raw), "limit": LARGEST})])
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        raise MistakesFound([Mistake(Place(shown, line, 1), "mistake.not_text")]) from None


def _with_front(name: str, shown: str, text: str) -> Source:
    found = _FRONT.match(text)
    if not found:
        raise MistakesFound([Mistake(Place(shown, 1, 1), "message.no_front")])
    if bare := _BARE.search(found["yaml"]):
        line = found["yaml"].count("\n", 0, bare.start()) + 2
        raise MistakesFound([Mistake(Place(shown, line, 1), "message.quote_front", {"name": bare["key"]})])
    # One line break for the first `---`, so that the YAML's places are the file's.
    document = load_text("\n" + found["yaml"], shown)
    if not isinstance(document.value, dict):
        raise MistakesFound([Mistake(Place(shown, 2, 1), "mistake.not_mapping", {"found": document.value})])
    front = shaped(Front, document)
    return Source(name, shown, at_line(text[found.end() :], found[0].count("\n") + 1), front, document, text)


def _without_text(sources: Mapping[str, Source], unread: Set[str]) -> Iterator[Mistake]:
    there = sources.keys() | unread
    for name, source in sources.items():
        if not is_part(name) and not is_main(name) and stem(name) + TEXT not in there:
            missing = source.shown.replace(name, stem(name) + TEXT)
            yield Mistake(Place(source.shown), "message.no_text", {"missing": missing})
