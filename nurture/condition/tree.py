"""The condition tree: all, any, not and the operators, read from a document with every mistake in its place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from nurture.document import Document, Keys
from nurture.mistake import Mistake, nearest
from nurture.shape import mistakes_of

from .vocabulary import OPERATORS, Operator


@dataclass(frozen=True)
class AllOf:
    """Holds where every part holds; without parts it always holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """Holds where at least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """Holds where its part does not; a missing value counts as "does not"."""

    part: "Condition"


Condition = AllOf | AnyOf | Not | Operator
JOINTS = ("all", "any", "not")


def parse_condition(document: Document, value: Any, path: Keys, mistakes: list[Mistake]) -> Condition:
    """Reads a list (AND) or a single condition at `path`; what is wrong is added to `mistakes` and left out."""
    if isinstance(value, list):
        listed = enumerate(value)
        return AllOf(tuple(parse_condition(document, each, (*path, index), mistakes) for index, each in listed))
    if not isinstance(value, dict):
        code = "mistake.no_value" if value is None else "condition.not_mapping"
        mistakes.append(_mistake(document, path, code, {"found": value}))
        return AllOf(())
    if not value:
        mistakes.append(_mistake(document, path, "condition.not_mapping", {"found": "{}"}))
    parts = tuple(_parse_word(document, word, inner, (*path, word), mistakes) for word, inner in value.items())
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _parse_word(document: Document, word: str, value: Any, path: Keys, mistakes: list[Mistake]) -> Condition:
    if word in JOINTS and value == []:
        mistakes.append(_mistake(document, path, "expected.some", {}))
        return AllOf(())
    if word == "not":
        return Not(parse_condition(document, value, path, mistakes))
    if word in ("all", "any"):
        if not isinstance(value, list):
            mistakes.append(_mistake(document, path, "mistake.not_list", {"found": value}))
            return AllOf(())
        inner = parse_condition(document, value, path, mistakes)
        assert isinstance(inner, AllOf)
        return inner if word == "all" else AnyOf(inner.parts)
    if word not in OPERATORS:
        allowed = (*JOINTS, *OPERATORS)
        values = {"found": word, "allowed": ", ".join(allowed)}
        place = document.place(path)
        mistakes.append(Mistake(place, "condition.unknown", values, _dotted(path[:-1]), nearest(word, allowed)))
        return AllOf(())
    return _parse_operator(document, OPERATORS[word], value, path, mistakes)


def _parse_operator(
    document: Document, operator: type[Operator], value: Any, path: Keys, mistakes: list[Mistake]
) -> Condition:
    # `within:` without a value would widen the question to all times.
    empty = [each for each in _keys_below(value, path) if document.value_at(each) is None]
    if value is None and operator.bare:
        empty = [path]
    mistakes.extend(_mistake(document, each, "mistake.no_value", {}) for each in empty)
    if empty:
        return AllOf(())
    try:
        return operator.model_validate({} if value is None else value)
    except ValidationError as problem:
        mistakes.extend(mistakes_of(problem, operator, document, path))
        return AllOf(())


def walk(condition: Condition) -> Iterator[Condition]:
    """The condition and everything inside it, outermost first."""
    yield condition
    if isinstance(condition, Not):
        yield from walk(condition.part)
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from walk(part)


def _keys_below(value: Any, path: Keys) -> Iterator[Keys]:
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield (*path, key)
        yield from _keys_below(each, (*path, key))


def _mistake(document: Document, path: Keys, code: str, values: dict[str, object]) -> Mistake:
    return Mistake(document.place(path), code, values, _dotted(path))


def _dotted(path: Keys) -> str:
    return ".".join(str(part) for part in path)
