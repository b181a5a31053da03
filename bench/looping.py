"""The three rules as loops over customers, as they are often written: by SQLModel, and by the bare driver.

A part of the customers is asked and the time multiplied; both find the same people as each other.
"""

import sqlite3
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import create_engine, make_url
from sqlmodel import Session, col, select

from nurture.store.tables import Consent, Contact, CustomerFact, DatedFact, Hold, Order, OrderLine

from .comparing import ours_of
from .effort import Effort, spent
from .figure import Figure, seconds
from .moment import DAY, EPOCH, NOW

ASKED = 20_000
GOALS = {"SQLModel": 150, "sqlite3": 8}
Wanted = Callable[[int], tuple[bool, bool, bool]]


def loop(url: str, customers: int) -> list[Figure]:
    """How many times longer each loop takes than the three rules as statements; on SQLite."""
    if not url.startswith("sqlite"):
        return []
    asked = min(ASKED, customers)
    path = make_url(url).database
    assert path is not None
    set_based = ours_of(url)
    figures = []
    engine = create_engine(url)
    with Session(engine) as session, sqlite3.connect(path) as connection:
        models, found = _timed(lambda customer: _by_models(session, customer), asked)
        driver, same = _timed(lambda customer: _by_driver(connection, customer), asked)
    assert found == same, f"the loops differ: {found}, {same}"
    engine.dispose()
    for name, effort in (("SQLModel", models), ("sqlite3", driver)):
        whole = effort.cpu * customers / asked
        note = f"{seconds(whole)} of {asked:,} customers extrapolated : {seconds(set_based.cpu)} set-based"
        what = f"a + b + c: a loop over customers ({name}) : ours"
        figures.append(Figure(what, whole / set_based.cpu, "x", "sqlite", GOALS[name], True, note))
    return figures


def _timed(wanted: Wanted, asked: int) -> tuple[Effort, list[int]]:
    counts = [0, 0, 0]
    with spent() as effort:
        for customer in range(1, asked + 1):
            counts = [count + found for count, found in zip(counts, wanted(customer), strict=True)]
    return effort, counts


def _by_models(session: Session, customer: int) -> tuple[bool, bool, bool]:
    session.expunge_all()
    granted = session.exec(
        select(Consent).where(
            Consent.customer_id == customer, col(Consent.ended_at).is_(None), Consent.channel == "email"
        )
    ).first()
    if granted is None or granted.status != "granted":
        return False, False, False
    if session.exec(select(Hold).where(Hold.customer_id == customer, Hold.kind == "complaint")).first():
        return False, False, False
    born = session.exec(
        select(DatedFact).where(DatedFact.customer_id == customer, DatedFact.name == "birthday")
    ).first()
    birthday = born is not None and (born.month, born.day) == (NOW.month, NOW.day)
    fact = session.get(CustomerFact, customer)
    first = session.get(Order, fact.first_order_id) if fact and fact.first_order_id else None
    thanks = first is not None and first.ordered_at is not None and first.ordered_at > NOW - timedelta(days=3)
    cross = False
    if fact is not None and fact.order_count >= 4 and fact.order_total >= 20_000:
        lines = session.exec(select(OrderLine).where(OrderLine.customer_id == customer, OrderLine.counts)).all()
        lately = NOW - timedelta(days=180)
        beans = any(each.category == "豆" and each.ordered_at and each.ordered_at >= lately for each in lines)
        mill = any(each.category == "ミル" for each in lines)
        contacted = session.exec(
            select(Contact).where(
                Contact.customer_id == customer, Contact.direction == "out", col(Contact.at) >= NOW - timedelta(days=14)
            )
        ).first()
        cross = beans and not mill and contacted is None
    return birthday, thanks, cross


def _by_driver(connection: sqlite3.Connection, customer: int) -> tuple[bool, bool, bool]:
    def one(statement: str, *values: object) -> tuple[object, ...] | None:
        found: tuple[object, ...] | None = connection.execute(statement, (customer, *values)).fetchone()
        return found

    granted = one("SELECT status FROM consent WHERE customer_id = ? AND ended_at IS NULL AND channel = 'email'")
    if granted is None or granted[0] != "granted":
        return False, False, False
    if one("SELECT 1 FROM hold WHERE customer_id = ? AND kind = 'complaint'"):
        return False, False, False
    born = one("SELECT month, day FROM dated_fact WHERE customer_id = ? AND name = 'birthday'")
    fact = one("SELECT order_count, order_total, first_order_at FROM customer_fact WHERE customer_id = ?")
    count, total, first = fact or (0, 0, None)
    cross = False
    if int(str(count)) >= 4 and int(str(total)) >= 20_000:
        line = "SELECT 1 FROM order_line WHERE customer_id = ? AND category = ? AND counts AND ordered_at >= ?"
        cross = (
            one(line, "豆", EPOCH - 180 * DAY) is not None
            and one(line, "ミル", 0) is None
            and one("SELECT 1 FROM contact WHERE customer_id = ? AND direction = 'out' AND at >= ?", EPOCH - 14 * DAY)
            is None
        )
    return born == (NOW.month, NOW.day), first is not None and int(str(first)) > EPOCH - 3 * DAY, cross
