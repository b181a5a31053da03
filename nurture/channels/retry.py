"""When to try again after an outcome: a pure function. Whether it may be tried is for the gates, at that time."""

from hashlib import sha256

from .outcome import Deferred, NotSent, Outcome, Unknown

MINUTE = 60
GREYLISTED = (5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 67 * MINUTE)
"""After the n-th SMTP refusal, the last one for all that follow; greylisting opens after 5-15 minutes, as a rule."""
FULL = (67 * MINUTE, 134 * MINUTE, 268 * MINUTE)
"""A mailbox is not emptied within minutes."""
NOT_SENT = (1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE)
SAME_KEY = (10, 20, 40, 80, 160, 320, 640, 900)
"""Exponential, as LINE asks for."""
TOO_FAST = (2, 4, 8, 16, 32, 64, 128, 256)
"""LINE's rate limits are token buckets that fill within seconds."""
JITTER = 0.25
"""At most so much longer, by chance that is the same for the same try."""


def backoff(outcome: Outcome, attempt: int, now: int, expires: int, jitter_key: str) -> int | None:
    """The Unix second at which to try again, None for never.

    `attempt` counts the tries made, from 1; `now` and `expires` are Unix seconds, and nothing is tried at or after
    `expires`: the message's own, and for `retry_same_key` no later than 23 hours after the first try. `jitter_key`
    names the message, so that many that failed together don't come back together.
    """
    waits = _waits(outcome)
    if not waits:
        return None
    wait = float(waits[min(max(attempt, 1), len(waits)) - 1])
    if isinstance(outcome, Deferred) and outcome.retry_after:
        wait = max(wait, outcome.retry_after)
    at = now + round(wait * (1 + JITTER * _chance(jitter_key, attempt)))
    return at if at < expires else None


def slows_domain(outcome: Outcome) -> bool:
    """Whether the receiver found us too fast or untrusted for now (421, 4.7.x): its domain should be sent to less."""
    return isinstance(outcome, Deferred) and outcome.scope == "domain"


def _waits(outcome: Outcome) -> tuple[int, ...]:
    if isinstance(outcome, NotSent):
        return NOT_SENT
    if isinstance(outcome, Unknown):
        return SAME_KEY if outcome.retry_same_key else ()
    if not isinstance(outcome, Deferred):
        return ()
    if outcome.strikes:
        return FULL
    return TOO_FAST if outcome.code == "429" and outcome.scope == "channel" else GREYLISTED


def _chance(key: str, attempt: int) -> float:
    """0 ≤ chance < 1, the same for the same key and attempt."""
    return int.from_bytes(sha256(f"{key}:{attempt}".encode()).digest()[:7]) / (1 << 56)
