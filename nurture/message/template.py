"""Templates of a folder, compiled once. What their texts may name is checked by `naming`, what they may do by `ban`."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from types import CodeType
from typing import Literal, NamedTuple

import jinja2
from jinja2 import meta, nodes

from nurture.mistake import Mistake, MistakesFound, nearest

from .ban import banned
from .environment import KEPT, LoadSource, TemplateEnvironment, folderless, is_html, make_environment
from .folder import HTML, LINE_JSON, LINE_TEXT, TEXT, Folder, Front, Source, is_main, is_part, read_folder, stem
from .joining import Constants, join
from .syntax import unparsed

Channel = Literal["email", "line"]


JOINED = 4
"""Sets of constants whose joined forms are kept: one for each state of the shop's settings."""


class Joined(NamedTuple):
    """The forms of a mail as one template each; None where joining could change their meaning."""

    text: jinja2.Template | None
    html: jinja2.Template | None
    """Values within its macros are marked."""


@dataclass(frozen=True)
class Template:
    """One message in all its forms."""

    name: str
    """As a campaign's step names it."""
    requires: tuple[str, ...]
    """Variables without which it can't be written."""
    subject: jinja2.Template
    text: jinja2.Template
    """The mail's text, and LINE's where it has none of its own."""
    preheader: jinja2.Template | None
    line_alt: jinja2.Template | None
    html: jinja2.Template | None
    line_text: jinja2.Template | None
    line_json: jinja2.Template | None
    joined: Callable[[Constants], "Joined"] = field(repr=False)
    """Text and HTML joined with all they need, for these constants; made when first asked for."""
    roots: frozenset[str]
    """First names of all values that it may ask for: `customer`, `order`."""
    sources: tuple[Source, ...] = field(repr=False)
    """Its own files and those it extends, includes and imports, own text first."""
    digest: str
    """A hash over all these files."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Where it can go: LINE sends the text where there is no form for LINE."""
        return ("email", "line")

    @property
    def file(self) -> str:
        """The file that names it, as mistakes show it."""
        return self.sources[0].shown

    @property
    def front(self) -> Front:
        """The front matter."""
        front = self.sources[0].front
        assert front is not None
        return front


class Templates:
    """Every template of a folder by name; those with a mistake are left out."""

    def __init__(self, folder: Folder) -> None:
        """Compiles the files that can be used."""
        self._files = folder
        forest = _Forest(make_environment(_loading(folder.sources)), folder)
        whole = [name for name in folder.sources if is_main(name) and forest.is_whole(stem(name))]
        self._templates = {stem(name): forest.template(name) for name in whole}
        self.mistakes = tuple(sorted(forest.mistakes, key=lambda each: each.place))
        """Everything that is wrong with the folder."""
        there = {stem(name) for name in (*folder.sources, *folder.unread) if not is_part(name)}
        self.broken = frozenset(there - self._templates.keys())
        """Names of the templates that are there and can't be used."""
        self.there = folder.there
        """Whether there is a folder at all."""

    @classmethod
    def read(cls, folder: Path) -> "Templates":
        """Reads and compiles a folder, with its mistakes."""
        return cls(read_folder(folder))

    @classmethod
    def load(cls, folder: Path) -> "Templates":
        """The same. Raises MistakesFound with every broken file, line and column."""
        found = cls.read(folder)
        if found.mistakes:
            raise MistakesFound(found.mistakes)
        return found

    def __reduce__(self) -> tuple[type["Templates"], tuple[Folder]]:
        """Another process gets the files, as they were read, and compiles them itself."""
        return Templates, (self._files,)

    def get(self, name: str) -> Template:
        """The template of that name; KeyError when there is none."""
        return self._templates[name]

    def __contains__(self, name: object) -> bool:
        return name in self._templates

    def __iter__(self) -> Iterator[Template]:
        return iter(self._templates.values())

    @property
    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._templates))


def _loading(sources: Mapping[str, Source]) -> LoadSource:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        found = sources.get(name)
        return (found.text, found.shown, lambda: True) if found else None

    return load


