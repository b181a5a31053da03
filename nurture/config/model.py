"""Everything a shop can set, as one frozen `Settings`; every default stands here, once. How it is read: `loading`."""

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator

from nurture.address import ascii_address
from nurture.shape import (
    DateText,
    DurationText,
    Section,
    TimeText,
    Weekday,
    WindowText,
    ZoneName,
    read_duration,
    wrong,
)
from nurture.window import Window
from nurture.zone import Duration, parse_duration

EARLIEST_PRIVATE, LATEST_PRIVATE = 8 * 3600, 21 * 3600
"""Private people are never contacted outside 08:00-21:00, whatever the shop writes (the trade's own rule)."""
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}")
"""Two labels or more (RFC 1035, 2.3.4): customers can't answer to `localhost` or to a name without its ending."""


def _known_address(found: str) -> str:
    if _is_address(found):
        return found
    narrow = unicodedata.normalize("NFKC", found)
    raise wrong("config.address", suggestion=narrow if narrow and _is_address(narrow) else "")


def _is_address(found: str) -> bool:
    try:
        return not found or _DOMAIN.fullmatch(ascii_address(found).rpartition("@")[2]) is not None
    except ValueError:
        return False


MailAddress = Annotated[str, AfterValidator(_known_address)]
"""One address without a name; empty where there is none."""


class Shop(Section):
    """Who is speaking; the law wants name, postal address and contact in every commercial mail."""

    name: str
    """The name customers know."""
    legal_name: str = ""
    """The sender's name under the law; empty = `name`."""
    address: str = ""
    """Postal address."""
    phone: str = ""
    email: MailAddress = ""
    """Where complaints and questions go."""
    url: str = ""
    staff: str = ""
    """Who signs the messages."""

    @property
    def sender(self) -> str:
        """The legal name, or the name where none is given."""
        return self.legal_name or self.name


class Owner(Section):
    """Who answers for what leaves; asked in the evening where the shop says `approve: true`."""

    email: MailAddress = ""
    """Where the evening's mail goes; empty = the shop's own address."""
    ask_at: TimeText = 18 * 3600
    """From when on, in the shop's zone."""


class Hours(Section):
    """When messages may leave, in each recipient's own zone; `[start, end)`."""

    individual: WindowText = Window(9 * 3600, 20 * 3600)
    company: WindowText = Window(9 * 3600, 18 * 3600, frozenset(range(5)))
    individual_on_holidays: bool = True
    """Whether private people are written to on national holidays."""
    company_on_holidays: bool = False

    @field_validator("individual")
    @classmethod
    def _private_hours(cls, window: Window) -> Window:
        if (
            window.all_day
            or window.start < EARLIEST_PRIVATE
            or window.end > LATEST_PRIVATE
            or window.start > window.end
        ):
            raise wrong("config.private_hours")
        return window


class Closed(Section):
    """Days on which the shop sends nothing."""

    weekdays: tuple[Weekday, ...] = ()
    dates: tuple[DateText, ...] = ()
    holidays: tuple[DateText, ...] = ()
    """National holidays the calendar does not know yet."""
    working: tuple[DateText, ...] = ()
    """Days that are open although they are holidays."""


class Cap(Section):
    """At most so many counted contacts in a period, for one cap owner."""

    at_most: int | Literal["unlimited"]
    per: str
    """`7 days` or `36 hours` roll; `day`, `week` and `month` are calendar periods in the recipient's zone."""
    channel: Literal["email", "line"] | None = None
    """Counts and holds back only this channel; None = all contacts."""

    @field_validator("at_most")
    @classmethod
    def _some(cls, found: int | str) -> int | str:
        if isinstance(found, int) and found < 1:
            raise wrong("mistake.cap_zero")
        return found

    @field_validator("per")
    @classmethod
    def _period(cls, found: str) -> str:
        if _calendar(found) is None and not _is_length(found):
            raise wrong("config.cap_period")
        return found

    @property
    def calendar(self) -> str | None:
        """`day`, `week` or `month` for a calendar cap, None for a rolling one."""
        return _calendar(self.per)

    @property
    def seconds(self) -> int | None:
        """Length of the rolling window in seconds, None for a calendar cap."""
        if self.calendar:
            return None
        duration = read_duration(self.per)
        return duration.days * 86_400 + duration.seconds

    @property
    def name(self) -> str:
        """How the rule is named in decisions, e.g. `2 per 7 days` or `1 per day on line`."""
        return f"{self.at_most} per {self.per}" + (f" on {self.channel}" if self.channel else "")


def _calendar(per: str) -> str | None:
    word = per.removeprefix("calendar ")
    return word if word in ("day", "week", "month") else None


def _is_length(text: str) -> bool:
    # "1 month" has no fixed length: it would roll over nothing at all and cap nobody.
    try:
        length = parse_duration(text)
    except ValueError:
        return False
    return not length.months and bool(length.days or length.seconds)


class Dkim(Section):
    """A signature of the shop's own on every mail (RFC 6376), for servers that put none on it."""

    selector: str = Field(default="", pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)?$")
    """The public key stands in the DNS at `<selector>._domainkey.<domain>`; empty = no signature."""
    domain: str = ""
    """Empty = that of `from_address`."""


