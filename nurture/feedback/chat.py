"""What an event of the LINE chat means for a customer: a block, an opt-out, a code, or nothing but itself."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import Connection, insert, literal, select

from nurture.catalogue import say
from nurture.config import Settings
from nurture.rules.permission import CHANNELS, sendable
from nurture.store.tables import Address, Suppression, table

from .arrival import Arrival
from .blocking import line_blocked, line_unblocked
from .inbound import count, superseded
from .linking import bind, find_code, unbind
from .optout import opt_out

log = structlog.get_logger()
ADDRESS, SUPPRESSION = table(Address), table(Suppression)
LINE = CHANNELS[1]
AGREED = "web.link.agree"
"""Key of the text that people read before they see a code."""
STOP_DATA = "nurture:stop"
"""The data of a postback button that opts out."""
REPLY_LIVES = 50
"""Seconds in which a reply token is used; LINE asks for less than a minute."""
WRONG_CODES = 5
"""Wrong codes a LINE user may send in a day; more of them are not even looked up, so that nobody can guess."""
DAY_MS = 86_400_000
_STOP = re.compile(
    r"(一斉)?(配信|お知らせ|通知|メッセージ)?[のを]?(停止|解除)(希望|を?希望します|します|して(くだ|下)さい|を?(お願い|おねがい)(いた)?します)?"
    r"|stop|unsubscribe"
)
_UNLINK = re.compile(r"(連携|連動)を?解除(します|して(くだ|下)さい)?|unlink")
_HOW = re.compile(r"(line)?(連携|連動)(し(たい|ます)|する|希望|方法|の方法|コード)?(です)?|link")
"""Who asks how LINE and customer become known as one."""
_PUNCTUATION = re.compile(r"[\s。、.,!！?？ー~〜「」『』\"']+")


@dataclass(frozen=True)
class Acted:
    """What became of an event."""

    result: str
    """stopped | stopped_again | blocked | unblocked | superseded | linked | unlinked | wrong_code | taken | guessing |
    asked | standby | taken_back | noted."""
    customer_id: int | None = None
    reply: str = ""
    """Key of the text to answer with, empty for none."""
    reply_token: str = ""
    """Empty when there is none, or it is too old."""


def act(connection: Connection, settings: Settings, arrival: Arrival, now: datetime) -> Acted:
    """Does what the event asks for, in the caller's write transaction. Unknown kinds are only noted."""
    if not arrival.body:
        return Acted("taken_back")
    event = arrival.event
    if event.get("mode") == "standby":
        return Acted("standby")
    if arrival.person is None or _in(event, "source", "type") != "user":
        return Acted("noted")
    if arrival.kind in ("follow", "unfollow"):
        return _follow(connection, settings, arrival, arrival.person, now)
    if arrival.kind == "postback" and _in(event, "postback", "data") == STOP_DATA:
        return _stop(connection, settings, arrival, arrival.person, now)
    if arrival.kind == "message" and _in(event, "message", "type") == "text":
        return _text(connection, settings, arrival, arrival.person, now)
    return Acted("noted", _holder(connection, arrival.person))


def wants_stop(text: str) -> bool:
    """Whether a chat message asks for no more messages, and for nothing else."""
    return _STOP.fullmatch(_plain(text)) is not None


def wants_unlink(text: str) -> bool:
    """Whether a chat message asks that the LINE user and the customer are no longer known as one."""
    return _UNLINK.fullmatch(_plain(text)) is not None


def _follow(connection: Connection, settings: Settings, arrival: Arrival, person: str, now: datetime) -> Acted:
    holder = _holder(connection, person)
    if superseded(connection, arrival, ("follow", "unfollow")):
        return Acted("superseded", holder)
    if arrival.kind == "unfollow":
        line_blocked(connection, person, arrival.at, now)
        return Acted("blocked", holder)
    result = "unblocked" if line_unblocked(connection, person, arrival.at, now) else "noted"
    if not settings.line.greeting:
        return Acted(result, holder)
    greeting = "web.line.welcome" if holder is None else f"web.line.back{_quiet(connection, holder, now)}"
    return Acted(result, holder, greeting, _token(arrival, now))


