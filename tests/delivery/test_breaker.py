"""A campaign that fails by our own fault stops itself, and only itself; the database's refusal stops it at once."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from nurture.channels.outcome import Accepted, Deferred, NotSent, Outcome, Rejected, Unknown
from nurture.delivery.recording import BROKEN
from nurture.delivery.values import Ready
from nurture.message.template import Template, Templates
from nurture.store import reading, resume, writing
from nurture.store.alarming import standing_alarms
from nurture.store.tables import Pause, Touch, table
from tests.planning.people import instant, letter

from .post import LETTER, Post
from .test_worker import MEETING

THANKS, NEWS = (letter(each, "{after: order}", step="valid_for: 5 days") for each in ("thanks", "news"))
GONE = Rejected("address", "550 5.1.1", "no such user")


def campaign(name: str, template: str) -> str:
    return (
        f"campaign: {name}\ntitle: {name}\ntrigger: {{after: order}}\nsteps: [{{step: letter, template: {template}}}]"
    )


def crowd(post: Post, count: int) -> None:
    """So many people with an order each."""
    for number in range(1, count + 1):
        post.shop.order(post.shop.customer(f"person{number}"), "2026-11-20 10:00")


def statuses(post: Post, name: str) -> dict[str, int]:
    touch = table(Touch)
    with reading(post.engine) as connection:
        found = connection.scalars(select(touch.c.status).where(touch.c.campaign == name)).all()
    return {each: found.count(each) for each in found}


def stops(post: Post) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Scopes paused, and alarms as (kind, subject, fault)."""
    with reading(post.engine) as connection:
        paused = list(connection.scalars(select(table(Pause).c.scope).where(table(Pause).c.ended_at.is_(None))))
        alarms = [(each.kind, each.subject, each.about.get("fault", "")) for each in standing_alarms(connection)]
    return paused, alarms


def test_a_broken_template_costs_five_customers_and_no_more(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, campaign("thanks", "thanks"), campaign("news", "news"), **MEETING)
    (tmp_path / "thanks.txt.j2").write_text(LETTER.replace("いつも", "{{ 1 / 0 }}"), encoding="utf-8")
    post.templates = Templates.load(tmp_path)
    crowd(post, 30)
    post.tick("2026-11-20 10:05")
    assert statuses(post, "thanks") == {"failed": 5, "planned": 25}
    assert statuses(post, "news") == {"sent": 30}
    assert stops(post) == (["campaign:thanks"], [("breaker", "thanks", "template")])
    assert post.tick("2026-11-20 10:06") == {}
    (tmp_path / "thanks.txt.j2").write_text(LETTER, encoding="utf-8")
    post.templates = Templates.load(tmp_path)
    with writing(engine) as connection:
        resume(connection, "campaign:thanks", instant("2026-11-20 10:07"))
    post.tick("2026-11-20 10:07")
    assert statuses(post, "thanks") == {"failed": 5, "sent": 25}


def test_a_bug_of_ours_fails_one_message_and_stops_its_campaign(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    crowd(post, 3)

    class Broken(Templates):
        """Templates that raise, as a bug would."""

        def get(self, name: str) -> Template:
            raise RuntimeError(name)

    post.shop.tick("2026-11-20 10:05")
    post.templates = Broken.load(tmp_path)
    post.deliver("2026-11-20 10:05")
    assert statuses(post, "thanks") == {"failed": 1, "planned": 2}
    assert stops(post) == (["campaign:thanks"], [("breaker", "thanks", "bug")])


@pytest.mark.parametrize(("gone", "paused"), [(9, []), (10, ["campaign:thanks"])])
def test_a_list_of_which_a_tenth_comes_back_is_not_mailed_to_its_end(
    engine: Engine, tmp_path: Path, gone: int, paused: list[str]
) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    crowd(post, 20)
    post.answer = lambda ready: GONE if ready.claimed.customer_id <= gone else Accepted("250")
    post.tick("2026-11-20 10:05")
    assert stops(post)[0] == paused


@pytest.mark.parametrize(
    "outcome",
    [
        Deferred("message", "450 4.2.1", "later"),
        Deferred("domain", "421 4.7.0", "too fast"),
        Rejected("domain", "550 5.7.1", "distrust"),
        Rejected("channel", "535 5.7.8", "password"),
        NotSent("no connection"),
        Accepted("250"),
    ],
)
def test_what_is_not_the_campaigns_fault_never_stops_it(engine: Engine, tmp_path: Path, outcome: Outcome) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    crowd(post, 12)
    post.answer = lambda _: outcome
    post.tick("2026-11-20 10:05")
    assert "campaign:thanks" not in stops(post)[0]


def test_a_bug_of_a_connection_behind_the_fence_stops_at_once(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    crowd(post, 1)
    post.answer = lambda _: Unknown(BROKEN)
    post.tick("2026-11-20 10:05")
    assert stops(post) == (["campaign:thanks"], [("breaker", "thanks", "bug")])


def test_all_workers_count_together_and_a_restart_forgets_nothing(engine: Engine, tmp_path: Path) -> None:
    """Each run has a worker of its own: four lose three mails each."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.answer = lambda _: Unknown("timeout")
    for number, hour in enumerate(range(10, 14), 1):
        for each in range(3):
            post.shop.order(post.shop.customer(f"person{number}{each}"), f"2026-11-20 {hour}:00")
        assert stops(post)[0] == []
        post.tick(f"2026-11-20 {hour}:05")
    assert stops(post) == (["campaign:thanks"], [("breaker", "thanks", "unknown")])
    with writing(engine) as connection:
        resume(connection, "campaign:thanks", instant("2026-11-20 14:00"))
    for number, hour in enumerate(range(15, 17), 5):  # two of them were waiting
        for each in range(3):
            post.shop.order(post.shop.customer(f"person{number}{each}"), f"2026-11-20 {hour}:00")
        post.tick(f"2026-11-20 {hour}:05")
    assert stops(post)[0] == []


def test_what_the_database_refuses_stops_its_campaign_and_nobody_elses_mail(engine: Engine, tmp_path: Path) -> None:
    """A consent ends without a word to anybody, which no program of ours does: the fence lets bob's mail pass."""
    post = Post(engine, tmp_path, campaign("thanks", "letter"), **MEETING)
    alice, bob = post.shop.customer("alice"), post.shop.customer("bob")
    for each in (alice, bob):
        post.shop.order(each, "2026-11-20 10:00")

    def withdraw(_: Ready) -> None:
        with writing(engine) as connection:
            connection.execute(text("DELETE FROM consent WHERE customer_id = :who"), {"who": bob})

    post.mail.before_fence = withdraw
    post.tick("2026-11-20 10:05")
    assert [ready.claimed.customer_id for _, ready in post.mail.arrived] in ([alice], [])
    assert post.shop.the(bob).status == "planned"
    assert stops(post) == (["campaign:thanks"], [("backstop", "thanks", "")])
    with writing(engine) as connection:
        resume(connection, "campaign:thanks", instant("2026-11-20 10:06"))
    post.tick("2026-11-20 10:07")
    assert [ready.claimed.customer_id for _, ready in post.mail.arrived] == [alice]
