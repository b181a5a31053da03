"""Operators about orders: how many, what, how much, first and last."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, or_, select

from nurture.condition.vocabulary import Comparison, FirstOrder, LastOrder, Orders, Period, This
from nurture.store import binary_order
from nurture.store.tables import CustomerFact, Order, OrderLine, Product, probe

from .clause import Clause, any_value, certain, ends, in_range
from .form import among_those, probe_or_groups
from .scope import Scope

ORDER, LINE, PRODUCT, FACT = (probe(each) for each in (Order, OrderLine, Product, CustomerFact))
GONE = ("cancelled", "returned")
BETWEEN = " / "
"""Between the things that one order holds."""


def orders(scope: Scope, asked: Orders) -> Clause:
    """Counts orders, or their lines where a product or category is asked for."""
    return replace(_asked(scope, asked), newest=_newest(scope, asked))


def first_order(scope: Scope, asked: FirstOrder) -> Clause:
    """Compares the first order's instant."""
    return _instant(scope, FACT.c.first_order_at, func.min, asked)


def last_order(scope: Scope, asked: LastOrder) -> Clause:
    """Compares the newest order's instant."""
    return _instant(scope, FACT.c.last_order_at, func.max, asked)


def this_order(scope: Scope, asked: This) -> Clause:
    """Asks about the order that opened the occurrence; where there is none, every question is false."""
    assert scope.subject_id is not None
    clauses: list[Clause] = []
    if asked.order:
        first = FACT.c.first_order_id
        wanted = first == scope.subject_id if asked.order == "first" else first != scope.subject_id
        mine = select(1).where(FACT.c.customer_id == scope.customer_id, wanted)
        clauses.append(Clause(mine.exists(), _turn(scope), "turn"))
    if asked.product or asked.category:
        lines = select(1).where(LINE.c.order_id == scope.subject_id, *_goods(asked))
        clauses.append(Clause(lines.exists(), _contents(scope, asked)))
    if asked.amount:
        clauses.append(Clause(in_range(_this_total(scope), asked.amount), _this_total(scope), "money"))
    return Clause(and_(*(each.predicate for each in clauses)), clauses[0].observed, clauses[0].kind)


def fact(scope: Scope, column: ColumnElement[Any], missing: Any) -> ColumnElement[Any]:
    """A stored fact of the customer, `missing` where there is no row."""
    found = select(column).where(FACT.c.customer_id == scope.customer_id).scalar_subquery()
    return found if missing is None else func.coalesce(found, missing)


