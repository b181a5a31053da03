"""What LINE's platform sends, read into plain values. It stores nothing and decides nothing.

Event kinds and fields come unannounced (developers.line.biz, "Receiving messages"): whatever is unknown is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any


@dataclass(frozen=True)
class Arrival:
    """One event as it came."""

    key: str
    """`line:<webhookEventId>`."""
    kind: str
    """follow, unfollow, message, postback, unsend, …"""
    person: str | None
    """The LINE user; None where LINE names none."""
    subject: str | None
    """Id of the chat message."""
    occurred_ms: int
    """Milliseconds since 1970."""
    body: str
    """The event as JSON, ASCII only."""

    @property
    def at(self) -> datetime:
        """When it happened, aware UTC."""
        return datetime.fromtimestamp(self.occurred_ms // 1000, UTC)

    @property
    def event(self) -> Mapping[str, Any]:
        """The event as LINE describes it; empty once its writer took it back."""
        found = json.loads(self.body) if self.body else {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Delivery:
    """One request of LINE's platform."""

    destination: str
    """User id of the bot it is for."""
    arrivals: tuple[Arrival, ...]
    """Empty when somebody pressed "Verify" in LINE's console."""


def read_delivery(body: bytes, now: datetime) -> Delivery:
    """Reads a request whose signature was checked. Raises ValueError for what is no webhook request at all."""
    found = json.loads(body)
    if not isinstance(found, dict) or not isinstance(found.get("events"), list):
        raise ValueError("no list of events")
    events = [each for each in found["events"] if isinstance(each, dict)]
    return Delivery(str(found.get("destination", "")), tuple(_arrival(each, now) for each in events))


def _arrival(event: dict[str, Any], now: datetime) -> Arrival:
    body = json.dumps(event, separators=(",", ":"))
    timestamp = event.get("timestamp")
    received = int(now.timestamp()) * 1000
    return Arrival(
        key=f"line:{_word(event.get('webhookEventId')) or _fingerprint(event)}",
        kind=_word(event.get("type")) or "unknown",
        person=_word(_inner(event, "source", "userId")),
        subject=_word(_inner(event, "message", "id") or _inner(event, "unsend", "messageId")),
        occurred_ms=timestamp if isinstance(timestamp, int) and 0 <= timestamp < 10**14 else received,
        body=body,
    )


def _fingerprint(event: dict[str, Any]) -> str:
    """Stands in for a missing id; a second delivery differs in `deliveryContext` alone."""
    same = {name: value for name, value in event.items() if name != "deliveryContext"}
    return sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _inner(event: dict[str, Any], name: str, key: str) -> object:
    found = event.get(name)
    return found.get(key) if isinstance(found, dict) else None


def _word(value: object) -> str | None:
    """An id or a kind: short printable ASCII, or nothing."""
    if isinstance(value, str) and 0 < len(value) <= 100 and value.isascii() and value.isprintable():
        return value
    return None
