"""The order of text: the same on both databases, whatever the language that PostgreSQL was set up in."""

from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def binary_order(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Text in the order of its UTF-8 bytes, which is Python's order of `str` too.

    The planner breaks ties by campaign, step and occurrence, so every ORDER BY, `<` or `>` on text that decides
    something goes through this: PostgreSQL's default order follows the locale of the cluster, so that two machines
    would plan differently. Equality, unique keys and GROUP BY do without.
    """
    return _BinaryOrder(column)


class _BinaryOrder(FunctionElement[str]):
    inherit_cache = True
    type = String()


@compiles(_BinaryOrder, "sqlite")
def _on_sqlite(element: _BinaryOrder, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} COLLATE BINARY)"


@compiles(_BinaryOrder, "postgresql")
def _on_postgresql(element: _BinaryOrder, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'
