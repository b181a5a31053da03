"""A person as a row of a file describes them; whether we know them already is not decided here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from nurture.intake.field.name import kana_key, name_key

CHANNELS = ("email", "line")


@dataclass(frozen=True)
class Permission:
    """What a row says about messages on one channel."""

    channel: str
    granted: bool
    """False = the person does not want them."""
    basis: str
    """As in table consent."""
    given_at: int
    """Epoch seconds."""


@dataclass(frozen=True)
class Person:
    """The part of a row that is about a person. Empty means that the row does not say."""

    key: str = ""
    """The shop's own customer number."""
    name: str = ""
    family_name: str = ""
    given_name: str = ""
    kana: str = ""
    company: str = ""
    kind: str = ""
    """individual | company."""
    email: str = ""
    email_status: str = "ok"
    line: str = ""
    phone: str = ""
    """E.164."""
    postal_code: str = ""
    prefecture: str = ""
    street: str = ""
    gender: str = ""
    zone: str = ""
    note: str = ""
    registered_at: int | None = None
    """Epoch seconds."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Declared attributes, typed."""
    tags: tuple[str, ...] = ()
    dates: tuple[tuple[str, str, int | None, int, int | None], ...] = ()
    """Days that come round: name, relative, year, month, day."""
    permissions: tuple[Permission, ...] = ()

    @property
    def name_key(self) -> str:
        """What is compared when two people may be one."""
        return name_key(self.name)

    @property
    def kana_key(self) -> str:
        """The kana, folded; empty when there is none."""
        return kana_key(self.kana)

    @property
    def addresses(self) -> tuple[tuple[str, str, str], ...]:
        """(channel, value, status) of each address in the row."""
        mail = (("email", self.email, self.email_status),) if self.email else ()
        return (*mail, ("line", self.line, "ok")) if self.line else mail

    @property
    def is_known_by(self) -> bool:
        """Whether the row has anything by which a person can be found again."""
        return bool(self.key or self.email or self.line or self.phone)

    @property
    def is_nobody(self) -> bool:
        """Whether the row names no person at all."""
        return not (self.is_known_by or self.name)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the staging table; what is empty is left out."""
        found = {name: getattr(self, name) for name in _NAMES}
        written = {name: value for name, value in found.items() if value not in ("", None, (), {})}
        if self.permissions:
            written["permissions"] = [[p.channel, p.granted, p.basis, p.given_at] for p in self.permissions]
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Person":
        """The person that `to_json` wrote."""
        found = dict(written)
        for name in ("tags", "dates"):
            if name in found:
                found[name] = tuple(each if isinstance(each, str) else tuple(each) for each in found[name])
        if "permissions" in found:
            found["permissions"] = tuple(Permission(*each) for each in found["permissions"])
        return cls(**found)


_NAMES = tuple(each.name for each in fields(Person))
