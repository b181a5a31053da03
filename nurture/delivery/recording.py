"""Recording: what became of a try is written on the touch, guarded by its token, and what follows from it is done.

States are those of docs/delivery.md. A refused address is suppressed, a refused channel pauses, the next channel is the
next hop, and what can't be known stays `unknown` and counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import BigInteger, ColumnElement, Connection, and_, func, insert, literal, select, update

from nurture.channels.outcome import Accepted, Deferred, NotSent, Outcome, Rejected, Unknown
from nurture.channels.retry import backoff, slows_domain
from nurture.rules.permission import sendable
from nurture.store import Prepared, change, pause, together
from nurture.store.failing import Fault, note_fault
from nurture.store.tables import Customer, Message, Suppression, Touch, TouchLog, table
from nurture.zone import period_end, zone_table

from .fencing import finish_attempt, finish_attempts, lock_people, unfence
from .throttle import slow_down, slowed_domains, speed_up
from .values import Claimed

log = structlog.get_logger()
CUSTOMER, MESSAGE = table(Customer), table(Message)
SUPPRESSION, TOUCH, LOG = table(Suppression), table(Touch), table(TouchLog)
BROKEN = "sender failed"
"""Reason of an outcome that a bug of a connection left open."""
SENDING = Prepared(
    """
    UPDATE touch SET status = 'sent', result = batch.said, worker = NULL, lease_until = NULL
    FROM {rows}
    WHERE touch.id = batch.touch_id AND touch.token = batch.held AND touch.status = 'sending'
    RETURNING touch.id
    """,
    touch_id="BIGINT",
    held="BIGINT",
    said="TEXT",
)
TELLING = Prepared(
    """
    INSERT INTO touch_log (touch_id, logged_at, status, verdict, channel)
    SELECT touch_id, :now, 'sent', verdict, channel
    FROM {rows}
    """,
    touch_id="BIGINT",
    verdict="TEXT",
    channel="TEXT",
)
STRIKE = "strike"
STRIKES_COUNT_FOR = timedelta(days=30)
SLOW_SECONDS = 300
"""How long nothing goes to a domain that asked us to slow down."""
RETRY_KEY_LIVES = 23 * 3600
"""Seconds after the first attempt in which a push may be repeated under its retry key (LINE keeps it 24 hours)."""


@dataclass(frozen=True)
class Tried:
    """One try and its outcome."""

    claimed: Claimed
    outcome: Outcome
    fenced: bool
    """Whether the fence was passed, so that a contact and an attempt were written."""
    refused: bool = False
    """Whether the fence said no: the touch is asked every gate again, and no try is counted."""


def record(connection: Connection, tried: Sequence[Tried], now: datetime) -> int:
    """Writes outcomes in the caller's write transaction; gives how many touches were still this worker's to write."""
    accepted = [each for each in tried if isinstance(each.outcome, Accepted)]
    others = [each for each in tried if not isinstance(each.outcome, Accepted)]
    if others:  # what was accepted changes nobody
        lock_people(connection, (), [each.claimed for each in others])
    return _accepted(connection, accepted, now) + sum(_record(connection, each, now) for each in others)


def fail_unwritable(connection: Connection, claimed: Claimed, fault: Fault, why: str, now: datetime) -> bool:
    """A message that can't be written for this customer: final, and the slot is free again.

    True where its campaign is paused, as it was one too many.
    """
    _finish(connection, claimed, now, "failed", f"{fault} {why}"[:200], keep_slot=False)
    return note_fault(connection, claimed.campaign.campaign, fault, why, now)


def release(connection: Connection, claimed: Claimed, now: datetime, at: int | None = None) -> bool:
    """Gives a touch back to planning; `at` = its next slot."""
    values: dict[str, Any] = {"status": "planned", "worker": None, "lease_until": None, "sendable_until": None}
    if at is not None:
        values["at"] = literal(at, BigInteger)
    return _write(connection, claimed, values)


def _accepted(connection: Connection, tried: Sequence[Tried], now: datetime) -> int:
    """All that were taken, in a handful of statements: each costs more than the row it writes."""
    if not tried:
        return 0
    for domain in slowed_domains(connection) & {each.claimed.address.rpartition("@")[2] for each in tried}:
        speed_up(connection, domain)
    with together(connection):
        finish_attempts(connection, [(each.claimed, "accepted", *_words(each.outcome)) for each in tried], now)
        return _sent(connection, tried, now)


def _sent(connection: Connection, tried: Sequence[Tried], now: datetime) -> int:
    results = {each.claimed.touch_id: _words(each.outcome)[0] or "accepted" for each in tried}
    rows = [(each.claimed.touch_id, each.claimed.token, results[each.claimed.touch_id]) for each in tried]
    written = {touch_id for (touch_id,) in SENDING.run(connection, rows)}
    mine = [each.claimed for each in tried if each.claimed.touch_id in written]
    told = [(each.touch_id, results[each.touch_id][:60], each.channel) for each in mine]
    TELLING.run(connection, told, now=int(now.timestamp()))
    return len(mine)


def _words(outcome: Outcome) -> tuple[str, str]:
    return (outcome.code, outcome.reply) if isinstance(outcome, Accepted) else ("", "")


def _record(connection: Connection, tried: Tried, now: datetime) -> bool:
    outcome = tried.outcome
    if isinstance(outcome, Unknown):
        return _unknown(connection, tried, outcome, now)
    if isinstance(outcome, Rejected):
        written = _rejected(connection, tried, outcome, now)
        if written and outcome.scope in ("message", "address"):
            note_fault(connection, tried.claimed.campaign.campaign, "refused", outcome.code, now)
        return written
    assert isinstance(outcome, Deferred | NotSent)
    return _not_now(connection, tried, outcome, now)


def _not_now(connection: Connection, tried: Tried, outcome: Deferred | NotSent, now: datetime) -> bool:
    claimed, instant = tried.claimed, int(now.timestamp())
    if tried.refused:
        return _give_back(connection, tried, "not_sent", "", None, now)
    _notice(connection, claimed, outcome, now)
    later = backoff(outcome, claimed.attempts + 1, instant, claimed.expires_at, f"{claimed.touch_id}:{claimed.hop}")
    code = outcome.code if isinstance(outcome, Deferred) else ""
    if later is not None:
        return _give_back(connection, tried, "deferred", code, later, now)
    if not _give_back(connection, tried, "deferred", code, None, now):
        return False
    values = {"status": "expired", "verdict": "expired", "at": None, "result": f"{code} retries"[:200]}
    connection.execute(
        update(TOUCH).where(TOUCH.c.id == claimed.touch_id, TOUCH.c.status == "planned").values(**values)
    )
    _log(connection, claimed, now, "expired", "expired")
    change(connection, [claimed.customer_id], now)
    return True


def _notice(connection: Connection, claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    """A domain that finds us too fast gets less; an address that keeps refusing for now is refused for good."""
    if isinstance(outcome, Deferred) and outcome.scope == "account":
        # LINE's monthly limit: nothing more is taken before the month ends, which LINE counts in Japan's time.
        until = period_end(zone_table("Asia/Tokyo"), int(now.timestamp()), "month")
        if pause(connection, f"channel:{claimed.channel}", outcome.code, now, datetime.fromtimestamp(until, UTC)):
            log.error("channel_paused", channel=claimed.channel, code=outcome.code, scope=outcome.scope)
    if slows_domain(outcome) and claimed.channel == "email":
        slow_down(connection, claimed.address.rpartition("@")[2], now.timestamp(), SLOW_SECONDS)
    strikes = getattr(outcome, "strikes", 0)
    if not strikes:
        return
    _log(connection, claimed, now, "planned", STRIKE)
    earlier = (
        select(func.count())
        .select_from(LOG.join(TOUCH, TOUCH.c.id == LOG.c.touch_id))
        .where(TOUCH.c.customer_id == claimed.customer_id, LOG.c.channel == claimed.channel, LOG.c.verdict == STRIKE)
        .where(LOG.c.logged_at > now - STRIKES_COUNT_FOR)
    )
    if (connection.scalar(earlier) or 0) >= strikes:
        _suppress(connection, claimed, now)


def _give_back(connection: Connection, tried: Tried, result: str, code: str, at: int | None, now: datetime) -> bool:
    if not release(connection, tried.claimed, now, at):
        return False
    if tried.fenced:
        unfence(connection, tried.claimed, now, result, code)
    connection.execute(
        update(TOUCH)
        .where(TOUCH.c.id == tried.claimed.touch_id)
        .values(result=f"{code} {result}".strip(), attempts=tried.claimed.attempts + (not tried.refused))
    )
    _log(connection, tried.claimed, now, "planned", result, at)
    return True


def _rejected(connection: Connection, tried: Tried, outcome: Rejected, now: datetime) -> bool:
    claimed = tried.claimed
    if connection.scalar(select(TOUCH.c.id).where(_mine(claimed))) is None:
        return False
    if outcome.scope == "domain":
        # Nothing stops a whole domain: without a later slot the worker would knock again at once, and again.
        return _not_now(connection, tried, Deferred("domain", outcome.code, outcome.reply), now)
    if outcome.scope in ("channel", "account"):
        if pause(connection, f"channel:{claimed.channel}", f"{outcome.code} {outcome.scope}", now):
            log.error("channel_paused", channel=claimed.channel, code=outcome.code, scope=outcome.scope)
        return _give_back(connection, tried, "rejected", outcome.code, None, now)
    if tried.fenced:
        unfence(connection, claimed, now, "rejected", outcome.code)
    if outcome.scope == "address":
        _suppress(connection, claimed, now)
    else:
        _notice(connection, claimed, outcome, now)
    other = _next_channel(connection, claimed, now)
    if other is None:
        return _finish(connection, claimed, now, "failed", f"{outcome.code} {outcome.scope}", keep_slot=False)
    values = {"status": "planned", "channel": other, "hop": claimed.hop + 1, "worker": None, "lease_until": None}
    if not _write(connection, claimed, {**values, "at": now, "result": f"{outcome.code} {outcome.scope}"}):
        return False
    _log(connection, claimed, now, "planned", "next_channel")
    change(connection, [claimed.customer_id], now)
    return True


def _unknown(connection: Connection, tried: Tried, outcome: Unknown, now: datetime) -> bool:
    claimed, instant = tried.claimed, int(now.timestamp())
    if outcome.retry_same_key and _key_lives(connection, claimed, instant):
        name = f"{claimed.touch_id}:{claimed.hop}"
        wait = backoff(outcome, claimed.attempts + 1, instant, claimed.sendable_until, name)
        if wait is not None:
            return _write(connection, claimed, {"lease_until": literal(wait, BigInteger), "worker": None})
    finish_attempt(connection, claimed, now, "unknown", "", outcome.reason)
    if not _finish(connection, claimed, now, "unknown", "unknown", keep_slot=True):
        return False
    note_fault(
        connection, claimed.campaign.campaign, "bug" if outcome.reason == BROKEN else "unknown", outcome.reason, now
    )
    return True


def _key_lives(connection: Connection, claimed: Claimed, instant: int) -> bool:
    mine = and_(MESSAGE.c.touch_id == claimed.touch_id, MESSAGE.c.hop == claimed.hop)
    first = connection.scalar(select(MESSAGE.c.first_attempt_at).where(mine))
    return first is not None and instant < int(first.timestamp()) + RETRY_KEY_LIVES


def _next_channel(connection: Connection, claimed: Claimed, now: datetime) -> str | None:
    """The step's next channel, with that channel's own address and consent; planning asks the rest again."""
    channels = claimed.step.channels
    # Not by the hop: planning may have begun with the second channel. An edit may have taken the channel out.
    place = channels.index(claimed.channel) if claimed.channel in channels else len(channels)
    for channel in channels[place + 1 :]:
        asked = sendable(CUSTOMER.c.id, channel, int(now.timestamp()), claimed.campaign.purpose)
        if connection.scalar(select(asked).where(CUSTOMER.c.id == claimed.customer_id)):
            return str(channel)
    return None


def _suppress(connection: Connection, claimed: Claimed, now: datetime) -> None:
    change(connection, [claimed.customer_id], now)
    connection.execute(
        insert(SUPPRESSION).values(
            channel=claimed.channel,
            value=claimed.address,
            scope="all",
            reason="hard_bounce",
            source="delivery",
            created_at=now,
        )
    )


def _finish(
    connection: Connection, claimed: Claimed, now: datetime, status: str, result: str, *, keep_slot: bool
) -> bool:
    values: dict[str, Any] = {"status": status, "result": result, "worker": None, "lease_until": None}
    if not keep_slot:
        values["at"] = None
    if not _write(connection, claimed, values):
        return False
    _log(connection, claimed, now, status, result[:60])
    if not keep_slot:
        change(connection, [claimed.customer_id], now)
    return True


def _write(connection: Connection, claimed: Claimed, values: dict[str, Any]) -> bool:
    """The one guarded UPDATE: only the holder of the token, only from a state that a worker holds."""
    return connection.execute(update(TOUCH).where(_mine(claimed)).values(**values)).rowcount == 1


def _mine(claimed: Claimed) -> ColumnElement[bool]:
    held = TOUCH.c.status.in_(("claimed", "sending"))
    return and_(TOUCH.c.id == claimed.touch_id, TOUCH.c.token == claimed.token, held)


def _log(
    connection: Connection, claimed: Claimed, now: datetime, status: str, verdict: str, at: int | None = None
) -> None:
    values = {"touch_id": claimed.touch_id, "logged_at": now, "status": status, "verdict": verdict, "at": at}
    connection.execute(insert(LOG).values(**values, channel=claimed.channel))
