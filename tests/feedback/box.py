"""A shop that wrote to people by mail, and the mailbox into which reports about its mails come."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine, select

from nurture.channels.outcome import Accepted, Outcome
from nurture.config import Secrets
from nurture.delivery.values import Ready
from nurture.feedback.mailbox import Maildir, Reading, read_optouts
from nurture.rules.permission import sendable
from nurture.store import reading
from nurture.store.tables import Customer, table
from tests.delivery.post import Post
from tests.delivery.test_worker import MEETING, THANKS
from tests.planning.people import instant

KEYED = Secrets(secret_key=SecretStr("k" * 32))


class Box:
    """A shop that wrote to people, and its mailbox."""

    def __init__(self, engine: Engine, folder: Path, *people: str, outcome: Outcome | None = None) -> None:
        self.engine, self.folder = engine, folder / "mail"
        for name in ("new", "cur", "tmp"):
            (self.folder / name).mkdir(parents=True)
        about = {**MEETING, "public_url": "https://minato.example", "opt_out_mailbox": "stop@minato.example"}
        self.post = Post(engine, folder, THANKS, **about, secrets=KEYED)
        self.bodies: dict[str, bytes] = {}
        for each in people:
            self.post.shop.order(self.post.shop.customer(each), "2026-11-20 10:00")

        def answer(ready: Ready) -> Outcome:
            self.bodies[ready.claimed.address] = ready.body
            return outcome or Accepted("250")

        self.post.answer = answer
        self.post.tick("2026-11-20 10:05")
        self.letters = 0

    def header(self, address: str, *without: str) -> str:
        """The header of the mail to an address, as its provider returns it."""
        message = message_from_bytes(self.bodies[address], policy=default)
        for each in without:
            del message[each]
        return message.as_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()

    def read(self, *letters: bytes, when: str = "2026-11-20 12:00") -> Reading:
        for each in letters:
            self.letters += 1
            (self.folder / "new" / f"{self.letters:04}").write_bytes(each)
        return read_optouts(self.engine, self.post.shop.settings, Maildir(self.folder), instant(when))

    def rows(self, model: object, *names: str) -> list[tuple[object, ...]]:
        found = table(model)  # type: ignore[arg-type]
        with reading(self.engine) as connection:
            asked = select(*(found.c[name] for name in names)).order_by(found.c.id)
            return [tuple(row) for row in connection.execute(asked)]

    def may(self, customer: int, purpose: str) -> bool:
        with reading(self.engine) as connection:
            now = int(instant("2026-11-21 12:00").timestamp())
            mine = select(sendable(table(Customer).c.id, "email", now, purpose))
            return bool(connection.scalar(mine.where(table(Customer).c.id == customer)))


def address(box: Box, name: str) -> str:
    return next(each for each in box.bodies if each.startswith(name))
