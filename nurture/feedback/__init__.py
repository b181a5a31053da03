"""Feedback: what comes back from customers, by link, chat and mailbox, becomes opt-outs, blocks and known addresses."""

from .arrival import Arrival, Delivery, read_delivery
from .blocking import line_blocked, line_unblocked
from .chat import Acted, act
from .inbound import forget, keep, next_open, note_failure, settle, waiting
from .linking import bind, issue_code
from .optout import OptedOut, opt_out
from .proof import prove_by_click

__all__ = [
    "Acted",
    "Arrival",
    "Delivery",
    "OptedOut",
    "act",
    "bind",
    "forget",
    "issue_code",
    "keep",
    "line_blocked",
    "line_unblocked",
    "next_open",
    "note_failure",
    "opt_out",
    "prove_by_click",
    "read_delivery",
    "settle",
    "waiting",
]