def _text(connection: Connection, settings: Settings, arrival: Arrival, person: str, now: datetime) -> Acted:
    text = str(_in(arrival.event, "message", "text"))[:200]
    if wants_stop(text):
        return _stop(connection, settings, arrival, person, now)
    if wants_unlink(text):
        holder = unbind(connection, person, now)
        token = _token(arrival, now)
        return Acted("unlinked", holder, "web.line.unlinked", token) if holder else Acted("noted")
    if _HOW.fullmatch(_plain(text)):
        holder = _holder(connection, person)
        return Acted("asked", holder, "web.line.how" if holder is None else "web.line.known", _token(arrival, now))
    code = find_code(text)
    if code is not None:
        return _link(connection, settings, arrival, person, code, now)
    return Acted("noted", _holder(connection, person))


def _stop(connection: Connection, settings: Settings, arrival: Arrival, person: str, now: datetime) -> Acted:
    evidence = f"LINE event {arrival.key}"
    done = [
        opt_out(connection, each, LINE, "commercial", "line", evidence, now) for each in _holders(connection, person)
    ]
    new = any(each is not None and each.new for each in done) if done else _refuse(connection, person, now)
    holder = done[0].customer_id if done and done[0] else None
    return Acted("stopped" if new else "stopped_again", holder, "web.line.stopped", _token(arrival, now))


def _refuse(connection: Connection, person: str, now: datetime) -> bool:
    """The opt-out of a friend nobody knows yet: it holds for whoever turns out to be behind the user id."""
    known = select(SUPPRESSION.c.id).where(
        SUPPRESSION.c.channel == LINE,
        SUPPRESSION.c.value == person,
        SUPPRESSION.c.reason == "opt_out",
        SUPPRESSION.c.lifted_at.is_(None),
    )
    if connection.scalar(known.limit(1)) is not None:
        return False
    values = {"channel": LINE, "value": person, "scope": "commercial", "reason": "opt_out", "source": "line"}
    connection.execute(insert(SUPPRESSION).values(**values, created_at=now))
    return True


def _link(connection: Connection, settings: Settings, arrival: Arrival, person: str, code: str, now: datetime) -> Acted:
    if count(connection, person, "wrong_code", arrival.occurred_ms - DAY_MS) >= WRONG_CODES:
        log.warning("line.guessing", arrival=arrival.key)
        return Acted("guessing")
    read = sha256(say(settings.language, AGREED, shop=settings.shop.name).encode()).hexdigest()[:12]
    result, customer = bind(connection, code, person, f"LINE event {arrival.key}, {AGREED} {read}", now)
    if result == "taken":
        log.warning("line.user_taken", arrival=arrival.key, customer=customer)
        return Acted("taken")
    # Who opted out stays so, and must not be told that news will come.
    quiet = _quiet(connection, customer, now) if result == "linked" and customer is not None else ""
    return Acted(result, customer, f"web.line.{result}{quiet}", _token(arrival, now))


def _quiet(connection: Connection, customer: int, now: datetime) -> str:
    """The ending of a text's key for somebody whom no news may reach by LINE, empty for the others."""
    person, instant = literal(customer), literal(int(now.timestamp()))
    return "" if connection.scalar(select(sendable(person, LINE, instant, "commercial"))) else ".stopped"


def _holders(connection: Connection, person: str) -> list[int]:
    held = (ADDRESS.c.channel == LINE, ADDRESS.c.value == person, ADDRESS.c.removed_at.is_(None))
    return sorted(set(connection.scalars(select(ADDRESS.c.customer_id).where(*held))))


def _holder(connection: Connection, person: str) -> int | None:
    return next(iter(_holders(connection, person)), None)


def _token(arrival: Arrival, now: datetime) -> str:
    fresh = int(now.timestamp()) * 1000 - arrival.occurred_ms <= REPLY_LIVES * 1000
    token = arrival.event.get("replyToken")
    return token if fresh and isinstance(token, str) else ""


def _in(event: Mapping[str, Any], name: str, key: str) -> object:
    found = event.get(name)
    return found.get(key) if isinstance(found, dict) else None


def _plain(text: str) -> str:
    return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())
