"""Complaints: who calls our mail spam at their mail provider gets no commercial mail any more (ARF, RFC 5965)."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from nurture.config import Settings
from nurture.store.doubt import prove_arrival
from nurture.store.failing import COMPLAINT, note_fault

from .parts import Parts, fields_in
from .returned import Returned, find_mail, read_returned, suppress, suppressed, tell, told

log = structlog.get_logger()
ABUSE = "abuse"
"""The one Feedback-Type of RFC 5965 section 7.3 by which a reader says that a mail was not wanted."""
NOT_SPAM = "not-spam"
"""RFC 6430: somebody took it back. Nothing follows: who called it spam by mistake can subscribe anew."""


@dataclass(frozen=True)
class Report:
    """What a feedback report says."""

    kind: str
    """Feedback-Type, in lower case."""
    mail: Returned


def read_report(parts: Parts) -> Report | None:
    """The report that a letter is; None for any other letter. It raises nothing."""
    try:
        said = fields_in(parts, "message/feedback-report", "Feedback-Type")
        if len(said) != 1:
            return None
        kind = str(said[0].get("Feedback-Type", "")).strip().lower()[:40]
        return Report(kind, read_returned(parts, said[0].get_all("Original-Rcpt-To", [])))
    except Exception:
        # The parser raises whatever it stumbles over in a letter made to break it.
        return None


def complain(connection: Connection, settings: Settings, report: Report, now: datetime) -> bool | None:
    """Acts on a report, in the caller's write transaction; None where no mail of ours can be found by it.

    The address gets no commercial mail any more, the mail counts as arrived, and its campaign pauses after too many.
    False where the same was said before, and nothing was written: it undoes no person's lifting of it.
    """
    mail = find_mail(connection, settings, report.mail) if report.kind == ABUSE else None
    if mail is None:
        return None
    if suppressed(connection, mail.address, COMPLAINT) if mail.touch is None else told(connection, mail, COMPLAINT):
        return False
    suppress(connection, mail, "commercial", COMPLAINT, now)
    if mail.touch is not None:
        prove_arrival(connection, [mail.touch.id], COMPLAINT, now)
        tell(connection, mail, COMPLAINT, now)
        note_fault(connection, mail.touch.campaign, "complaint", ABUSE, now)
    log.info("complaint.taken", campaign=mail.touch.campaign if mail.touch else "", customer=mail.customer_id)
    return True
