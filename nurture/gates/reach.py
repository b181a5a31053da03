"""The gates about reaching a person at all, as numbers in one SQL column: address, suppression, consent, holds.

Fixed gates are those that time alone does not open. Their order is the order in which they are asked.
"""

from typing import Any

from sqlalchemy import ColumnElement, case, false, or_

from nurture.rules.permission import consented, has_address, suppressed
from nurture.rules.person import open_complaint, refusal
from nurture.rules.scope import Scope

FIXED = ("ok", "no_address", "suppressed", "no_consent", "on_hold", "left_audience", "held_out", "incomplete")
"""Name of each fixed gate by its number; 0 = none fails.

They are asked in `planning/staging.py`, where `planning/settling.py` decides by them, and at a claim in
`delivery/looking.py`.
"""
TIMED = ("paused", "outside_window", "capped", "over_quota", "outranked", "expired")
"""The gates that time opens, in their order; `expired` when it does not open them soon enough."""
NO_ADDRESS, SUPPRESSED, NO_CONSENT, ON_HOLD, LEFT_AUDIENCE, HELD_OUT, INCOMPLETE = range(1, 8)


def reach(scope: Scope, channel: str, purpose: str) -> ColumnElement[int]:
    """Number of the first failing gate of one channel: 1 no_address, 2 suppressed, 3 no_consent, 0 none."""
    whens: list[tuple[ColumnElement[bool], Any]] = [
        (~has_address(scope.customer_id, channel), NO_ADDRESS),
        (suppressed(scope.customer_id, channel, scope.instant, purpose, everybody=scope.everybody), SUPPRESSED),
    ]
    if purpose == "commercial":
        whens.append((~consented(scope.customer_id, channel, scope.instant), NO_CONSENT))
    return case(*whens, else_=0)


def on_hold(scope: Scope, purpose: str, product: str | None, category: str | None) -> ColumnElement[bool]:
    """An open complaint, or a refusal of what the campaign is about; only commercial messages are held back."""
    if purpose != "commercial":
        return false()
    parts = [open_complaint(scope)]
    if product is not None or category is not None:
        parts.append(refusal(scope, product=product, category=category))
    return or_(*parts)
