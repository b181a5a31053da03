"""Why a message whose time has come is still here: its channel or its domain lets only so many go at once."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from nurture.config import Settings
from nurture.delivery.throttle import SLOWED
from nurture.planning.planned import PlannedTouch
from nurture.store.tables import Throttle, table

from .addresses import usable_addresses

THROTTLE = table(Throttle)


@dataclass(frozen=True)
class Queue:
    """The ceiling that a message waits under."""

    name: str
    """email | line | a recipient domain."""
    limit: int
    """How many may go in a period."""
    per: str
    """hour | minute | second."""
    slowed: bool = False
    """The domain itself asked for less."""


def queues(
    connection: Connection, settings: Settings, touches: Sequence[PlannedTouch], now: int
) -> dict[tuple[int, str, str, str], Queue]:
    """By `key_of`: what keeps each touch that was planned before and is overdue at `now` (epoch seconds).

    A throttle keeps the instant up to which its places are taken: one beyond a touch's slot let others go before it.
    """
    waiting = [each for each in touches if each.mark != "new" and each.at is not None and each.at < now]
    if not waiting:
        return {}
    columns = select(THROTTLE.c.name, THROTTLE.c.next_free, THROTTLE.c.rate)
    taken = {row.name: row for row in connection.execute(columns)}
    slowed = {name for name, row in taken.items() if row.rate}
    addresses = usable_addresses(connection, {each.customer_id for each in waiting})
    found: dict[tuple[int, str, str, str], Queue] = {}
    for touch in waiting:
        domain = addresses.get((touch.customer_id, "email"), "").rpartition("@")[2]
        for throttle, queue in _ceilings(settings, touch, domain, slowed):
            if throttle in taken and taken[throttle].next_free > (touch.at or 0):
                found[key_of(touch)] = queue
    return found


def key_of(touch: PlannedTouch) -> tuple[int, str, str, str]:
    """What a touch is unique by."""
    return touch.customer_id, touch.campaign, touch.occurrence, touch.step


def _ceilings(
    settings: Settings, touch: PlannedTouch, domain: str, slowed: Container[str]
) -> Iterator[tuple[str, Queue]]:
    """Name of the throttle and what it allows; the narrowest comes last."""
    email = settings.email
    if touch.channel == "line":
        yield "channel:line", Queue("line", settings.line.per_second, "second")
        return
    if email.per_hour is not None:
        yield "channel:email", Queue("email", email.per_hour, "hour")
    throttle = f"domain:{domain}"
    if throttle in slowed:
        yield throttle, Queue(domain, round(SLOWED * 60), "minute", slowed=True)
    elif domain in email.domains:
        yield throttle, Queue(domain, email.domains[domain], "minute")
