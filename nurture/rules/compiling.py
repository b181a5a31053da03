"""From a condition tree to one predicate, and to the labelled values that `explain` shows for a single customer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, not_, or_, true

from nurture.condition import AllOf, AnyOf, Condition, Not, Operator
from nurture.condition import vocabulary as words

from . import buying, declared, happening, person
from .clause import Clause
from .scope import Scope

Compile = Callable[[Scope, Any], Clause]


def predicate(scope: Scope, condition: Condition) -> ColumnElement[bool]:
    """The condition as one predicate, TRUE or FALSE for every customer."""
    if isinstance(condition, AllOf):
        return and_(true(), *(predicate(scope, part) for part in condition.parts))
    if isinstance(condition, AnyOf):
        return or_(false(), *(predicate(scope, part) for part in condition.parts))
    if isinstance(condition, Not):
        return not_(predicate(scope, condition.part))
    return clause(scope, condition).predicate


def clause(scope: Scope, operator: Operator) -> Clause:
    """One operator compiled; an operator without a compiler is a bug (KeyError)."""
    return COMPILERS[type(operator)](scope, operator)


@dataclass(frozen=True)
class Node:
    """One line of an explained tree."""

    depth: int
    condition: Condition
    predicate: ColumnElement[bool]
    observed: ColumnElement[Any] | None
    kind: str
    newest: tuple[ColumnElement[Any], ColumnElement[Any]] | None = None
    """Key and instant of the newest order counted."""


def nodes(scope: Scope, condition: Condition, depth: int = 0) -> Iterator[Node]:
    """Every node of the tree, outermost first, each with its own predicate and observed value."""
    if isinstance(condition, words.This) and len(tests := _tests(condition)) > 1:
        yield Node(depth, condition, predicate(scope, condition), None, "")
        for test in tests:
            yield from nodes(scope, test, depth + 1)
        return
    if isinstance(condition, Operator):
        found = clause(scope, condition)
        yield Node(depth, condition, found.predicate, found.observed, found.kind, found.newest)
        if isinstance(condition, words.InSegment):
            yield from nodes(scope, scope.segments[condition.name], depth + 1)
        return
    yield Node(depth, condition, predicate(scope, condition), None, "")
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    for part in parts:
        yield from nodes(scope, part, depth + 1)


def _tests(asked: words.This) -> list[words.This]:
    """Each question about the order or booking by itself, for each has found something else."""
    together = (("order",), ("product", "category"), ("amount",), ("booking",), ("menu",), ("staff",))
    parts = [asked.model_dump(include=set(names), exclude_none=True) for names in together]
    return [words.This.model_validate(each) for each in parts if each]


def _segment(scope: Scope, asked: words.InSegment) -> Clause:
    inside = predicate(scope, scope.segments[asked.name])
    return Clause(inside, cast(ColumnElement[Any], inside), "flag")


def _this(scope: Scope, asked: words.This) -> Clause:
    return happening.this_booking(scope, asked) if scope.subject == "booking" else buying.this_order(scope, asked)


COMPILERS: dict[type[Operator], Compile] = {
    words.AttributeIs: declared.attribute,
    words.HasTag: person.tag,
    words.IsKind: person.kind,
    words.LivesIn: person.prefecture,
    words.DateIs: person.date,
    words.Orders: buying.orders,
    words.FirstOrder: buying.first_order,
    words.LastOrder: buying.last_order,
    words.This: _this,
    words.Bookings: happening.bookings,
    words.Events: happening.events,
    words.Contacts: happening.contacts,
    words.SilentFor: happening.silent_for,
    words.Received: happening.received,
    words.Reachable: person.reachable,
    words.HasConsent: person.consent,
    words.InSegment: _segment,
    words.Complaint: person.complaint,
    words.Refused: person.refused,
}
