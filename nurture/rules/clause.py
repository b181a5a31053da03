"""What an operator becomes: a two-valued predicate, and the value that `explain` shows beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func

from nurture.condition.vocabulary import Comparison


@dataclass(frozen=True)
class Clause:
    """One compiled question."""

    predicate: ColumnElement[bool]
    """TRUE or FALSE, never NULL."""
    observed: ColumnElement[Any]
    """What was found for the customer: a count, an instant (epoch seconds), a text; NULL where nothing is known."""
    kind: str = "text"
    """How to show `observed`: count | money | instant | text | flag | day | turn."""
    newest: tuple[ColumnElement[Any], ColumnElement[Any]] | None = None
    """Key and instant (epoch seconds) of the newest order that was counted; None for what counts no orders."""


def in_range(value: ColumnElement[Any], comparison: Comparison) -> ColumnElement[bool]:
    """`value` lies between the ends of the comparison; NULL is outside."""
    return certain(and_(*ends(value, comparison)))


def ends(value: ColumnElement[Any], comparison: Comparison) -> list[ColumnElement[bool]]:
    """The one or two ends of the comparison; NULL where the value is NULL."""
    parts: list[ColumnElement[bool]] = []
    if comparison.at_least is not None:
        parts.append(value >= comparison.at_least)
    if comparison.at_most is not None:
        parts.append(value <= comparison.at_most)
    return parts


def certain(predicate: ColumnElement[bool]) -> ColumnElement[bool]:
    """The predicate with NULL read as FALSE, so that its `not` is TRUE."""
    return func.coalesce(predicate, False)


def any_value(column: ColumnElement[Any], values: Sequence[object]) -> ColumnElement[bool]:
    """The column is one of the values; a single one is compared plainly so that an index serves it."""
    return column == values[0] if len(values) == 1 else column.in_(values)
