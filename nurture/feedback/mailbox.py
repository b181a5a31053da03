"""The opt-out mailbox, for shops whose machine can't be reached from outside: letters in it become opt-outs.

A letter counts when its subject carries the token of a `List-Unsubscribe` address, or when it asks for no more mail and
comes from an address that exactly one customer has. Reports of complaints (RFC 5965) stop commercial mail. Auto-replies
(RFC 3834) count for nothing. Mails that come back (RFC 3464) give up an address where nobody is.
"""

import imaplib
import re
import ssl
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from nurture.config import Settings
from nurture.message.link import read_token
from nurture.store import writing
from nurture.store.doubt import under_way
from nurture.store.tables import Address, table

from .bounce import Bounce, come_back, read_bounce, too_early
from .complaint import NOT_SPAM, Report, complain, read_report
from .letter import Letter, read_letter
from .optout import opt_out
from .parts import LARGEST, take_apart
from .proof import Proof, proofs_in, prove_by_click, settle_by_letter

log = structlog.get_logger()
ADDRESS = table(Address)
HOST, PORT, USER, PASSWORD, FOLDER = (f"NURTURE_IMAP_{each}" for each in ("HOST", "PORT", "USER", "PASSWORD", "FOLDER"))
MAILDIR = "NURTURE_MAILDIR"
SECONDS = 30
"""How long the IMAP server may take for an answer."""
TROUBLE = (OSError, OperationalError, InterfaceError, InternalError, PoolTimeout)
"""Not a letter's fault: it is read again with the next look. A standby PostgreSQL says InternalError to a write."""
_EARLY = "early"
_TOKEN = re.compile(r"unsubscribe[\s:]+([A-Za-z0-9_.-]{10,300})", re.IGNORECASE)
_ASKS = re.compile(
    r"(配信|メール|お知らせ|メルマガ|受信)[のを]?(停止|解除|拒否)|unsubscribe|opt.?out|stop sending|remove me",
    re.IGNORECASE,
)


class Mailbox(Protocol):
    """A mailbox: what is new in it, and what becomes of a letter that was read."""

    def new(self) -> Iterator[tuple[str, bytes]]:
        """Key and bytes of every letter not read yet."""
        ...

    def settle(self, key: str, *, clear: bool) -> None:
        """Marks a letter as read; one that is not `clear` is flagged for a person to look at."""
        ...


@dataclass(frozen=True)
class Reading:
    """What a look into the mailbox found."""

    opted_out: int
    """Letters that were acted on, repeated ones included."""
    ignored: int
    """Auto-replies, bounces and lists."""
    unclear: int
    """Letters left for a person: flagged in the mailbox."""
    complaints: int = 0
    """Reports of mail providers that were acted on, repeated ones included."""
    bounces: int = 0
    """Mails that came back for good."""


def read_optouts(engine: Engine, settings: Settings, box: Mailbox, now: datetime) -> Reading:
    """Acts on every new letter, each in a commit of its own, and marks it only afterwards.

    One that can't be acted on is left for a person, so that those behind it are read. Raises OSError or
    imaplib.IMAP4.error where the mailbox can't be read, and SQLAlchemyError where the database can't be reached.
    """
    found = {"opted_out": 0, "ignored": 0, "unclear": 0, "complaints": 0, "bounces": 0}
    for key, raw in box.new():
        what = _take(engine, settings, raw, now)
        if what != _EARLY:
            box.settle(key, clear=what != "unclear")
            found[what] += 1
    return Reading(**found)


class Maildir:
    """A Maildir folder as mail servers write it (cr.yp.to/proto/maildir.html): `new`, `cur`, `tmp`."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError where there is none; it is never made here."""
        if not (folder / "new").is_dir():
            raise FileNotFoundError(f"{folder}: no Maildir")
        self._folder = folder

    def new(self) -> Iterator[tuple[str, bytes]]:
        """Whatever lies in `new`, oldest first: a name begins with the time."""
        for path in sorted((self._folder / "new").iterdir()):
            if path.is_file() and not path.name.startswith("."):
                with path.open("rb") as file:
                    yield path.name, file.read(LARGEST)

    def settle(self, key: str, *, clear: bool) -> None:
        """Moves it to `cur`: S = seen, F = flagged."""
        target = self._folder / "cur" / f"{key.partition(':')[0]}:2,{'S' if clear else 'FS'}"
        (self._folder / "new" / key).rename(target)


class Imap:
    """A folder on an IMAP server (RFC 9051) whose unseen letters are new."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection

    def new(self) -> Iterator[tuple[str, bytes]]:
        """Read without marking them as seen."""
        _, found = self._connection.uid("SEARCH", "UNSEEN")
        for uid in (found[0] or b"").split():
            _, parts = self._connection.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{LARGEST}>)")
            for part in parts:
                if isinstance(part, tuple):
                    yield uid.decode(), part[1]

    def settle(self, key: str, *, clear: bool) -> None:
        """Sets `\\Seen`, and `\\Flagged` for a person."""
        self._connection.uid("STORE", key, "+FLAGS.SILENT", r"(\Seen)" if clear else r"(\Seen \Flagged)")


def is_named(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a mailbox."""
    return bool(environment.get(MAILDIR) or environment.get(HOST))