class Email(Section):
    """How mail leaves."""

    from_address: MailAddress = ""
    from_name: str = ""
    reply_to: MailAddress = ""
    host: str = ""
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    per_hour: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)
    """The mail provider's own limits."""
    domains: dict[str, int] = Field(default_factory=dict)
    """Most messages a minute to a recipient domain, e.g. `docomo.ne.jp: 60`."""
    connections: int = Field(default=4, ge=1, le=50)
    """Kept connections to the mail server."""
    dkim: Dkim = Dkim()


class Line(Section):
    """How LINE messages leave."""

    enabled: bool = False
    monthly_quota: int | None = Field(default=None, ge=0)
    """How many people may be pushed to in a calendar month (Japan: 200, 5,000 or 30,000); None = no limit."""
    per_second: int = Field(default=20, ge=1, le=2000)
    """Most pushes a second; LINE itself allows 2,000."""
    keep_chats: DurationText = Duration(90, 0, 0)
    """How long what people wrote in the chat is kept once it was acted on; whole days."""
    greeting: bool = True
    """Whether friends are greeted in the chat; false where the official account has a greeting of its own."""
    host: str = "https://api.line.me"

    @field_validator("keep_chats")
    @classmethod
    def _kept_for_days(cls, found: Duration) -> Duration:
        if found.days < 1 or found.months or found.seconds:
            raise wrong("config.keep_chats")
        return found


class Web(Section):
    """Where the daemon answers unsubscribe links and webhooks; a proxy with TLS stands before it."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=8025, ge=1, le=65535)


class Attribute(Section):
    """A declared attribute of a customer."""

    type: Literal["text", "number", "date", "boolean"] = "text"
    title: str = ""
    index: bool = False


class Secrets(Section):
    """What config.yaml may not hold; each is empty where the environment does not set it."""

    smtp_username: SecretStr = SecretStr("")
    smtp_password: SecretStr = SecretStr("")
    line_access_token: SecretStr = SecretStr("")
    line_channel_secret: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    """Signs unsubscribe links."""
    dkim_key: SecretStr = SecretStr("")
    """RSA private key as PEM."""


class Settings(Section):
    """Everything a shop can set; frozen after loading."""

    shop: Shop
    language: Literal["ja", "en"] = "ja"
    timezone: ZoneName = "Asia/Tokyo"
    database: str = "nurture.db"
    """A file name beside config.yaml, or a database URL."""
    mode: Literal["preview", "live"] = "preview"
    approve: bool = False
    """Whether tomorrow's list waits for the owner's word."""
    owner: Owner = Owner()
    hours: Hours = Hours()
    closed: Closed = Closed()
    caps: tuple[Cap, ...] = (Cap(at_most=2, per="7 days"), Cap(at_most=1, per="day"))
    min_gap: DurationText = Duration(0, 20 * 3600, 0)
    """Least time between two counted contacts."""
    counts: tuple[Literal["email", "line", "call", "visit", "postcard", "letter", "chat"], ...] = (
        "email",
        "line",
        "call",
        "visit",
        "postcard",
        "letter",
        "chat",
    )
    """Which outgoing contacts count to the caps."""
    feb29: Literal["02-28", "03-01", "leap"] = "02-28"
    """When people born on 29 February are greeted in common years; `leap` = only in leap years."""
    currency: Literal["JPY", "USD", "EUR"] = "JPY"
    honorific: str = "様"
    refusal_lasts: DurationText = Duration(180, 0, 0)
    """How long a refused product or category is left alone."""
    attributes: dict[str, Attribute] = Field(default_factory=dict)
    email: Email = Email()
    line: Line = Line()
    web: Web = Web()
    public_url: str = ""
    """Where unsubscribe links and webhooks reach this machine, https://…; empty = nowhere."""
    opt_out_mailbox: MailAddress = ""
    """Where people can opt out by mail when no public address exists."""
    campaigns: str = "campaigns"
    templates: str = "templates"
    folder: Path = Field(default=Path(), exclude=True)
    """Where config.yaml lies; set by loading, never written in the file."""
    secrets: Secrets = Field(default=Secrets(), exclude=True)
    """Set by loading from the environment, never written in the file."""

    @field_validator("min_gap")
    @classmethod
    def _gap_has_a_length(cls, found: Duration) -> Duration:
        if found.months:
            raise wrong("config.gap")
        return found

    @property
    def database_url(self) -> str:
        """The database as a URL; a bare file name lies beside config.yaml."""
        if "://" in self.database:
            return self.database
        return f"sqlite:///{(self.folder / self.database).resolve()}"

    @property
    def owner_address(self) -> str:
        """Where the owner reads mail; empty where config.yaml names neither the owner's nor the shop's address."""
        return self.owner.email or self.shop.email

    @property
    def digest(self) -> str:
        """A hash of everything that decides whether and when a message leaves; a new digest is a new generation."""
        return hashlib.sha256(self.model_dump_json(exclude={"database", "mode", "owner"}).encode()).hexdigest()
