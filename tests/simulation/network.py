"""The network: connections between a process and a server in memory, with a delay, and with whatever may befall them.

A server is an object that is told `receive(bytes, written_at)` and `lost()`; it speaks by `Link.say`. What a client
wrote is on its way even when the client dies; whether it still arrives, the dice say.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .dice import Dice
from .loop import PROCESS, Process, VirtualLoop

TICK = 1e-6
"""Seconds between two packets of one connection: what falls on one instant has no order."""


@dataclass(frozen=True)
class Written:
    """When a client let bytes go."""

    moment: float
    """The world's seconds."""
    wall: float
    """What the shop's clock showed just then."""


class Server(Protocol):
    """One server's end of one connection."""

    def receive(self, data: bytes, written: Written) -> None:
        """Bytes arrived; `written` is when the client let them go."""
        ...

    def lost(self) -> None:
        """The client's end is gone."""
        ...


class Network:
    """Hosts by name and port."""

    def __init__(self, loop: VirtualLoop, dice: Dice, wall: Callable[[], float]) -> None:
        self.loop, self.dice, self.wall = loop, dice, wall
        self.hosts: dict[tuple[str, int], Callable[[Link], Server]] = {}
        self.link: Callable[[Network, Any, Process | None], Link] = Link

    async def connect(self, factory: Any, host: str, port: int) -> tuple[asyncio.Transport, Any]:
        """What `create_connection` gives."""
        dice = self.dice
        await asyncio.sleep(dice.latency())
        if dice.fault("net_refused", 0.02):
            raise ConnectionRefusedError("nobody listens")
        if dice.fault("net_silent", 0.01):
            await asyncio.sleep(1e6)
        protocol = factory()
        link = self.link(self, protocol, PROCESS.get())
        link.server = self.hosts[host, port](link)
        protocol.connection_made(link)
        return link, protocol


class Link(asyncio.Transport):
    """The client's transport, and the server's way to speak."""

    def __init__(self, network: Network, protocol: Any, process: Process | None) -> None:
        super().__init__({"peername": ("192.0.2.1", 25), "sockname": ("192.0.2.2", 40000)})
        self.loop, self.dice, self.wall = network.loop, network.dice, network.wall
        self.protocol, self.process = protocol, process
        self.server: Any = None
        self.closing = self.over = False
        self.stalled = False
        """Nothing leaves any more: what is written stays in the buffer."""
        self.buffer = b""
        self._there = self._back = 0.0
        self._severed = False
        if process is not None:
            process.deaths.append(self._died)

    # The client's side

    def write(self, data: Any) -> None:
        """Bytes leave, unless the connection is stalled; what follows an abort is gone."""
        if self.closing or (self.process is not None and self.process.dead):
            return
        if self.stalled:
            if not self.buffer:
                self.protocol.pause_writing()
            self.buffer += bytes(data)
            return
        self._there = max(self._there + TICK, self.loop.time() + self.dice.latency())
        self._outside(self._there, self._deliver, bytes(data), Written(self.loop.time(), self.wall()))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def _deliver(self, data: bytes, written: Written) -> None:
        if not self._severed and not self.over:
            self.server.receive(data, written)

    def abort(self) -> None:
        """Ends it at once; what is on its way may be cut off."""
        if self.closing:
            return
        self.closing, self.buffer = True, b""
        self._severed = self.dice.chance(0.5)
        self._outside(max(self._there, self.loop.time()) + self.dice.latency(), self._tell_lost)
        self.loop.call_soon(self.protocol.connection_lost, None)

    def close(self) -> None:
        self.abort()

    def _died(self) -> None:
        self.closing = True
        self._severed = self.dice.chance(0.3)
        self._outside(max(self._there, self.loop.time()) + self.dice.latency(), self._tell_lost)

    def _tell_lost(self) -> None:
        if not self.over:
            self.over = True
            self.server.lost()

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return len(self.buffer)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        found: asyncio.BaseProtocol = self.protocol
        return found

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def is_reading(self) -> bool:
        return not self.closing

    def can_write_eof(self) -> bool:
        return False

    # The server's side

    def say(self, data: bytes, delay: float = 0) -> None:
        """Bytes for the client, after `delay` seconds more than the network takes."""
        self._back = max(self._back + TICK, self.loop.time() + delay + self.dice.latency())
        self._inside(self._back, self._hear, data)

    def hang_up(self, *, reset: bool = False, delay: float = 0) -> None:
        """The server ends the connection behind what it said."""
        self.over = True
        self._back = max(self._back + TICK, self.loop.time() + delay + self.dice.latency())
        self._inside(self._back, self._ended, reset)

    def _hear(self, data: bytes) -> None:
        if not self.closing:
            self.protocol.data_received(data)

    def _ended(self, reset: bool) -> None:
        if self.closing:
            return
        if not reset and self.protocol.eof_received():
            return
        if not self.closing:
            self.closing = True
            self.protocol.connection_lost(ConnectionResetError("reset by peer") if reset else None)

    def _inside(self, when: float, what: Any, *args: Any) -> None:
        """Runs in the client's process: it waits for one that is paused, and never comes to one that is dead."""
        token = PROCESS.set(self.process)
        self.loop.call_at(when, what, *args)
        PROCESS.reset(token)

    def _outside(self, when: float, what: Any, *args: Any) -> None:
        token = PROCESS.set(None)
        self.loop.call_at(when, what, *args)
        PROCESS.reset(token)
