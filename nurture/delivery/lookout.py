"""A lookout: looks for what may be claimed next on a connection of its own, while the writer settles."""

import asyncio
from collections.abc import Collection
from threading import Lock

from sqlalchemy import Engine

from nurture.gates.situation import Situation
from nurture.store import Reader

from .composer import Composer
from .looking import Looked, look


class Lookout:
    """One a worker."""

    def __init__(self, engine: Engine, composer: Composer | None = None) -> None:
        """`composer`: looks as well while it is there."""
        self._composer = composer
        self.beside = engine.dialect.name == "sqlite"
        """Whether one can look outside of the transaction that claims: PostgreSQL keeps locks from look to claim."""
        self._reader = Reader(engine)
        self._closed = False
        self._looking = Lock()
        """Whoever was cancelled while looking leaves a thread behind that still reads."""

    async def look(self, situation: Situation, channels: Collection[str], limit: int) -> Looked:
        """As `looking.look`, by the composer or in a thread."""
        if self._composer and self._composer.ready:
            looked = await self._composer.look(situation, channels, limit)
            if looked is not None:
                return looked
        return await asyncio.to_thread(self._look, situation, channels, limit)

    def close(self) -> None:
        """Gives the connection back."""
        with self._looking:
            self._closed = True
            self._reader.close()

    def _look(self, situation: Situation, channels: Collection[str], limit: int) -> Looked:
        with self._looking:
            if self._closed:
                raise RuntimeError("a lookout that is closed does not look")
            with self._reader.reading() as connection:
                return look(connection, situation, channels, limit)
