"""The operator about declared attributes: each is compared as the type it was declared with."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal

from nurture.condition.vocabulary import AttributeIs
from nurture.store import binary_order

from .attribute import attribute_number, attribute_text
from .clause import Clause, certain
from .scope import Scope


def attribute(scope: Scope, asked: AttributeIs) -> Clause:
    """Compares a declared attribute; a value that does not fit its type counts as missing."""
    declared = scope.settings.attributes[asked.name].type
    text = attribute_text(scope, asked.name)
    found: ColumnElement[Any] = attribute_number(scope, asked.name) if declared == "number" else text
    parts: list[ColumnElement[bool]] = []
    if asked.known is not None:
        known = case((found.is_not(None), literal(True)), else_=literal(False))
        parts.append(known if asked.known else ~known)
    if asked.equals is not None:
        parts.append(found == _written(asked.equals, declared))
    if asked.any_of is not None:
        parts.append(found.in_([_written(each, declared) for each in asked.any_of]))
    if asked.at_least is not None:
        parts.append(_in_order(found, declared) >= _written(asked.at_least, declared))
    if asked.at_most is not None:
        parts.append(_in_order(found, declared) <= _written(asked.at_most, declared))
    if asked.contains is not None:
        # Not LIKE, which on SQLite takes "gold" for "Gold".
        parts.append(func.length(text) > func.length(func.replace(text, asked.contains, "")))
    return Clause(certain(and_(*parts)), found)


def _in_order(found: ColumnElement[Any], declared: str) -> ColumnElement[Any]:
    return found if declared == "number" else binary_order(found)


def _written(value: object, declared: str) -> object:
    if declared == "number":
        return float(value) if isinstance(value, int | float | str) else None
    if declared == "boolean" or isinstance(value, bool):
        return "true" if value in (True, "true") else "false"
    return str(value)
