"""Letters and fences for the tests of the channels: Alice gets her mail, Bob is refused, Charlie comes behind."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nurture.channels.envelope import Envelope
from nurture.channels.fence import Fence, Permit
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import Outcome
from nurture.channels.pipeline import Letter, Timeouts

SHOP = "bounce+k7@minato.example"
ALICE, BOB, CHARLIE = "alice@customer.test", "bob@customer.test", "charlie@other.test"
BODY = b"Subject: thanks\r\n\r\nSGVsbG8=\r\n"
LARGE = b"Subject: photographs\r\n\r\n" + (b"iVBORw0KGgo=" * 6 + b"\r\n") * 120_000
"""9 MB: far more than the buffers of two sockets hold."""

SOON = 0.25
QUICK = Timeouts(connect=5, command=SOON, acceptance=SOON, farewell=SOON)
"""For servers that don't answer: nobody waits ten minutes for a test."""
PATIENT = Timeouts(connect=20, command=20, acceptance=20, farewell=20)
"""For servers that do answer, on a machine that may be busy."""


def mail(to: str, payload: bytes = BODY, **more: object) -> Envelope:
    return Envelope(SHOP, to, payload, **more)  # type: ignore[arg-type]


async def opened() -> Permit | None:
    return Permit(until=1_795_305_600.0, check=lambda: True)


async def shut() -> Permit | None:
    return None


async def ended() -> Permit | None:
    """Open when asked, but the leave is over before the first byte."""
    return Permit(until=1_795_305_600.0, check=lambda: False)


@dataclass
class Book:
    """What was settled, in order."""

    entries: list[tuple[str, Outcome]] = field(default_factory=list)

    def settle(self, letter: Letter, outcome: Outcome) -> None:
        self.entries.append((letter.envelope.recipient, outcome))

    @property
    def outcomes(self) -> list[Outcome]:
        return [outcome for _, outcome in self.entries]

    @property
    def names(self) -> list[str]:
        """`alice Accepted`, …"""
        return [f"{to.partition('@')[0]} {type(outcome).__name__}" for to, outcome in self.entries]


async def hand_over(transport: MailTransport, people: Sequence[str], fence: Fence = opened) -> Book:
    book = Book()
    await transport.send_many([Letter(mail(each), fence) for each in people], book.settle)
    return book
