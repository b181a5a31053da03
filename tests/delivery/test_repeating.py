"""A push in doubt goes out again: that is a hand-over of its own, and a refusal of it says nothing of the first."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from nurture.channels.outcome import Accepted, Deferred, NotSent, Outcome, Rejected
from nurture.store import pause, resume, writing
from nurture.store.tables import Attempt, Contact, table
from tests.planning.people import instant, shown

from .test_worker import _line_in_doubt


@pytest.mark.parametrize("outcome", [Deferred("channel", "429", ""), NotSent("no connection")])
def test_a_refusal_of_the_repeat_leaves_the_first_in_doubt(engine: Engine, tmp_path: Path, outcome: Outcome) -> None:
    """It took the contact back and had the push planned anew: days later, when its key was forgotten, it came twice."""
    post, alice = _line_in_doubt(engine, tmp_path)
    post.answer = lambda _: outcome
    post.deliver("2026-11-20 10:30")
    assert post.shop.the(alice).status == "sending"
    with engine.connect() as connection:
        assert len(connection.scalars(select(table(Contact).c.id)).all()) == 1
    post.answer = lambda _: Accepted("409")
    post.deliver("2026-11-20 11:30")
    assert post.shop.the(alice).status == "sent"


def test_a_final_refusal_of_the_repeat_is_not_known_either(engine: Engine, tmp_path: Path) -> None:
    post, alice = _line_in_doubt(engine, tmp_path)
    post.answer = lambda _: Rejected("message", "400", "")
    post.deliver("2026-11-20 10:30")
    assert post.shop.the(alice).status == "unknown"


def test_caps_count_from_the_repeat(engine: Engine, tmp_path: Path) -> None:
    """The next one came 20 hours after the first try, and 18 after the push that arrived."""
    post, _ = _line_in_doubt(engine, tmp_path)
    post.deliver("2026-11-20 12:30")
    with engine.connect() as connection:
        assert [shown(each) for each in connection.scalars(select(table(Contact).c.at))] == ["2026-11-20 12:30"]
        assert connection.scalars(select(table(Attempt).c.result)).all() == ["unknown", "accepted"]


def test_caps_count_from_the_first_try_where_the_clock_was_set_back_since(engine: Engine, tmp_path: Path) -> None:
    """Found by the simulation: five within seven days, as the first of them counted two hours before it arrived."""
    post, _ = _line_in_doubt(engine, tmp_path)
    with writing(engine) as connection:
        connection.execute(update(table(Contact)).values(at=instant("2026-11-20 14:00")))
    post.deliver("2026-11-20 12:30")
    with engine.connect() as connection:
        assert [shown(each) for each in connection.scalars(select(table(Contact).c.at))] == ["2026-11-20 14:00"]
        assert connection.scalars(select(table(Attempt).c.result)).all() == ["unknown", "accepted"]


def test_who_was_called_since_gets_no_repeat(engine: Engine, tmp_path: Path) -> None:
    """The first try was before the call, and the repeat would be the second approach of the day behind it."""
    post, alice = _line_in_doubt(engine, tmp_path)
    post.shop.contact(alice, "2026-11-20 10:20")
    post.deliver("2026-11-20 10:30")
    assert post.line.arrived == []
    assert post.shop.the(alice).status == "unknown"


def test_a_paused_campaign_repeats_nothing(engine: Engine, tmp_path: Path) -> None:
    """`nurture pause` stops everything at once, what is repeated included."""
    post, alice = _line_in_doubt(engine, tmp_path)
    with writing(engine) as connection:
        pause(connection, "campaign:thanks", "by hand", instant("2026-11-20 10:20"))
    post.deliver("2026-11-20 10:30")
    assert post.line.arrived == []
    assert post.shop.the(alice).status == "sending"
    with writing(engine) as connection:
        resume(connection, "campaign:thanks", instant("2026-11-20 10:40"))
    post.deliver("2026-11-20 10:50")
    assert post.shop.the(alice).status == "sent"
