"""A lookout: looks for what may be claimed next on a connection of its own, while the writer settles."""

import asyncio
from collections.abc import Collection
from threading import Lock

from sqlalchemy import Engine

from nurture.gates.situation import Situation
from nurture.store import Reader

from .looking import Looked, look


class Lookout:
    """One a worker."""

    def __init__(self, engine: Engine) -> None:
        self.beside = engine.dialect.name == "sqlite"
        """Whether one can look outside of the transaction that claims: PostgreSQL keeps locks from look to claim."""
        self._reader = Reader(engine)
        self._looking = Lock()
        """Whoever was cancelled while looking leaves a thread behind that still reads."""

    async def look(self, situation: Situation, channels: Collection[str], limit: int) -> Looked:
        """As `looking.look`, in a thread."""
        return await asyncio.to_thread(self._look, situation, channels, limit)

    def close(self) -> None:
        """Gives the connection back."""
        with self._looking:
            self._reader.close()

    def _look(self, situation: Situation, channels: Collection[str], limit: int) -> Looked:
        with self._looking, self._reader.reading() as connection:
            return look(connection, situation, channels, limit)
