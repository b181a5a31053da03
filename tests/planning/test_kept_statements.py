"""The statements of a plan are kept from tick to tick, and an idle tick runs a handful of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from sqlalchemy import Engine, event

from nurture.gates.situation import Situation
from nurture.planning.opening import open_after, store_opened
from nurture.planning.statements import statements_of
from nurture.planning.times import prepare_times
from nurture.planning.workspace import prepare
from nurture.rules.moment import Moment
from nurture.store import planning, reading
from tests.planning.people import Shop, instant

THANKS = """
campaign: thanks-{0}
title: x
trigger: {{ after: order }}
audience: [ {{ orders: {{ within: 1 month, count: {{ at_most: 1 }} }} }} ]
steps: [ {{ step: letter, wait: 2 days, template: x, channels: [email] }} ]
"""
BIRTHDAY = """
campaign: birthday-{0}
title: x
trigger: {{ anniversary: birthday }}
steps: [ {{ step: card, template: x, channels: [email] }} ]
"""


@pytest.mark.parametrize("campaigns", [1, 10])
def test_an_idle_tick_runs_a_handful_of_statements_whatever_the_number_of_campaigns(
    engine: Engine, campaigns: int
) -> None:
    shop = Shop(engine, *(text.format(number) for number in range(campaigns) for text in (THANKS, BIRTHDAY)))
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.ticks("2026-11-20 10:00", "2026-11-20 10:10")
    with counting(engine) as statements:
        ticked = shop.tick("2026-11-20 10:20")
    assert (ticked.planned.opened, ticked.planned.owners) == (0, 0)
    assert len(statements) <= 12


def test_a_kept_statement_looks_back_from_the_tick_that_runs_it(engine: Engine) -> None:
    """A month before the second tick, alice had not ordered yet and bob had."""
    shop = Shop(engine, THANKS.format(0))
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.order(alice, "2026-10-21 13:00")
    shop.order(bob, "2026-10-21 09:00")
    shop.tick("2026-11-20 08:00")
    shop.order(alice, "2026-11-21 11:00")
    shop.order(bob, "2026-11-21 11:00")
    shop.tick("2026-11-21 12:00")
    assert (len(shop.enrollments(alice)), len(shop.enrollments(bob))) == (0, 1)


def test_one_state_of_config_and_campaigns_has_one_set_of_statements(engine: Engine) -> None:
    shop = Shop(engine, THANKS.format(0))
    first, later = (situation(shop, when) for when in ("2026-11-20 10:00", "2026-11-20 11:00"))
    with reading(engine) as connection:
        times = prepare_times(connection, first)
    kept = statements_of(first, times)
    assert statements_of(later, times) is kept
    shop.write(THANKS.format(0).replace("2 days", "3 days"))
    assert statements_of(situation(shop, "2026-11-20 11:00"), times) is not kept


def test_what_is_kept_can_not_know_an_instant(engine: Engine) -> None:
    shop = Shop(engine, THANKS.format(0))
    asked = situation(shop, "2026-11-20 10:00")
    with reading(engine) as connection:
        kept = statements_of(asked, prepare_times(connection, asked))
    with pytest.raises(AssertionError, match="knows no instant"):
        _ = kept.situation.instant
    built = open_after(kept.situation, asked.campaigns.campaigns[0], None)
    assert instant("2026-11-20 10:00").timestamp() in built.compile().params.values()


def test_a_twin_with_the_instant_written_in_does_not_take_its_place(engine: Engine) -> None:
    """SQLAlchemy keys what it has compiled by structure: for a plain value it asks no parameter to be read."""
    shop = Shop(engine, "\n".join(line for line in THANKS.format(0).splitlines() if "audience" not in line))
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    asked = situation(shop, "2026-11-20 10:00")
    with planning(engine, prepare) as opened:
        store_opened(opened.connection, open_after(asked, asked.campaigns.campaigns[0], None))
    shop.tick("2026-11-20 10:00")
    assert len(shop.enrollments(alice)) == 1


def test_two_threads_ask_about_two_instants() -> None:
    moment = Moment()
    moment.tell(now=1)
    other = Thread(target=moment.tell, kwargs={"now": 2})
    other.start()
    other.join()
    assert moment.now.effective_value == 1


def situation(shop: Shop, when: str) -> Situation:
    return Situation(shop.settings, shop.campaigns, {}, instant(when))


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """The statements that run meanwhile, but for those that make the tables of the plan."""
    found: list[str] = []

    def note(connection: object, cursor: object, statement: str, *others: object) -> None:
        if not statement.startswith(("CREATE ", "SET ", "ATTACH ", "PRAGMA ", "BEGIN", "DETACH ")):
            found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)
