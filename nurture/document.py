"""Strict YAML 1.2: text becomes plain values and each keeps its place. What the values mean is not known here.

Times stay text (`10:00` is never 600), `no` is a word and not a boolean, dates stay text, a key may not stand twice,
anchors and tags are refused, size and depth are bounded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import (
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    ScalarToken,
)

from nurture.mistake import Mistake, MistakesFound, Place

LARGEST = 262_144
DEEPEST = 30

Keys = tuple[str | int, ...]

# More digits than a column or a float can hold are no number but a text of digits.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,30}\Z", re.ASCII)
_CAUSES: tuple[tuple[str, str, bool], ...] = (
    ("while scanning a quoted scalar", "mistake.yaml_quote", True),
    ("while scanning an alias", "mistake.yaml_start", True),
    ("while scanning an anchor", "mistake.yaml_start", True),
    ("while scanning a block scalar", "mistake.yaml_start", True),
    ("found character", "mistake.yaml_start", False),
    ("mapping values are not allowed", "mistake.yaml_colon", False),
    ("could not find expected ':'", "mistake.yaml_no_colon", True),
    ("expected ',' or", "mistake.yaml_bracket", True),
    ("sequence entries are not allowed", "mistake.yaml_dash", False),
    ("expected the node content", "mistake.yaml_stray", False),
    ("expected <block end>", "mistake.yaml_indent", False),
)
"""How ruamel's words begin, of the problem or its context; whether the place is where that context began."""
_CHARACTER = re.compile(r"found (?:character )?'(.)'")
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


@dataclass(frozen=True)
class Document:
    """A file's plain values (dict, list, str, int, float, bool, None) and where each of them stands."""

    file: str
    value: Any
    places: Mapping[Keys, Place] = field(repr=False)
    """Place of every value and, under the key's own path, of its key."""

    def value_at(self, path: Keys) -> Any:
        """The value at `path`; a path that leads nowhere is a bug (KeyError, IndexError)."""
        value = self.value
        for part in path:
            value = value[part]
        return value

    def place(self, path: Keys) -> Place:
        """The place of the value at `path`, or of the nearest value around it."""
        for length in range(len(path), -1, -1):
            if found := self.places.get(path[:length]):
                return found
        return Place(self.file)


def load_file(path: Path, shown_as: str = "") -> Document:
    """Reads one file. Raises MistakesFound when it is missing, too large, not UTF-8 or not strict YAML."""
    name = shown_as or str(path)
    try:
        raw = path.read_bytes()
    except OSError:
        raise MistakesFound([Mistake(Place(name), "mistake.file_missing")]) from None
    if len(raw) > LARGEST:
        values = {"size": len(raw), "limit": LARGEST}
        raise MistakesFound([Mistake(Place(name), "mistake.too_large", values)])
    try:
        return load_text(raw.decode("utf-8-sig"), name)
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        raise MistakesFound([Mistake(Place(name, line, 1), "mistake.not_text")]) from None


def load_text(text: str, file: str) -> Document:
    """Reads one document from text. Raises MistakesFound with every mistake that can be told apart."""
    reading = _Reading(file)
    events = reading.plain_events(text)
    starts = [each.start_mark for each in events if isinstance(each, DocumentStartEvent)]
    if not starts:
        raise MistakesFound([Mistake(Place(file), "mistake.empty")])
    if len(starts) > 1:
        place = Place(file, starts[1].line + 1, starts[1].column + 1)
        raise MistakesFound([Mistake(place, "mistake.yaml_document")])
    following = (each for each in events if isinstance(each, NodeEvent | CollectionEndEvent))
    value = reading.value(_node(next(following), following), ())
    if reading.mistakes:
        raise MistakesFound(reading.mistakes)
    return Document(file, value, reading.places)


def _node(event: Any, following: Iterator[Any]) -> Node:
    """The node that begins with the event. How deep it goes is known to be bounded."""
    if isinstance(event, ScalarEvent):
        return ScalarNode(None, event.value, event.start_mark, style=event.style)
    is_mapping = isinstance(event, MappingStartEvent)
    inner: list[Any] = []
    while not isinstance(each := next(following), CollectionEndEvent):
        found = _node(each, following)
        inner.append((found, _node(next(following), following)) if is_mapping else found)
    return (MappingNode if is_mapping else SequenceNode)(None, inner, event.start_mark)


