"""What an answer means: SMTP replies and LINE's responses become outcomes here, by tables, and nowhere else.

Sources: RFC 5321 section 4.2, RFC 3463 and IANA's registry of enhanced status codes, RFC 7504 (521, 556); LINE's
Messaging API reference ("Status codes", "Error messages") and its page on retrying requests.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .outcome import Accepted, Deferred, NotSent, Outcome, Rejected, Scope, Unknown
from .reply import Reply, without_addresses

Phase = Literal["connect", "mail", "recipient", "data", "payload"]
"""What was answered: the connection with TLS and AUTH, one of the envelope's commands, or the payload."""


@dataclass(frozen=True)
class Rule:
    """One line of a table; the first that fits decides."""

    act: type[Deferred] | type[Rejected]
    scope: Scope
    codes: str = ""
    """Pattern of code and status, `550 5.1.1`; `550 -` where there is no status or only x.0.0. Empty = any."""
    phases: str = ""
    """Phases in which it holds; empty = any."""
    words: str = ""
    """Pattern that occurs in the text, whatever its case; empty = any."""
    strikes: int = 0
    """So many within 30 days make the address unusable."""

    def fits(self, codes: str, phase: str, text: str) -> bool:
        """Whether this line speaks of such an answer."""
        return (
            (not self.phases or phase in self.phases.split())
            and bool(re.match(self.codes, codes))
            and bool(re.search(self.words, text, re.IGNORECASE))
        )


FULL = r"(mailbox|inbox|account|user|storage|recipient).{0,20}(full|exceeded|over ?quota)|over ?quota|quota exceeded"
GREY = r"gr[ea]y-?list"
RELAY = (
    r"relay(ing)? (access )?(denied|not permitted|not allowed|prohibited)|(unable|not permitted|not allowed) to relay"
)
SENDER = r"sender (address )?(is )?(rejected|refused|denied|not allowed|not verified|unverified)|not verified"
NO_HOST = r"(domain|host)( or domain)?( name)? (is )?not found|dns|nxdomain|no mx|name service"
NOBODY = (
    r"(user|recipient|mailbox|account|address|person)\b.{0,40}"
    r"\b(unknown|not found|not known|invalid|disabled|inactive|not exist|doesn't exist|no longer)"
    r"|(unknown|invalid|no such|bad) (local )?(user|recipient|mailbox|account|address|person|destination)"
    r"|does(n't| not) exist|宛先不明|存在しません|存在しない"
)
DISTRUST = r"spam|block|blacklist|denylist|reputation|unsolicited|\b(dns|r)bl\b|listed|policy|dmarc|\bspf\b|\bdkim\b"
TOO_FAST = r"\brate\b|too many (connections|messages|mails|sessions)|throttl|too fast"

SMTP_RULES: tuple[Rule, ...] = (
    # Nobody's mail can go: the greeting, TLS or AUTH failed.
    Rule(Deferred, "channel", "4", "connect"),
    Rule(Rejected, "channel", "5", "connect"),
    # For now.
    Rule(Deferred, "message", "4", words=GREY),
    Rule(Deferred, "channel", "454"),
    Rule(Deferred, "channel", "4", "mail"),
    Rule(Deferred, "message", r"4\d\d \d\.2\.2", strikes=3),
    Rule(Deferred, "message", r"452 -", words=FULL, strikes=3),
    Rule(Deferred, "domain", "421"),
    Rule(Deferred, "domain", r"4\d\d \d\.7\."),
    Rule(Deferred, "channel", r"4\d\d \d\.3\.|452 -"),
    Rule(Deferred, "domain", "4", words=TOO_FAST),
    Rule(Deferred, "message", "4"),
    # For good, and it is our configuration or our account.
    Rule(Rejected, "channel", r"53[0458]|5\d\d \d\.7\.(8|11)\b"),
    Rule(Rejected, "channel", "5", words=RELAY),
    Rule(Rejected, "message", r"5\d\d \d\.(3\.4|2\.3|6\.)|552 -", "mail"),
    Rule(Rejected, "channel", r"5\d\d \d\.5\.|50[0-4] -|555", "mail"),
    Rule(Rejected, "account", "5", "mail"),
    Rule(Rejected, "account", r"5\d\d \d\.1\.[78]\b"),
    Rule(Rejected, "account", r"5\d\d (-|\d\.1\.0)", words=SENDER),
    # A full mailbox is emptied some day, whatever class its code is of.
    Rule(Deferred, "message", r"5\d\d \d\.2\.2|552 -", "recipient", strikes=3),
    Rule(Deferred, "message", r"5\d\d \d\.2\.2", strikes=3),
    Rule(Deferred, "message", r"55[0-4] -", words=FULL, strikes=3),
    # The message itself.
    Rule(Rejected, "message", r"5\d\d \d\.(3\.4|2\.3|6\.)|552"),
    # Nobody is there.
    Rule(Rejected, "message", r"5\d\d \d\.1\.2\b", words=NO_HOST, strikes=2),
    Rule(Rejected, "address", r"5\d\d \d\.(1\.([0-46]|10)|2\.1)\b"),
    Rule(Rejected, "address", r"5\d\d \d\.4\.1\b", words=r"recipient address rejected"),
    Rule(Rejected, "message", r"5\d\d \d\.4\.", strikes=2),
    Rule(Rejected, "address", "521|556", "recipient"),
    # They don't trust us; the person at that address has nothing to do with it.
    Rule(Rejected, "domain", r"5\d\d \d\.7\."),
    # An address they can't read, as some carriers' old ones; otherwise our dialect is wrong.
    Rule(Rejected, "address", r"(501|553) (-|\d\.5\.)", "recipient"),
    Rule(Rejected, "channel", r"5\d\d \d\.5\.|50[0-4] -|555"),
    # No status to go by: the words have to do.
    Rule(Rejected, "address", "55[0134] -", "recipient payload", NOBODY),
    Rule(Rejected, "domain", "55[0-4] -", words=DISTRUST),
    Rule(Rejected, "address", "551 -", "recipient"),
    Rule(Rejected, "message", "550 -|5.. 5.2.0", strikes=3),
    Rule(Rejected, "message", "5"),
)

