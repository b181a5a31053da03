"""The evening's mail: the owner sees tomorrow's list and lets it go by its link; until then nobody is written to.

The shop lies in Kobe. Alice and Bob ordered on Sunday 22 November; their thanks are due on Monday at ten.
"""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.channels.mail import MailTransport
from nurture.channels.pipeline import Timeouts
from nurture.daemon import Evening, Shop
from nurture.delivery.writer import Writer
from nurture.feedback.approving import HeldList, held_list, make_approval_token
from nurture.store import approve_until, approved_until, asked, reading, writing
from tests.delivery.post import INSTANCE, Post
from tests.fakes.smtp import Act, FakeSmtp, reply, serving
from tests.planning.people import instant, letter
from tests.web.browser import browser
from tests.web.served import served
from tests.web.test_browser import PICTURES, fits

TOMORROW = date(2026, 11, 23)
THANKS = letter(
    "thanks", "{after: order}", "priority: 90", step='wait: 1 day, valid_for: 3 days, window: "10:00-19:00"'
)
SETTINGS = {
    "approve": True,
    "shop": {"name": "みなと珈琲", "email": "hello@minato.example", "address": "神戸市中央区架空町1-2-3"},
    "owner": {"email": "owner@minato.example", "ask_at": "18:00"},
    "email": {"from_address": "news@minato.example", "host": "127.0.0.1", "tls": "none"},
    "public_url": "https://minato.example",
    "secrets": {"secret_key": "k" * 40},
    "mode": "live",
}


@dataclass
class Office:
    """The shop, its mail server, and what asks the owner."""

    post: Post
    server: FakeSmtp

    @property
    def shop(self) -> Shop:
        return Shop(self.post.shop.settings, self.post.shop.campaigns, self.post.templates)

    def evenings(self, *times: str) -> list[EmailMessage]:
        """One process that is told these times, with a tick of planning before each; every mail the owner has."""

        async def told() -> None:
            writer = Writer(self.post.engine)
            async with serving(self.server):
                patience = Timeouts(connect=5, command=5, acceptance=5)
                evening = Evening(
                    self.post.engine, writer, INSTANCE, lambda: MailTransport(self.server.server(), patience)
                )
                for time in times:
                    self.post.shop.tick(time)
                    await evening.ask(self.shop, instant(time))
            writer.close()

        asyncio.run(told())
        mails = [message_from_bytes(each.data, policy=policy.default) for each in self.server.mails]
        assert all(each.recipient == "owner@minato.example" for each in self.server.mails)
        return [each for each in mails if isinstance(each, EmailMessage)]

    def held(self, now: str) -> Callable[[date], HeldList]:
        def listed(day: date) -> HeldList:
            shop = self.shop
            with reading(self.post.engine) as connection:
                return held_list(connection, shop.settings, shop.campaigns, shop.templates, day, instant(now))

        return listed


@pytest.fixture
def office(engine: Engine, tmp_path: Path) -> Office:
    post = Post(engine, tmp_path, THANKS, **SETTINGS)
    for name in ("alice", "bob"):
        post.shop.order(post.shop.customer(name), "2026-11-22 10:00")
    return Office(post, FakeSmtp())


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"https://minato\.example(/a/\S+)", text_of(mail))
    assert found
    html = mail.get_body(("html",))
    assert html is not None
    assert found[0] in html.get_content()
    return found[1]


def until(engine: Engine) -> int:
    with reading(engine) as connection:
        return approved_until(connection)


@contextmanager
def page(office: Office, now: str) -> Iterator[tuple[Callable[..., tuple[int, str]], Callable[[str], None]]]:
    """The web as the daemon serves it: what asks it, and what moves its clock."""
    with served(office.post.engine, made=office.shop.settings, held=office.held(now)) as web:
        web.times.now = instant(now)

        def ask(path: str, method: str = "GET") -> tuple[int, str]:
            answer = web.form(path) if method == "POST" else web.ask(method, path)
            return answer.status, answer.text

        def move(to: str) -> None:
            web.times.now = instant(to)

        yield ask, move