def period(scope: Scope, asked: Period, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """The bounds of `within` and `older_than` on an instant."""
    bounds: list[ColumnElement[bool]] = []
    if asked.within is not None:
        bounds.append(column >= scope.ago(asked.within))
    if asked.older_than is not None:
        bounds.append(column < scope.ago(asked.older_than))
    return bounds


def _asked(scope: Scope, asked: Orders) -> Clause:
    if _only_counts(asked) and not scope.recount:
        wanted = _ranged(scope, FACT.c.order_count, asked.count or Comparison(at_least=1))
        return Clause(wanted, fact(scope, FACT.c.order_count, 0), "count")
    if _only_total(asked) and not scope.recount:
        assert asked.total is not None
        return Clause(_ranged(scope, FACT.c.order_total, asked.total), fact(scope, FACT.c.order_total, 0), "money")
    find, owner = (_lines, LINE) if asked.product or asked.category else (_orders, ORDER)
    found = find(scope, asked)
    clause = _counted(found.where(owner.c.customer_id == scope.customer_id), asked)
    if not (scope.everybody and asked.count and (asked.count.at_least or 0) > 0):
        return clause
    grouped = found.group_by(owner.c.customer_id).having(*_wanted(found, asked))
    return replace(clause, predicate=probe_or_groups(scope.customer_id, clause.predicate, grouped, owner.c.customer_id))


def _newest(scope: Scope, asked: Orders) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Key and instant of the newest order that is counted."""
    of_lines = bool(asked.product or asked.category)
    find, owner, order_id = (_lines, LINE, LINE.c.order_id) if of_lines else (_orders, ORDER, ORDER.c.id)
    named = ORDER.alias("named_order")
    key = select(named.c.key).where(named.c.id == order_id).scalar_subquery()
    mine = find(scope, asked).where(owner.c.customer_id == scope.customer_id)
    newest = mine.order_by(owner.c.ordered_at.desc(), order_id.desc()).limit(1)
    return (
        newest.with_only_columns(key).scalar_subquery(),
        newest.with_only_columns(owner.c.ordered_at).scalar_subquery(),
    )


def _this_total(scope: Scope) -> ColumnElement[Any]:
    return select(ORDER.c.total).where(ORDER.c.id == scope.subject_id).scalar_subquery()


def _turn(scope: Scope) -> ColumnElement[Any]:
    """The how-manieth of the customer's orders it is; NULL where it was cancelled."""
    this, other = ORDER.alias("this_order"), ORDER.alias("other_order")
    counted = (other.c.customer_id == this.c.customer_id, other.c.status.not_in(GONE))
    before = or_(
        other.c.ordered_at < this.c.ordered_at, and_(other.c.ordered_at == this.c.ordered_at, other.c.id < this.c.id)
    )
    earlier = select(func.count()).select_from(other).where(*counted, before).scalar_subquery()
    return select(earlier + 1).where(this.c.id == scope.subject_id, this.c.status.not_in(GONE)).scalar_subquery()


def _contents(scope: Scope, asked: This) -> ColumnElement[Any]:
    """What the order holds, in the words that were asked with: categories, or product codes and names."""
    key = select(PRODUCT.c.key).where(PRODUCT.c.id == LINE.c.product_id).scalar_subquery()
    category: ColumnElement[Any] = func.coalesce(func.nullif(LINE.c.category, ""), LINE.c.name)
    product = func.trim(func.coalesce(key, "") + " " + LINE.c.name)
    told = (
        product + " " + LINE.c.category if asked.product and asked.category else product if asked.product else category
    )
    lines = select(told.label("told")).where(LINE.c.order_id == scope.subject_id).distinct().subquery()
    ordered = select(lines.c.told).order_by(binary_order(lines.c.told)).subquery()
    return select(func.aggregate_strings(ordered.c.told, BETWEEN)).scalar_subquery()


def _only_counts(asked: Orders) -> bool:
    return asked.model_fields_set <= {"count"}


def _only_total(asked: Orders) -> bool:
    return asked.model_fields_set == {"total"}


def _instant(scope: Scope, column: ColumnElement[Any], which: Callable[..., Any], asked: Period) -> Clause:
    if scope.recount:
        mine = (ORDER.c.customer_id == scope.customer_id, ORDER.c.status.not_in(GONE))
        found = select(which(ORDER.c.ordered_at)).where(*mine, ORDER.c.ordered_at <= scope.instant).scalar_subquery()
        return Clause(certain(and_(*(period(scope, asked, found) or [found.is_not(None)]))), found, "instant")
    bounds = period(scope, asked, column) or [column.is_not(None)]
    wanted = _of_facts(scope, *bounds)
    return Clause(wanted, fact(scope, column, None), "instant")


def _ranged(scope: Scope, column: ColumnElement[Any], comparison: Comparison) -> ColumnElement[bool]:
    """Whether a count or sum lies in the range; who has no facts has 0."""
    inside = and_(*ends(column, comparison))
    zero = (comparison.at_least or 0) <= 0 <= (0 if comparison.at_most is None else comparison.at_most)
    if zero:
        return ~_of_facts(scope, ~inside)
    return _of_facts(scope, inside)


def _of_facts(scope: Scope, *wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    return among_those(scope.customer_id, select(FACT.c.customer_id).where(*wanted), everybody=scope.everybody)


def _orders(scope: Scope, asked: Orders) -> Select[Any]:
    statement: Select[Any] = select(func.count(), func.sum(ORDER.c.total)).where(
        ORDER.c.ordered_at <= scope.instant,
        *period(scope, asked, ORDER.c.ordered_at),
        _status(asked),
    )
    if asked.amount:
        statement = statement.where(in_range(ORDER.c.total, asked.amount))
    if asked.after_opening and scope.occurred_at is not None:
        statement = statement.where(ORDER.c.ordered_at > scope.occurred_at)
    return statement


def _lines(scope: Scope, asked: Orders) -> Select[Any]:
    statement: Select[Any] = select(
        func.count(distinct(LINE.c.order_id)), func.sum(LINE.c.price * LINE.c.quantity)
    ).where(
        LINE.c.ordered_at <= scope.instant,
        *period(scope, asked, LINE.c.ordered_at),
        *_goods(asked),
    )
    if asked.status or asked.amount:
        wanted = [ORDER.c.id == LINE.c.order_id, _status(asked)]
        wanted += [in_range(ORDER.c.total, asked.amount)] if asked.amount else []
        statement = statement.where(exists().where(*wanted))
    else:
        statement = statement.where(LINE.c.counts)
    if asked.after_opening and scope.occurred_at is not None:
        statement = statement.where(LINE.c.ordered_at > scope.occurred_at)
    return statement


def _counted(found: Select[Any], asked: Orders) -> Clause:
    # EXISTS stops at the first row; a count reads them all, so it is taken only where a number is asked for.
    count, total = (found.with_only_columns(column).scalar_subquery() for column in found.selected_columns)
    parts = _compared(count, total, asked) or [found.with_only_columns(1).exists()]
    if asked.total and not asked.count:
        return Clause(and_(*parts), func.coalesce(total, 0), "money")
    return Clause(and_(*parts), count, "count")


def _wanted(found: Select[Any], asked: Orders) -> list[ColumnElement[bool]]:
    count, total = found.selected_columns
    return _compared(count, total, asked)


def _compared(count: ColumnElement[Any], total: ColumnElement[Any], asked: Orders) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = []
    if asked.count:
        parts.append(in_range(count, asked.count))
    if asked.total:
        parts.append(in_range(func.coalesce(total, 0), asked.total))
    return parts


def _goods(asked: Orders | This) -> list[ColumnElement[bool]]:
    goods: list[ColumnElement[bool]] = []
    if asked.product:
        goods.append(LINE.c.product_id.in_(select(PRODUCT.c.id).where(any_value(PRODUCT.c.key, asked.product))))
    if asked.category:
        goods.append(any_value(LINE.c.category, asked.category))
    return goods


def _status(asked: Orders) -> ColumnElement[bool]:
    if asked.status:
        return any_value(ORDER.c.status, asked.status)
    return ~any_value(ORDER.c.status, GONE)