LINE_RULES: tuple[Rule, ...] = (
    Rule(Rejected, "address", "400", words=r"property, '?to'?,|\[to\]"),
    # "May indicate that the target user ID does not exist".
    Rule(Rejected, "message", "400", words=r"failed to send messages", strikes=2),
    Rule(Rejected, "message", "400|413"),
    Rule(Rejected, "channel", "3|401|403|404|405|410|415"),
    # 429 has four meanings. The quota is empty until the month ends, or somebody buys more.
    Rule(Deferred, "account", "429", words=r"monthly limit"),
    Rule(Deferred, "address", "429", words=r"(same|one|this) user|user id"),
    Rule(Deferred, "channel", "429", words=r"concurrent|in progress"),
    Rule(Deferred, "channel", "429"),
    Rule(Rejected, "message", "4"),
)


def classify_reply(phase: Phase, reply: Reply) -> Outcome:
    """What a server's reply to `phase` means for the message; a 2xx counts as acceptance behind the payload only."""
    if reply.code // 100 == 2 and phase == "payload":
        return Accepted(reply.codes, reply.shown)
    if reply.code // 100 not in (4, 5):
        why = f"{phase} was answered with {reply.codes} {reply.shown}".strip()
        return Unknown(why) if phase == "payload" else NotSent(why)
    status = "-" if not reply.status or reply.status.endswith(".0.0") else reply.status
    rule = _first(SMTP_RULES, f"{reply.code} {status}", phase, without_addresses(reply.text, 2_000))
    return rule.act(rule.scope, reply.codes, reply.shown, strikes=rule.strikes)


@dataclass(frozen=True)
class Answer:
    """A response of LINE's API."""

    status: int
    body: bytes
    request_id: str = ""
    """`X-Line-Request-Id`, or for a 409 `X-Line-Accepted-Request-Id`: LINE's own name for what it took."""
    retry_after: int | None = None
    """Seconds, where a `Retry-After` said so."""


def classify_push(answer: Answer) -> Outcome:
    """What LINE's answer to a push with a retry key means.

    200 does not mean that anybody saw it: pushes to people who blocked the account are accepted as well. 409 means that
    an earlier try was accepted. Where no answer can be read, the same key can be sent again for 24 hours.
    """
    found = _json(answer.body)
    code = str(answer.status)
    if answer.status == 409:
        return Accepted(code, answer.request_id)
    if 200 <= answer.status < 300:
        if found is None:
            return Unknown(f"{code} without JSON", retry_same_key=True)
        return Accepted(code, answer.request_id)
    if not 300 <= answer.status < 500:
        return Unknown(f"{code} {answer.request_id}".strip(), retry_same_key=True)
    if answer.status == 408:
        return Unknown("408", retry_same_key=True)
    text = _complaint(found)
    rule = _first(LINE_RULES, code, "push", text)
    if rule.act is Deferred:
        return Deferred(rule.scope, code, text, answer.retry_after, rule.strikes)
    return Rejected(rule.scope, code, text, rule.strikes)


def _first(rules: Iterable[Rule], codes: str, phase: str, text: str) -> Rule:
    return next(rule for rule in rules if rule.fits(codes, phase, text))


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _complaint(found: dict[str, Any] | None) -> str:
    """The error's message and the properties it names; never a value that was sent."""
    if found is None:
        return ""
    details = found.get("details")
    named = [each.get("property") for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    return without_addresses(" ".join([str(found.get("message", "")), *(f"[{each}]" for each in named if each)]))
