"""What a channel is given: bytes, where they go, and the key under which they were handed over before, if ever."""

from typing import Protocol


class Parcel(Protocol):
    """A message in its last form; `nurture.message.frozen.Frozen` is one."""

    @property
    def channel(self) -> str:
        """`email` or `line`."""

    @property
    def key(self) -> str:
        """The Message-ID of a mail or the retry key of a push: the same for every try."""

    @property
    def sender(self) -> str:
        """Envelope sender of a mail; empty for LINE."""

    @property
    def to(self) -> str:
        """Envelope recipient or LINE user id."""

    @property
    def body(self) -> bytes:
        """A whole mail with CRLF line ends, or the JSON of a push request."""
