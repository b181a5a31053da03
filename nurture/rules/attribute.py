"""Declared attributes inside SQL: one value of a customer's JSON as text or number, NULL where it is not that.

A value of another kind, or one the database can't decode, gives NULL and never aborts a statement over many people.
"""

import json
from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, String, case, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from nurture.store.tables import Customer, table

from .scope import Scope

LARGEST_NUMBER = 1e15
"""Numbers of this size and more are taken as missing, so that both databases agree on the edge."""


def attribute_text(scope: Scope, name: str) -> ColumnElement[str]:
    """The attribute of `scope.customer_id` as text, booleans as `true` and `false`; NULL when missing or nested."""
    customer = table(Customer).alias()
    return _of_customer(scope, customer, _Text(customer.c.attributes, _path(name), literal(name)))


def attribute_number(scope: Scope, name: str) -> ColumnElement[float]:
    """The attribute of `scope.customer_id` as a number; NULL when it is missing or no JSON number."""
    customer = table(Customer).alias()
    number = _Number(customer.c.attributes, _path(name), literal(name))
    return _of_customer(scope, customer, case((func.abs(number) < LARGEST_NUMBER, number)))


def _of_customer(scope: Scope, customer: FromClause, value: ColumnElement[Any]) -> ColumnElement[Any]:
    found = select(value).where(customer.c.id == scope.customer_id)
    return found.correlate_except(customer).scalar_subquery()


def _path(name: str) -> ColumnElement[str]:
    return literal("$." + json.dumps(name, ensure_ascii=False))


class _Text(FunctionElement[str]):
    inherit_cache = True
    type = String()


class _Number(FunctionElement[float]):
    inherit_cache = True
    type = Double()


@compiles(_Text, "sqlite")
def _text_on_sqlite(element: _Text, compiler: SQLCompiler, **options: Any) -> str:
    column, path, _ = (compiler.process(each, **options) for each in element.clauses)
    value = f"json_extract({column}, {path})"
    return (
        f"CASE WHEN json_valid({column}) THEN CASE json_type({column}, {path}) WHEN 'text' THEN {value}"
        f" WHEN 'integer' THEN CAST({value} AS TEXT) WHEN 'real' THEN CAST({value} AS TEXT)"
        f" WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' END END"
    )


@compiles(_Number, "sqlite")
def _number_on_sqlite(element: _Number, compiler: SQLCompiler, **options: Any) -> str:
    column, path, _ = (compiler.process(each, **options) for each in element.clauses)
    value = f"CAST(json_extract({column}, {path}) AS REAL)"
    return (
        f"CASE WHEN json_valid({column}) THEN CASE json_type({column}, {path})"
        f" WHEN 'integer' THEN {value} WHEN 'real' THEN {value} END END"
    )


# PostgreSQL's json keeps \u0000 and lone surrogates when they are stored and fails when they are read.
_UNREADABLE = r"'\\u(0000|[dD][89a-fA-F])'"
# The cast of a number too large for a double fails, so that the guard bounds its digits.
_NUMBER = "'^-?[0-9]{1,15}([.][0-9]+)?([eE][-+]?[0-9]{1,2})?$'"


@compiles(_Text, "postgresql")
def _text_on_postgresql(element: _Text, compiler: SQLCompiler, **options: Any) -> str:
    column, _, name = (compiler.process(each, **options) for each in element.clauses)
    return (
        f"CASE WHEN CAST({column} AS TEXT) ~ {_UNREADABLE} THEN NULL"
        f" WHEN json_typeof({column} -> CAST({name} AS TEXT)) IN ('string', 'number', 'boolean')"
        f" THEN {column} ->> CAST({name} AS TEXT) END"
    )


@compiles(_Number, "postgresql")
def _number_on_postgresql(element: _Number, compiler: SQLCompiler, **options: Any) -> str:
    column, _, name = (compiler.process(each, **options) for each in element.clauses)
    return (
        f"CASE WHEN CAST({column} AS TEXT) ~ {_UNREADABLE} THEN NULL"
        f" WHEN json_typeof({column} -> CAST({name} AS TEXT)) = 'number'"
        f" AND ({column} ->> CAST({name} AS TEXT)) ~ {_NUMBER}"
        f" THEN CAST({column} ->> CAST({name} AS TEXT) AS DOUBLE PRECISION) END"
    )