class _Forest:
    """The parsed files of a folder, and which of them needs which."""

    def __init__(self, environment: TemplateEnvironment, folder: Folder) -> None:
        self.environment = environment
        self.sources = folder.sources
        self.unread = folder.unread
        self.mistakes = list(folder.mistakes)
        self.faulty = set(folder.unread)
        """Names of files with a mistake of their own, or that need one that can't be read."""
        self.roots: dict[str, frozenset[str]] = {}
        self.needed = {name: self._checked(source) for name, source in self.sources.items()}

    def is_whole(self, base: str) -> bool:
        """Whether nothing is wrong in any form of the template, nor in any file they need."""
        forms = [base + end for end in (TEXT, HTML, LINE_TEXT, LINE_JSON)]
        if any(form in self.unread for form in forms):
            return False
        reached = self._reached(form for form in forms if form in self.sources)
        return not any(each.name in self.faulty for each in reached)

    def template(self, name: str) -> Template:
        source, base = self.sources[name], stem(name)
        front = source.front
        assert front is not None
        forms = {end: base + end for end in (TEXT, HTML, LINE_TEXT, LINE_JSON) if base + end in self.sources}
        compiled = {end: self.environment.get_template(form) for end, form in forms.items()}
        reached = self._reached(forms.values())
        return Template(
            name=base,
            requires=front.requires,
            subject=self._line(source, "subject"),
            preheader=self._line(source, "preheader") if front.preheader else None,
            line_alt=self._line(source, "line_alt") if front.line_alt else None,
            text=compiled[TEXT],
            html=compiled.get(HTML),
            line_text=compiled.get(LINE_TEXT),
            line_json=compiled.get(LINE_JSON),
            joined=lru_cache(maxsize=JOINED)(partial(self._joined, forms)),
            roots=frozenset().union(*(self.roots[each.name] for each in reached)),
            sources=reached,
            digest=hashlib.sha256("\0".join(each.name + "\0" + each.raw for each in reached).encode()).hexdigest(),
        )

    def _joined(self, forms: Mapping[str, str], constants: Constants) -> Joined:
        html = self._joined_form(forms[HTML], constants) if HTML in forms else None
        return Joined(self._joined_form(forms[TEXT], constants), html)

    def _joined_form(self, name: str, constants: Constants) -> jinja2.Template | None:
        code = _joined_code(tuple((each.name, each.text, each.shown) for each in self._reached([name])), constants)
        return code and jinja2.Template.from_code(self.environment, code, {})

    def _reached(self, names: Iterable[str]) -> tuple[Source, ...]:
        found: dict[str, Source] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found[name] = self.sources[name]
                waiting += self.needed[name]
        return tuple(found.values())

    def _line(self, source: Source, key: str) -> jinja2.Template:
        code = self.environment.compile(source.front_line(key), filename=source.shown)
        return jinja2.Template.from_code(self.environment, code, {})

    def _checked(self, source: Source) -> list[str]:
        """Parses and compiles a file, collects its mistakes and gives the names of the files it needs."""
        before = len(self.mistakes)
        lines = [self._tree(source, text) for text in source.front_lines]
        tree = self._tree(source, source.text)
        roots = (meta.find_undeclared_variables(each) for each in (*lines, tree) if each)
        self.roots[source.name] = frozenset().union(*roots)
        needed = self._needs(tree, source) if tree else []
        if len(self.mistakes) > before:
            self.faulty.add(source.name)
        return needed

    def _tree(self, source: Source, text: str) -> nodes.Template | None:
        try:
            tree = self.environment.parse(text, source.name, source.shown)
            self.environment.compile(text, source.name, source.shown)
        except jinja2.TemplateSyntaxError as problem:
            self.mistakes.append(unparsed(problem, source))
            return None
        self.mistakes += banned(tree, source)
        return tree

    def _needs(self, tree: nodes.Template, source: Source) -> list[str]:
        found: list[str] = []
        for name in meta.find_referenced_templates(tree):
            if name is not None and name in self.sources:
                found.append(name)
                continue
            if name in self.unread:
                self.faulty.add(source.name)
                continue
            code = "message.no_part" if name else "message.part_not_fixed"
            place, near = source.place(name or "{% "), nearest(name or "", self.sources)
            self.mistakes.append(Mistake(place, code, {"found": name or ""}, suggestion=near))
        return found


@lru_cache(maxsize=KEPT)
def _joined_code(files: tuple[tuple[str, str, str], ...], constants: Constants) -> CodeType | None:
    """The code of the first file joined with the others, each as its name, its text and how it is shown."""
    environment, (first, _, shown) = folderless(), files[0]
    rest = {name: (text, name, shown) for name, text, shown in files}
    tree = join(first, lambda name: environment.parse(*rest[name]), constants, marks=is_html(first))
    if tree is None:
        return None
    tree.set_environment(environment)
    code: CodeType = environment.compile(tree, first, shown)
    return code