@contextmanager
def open_mailbox(environment: Mapping[str, str]) -> Iterator[Mailbox | None]:
    """The Maildir folder that NURTURE_MAILDIR names, else the IMAP folder; None where neither is named.

    Raises OSError or imaplib.IMAP4.error.
    """
    if folder := environment.get(MAILDIR):
        yield Maildir(Path(folder))
        return
    with open_imap(environment) as box:
        yield box


@contextmanager
def open_imap(environment: Mapping[str, str]) -> Iterator[Imap | None]:
    """The mailbox that NURTURE_IMAP_HOST, _USER, _PASSWORD, _PORT (993) and _FOLDER (INBOX) name; None without a host.

    Always over TLS. Raises OSError or imaplib.IMAP4.error.
    """
    host = environment.get(HOST)
    if not host:
        yield None
        return
    # Without a context of ours imaplib checks no certificate.
    context = ssl.create_default_context()
    connection = imaplib.IMAP4_SSL(host, int(environment.get(PORT) or 993), ssl_context=context, timeout=SECONDS)
    try:
        connection.login(environment.get(USER, ""), environment.get(PASSWORD, ""))
        connection.select(environment.get(FOLDER) or "INBOX")
        yield Imap(connection)
    finally:
        connection.logout()


@dataclass(frozen=True)
class _Said:
    """All that a letter may be."""

    letter: Letter
    report: Report | None
    bounce: Bounce | None
    proofs: list[Proof]


def _take(engine: Engine, settings: Settings, raw: bytes, now: datetime) -> str:
    """What a letter was, acted on; `early` for one that is left for the next look."""
    try:
        said = _read(raw)  # before the transaction: nobody waits for the database while a letter is parsed
        with writing(engine) as connection:
            what = _EARLY if _early(connection, settings, said) else _heed(connection, settings, said, now)
    except TROUBLE:
        raise
    except Exception as problem:
        log.error("mailbox.passed_over", problem=type(problem).__name__)
        return "unclear"
    log.info("mailbox.read", what=what, message_id=said.letter.message_id)
    return what


def _read(raw: bytes) -> _Said:
    parts = take_apart(raw)
    return _Said(read_letter(parts), read_report(parts), read_bounce(parts), proofs_in(parts))


def _early(connection: Connection, settings: Settings, said: _Said) -> bool:
    """Whether it tells that a mail failed of which its own worker has told nothing yet.

    By the end of the lease at the latest the mail is sent, failed or in doubt, and what the letter says can be kept.
    """
    failed = [each.key for each in said.proofs if not each.arrived]
    if failed and under_way(connection, failed):
        return True
    return said.bounce is not None and too_early(connection, settings, said.bounce)


def _heed(connection: Connection, settings: Settings, said: _Said, now: datetime) -> str:
    if said.report:
        what = _report(connection, settings, said.report, now)
    else:
        what = _act(connection, settings, said.letter, now)
        settle_by_letter(connection, said.proofs, now)
    back = said.bounce is not None and come_back(connection, settings, said.bounce, now)
    return "bounces" if back else what


def _report(connection: Connection, settings: Settings, report: Report, now: datetime) -> str:
    if report.kind == NOT_SPAM:
        return "ignored"
    return "unclear" if complain(connection, settings, report, now) is None else "complaints"


def _act(connection: Connection, settings: Settings, letter: Letter, now: datetime) -> str:
    evidence = f"mail {letter.message_id or 'without id'} of {letter.date or 'no date'}"
    # A mail program that follows `List-Unsubscribe` by itself may say auto-generated; an auto-reply has no such token.
    for token in _TOKEN.findall(letter.subject):
        subscription = read_token(settings, token)
        if subscription and letter.automatic != "auto-replied":
            prove_by_click(connection, subscription.touch_id, now)
            person, channel, purpose = subscription.customer_id, subscription.channel, subscription.purpose
            done = opt_out(connection, person, channel, purpose, "mailbox", evidence, now)
            return "unclear" if done is None else "opted_out"
    if letter.automatic:
        return "ignored"
    customer = _only_holder(connection, letter.sender) if asks_to_stop(letter) else None
    if customer is None:
        return "unclear"
    opt_out(connection, customer, "email", "commercial", "mailbox", evidence, now)
    return "opted_out"


def asks_to_stop(letter: Letter) -> bool:
    """Whether subject or text ask for no more mail."""
    words = unicodedata.normalize("NFKC", f"{letter.subject}\n{letter.text}")
    return _ASKS.search(words) is not None


def _only_holder(connection: Connection, sender: str) -> int | None:
    """The customer at an address; None where nobody or several are."""
    if not sender:
        return None
    held = (ADDRESS.c.channel == "email", ADDRESS.c.value == sender, ADDRESS.c.removed_at.is_(None))
    holders = set(connection.scalars(select(ADDRESS.c.customer_id).where(*held)))
    return holders.pop() if len(holders) == 1 else None
