"""Bounces: a mail that was taken comes back by a report of its delivery (RFC 3464), as from behind a provider's relay.

What the mail server would have said to us at once means the same when it comes later: the address is given up where
there is nobody, and the campaign counts it. The mail stays `sent`, as it was handed over, and keeps its place.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from nurture.channels.classification import classify_reply
from nurture.channels.outcome import Rejected
from nurture.channels.reply import Reply
from nurture.config import Settings
from nurture.store.doubt import settle_unknown
from nurture.store.failing import BOUNCED, note_fault

from .parts import Parts, fields_in
from .returned import Returned, find_mail, read_returned, suppress, tell, told

log = structlog.get_logger()
HARD = "hard_bounce"
_STATUS = re.compile(r"[45]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True)
class Bounce:
    """What a report says of the one recipient that a mail failed for."""

    status: str
    """Enhanced status code, `5.1.1`."""
    words: str
    """The remote server's own, as Diagnostic-Code; they may hold addresses."""
    mail: Returned


def read_bounce(parts: Parts) -> Bounce | None:
    """The bounce that a letter is; None for any other, and for one of several recipients. It raises nothing."""
    try:
        blocks = fields_in(parts, "message/delivery-status", "Action")
        if len(blocks) != 1 or str(blocks[0].get("Action", "")).strip().lower() != "failed":
            return None
        (block,) = blocks
        status = _STATUS.match(str(block.get("Status", "")).strip())
        named = [*block.get_all("Original-Recipient", []), *block.get_all("Final-Recipient", [])]
        words = str(block.get("Diagnostic-Code", ""))[:2_000]
        return Bounce(status[0], words, read_returned(parts, named)) if status else None
    except Exception:
        # As in a report of a complaint.
        return None


def too_early(connection: Connection, settings: Settings, bounce: Bounce) -> bool:
    """Whether nobody has heard yet what became of handing the mail over: what the bounce says would be overwritten."""
    mail = find_mail(connection, settings, bounce.mail)
    return mail is not None and mail.touch is not None and mail.touch.status == "sending"


def come_back(connection: Connection, settings: Settings, bounce: Bounce, now: datetime) -> bool:
    """Acts on a bounce, in the caller's write transaction; False where nothing follows from it."""
    outcome = classify_reply("recipient", Reply(int(bounce.status[0]) * 100 + 50, bounce.status, bounce.words))
    if not isinstance(outcome, Rejected) or outcome.scope not in ("address", "message") or outcome.strikes:
        return False
    mail = find_mail(connection, settings, bounce.mail)
    if mail is None or mail.touch is None or told(connection, mail, BOUNCED):
        return False
    if outcome.scope == "address":
        suppress(connection, mail, "all", HARD, now)
    # Without its Message-ID no proof knows the mail; with it, it has failed by the same report and was counted.
    settled = mail.last and settle_unknown(connection, [mail.touch.id], "failed", f"failed {bounce.status}", now)
    tell(connection, mail, f"{BOUNCED} {bounce.status}", now)
    if settled or mail.touch.status == "sent":
        note_fault(connection, mail.touch.campaign, "refused", bounce.status, now)
    log.info("bounce.taken", campaign=mail.touch.campaign, customer=mail.customer_id, status=bounce.status)
    return True
