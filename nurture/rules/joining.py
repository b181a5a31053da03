"""A join whose order is ours: the few rows that a tick is about come first, the large tables are probed for each.

SQLite has no statistics of TEMP tables and often none at all, and would begin with all customers or all enrollments.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Join
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


def join_in_order(left: FromClause, right: FromClause, condition: ColumnElement[bool]) -> Join:
    """As `left.join(right, condition)`, but SQLite reads `left` first; PostgreSQL goes by its own statistics."""
    return _InOrder(left, right, condition)


class _InOrder(Join):
    inherit_cache = True


@compiles(_InOrder, "sqlite")
def _on_sqlite(element: _InOrder, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite never reorders a CROSS JOIN (sqlite.org/optoverview.html, "Manual Control Of Query Plans").
    assert element.onclause is not None
    options.pop("asfrom", None)
    left, right = (compiler.process(each, asfrom=True, **options) for each in (element.left, element.right))
    return f"{left} CROSS JOIN {right} ON {compiler.process(element.onclause, **options)}"


@compiles(_InOrder)
def _elsewhere(element: _InOrder, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.visit_join(element, **options))  # type: ignore[no-untyped-call]
