"""The fence: a channel asks it once more right before it hands a message over. What it checks is decided elsewhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Permit:
    """Leave to hand one message over now."""

    until: float
    """Unix seconds at which the leave ends; told for logs, as a channel reads no clock."""
    check: Callable[[], bool]
    """Whether the leave still holds; asked right before the payload's first byte, and must not block."""


Fence = Callable[[], Awaitable[Permit | None]]
"""Awaited when the payload could go; None = don't send it. An exception is a bug, and nothing is sent either."""
