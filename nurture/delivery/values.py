"""What passes between the stages of delivery. Frozen values only."""

from dataclasses import dataclass

from nurture.campaign import Campaign, Step


@dataclass(frozen=True)
class Claimed:
    """A touch that one worker holds for the length of a lease."""

    touch_id: int
    token: int
    """Fencing token: only its holder may pass the fence or write an outcome."""
    customer_id: int
    owner_id: int
    """Whose caps and locks hold."""
    campaign: Campaign
    step: Step
    occurrence: str
    subject_id: int | None
    occurred_at: int
    """Epoch seconds, as every instant here."""
    channel: str
    address: str
    """Mail address or LINE user id."""
    hop: int
    attempts: int
    """Network tries before this one."""
    expires_at: int
    sendable_until: int
    """Past it the fence refuses: the window's end less the guard band, or expiry."""
    apart: float | None = None
    """Seconds between wall clock and boot time at the claim: another difference at the fence is a step of a clock."""
    shares: bool = True
    """Whether the customer shared an inbox with anybody at the claim; who joined since has changed the version."""
    zone: str = "UTC"
    """The recipient's, by whose days the backstop counts calendar caps."""


@dataclass(frozen=True)
class Ready:
    """A claimed touch with its frozen bytes."""

    claimed: Claimed
    sender: str
    """Envelope sender of a mail; empty for LINE."""
    key: str
    """Message-ID of a mail, retry key of a push."""
    body: bytes
    vouched: bool = False
    """Whether a mail is known to end its lines with CRLF and to begin none with a dot, as we write them."""
