"""From the order to a mail that arrived over a real socket, and parses."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import Engine, select

from nurture.channels.mail import MailTransport
from nurture.channels.server import mail_server
from nurture.delivery.freezing import Press
from nurture.delivery.senders import MailSender
from nurture.delivery.worker import Shift, Worker
from nurture.store.tables import Touch, table
from tests.planning.people import instant, letter

from .post import INSTANCE, Post

THANKS = letter("thanks", "{after: order}", step="valid_for: 5 days")


class Inbox:
    """A server that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 2.0.0 kept"


@contextmanager
def listening(inbox: Inbox) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def deliver(post: Post, when: str, connections: int) -> dict[str, int]:
    post.shop.tick(when)
    post.standing.at = instant(when)

    async def run() -> dict[str, int]:
        shift = Shift(post.shop.campaigns, Press(post.shop.settings, post.templates, INSTANCE))
        mails = [MailSender(MailTransport(mail_server(post.shop.settings))) for _ in range(connections)]
        worker = Worker("worker", post.engine, post.standing.clock(), shift, {"email": mails})
        counts = dict((await worker.deliver_due()).counts)
        await worker.close()
        return counts

    return asyncio.run(run())


def test_sixty_people_get_one_mail_each_with_their_own_name(engine: Engine, tmp_path: Path) -> None:
    inbox = Inbox()
    with listening(inbox) as port:
        email = {"from_address": "minato@minato.example", "host": "127.0.0.1", "port": port, "tls": "none"}
        post = Post(engine, tmp_path, THANKS, email=email, opt_out_mailbox="stop@minato.example")
        people = [f"person{number}" for number in range(60)]
        for name in people:
            post.shop.order(post.shop.customer(name, family_name=f"山田{name}"), "2026-11-20 10:00")
        counts = deliver(post, "2026-11-20 10:05", connections=3)
    assert counts == {"sent": 60}
    assert sorted(to for (to,), _ in inbox.mails) == sorted({to for (to,), _ in inbox.mails})
    for (to,), content in inbox.mails:
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        assert mail["To"] is not None
        assert "様へ" in mail["Subject"]
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "stop@minato.example" in str(mail["List-Unsubscribe"])
        body = mail.get_body(("plain",))
        assert body is not None
        assert to.partition("@")[0].lower() in body.get_content().lower()
    with engine.connect() as connection:
        assert set(connection.scalars(select(table(Touch).c.status))) == {"sent"}


def test_without_a_server_everything_waits_and_nothing_is_lost(engine: Engine, tmp_path: Path) -> None:
    email = {"from_address": "minato@minato.example", "host": "127.0.0.1", "port": 1, "tls": "none"}
    post = Post(engine, tmp_path, THANKS, email=email, opt_out_mailbox="stop@minato.example")
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    assert "sent" not in deliver(post, "2026-11-20 10:05", connections=1)
    assert post.shop.the(alice).status == "planned"
