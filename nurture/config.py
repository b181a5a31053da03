"""config.yaml and the environment become one frozen `Settings`; every default stands here, once.

Secrets come from the environment only: NURTURE_SMTP_USERNAME, NURTURE_SMTP_PASSWORD, NURTURE_LINE_ACCESS_TOKEN,
NURTURE_LINE_CHANNEL_SECRET, NURTURE_SECRET_KEY, and NURTURE_DKIM_KEY or the file that NURTURE_DKIM_KEY_FILE names.
`NURTURE_DATABASE` overrides `database`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator

from nurture.document import Document, Keys, load_file
from nurture.mistake import Mistake, MistakesFound, Place
from nurture.shape import (
    DateText,
    DurationText,
    Section,
    TimeText,
    Weekday,
    WindowText,
    ZoneName,
    read_duration,
    shaped,
    wrong,
)
from nurture.window import Window
from nurture.zone import Duration, parse_duration

FILE_NAME = "config.yaml"
SECRETS: Mapping[str, str] = {
    "smtp_username": "NURTURE_SMTP_USERNAME",
    "smtp_password": "NURTURE_SMTP_PASSWORD",
    "line_access_token": "NURTURE_LINE_ACCESS_TOKEN",
    "line_channel_secret": "NURTURE_LINE_CHANNEL_SECRET",
    "secret_key": "NURTURE_SECRET_KEY",
    "dkim_key": "NURTURE_DKIM_KEY",
}
DKIM_KEY_FILE = "NURTURE_DKIM_KEY_FILE"
"""Names a file with the key, which is a text of many lines."""
SECRET_WORDS: Mapping[str, str] = {
    "username": "smtp_username",
    "password": "smtp_password",
    "token": "line_access_token",
    "access_token": "line_access_token",
    "channel_secret": "line_channel_secret",
    "secret": "secret_key",
    "private_key": "dkim_key",
}
EARLIEST_PRIVATE, LATEST_PRIVATE = 8 * 3600, 21 * 3600
"""Private people are never contacted outside 08:00-21:00, whatever the shop writes (the trade's own rule)."""


class Shop(Section):
    """Who is speaking; the law wants name, postal address and contact in every commercial mail."""

    name: str
    """The name customers know."""
    legal_name: str = ""
    """The sender's name under the law; empty = `name`."""
    address: str = ""
    """Postal address."""
    phone: str = ""
    email: str = ""
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

    email: str = ""
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

    @model_validator(mode="after")
    def _private_hours(self) -> Self:
        window = self.individual
        if (
            window.all_day
            or window.start < EARLIEST_PRIVATE
            or window.end > LATEST_PRIVATE
            or window.start > window.end
        ):
            raise wrong("config.private_hours")
        return self


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

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if isinstance(self.at_most, int) and self.at_most < 1:
            raise wrong("mistake.cap_zero", key="at_most", found=self.at_most)
        if self.calendar is None and not _is_length(self.per):
            raise wrong("config.cap_period", key="per", found=self.per)
        return self

    @property
    def calendar(self) -> str | None:
        """`day`, `week` or `month` for a calendar cap, None for a rolling one."""
        word = self.per.removeprefix("calendar ")
        return word if word in ("day", "week", "month") else None

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

    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
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

    @model_validator(mode="after")
    def _chats_are_kept_for_days(self) -> Self:
        if self.keep_chats.days < 1 or self.keep_chats.months or self.keep_chats.seconds:
            raise wrong("config.keep_chats", key="keep_chats")
        return self


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
    opt_out_mailbox: str = ""
    """Where people can opt out by mail when no public address exists."""
    campaigns: str = "campaigns"
    templates: str = "templates"
    folder: Path = Field(default=Path(), exclude=True)
    """Where config.yaml lies; set by loading, never written in the file."""
    secrets: Secrets = Field(default=Secrets(), exclude=True)
    """Set by loading from the environment, never written in the file."""

    @model_validator(mode="after")
    def _gap_has_a_length(self) -> Self:
        if self.min_gap.months:
            raise wrong("config.gap", key="min_gap")
        return self

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


def load_settings(folder: Path, environment: Mapping[str, str]) -> Settings:
    """Reads `config.yaml` in `folder` and the environment. Raises MistakesFound with every mistake in the file."""
    document = load_file(folder / FILE_NAME, FILE_NAME)
    if not isinstance(document.value, dict):
        raise MistakesFound([Mistake(document.place(()), "mistake.not_mapping", {"found": document.value})])
    if mistakes := list(_secrets_written(document, document.value, ())):
        raise MistakesFound(mistakes)
    settings = shaped(Settings, document)
    found = {name: SecretStr(environment.get(variable, "")) for name, variable in SECRETS.items()}
    secrets = Secrets(**{**found, "dkim_key": _dkim_key(environment)})
    changes: dict[str, Any] = {"folder": folder, "secrets": secrets}
    if environment.get("NURTURE_DATABASE"):
        changes["database"] = environment["NURTURE_DATABASE"]
    return settings.model_copy(update=changes)


def _dkim_key(environment: Mapping[str, str]) -> SecretStr:
    if environment.get(SECRETS["dkim_key"]) or not environment.get(DKIM_KEY_FILE):
        # Files of environment variables have a line for each.
        return SecretStr(environment.get(SECRETS["dkim_key"], "").replace("\\n", "\n"))
    path = environment[DKIM_KEY_FILE]
    try:
        return SecretStr(Path(path).read_text("ascii"))
    except (OSError, UnicodeError) as problem:
        values = {"found": path, "problem": getattr(problem, "strerror", "") or type(problem).__name__}
        raise MistakesFound([Mistake(Place(DKIM_KEY_FILE), "config.dkim_file", values)]) from None


def _secrets_written(document: Document, value: Any, path: Keys) -> Iterator[Mistake]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = (*path, key)
            variable = SECRETS.get(SECRET_WORDS.get(key.lower(), key.lower()))
            if variable or key in ("folder", "secrets"):
                values = {"found": key, "variable": variable or "NURTURE_…"}
                yield Mistake(document.place(here), "mistake.secret", values, ".".join(map(str, path)))
            yield from _secrets_written(document, inner, here)
