"""Composing: a batch of claims becomes bytes, whatever goes wrong with one of them.

What the messages need is read for all at once, by whoever may wait for the database; each is then written by itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from nurture.message.context import Context

from .freezing import Kept, Press, Unwritable, as_kept, gather, kept_of, write
from .values import Claimed, Ready

log = structlog.get_logger()
Reading = Callable[[], AbstractContextManager[Connection]]
"""Begins a snapshot to read in."""


@dataclass(frozen=True)
class Material:
    """What was read for a batch."""

    contexts: Mapping[int, Context] = field(default_factory=dict)
    """By touch."""
    kept: Mapping[tuple[int, int], Kept] = field(default_factory=dict)
    """Bytes of earlier tries, by touch and hop."""
    broken: Mapping[int, str] = field(default_factory=dict)
    """Touches for which a bug of ours left nothing, with the name of the error."""


def read_material(reading: Reading, press: Press, claims: Sequence[Claimed], now: datetime) -> Material:
    """What the messages are made of. A bug is the fault of one message; trouble with the database is raised."""
    try:
        return _read(reading, press, claims, now)
    except SQLAlchemyError:
        raise
    except Exception:
        # One customer's data must not keep the messages of the others, look after look.
        return _joined(_read_alone(reading, press, each, now) for each in claims)


def compose_one(press: Press, claimed: Claimed, material: Material, now: datetime) -> Ready | Unwritable:
    """Writes one message. It asks nobody and never raises."""
    if name := material.broken.get(claimed.touch_id):
        return Unwritable(claimed, name, "bug")
    try:
        written = write(press, claimed, material.contexts.get(claimed.touch_id), now)
    except Exception as problem:
        return Unwritable(claimed, _told(claimed, problem), "bug")
    return as_kept(written, material.kept) if isinstance(written, Ready) else written


def _read(reading: Reading, press: Press, claims: Sequence[Claimed], now: datetime) -> Material:
    with reading() as connection:
        return Material(gather(connection, press, claims, now), kept_of(connection, claims))


def _read_alone(reading: Reading, press: Press, claim: Claimed, now: datetime) -> Material:
    try:
        return _read(reading, press, [claim], now)
    except SQLAlchemyError:
        raise
    except Exception as problem:
        return Material(broken={claim.touch_id: _told(claim, problem)})


def _joined(parts: Iterable[Material]) -> Material:
    contexts: dict[int, Context] = {}
    kept: dict[tuple[int, int], Kept] = {}
    broken: dict[int, str] = {}
    for each in parts:
        contexts |= each.contexts
        kept |= each.kept
        broken |= each.broken
    return Material(contexts, kept, broken)


def _told(claimed: Claimed, problem: Exception) -> str:
    log.error("compose_failed", touch=claimed.touch_id, error=type(problem).__name__)
    return type(problem).__name__
