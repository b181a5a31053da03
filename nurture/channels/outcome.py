"""What became of one hand-over: a closed vocabulary of values. What follows from them is decided elsewhere."""

from dataclasses import dataclass
from typing import Literal

Scope = Literal["message", "address", "domain", "channel", "account"]
"""How far an answer reaches.

`message`: this message only. `address`: whatever is sent to this address. `domain`: whoever shares the address's
domain. `channel`: everything this server or API is given. `account`: our right to send there (plan, quota, sender).
"""


@dataclass(frozen=True)
class Accepted:
    """The other side took it over and is answerable for it now."""

    code: str = ""
    """What was answered: `250 2.0.0` or `200`; empty where nobody answers, as with a file."""
    reply: str = ""
    """The other side's words, e.g. its queue id; or its request id; without addresses."""


@dataclass(frozen=True)
class Deferred:
    """It was refused for now: nothing was handed over, and it may be tried again."""

    scope: Scope
    """What has to wait; `domain` also means: send there more slowly."""
    code: str
    """What was answered: `451 4.7.1` or `429`; empty where nothing was, e.g. when nobody listened."""
    reply: str
    """The other side's words, without addresses."""
    retry_after: int | None = None
    """Seconds to wait at least, where the other side named them."""
    strikes: int = 0
    """This many such refusals within 30 days make the address unusable; 0 = it says nothing about the address."""


@dataclass(frozen=True)
class Rejected:
    """It was refused for good: nothing was handed over, and the same message will not be taken."""

    scope: Scope
    """How far the refusal reaches; `address` means that nothing will ever arrive there."""
    code: str
    """What was answered: `550 5.1.1` or `400`; empty where it was refused before anybody was asked."""
    reply: str
    """The other side's words, without addresses."""
    strikes: int = 0
    """This many such refusals within 30 days make the address unusable; 0 = it says nothing about the address."""


@dataclass(frozen=True)
class Unknown:
    """It may or may not have been handed over: no answer came, or none that can be understood."""

    reason: str
    """What happened."""
    retry_same_key: bool = False
    """Whether the same bytes under the same key may be sent again without becoming a second message."""


@dataclass(frozen=True)
class NotSent:
    """Provably nothing was handed over, and nobody refused it: the fence was shut, or the connection broke before."""

    reason: str
    """What happened."""


Outcome = Accepted | Deferred | Rejected | Unknown | NotSent
