"""The table of docs/delivery.md, the trigger in the database and what the code does know the same ways of a touch.

Each way is walked by the real code, on both databases, under a trigger that writes down where touches went.
"""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from nurture.channels.outcome import Accepted, Deferred, Outcome, Rejected, Unknown
from nurture.delivery.claiming import claim
from nurture.delivery.values import Ready
from nurture.feedback.optout import opt_out
from nurture.gates.situation import Situation
from nurture.intake.merging import merge_customers
from nurture.message.template import Templates
from nurture.planning.commit import ROWS_WRITTEN
from nurture.store import writing
from nurture.store.backstop import WAYS
from nurture.store.doubt import settle_unknown
from nurture.store.sealing import acknowledge_restore
from tests.planning.people import instant, letter

from .post import LETTER, Post
from .test_worker import MEETING, THANKS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
ROW = re.compile(r"(?m)^\| (∅|`[a-z_]+`) \| `([a-z_]+)` \| (.+) \|$")
DRAWN = {(begun.strip("`"), ended): guard for begun, ended, guard in ROW.findall(PAGE)}
STATES = {state for way in DRAWN for state in way} - {"∅"}
NOON = instant("2026-11-20 12:00")
ALWAYS = "2026-11-20 10:05"
GONE = Rejected("address", "550 5.1.1", "gone")


def test_the_table_says_what_the_database_lets_pass() -> None:
    assert {way for way in DRAWN if way[0] != "∅"} == {(old, new) for old, ends in WAYS.items() for new in ends}


def test_the_table_says_how_a_touch_begins() -> None:
    assert {ended for begun, ended in DRAWN if begun == "∅"} == set(ROWS_WRITTEN)


def test_every_way_has_a_guard_and_the_picture_every_state() -> None:
    picture = PAGE.split("```")[1]
    assert all(len(guard) > 20 for guard in DRAWN.values())
    assert STATES - {"held_out"} == {word for word in re.findall(r"[a-z_]+", picture) if word in STATES}


