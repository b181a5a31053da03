"""A process of our own beside this one: how it is begun, and what the two say to each other over its pipes.

It ends when its pipe closes, however the other one died. What it is for is its caller's.
"""

import os
import pickle
import signal
import sys
from collections.abc import Mapping
from typing import IO, Any

SIZE = 8
"""Bytes that tell how long the next piece is."""


def cores() -> int:
    """How many this process may use; with one, another process would only stand in its way."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command(program: str) -> list[str]:
    """What runs these lines of Python as another process; begin it in a session of its own, as a Ctrl-C is ours."""
    return [sys.executable, "-P", "-c", program]


def environment() -> Mapping[str, str]:
    """The environment in which it finds the modules that are found here."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Within that process: where it hears and where it speaks. Whatever else is printed can't get between."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hearing, speaking = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return hearing, speaking


def piece(what: Any) -> bytes:
    """One piece as it goes over a pipe."""
    said = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    return len(said).to_bytes(SIZE) + said


def length(size: bytes) -> int:
    """How many bytes follow these first ones."""
    return int.from_bytes(size)


def opened(said: bytes) -> Any:
    """What was said, from a process of our own: of nobody else's bytes may this be asked."""
    return pickle.loads(said)


def say(speaking: IO[bytes], what: Any) -> None:
    """Says one piece. Raises OSError where nobody is there."""
    speaking.write(piece(what))
    speaking.flush()


def hear(hearing: IO[bytes]) -> Any:
    """The next piece; None at the end, or where the other side died within one."""
    size = hearing.read(SIZE)
    said = hearing.read(length(size))
    return opened(said) if size and len(said) == length(size) else None
