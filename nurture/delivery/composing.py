"""Composing: a batch of claims becomes bytes, whatever goes wrong with one of them."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from nurture.message.context import Context
from nurture.store import reading

from .freezing import Press, Unwritable, gather, write
from .values import Claimed, Ready

log = structlog.get_logger()


def compose_all(engine: Engine, press: Press, claims: Sequence[Claimed], now: datetime) -> list[Ready | Unwritable]:
    """Writes each message, in order. A bug is the fault of one message; trouble with the database is raised."""
    try:
        return _compose(engine, press, claims, now)
    except SQLAlchemyError:
        raise
    except Exception:
        # One customer's data must not keep the messages of the others, look after look.
        return [each for claim in claims for each in _alone(engine, press, claim, now)]


def _compose(engine: Engine, press: Press, claims: Sequence[Claimed], now: datetime) -> list[Ready | Unwritable]:
    with reading(engine) as connection:
        contexts: dict[int, Context] = gather(connection, press, claims, now)
    return [write(press, each, contexts.get(each.touch_id), now) for each in claims]


def _alone(engine: Engine, press: Press, claim: Claimed, now: datetime) -> list[Ready | Unwritable]:
    try:
        return _compose(engine, press, [claim], now)
    except SQLAlchemyError:
        raise
    except Exception as problem:
        log.error("compose_failed", touch=claim.touch_id, error=type(problem).__name__)
        return [Unwritable(claim, type(problem).__name__, "bug")]