def _broken(problem: Exception, text: str, file: str) -> Mistake:
    if isinstance(problem, ReaderError):  # a control character, which YAML forbids
        before = text[: problem.position]
        place = Place(file, before.count("\n") + 1, problem.position - before.rfind("\n"))
        return Mistake(place, "mistake.character", {"found": f"U+{ord(text[problem.position]):04X}"})
    mark, opened = getattr(problem, "problem_mark", None), getattr(problem, "context_mark", None)
    told = problem.problem if isinstance(problem, MarkedYAMLError) and problem.problem else type(problem).__name__
    code, found, at_opening = _cause(told, str(getattr(problem, "context", "")))
    if mark and code in ("mistake.yaml_quote", "mistake.yaml_indent") and (quote := _quote_before(text, mark)):
        # An unclosed quote runs to the next one, which may be many lines below; what follows that is told as wrong.
        code, opened = ("mistake.yaml_quote", quote) if quote.line < mark.line else ("mistake.yaml_after_quote", quote)
        found, at_opening = "", True
    if mark and code == "mistake.yaml_stray" and (bracket := _unclosed_before(text, mark)):
        code, opened, found, at_opening = "mistake.yaml_bracket", bracket, "", True
    mark = (opened if at_opening and opened else mark) or opened
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    opening = text[mark.index : mark.index + 1] if mark else ""
    return Mistake(place, code, {"problem": told, "found": found or opening})


def _cause(told: str, context: str) -> tuple[str, str, bool]:
    """The text for what ruamel tells, the character it is about, and whether it is shown where its context began."""
    if "\\t" in told:
        return "mistake.yaml_tab", "", False
    for beginning, code, at_opening in _CAUSES:
        if told.startswith(beginning) or context.startswith(beginning):
            found = _CHARACTER.search(told)
            return code, found[1] if found and not at_opening else "", at_opening
    return "mistake.yaml", "", False


def _quote_before(text: str, mark: Any) -> Any:
    """Where the quoted text began that ends in the line of the mark, before it; None where there is none."""
    found = None
    for token in _tokens_before(text, mark):
        if isinstance(token, ScalarToken) and token.style in ("'", '"') and token.end_mark.line == mark.line:
            found = token.start_mark
    return found


def _unclosed_before(text: str, mark: Any) -> Any:
    """Where the innermost bracket is opened in which the mark stands and that nothing behind it closes, or None."""
    opened: list[tuple[str, Any]] = []
    for token in _tokens_before(text, mark):
        if isinstance(token, FlowSequenceStartToken | FlowMappingStartToken):
            opened.append(("]" if isinstance(token, FlowSequenceStartToken) else "}", token.start_mark))
        elif isinstance(token, FlowSequenceEndToken | FlowMappingEndToken) and opened:
            opened.pop()
    return opened[-1][1] if opened and opened[-1][0] not in text[mark.index :] else None


def _tokens_before(text: str, mark: Any) -> Iterator[Any]:
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            if token.start_mark.index >= mark.index:
                break
            yield token
    except (YAMLError, ValueError, RecursionError):
        pass


class _Reading:
    """The walk over one document's nodes; it collects mistakes instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Keys, Place] = {}
        self.mistakes: list[Mistake] = []

    def plain_events(self, text: str) -> list[Any]:
        # Events and not nodes: ruamel's composing already follows aliases and recurses.
        depth, events = 0, []
        try:
            for event in YAML(typ="safe", pure=True).parse(text):
                events.append(event)
                depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
                if depth > DEEPEST:
                    self._stop(event, "mistake.too_deep", {"limit": DEEPEST})
                if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
                    self._stop(event, "mistake.anchor", {})
                if tag := getattr(event, "tag", None):
                    self._stop(event, "mistake.tag", {"found": tag})
        except (YAMLError, ValueError, RecursionError) as problem:
            raise MistakesFound([_broken(problem, text, self.file)]) from None
        return events

    def _stop(self, event: Any, code: str, values: Mapping[str, object]) -> None:
        place = Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)
        raise MistakesFound([Mistake(place, code, values)])

    def value(self, node: Node, path: Keys) -> Any:
        self.places.setdefault(path, self._place(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        self._refuse_characters(node, path)
        return _scalar(node)

    def _refuse_characters(self, node: ScalarNode, path: Keys) -> None:
        # Escapes ("\0", "\uD800") can write what neither PostgreSQL nor a file in UTF-8 can keep.
        if found := _UNKEPT.search(str(node.value)):
            values = {"found": f"U+{ord(found[0]):04X}"}
            self.mistakes.append(Mistake(self._place(node), "mistake.character", values, _dotted(path)))

    def _mapping(self, node: MappingNode, path: Keys) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.mistakes.append(Mistake(place, "mistake.key_not_text"))
                continue
            key = str(key_node.value)
            self._refuse_characters(key_node, path)
            if key in values:
                self.mistakes.append(Mistake(place, "mistake.duplicate_key", {"found": key}, _dotted(path)))
                continue
            self.places[(*path, key)] = place
            values[key] = self.value(value_node, (*path, key))
        return values

    def _place(self, node: Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _DECIMAL.match(text) else text


def _dotted(path: Keys) -> str:
    return ".".join(str(part) for part in path)
