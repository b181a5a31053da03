"""A COMMIT that fails behind its work: nobody knows whether the fence was passed, but nothing was handed over."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from nurture.store import sqlite_module
from nurture.store.tables import Attempt, Contact, table

from .post import Post
from .test_worker import MEETING, THANKS


class Breaking:
    """Breaks the connection behind the COMMIT of the first fence."""

    def __init__(self, engine: Engine) -> None:
        self.commit, self.over = engine.dialect.do_commit, False
        self.error = sqlite_module().OperationalError if engine.dialect.name == "sqlite" else _postgres_error()
        engine.dialect.do_commit = self.commit_and_break  # type: ignore[method-assign]

    def commit_and_break(self, connection: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM attempt")
        fenced = cursor.fetchone()[0]
        cursor.close()
        self.commit(connection)
        if fenced and not self.over:
            self.over = True
            raise self.error("the connection broke behind COMMIT")


def _postgres_error() -> type[Exception]:
    from psycopg import OperationalError

    return OperationalError


def test_what_a_doubtful_fence_wrote_is_taken_back_and_alice_gets_her_letter(engine: Engine, tmp_path: Path) -> None:
    """Her contact stayed behind: it counted for nothing sent, and broke each later fence, at once and for ever."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    Breaking(engine)
    assert post.deliver("2026-11-20 10:05")["not_sent"] == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(table(Contact))) == 0
        assert connection.scalars(select(table(Attempt).c.result)).all() == ["deferred"]
    assert post.deliver("2026-11-20 10:20")["sent"] == 1
    assert post.arrived() == ["thanks"]
