"""Throttles: how many messages may leave now, per channel and recipient domain; all workers share them by the database.

The generic cell rate algorithm (ITU-T I.371): a row holds the instant at which the next message is due by the rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from nurture.config import Settings
from nurture.store import Prepared, insert_into
from nurture.store.tables import Throttle, table

THROTTLE = table(Throttle)
SLOWED_DOMAINS = Prepared("SELECT name FROM throttle WHERE rate > 0 AND substr(name, 1, 7) = 'domain:'")
TAKEN = Prepared(
    "SELECT name, next_free, rate FROM throttle WHERE next_free > :now AND substr(name, 1, 6) <> 'limit:' ORDER BY name"
)
SLOWED = 0.2
"""Messages a second to a domain that asked us to slow down (421, 4.7.x), until it takes mail again."""


@dataclass(frozen=True)
class Rate:
    """A ceiling on messages."""

    name: str
    per_second: float
    burst: int
    """How many may go at once after a pause."""


def channel_rates(settings: Settings, channel: str) -> Iterator[Rate]:
    """The ceilings of one channel."""
    if channel == "line":
        yield Rate("channel:line", float(settings.line.per_second), max(settings.line.per_second, 1))
    elif settings.email.per_hour is not None:
        yield Rate("channel:email", settings.email.per_hour / 3600, max(settings.email.per_hour // 60, 1))


def domain_rate(settings: Settings, domain: str) -> Rate | None:
    """The ceiling of one recipient domain, None where there is none."""
    per_minute = settings.email.domains.get(domain)
    return None if per_minute is None else Rate(f"domain:{domain}", per_minute / 60, max(per_minute // 6, 1))


def admit(connection: Connection, rate: Rate, now: float, wanted: int) -> int:
    """Takes up to `wanted` places under the rate in the caller's write transaction; gives how many there were."""
    row = _row(connection, rate)
    places, interval = _places(rate, now, row.next_free, row.rate)
    taken = min(wanted, places)
    if taken > 0:
        mine, arrival = THROTTLE.c.name == rate.name, max(row.next_free, now)
        connection.execute(update(THROTTLE).where(mine).values(next_free=arrival + taken * interval))
    return taken


def closed(connection: Connection, settings: Settings, now: float) -> tuple[set[str], set[str]]:
    """Channels and recipient domains that have no place left now: a claim need not look at what waits for them."""
    channels: set[str] = set()
    domains: set[str] = set()
    for name, next_free, slowed in TAKEN.run(connection, now=now):
        kind, _, subject = name.partition(":")
        if kind == "channel":
            rate, found = next((each for each in channel_rates(settings, subject) if each.name == name), None), channels
        else:
            rate, found = _domain_rate(settings, subject, slowed), domains
        if rate is not None and not _places(rate, now, next_free, slowed)[0]:
            found.add(subject)
    return channels, domains


def _domain_rate(settings: Settings, domain: str, slowed: float) -> Rate | None:
    return domain_rate(settings, domain) or (Rate(f"domain:{domain}", SLOWED, 1) if slowed else None)


def _places(rate: Rate, now: float, next_free: float, slowed: float) -> tuple[int, float]:
    """How many may go now, and the seconds from one to the next."""
    # Whoever asked for less gets no burst either: ten at once would be what they complained of.
    interval, burst = (1 / slowed, 1) if slowed else (1 / rate.per_second, rate.burst)
    return max(int((now + burst * interval - max(next_free, now)) / interval), 0), interval


def slow_down(connection: Connection, domain: str, now: float, seconds: float) -> None:
    """A domain asked for less: nothing goes there for `seconds`, and then little."""
    _row(connection, Rate(f"domain:{domain}", SLOWED, 1))
    values = {"next_free": now + seconds, "rate": SLOWED}
    connection.execute(update(THROTTLE).where(THROTTLE.c.name == f"domain:{domain}").values(**values))


def slowed_domains(connection: Connection) -> set[str]:
    """Domains that asked for less and have not taken mail since."""
    return {name.removeprefix("domain:") for (name,) in SLOWED_DOMAINS.run(connection)}


def speed_up(connection: Connection, domain: str) -> None:
    """A slowed domain took a message: its configured rate holds again."""
    connection.execute(update(THROTTLE).where(THROTTLE.c.name == f"domain:{domain}").values(rate=0.0))


def _row(connection: Connection, rate: Rate) -> Any:
    new = insert_into(connection, THROTTLE).values(name=rate.name, next_free=0.0, rate=0.0)
    connection.execute(new.on_conflict_do_nothing())
    found = select(THROTTLE.c.next_free, THROTTLE.c.rate).where(THROTTLE.c.name == rate.name)
    if connection.dialect.name == "postgresql":
        found = found.with_for_update()
    return connection.execute(found).one()