def test_the_owner_sees_what_is_planned_and_lets_it_go_by_the_button(office: Office) -> None:
    (mail,) = office.evenings("2026-11-22 17:59", "2026-11-22 18:00", "2026-11-22 18:01")
    assert mail["Subject"] == "【承認のお願い】11月23日（月）までのお便り 2 通"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "thanks  2 通（メール 2）" in text_of(mail)
    assert "11/23 10:00" in text_of(mail)
    assert "alice" in text_of(mail)
    assert "@customer" not in mail.as_string()
    with page(office, "2026-11-22 18:05") as (ask, _):
        for _ in range(3):
            status, shown = ask(link_in(mail))
            assert (status, "この内容で承認する" in shown, "2 通（メール 2）" in shown) == (200, True, True)
        assert ask(link_in(mail), "HEAD")[0] == 200
        assert until(office.post.engine) == 0
        office.post.tick("2026-11-23 10:00")
        assert office.post.arrived() == []
        assert "承認しました" in ask(link_in(mail), "POST")[1]
        assert "承認済み" in ask(link_in(mail))[1]
    assert until(office.post.engine) == int(instant("2026-11-24 00:00").timestamp())
    office.post.tick("2026-11-23 10:05")
    assert office.post.arrived() == ["thanks", "thanks"]


def test_nothing_later_than_tomorrow_goes_by_that_word(office: Office) -> None:
    office.post.shop.order(office.post.shop.customer("charlie"), "2026-11-23 09:00")
    with writing(office.post.engine) as connection:
        approve_until(connection, int(instant("2026-11-24 00:00").timestamp()))
    for when in ("2026-11-23 10:00", "2026-11-24 12:00"):
        office.post.tick(when)
    assert office.post.arrived() == ["thanks", "thanks"]


def test_one_mail_a_day_whatever_is_started_again(office: Office) -> None:
    for _ in range(3):
        office.evenings("2026-11-22 18:00", "2026-11-22 21:00")
    assert len(office.server.mails) == 1
    assert len(office.evenings("2026-11-23 18:00")) == 2


def test_a_crash_behind_the_hand_over_makes_no_second_mail(office: Office) -> None:
    """The server took it and went away before it said so: nobody can know, and the owner is not asked twice."""
    office.server.script = {"dot": [Act(then="reset", keep=True)]}
    office.evenings("2026-11-22 18:00")
    with reading(office.post.engine) as connection:
        assert asked(connection, TOMORROW) == "begun"
    assert len(office.evenings("2026-11-22 18:20", "2026-11-22 19:00")) == 1


@pytest.mark.parametrize("verb", ["connect", "rcpt", "dot"])
def test_a_mail_that_was_refused_is_tried_again_a_quarter_of_an_hour_later(office: Office, verb: str) -> None:
    office.server.script = {verb: [reply("451 4.3.0 later")]}
    assert office.evenings("2026-11-22 18:00", "2026-11-22 18:14") == []
    office.server.script = {verb: [reply("451 4.3.0 later")]}
    assert len(office.evenings("2026-11-22 18:20", "2026-11-22 18:30", "2026-11-22 18:35", "2026-11-22 18:50")) == 1


def test_who_approved_already_is_not_asked(office: Office) -> None:
    with writing(office.post.engine) as connection:
        approve_until(connection, int(instant("2026-11-24 00:00").timestamp()))
    assert office.evenings("2026-11-22 18:00") == []


def test_without_the_wish_to_be_asked_nobody_is(engine: Engine, tmp_path: Path) -> None:
    office = Office(Post(engine, tmp_path, THANKS, **{**SETTINGS, "approve": False}), FakeSmtp())
    assert office.evenings("2026-11-22 18:00") == []


