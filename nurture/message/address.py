"""Who a mail is from, as a person reads it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mailbox:
    """Who a mail is from."""

    name: str
    """Display name, empty for none."""
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address
