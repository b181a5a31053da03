"""Statements written once as SQL that take many rows as one parameter: what delivery runs some thousand times a second.

Through SQLAlchemy's expressions each of them costs ten times what SQLite needs for it; here only its connection, its
transaction and its errors are used.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class Prepared:
    """One statement; `{rows}` in its FROM stands for a table `batch` of the rows given, with the columns named here."""

    def __init__(self, sql: str, **columns: str) -> None:
        """`sql`: the same for both databases, parameters as `:name`. `columns`: their PostgreSQL types, in order."""
        self._returns = "RETURNING" in sql or sql.split()[0] in ("SELECT", "WITH")
        self._texts = {
            "sqlite": sql.replace("{rows}", _rows_on_sqlite(columns)),
            "postgresql": _PARAMETER.sub(r"%(\1)s", sql.replace("{rows}", _rows_on_postgresql(columns))),
        }

    def text(self, dialect: str) -> str:
        """The statement as one database is given it."""
        return self._texts[dialect]

    def run(self, connection: Connection, rows: Iterable[Sequence[Any]] | None = None, **parameters: Any) -> list[Any]:
        """Runs in the caller's transaction; gives what it selects or returns as tuples.

        Values are numbers, text, booleans and None; instants are epoch seconds. Raises SQLAlchemy's DBAPIErrors.
        """
        if rows is not None:
            parameters["rows"] = _ENCODE([*rows])
        if not connection.in_transaction():
            connection.begin()
        dialect = connection.dialect
        assert dialect.dbapi is not None
        text = self._texts[dialect.name]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, parameters)
            return list(cursor.fetchall()) if self._returns else []
        except dialect.dbapi.Error as problem:
            _raise(text, problem, dialect)
        finally:
            cursor.close()


@contextmanager
def driver_cursor(connection: Connection, what: str) -> Iterator[Any]:
    """The driver's own cursor, for what SQLAlchemy has no words for; its errors are raised as SQLAlchemy's DBAPIErrors.

    `what` stands for the statement in an error's text.
    """
    dialect = connection.dialect
    assert dialect.dbapi is not None
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except dialect.dbapi.Error as problem:
        _raise(what, problem, dialect)
    finally:
        cursor.close()


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Within it PostgreSQL is given statements without awaiting each, but for those that give rows; an error of one is
    raised by a later one, or at the end. On SQLite there is nobody to wait for."""
    if connection.dialect.name != "postgresql":
        yield
        return
    assert connection.dialect.dbapi is not None
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            yield
    except connection.dialect.dbapi.Error as problem:
        _raise("a pipeline", problem, connection.dialect)


def _raise(text: str, problem: Exception, dialect: Any) -> NoReturn:
    # Not the parameters: they would carry addresses into a log.
    raise DBAPIError.instance(text, None, problem, dialect.dbapi.Error, dialect=dialect) from problem


def _rows_on_sqlite(columns: dict[str, str]) -> str:
    fields = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
    return f"(SELECT {fields} FROM json_each(:rows)) AS batch"


def _rows_on_postgresql(columns: dict[str, str]) -> str:
    fields = ", ".join(
        f"CAST(value ->> {place} AS {kind}) AS {name}" for place, (name, kind) in enumerate(columns.items())
    )
    return f"(SELECT {fields} FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS listed(value)) AS batch"