def test_the_code_names_no_other_state() -> None:
    found: set[str] = set()
    for room in ("planning", "delivery", "feedback", "gates", "store", "intake"):
        for file in (ROOT / "nurture" / room).glob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found |= {
                node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    assert found >= STATES


class Walk:
    """A shop in which a touch goes one way, and what the ledger saw of it."""

    def __init__(self, engine: Engine, folder: Path, *campaigns: str, **settings: Any) -> None:
        self.post = Post(engine, folder, *(campaigns or (THANKS,)), **{**MEETING, **settings})
        self.shop, self.engine, self.folder = self.post.shop, engine, folder
        with writing(engine) as connection:
            connection.execute(text("CREATE TABLE walked (old TEXT, new TEXT)"))
            for statement in _recorder(engine.dialect.name):
                connection.exec_driver_sql(statement)

    def order(self, outcome: Outcome | None = None, when: str = ALWAYS) -> int:
        """Alice orders, and is written to with that outcome; without one, her mail is only planned."""
        alice = self.shop.customer("alice")
        self.shop.order(alice, "2026-11-20 10:00")
        if outcome is None:
            self.shop.tick(when)
        else:
            self.post.answer = lambda _: outcome
            self.post.tick(when)
        return alice

    def before_fence(self, what: Callable[[], None]) -> None:
        def once(_: Ready) -> None:
            self.post.mail.before_fence = lambda _: None
            what()

        self.post.mail.before_fence = once

    def seen(self) -> set[tuple[str, str]]:
        with self.engine.connect() as connection:
            return {(row.old, row.new) for row in connection.execute(text("SELECT old, new FROM walked"))}


def _recorder(dialect: str) -> list[str]:
    noting = "INSERT INTO walked VALUES (OLD.status, NEW.status);"
    event = "AFTER UPDATE OF status ON touch"
    if dialect == "sqlite":
        return [f"CREATE TRIGGER walking {event} WHEN OLD.status <> NEW.status BEGIN {noting} END"]
    return [
        f"CREATE FUNCTION walking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {noting} RETURN NULL; END $$",
        f"CREATE TRIGGER walking {event} FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION walking()",
    ]


Walking = Callable[[Engine, Path], Walk]


def it_is_sent(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.order(Accepted("250"))
    return walk


def it_is_refused_for_now(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.order(Deferred("message", "450 4.2.1", "later"))
    return walk


def its_address_is_gone(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.order(GONE)
    return walk


def nobody_knows(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.order(Unknown("silence behind the dot"))
    return walk


def the_fence_refuses(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.before_fence(lambda: walk.shop.tag(1, "regular"))
    walk.order(Accepted("250"))
    return walk


def its_template_breaks(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    (folder / "letter.txt.j2").write_text(LETTER.replace("いつも", "{{ 1 / 0 }}"), encoding="utf-8")
    walk.post.templates = Templates.load(folder)
    walk.order(Accepted("250"))
    return walk


def alice_opts_out_while_it_is_claimed(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.before_fence(lambda: refuse(walk))
    walk.order(Accepted("250"))
    return walk


def alice_opts_out_while_it_is_planned(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.order()
    refuse(walk)
    return walk


def refuse(walk: Walk) -> None:
    with writing(walk.engine) as connection:
        opt_out(connection, 1, "email", "commercial", "link", "button", NOON)


def alice_is_merged_while_her_twin_is_written_to(engine: Engine, folder: Path) -> Walk:
    news = letter("news", '{schedule: {dates: [2026-11-20], at: "10:00"}}', step="valid_for: 5 days")
    walk = Walk(engine, folder, news)
    alice, twin = walk.shop.customer("alice"), walk.shop.customer("alicia")
    walk.shop.tick("2026-11-20 10:01")
    situation = Situation(walk.shop.settings, walk.shop.campaigns, {}, instant("2026-11-20 10:02"))
    with writing(engine) as connection:
        assert len(claim(connection, situation, worker="w", channels=["email"], limit=9, lease=60)) == 2
    with writing(engine) as connection:
        merge_customers(connection, alice, twin, instant("2026-11-20 10:03"))
    return walk


def the_order_is_cancelled(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder, letter("thanks", "{after: order}", step="wait: 1 day"))
    alice = walk.order()
    walk.shop.cancel(alice, 1)
    walk.shop.tick("2026-11-20 10:06")
    return walk


def its_validity_ends(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.order()
    walk.shop.tick("2026-11-26 10:00")
    return walk


def a_call_takes_its_place(engine: Engine, folder: Path) -> Walk:
    waiting = letter("thanks", "{after: order}", step="wait: 1 hour, when_capped: drop")
    walk = Walk(engine, folder, waiting, caps=[{"at_most": 1, "per": "7 days"}])
    alice = walk.order()
    walk.shop.contact(alice, "2026-11-20 10:30")
    walk.shop.tick("2026-11-20 11:00")
    return walk


def a_backup_is_put_back(engine: Engine, folder: Path) -> Walk:
    walk = Walk(engine, folder)
    walk.order()
    with writing(engine) as connection:
        acknowledge_restore(connection, 0, NOON, NOON)
    return walk


def settled(ending: str) -> Walking:
    def walking(engine: Engine, folder: Path) -> Walk:
        walk = nobody_knows(engine, folder)
        with writing(engine) as connection:
            settle_unknown(connection, [1], ending, "person", NOON)  # type: ignore[arg-type]
        return walk

    return walking


CLAIMED = {("planned", "claimed")}
FENCED = {*CLAIMED, ("claimed", "sending")}
WALKS: list[tuple[Walking, set[tuple[str, str]]]] = [
    (it_is_sent, {*FENCED, ("sending", "sent")}),
    (it_is_refused_for_now, {*FENCED, ("sending", "planned")}),
    (its_address_is_gone, {*FENCED, ("sending", "failed")}),
    (nobody_knows, {*FENCED, ("sending", "unknown")}),
    (the_fence_refuses, {*FENCED, ("claimed", "planned"), ("sending", "sent")}),
    (its_template_breaks, {*CLAIMED, ("claimed", "failed")}),
    (alice_opts_out_while_it_is_claimed, {*CLAIMED, ("claimed", "suppressed")}),
    (alice_is_merged_while_her_twin_is_written_to, {*CLAIMED, ("claimed", "cancelled")}),
    (alice_opts_out_while_it_is_planned, {("planned", "suppressed")}),
    (the_order_is_cancelled, {("planned", "cancelled")}),
    (its_validity_ends, {("planned", "expired")}),
    (a_call_takes_its_place, {("planned", "dropped")}),
    (a_backup_is_put_back, {("planned", "unknown")}),
    (settled("sent"), {*FENCED, ("sending", "unknown"), ("unknown", "sent")}),
    (settled("failed"), {*FENCED, ("sending", "unknown"), ("unknown", "failed")}),
    (settled("planned"), {*FENCED, ("sending", "unknown"), ("unknown", "planned")}),
]


def test_between_them_the_walks_go_every_way() -> None:
    assert set().union(*(ways for _, ways in WALKS)) == {way for way in DRAWN if way[0] != "∅"}


@pytest.mark.parametrize(("walking", "ways"), WALKS, ids=[getattr(each, "__name__", "") for each, _ in WALKS])
def test_the_code_goes_this_way(engine: Engine, tmp_path: Path, walking: Walking, ways: set[tuple[str, str]]) -> None:
    assert walking(engine, tmp_path).seen() == ways
