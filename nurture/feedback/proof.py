"""Proof: what tells whether an earlier message of ours arrived, and so ends the doubt about it.

A person's answer names the mail it answers (RFC 5322 section 3.6.4); a delivery report (RFC 3464) says what became of
it and returns its header; who uses a link has got the message that it stands in. Nothing else follows from them here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message

from sqlalchemy import Connection

from nurture.store.doubt import campaigns_of, handed_over, in_doubt, prove_arrival, settle_unknown
from nurture.store.failing import note_fault

from .parts import Parts, fields_in, printable, returned_in

NAMED = re.compile(r"<[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}@[A-Za-z0-9.-]{1,255}>")
"""A Message-ID such as ours: a name-based UUID (RFC 9562 version 5), which nobody else can guess."""
CLICK = "proved by click"
ARRIVED = ("delivered", "relayed", "expanded")
"""Words of RFC 3464 section 2.3.3 for a mail that the next server or the mailbox took."""


@dataclass(frozen=True)
class Proof:
    """What a letter says of one mail."""

    key: str
    """The Message-ID."""
    arrived: bool
    why: str
    """`answer`, or the report's action and status: `failed 5.1.1`."""


def proofs_in(parts: Parts) -> list[Proof]:
    """What a letter proves; empty for most. It raises nothing."""
    try:
        return list(_reported(parts) if parts.is_report else _answered(parts.whole))
    except Exception:
        # The parser raises whatever it stumbles over in a letter made to break it.
        return []


def prove_by_click(connection: Connection, touch_id: int | None, now: datetime) -> bool:
    """Ends the doubt about the message whose own link was used, in the caller's write transaction.

    A mere look at the page is no proof: servers open the links of a mail before they take or refuse it.
    """
    return touch_id is not None and prove_arrival(connection, [touch_id], CLICK, now) != []


def settle_by_letter(connection: Connection, proofs: Sequence[Proof], now: datetime) -> int:
    """Ends the doubt about the mails that a letter speaks of, in the caller's write transaction; gives how many."""
    settled = 0
    for proof in proofs:
        if proof.arrived:
            settled += len(prove_arrival(connection, handed_over(connection, [proof.key]), proof.why, now))
        else:
            bounced = settle_unknown(connection, in_doubt(connection, [proof.key]), "failed", proof.why, now)
            settled += len(bounced)
            for campaign in campaigns_of(connection, bounced):
                note_fault(connection, campaign, "refused", proof.why, now)
    return settled


def _answered(message: Message) -> Iterator[Proof]:
    named = f"{message.get('In-Reply-To', '')} {message.get('References', '')}"
    for key in sorted(set(NAMED.findall(named))):
        yield Proof(key, True, "answer")


def _reported(parts: Parts) -> Iterator[Proof]:
    keys = {key for each in returned_in(parts) for key in NAMED.findall(str(each.get("Message-ID", "")))}
    blocks = fields_in(parts, "message/delivery-status", "Action")
    if len(keys) != 1 or len(blocks) != 1:
        return  # of several recipients or several mails nobody can tell which is meant
    action = str(blocks[0].get("Action", "")).strip().lower()
    if action == "failed" or action in ARRIVED:
        status = printable(str(blocks[0].get("Status", "")).split("(")[0].strip()[:20])
        yield Proof(keys.pop(), action in ARRIVED, f"{action} {status}".strip())
