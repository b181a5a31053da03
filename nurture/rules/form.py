"""Two forms of one question: a probe for each customer, and, where everybody is asked on SQLite, a set made once.

SQLite can't turn a correlated EXISTS into a set by itself, PostgreSQL can; and PostgreSQL makes no anti-join of NOT IN.
For few customers the set is the wrong form: it reads the whole table however few they are.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Exists, Select, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def among_those(customer_id: ColumnElement[Any], ids: Select[Any], *, everybody: bool) -> ColumnElement[bool]:
    """Whether the customer is one of `ids`: a query of one column of customer ids, none of them NULL."""
    (column,) = ids.selected_columns
    probe = ids.with_only_columns(1).where(column == customer_id).exists()
    return probe_or_set(customer_id, probe, ids, everybody=everybody)


def probe_or_set(
    customer_id: ColumnElement[Any], probe: Exists, ids: Select[Any], *, everybody: bool
) -> ColumnElement[bool]:
    """`probe` asks about the customer alone; `ids`, which holds no NULL, are all of whom it is true."""
    return _Form(probe, customer_id.in_(ids)) if everybody else probe


def probe_or_groups(
    customer_id: ColumnElement[Any], probe: ColumnElement[bool], groups: Select[Any], column: ColumnElement[Any]
) -> ColumnElement[bool]:
    """`probe` counts rows of the customer; `groups`, by `column`, gives those for whom it is true. For everybody.

    PostgreSQL counted for a million customers one by one, in 5 s and not in 2. SQLite walks along one index either way.
    """
    found = groups.with_only_columns(column.label("customer_id")).subquery("counted")
    return _Form(select(1).where(found.c.customer_id == customer_id).exists(), probe)


class _Form(FunctionElement[bool]):
    """The form for PostgreSQL, and that for SQLite."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> Any:
        # SQLAlchemy would write `(… IN …) = 1` for SQLite, which has no booleans, and no index would be used.
        return self


@compiles(_Form)
def _elsewhere(element: _Form, compiler: SQLCompiler, **options: Any) -> str:
    form, _ = element.clauses
    return compiler.process(form, **options)


@compiles(_Form, "sqlite")
def _on_sqlite(element: _Form, compiler: SQLCompiler, **options: Any) -> str:
    _, form = element.clauses
    return f"({compiler.process(form, **options)})"