def test_a_missing_sender_ends_no_tick_and_is_told_once(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    senderless = {"email": {"host": "a.example"}, "shop": {"name": "a"}}
    given = {**SETTINGS, "owner": {"email": "owner@minato.example"}, **senderless}
    office = Office(Post(engine, tmp_path, THANKS, **given), FakeSmtp())
    assert office.evenings("2026-11-22 18:00", "2026-11-22 18:01", "2026-11-22 19:00") == []
    assert "".join(capsys.readouterr()).count("unwritable") == 1


def test_a_day_without_messages_is_told_too(engine: Engine, tmp_path: Path) -> None:
    """What comes up tomorrow would wait as well, so that the owner must be able to say yes today."""
    office = Office(Post(engine, tmp_path, THANKS, **SETTINGS), FakeSmtp())
    (mail,) = office.evenings("2026-11-22 18:00")
    assert "いまはありません" in text_of(mail)


def test_in_english_and_without_a_public_address_the_command_is_named(engine: Engine, tmp_path: Path) -> None:
    office = Office(Post(engine, tmp_path, THANKS, **{**SETTINGS, "language": "en", "public_url": ""}), FakeSmtp())
    office.post.shop.order(office.post.shop.customer("alice"), "2026-11-22 10:00")
    (mail,) = office.evenings("2026-11-22 18:00")
    assert mail["Subject"] == "Please approve what leaves until Mon 23 November (1)"
    assert "nurture approve 2026-11-23" in text_of(mail)


def test_the_link_ends_with_its_day_and_no_other_token_opens_it(office: Office) -> None:
    settings = office.shop.settings
    token = make_approval_token(settings, TOMORROW)
    stranger = make_approval_token(settings.model_copy(update={"secrets": _other(settings)}), TOMORROW)
    with page(office, "2026-11-23 23:59") as (ask, move):
        assert ask(f"/a/{token}")[0] == 200
        for wrong in (stranger, str(token)[:-2], "x"):
            assert ask(f"/a/{wrong}")[0] == 404
            assert ask(f"/a/{wrong}", "POST")[0] == 404
        assert ask(f"/u/{token}")[0] == 404
        move("2026-11-24 00:00")
        assert ask(f"/a/{token}")[0] == 404
        assert ask(f"/a/{token}", "POST")[0] == 404
    assert until(office.post.engine) == 0


def _other(settings: object) -> object:
    return settings.secrets.model_copy(update={"secret_key": type(settings.secrets.secret_key)("q" * 40)})  # type: ignore[attr-defined]


def test_what_was_held_yesterday_is_on_the_list_too(office: Office) -> None:
    office.evenings("2026-11-22 18:00")
    found = office.held("2026-11-23 18:00")(date(2026, 11, 24))
    office.post.shop.tick("2026-11-23 18:00")
    assert [(each.title, each.count) for each in found.held] == [("thanks", 2)]
    assert datetime.fromtimestamp(found.held[0].first, instant("2026-11-23 00:00").tzinfo) - instant(
        "2026-11-23 10:00"
    ) == timedelta(0)


@pytest.mark.browser
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_mail_and_its_page_can_be_read_on_a_phone(office: Office, tmp_path: Path, language: str) -> None:
    folder = Path(os.environ.get(PICTURES) or tmp_path)
    office.post.shop.settings = office.post.shop.settings.model_copy(update={"language": language})
    (mail,) = office.evenings("2026-11-22 18:00")
    html = mail.get_body(("html",))
    assert html is not None
    (tmp_path / "mail.html").write_text(html.get_content(), "utf-8")

    async def look(port: int) -> None:
        async with browser() as tab:
            await tab.open((tmp_path / "mail.html").as_uri(), language)
            assert await tab.value("document.documentElement.scrollWidth") <= 375
            assert await tab.value("document.querySelector('a').getBoundingClientRect().height") >= 44
            await tab.picture(folder / f"evening-mail-{language}.png")
            await tab.open(f"http://127.0.0.1:{port}{link_in(mail)}", language)
            await fits(tab)
            await tab.picture(folder / f"evening-page-{language}.png")
            await tab.press("button")
            await tab.loaded()
            await tab.picture(folder / f"evening-done-{language}.png")
            assert tab.complaints == []

    with served(office.post.engine, made=office.shop.settings, held=office.held("2026-11-22 18:05")) as web:
        web.times.now = instant("2026-11-22 18:05")
        asyncio.run(look(web.port))
    assert until(office.post.engine) == int(instant("2026-11-24 00:00").timestamp())
