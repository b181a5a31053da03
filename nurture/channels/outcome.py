"""What became of one hand-over: a closed vocabulary of values. What follows from them is decided elsewhere."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["message", "address", "domain", "channel", "account"]
"""How far a refusal reaches: this message, the address (never again), its domain, the whole channel, our account."""


@dataclass(frozen=True)
class Accepted:
    """The other side took it over and is answerable for it now."""

    reference: str = ""
    """The other side's own name for it: queue id, request id or file name."""


@dataclass(frozen=True)
class Deferred:
    """Nothing was handed over, and the same bytes may be tried again."""

    why: str
    """What was answered, or what failed; without addresses and bodies."""
    after: int | None = None
    """Seconds to wait at least, where the other side named them."""
    scope: Scope = "message"
    """What has to wait."""


@dataclass(frozen=True)
class Rejected:
    """It was refused for good; nothing was handed over."""

    why: str
    """What was answered; without addresses and bodies."""
    scope: Scope
    """How far the refusal reaches."""
    code: str = ""
    """Reply code as the other side gave it, e.g. `550 5.1.1` or `400`."""


@dataclass(frozen=True)
class Unknown:
    """It may or may not have been handed over: the connection broke where no answer could tell."""

    why: str
    """What happened."""


Outcome = Accepted | Deferred | Rejected | Unknown
