"""What a database keeps of itself is written by several processes at once: every daemon and worker, once a minute."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Engine, text

from nurture.store import reading, writing
from nurture.store.timing import clock_mark, put_clock_mark
from tests.store.people import NOON
from tests.store.waiting import until_somebody_waits


def test_two_that_write_the_first_mark_at_once_are_not_in_each_others_way(engine: Engine) -> None:
    def later() -> None:
        with writing(engine) as connection:
            put_clock_mark(connection, NOON + timedelta(seconds=1))

    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            put_clock_mark(connection, NOON)
            second = pool.submit(later)
            until_somebody_waits(engine)
        second.result()
    with reading(engine) as connection:
        assert clock_mark(connection) == NOON + timedelta(seconds=1)
        assert connection.scalar(text("SELECT count(*) FROM setting WHERE name = 'clock_mark'")) == 1
