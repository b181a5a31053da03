"""What waits for the owner's word, and the link by which it is given. Who may be written to is not decided here.

The link's token is signed, names the day it lets go, and is good until its end: afterwards there is nothing to let go.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ColumnElement, Connection, and_, func, select

from nurture.campaign import Campaign, Campaigns
from nurture.config import Settings
from nurture.message.compose import Message, compose
from nurture.message.context import Context, ContextRequest, load_contexts
from nurture.message.template import Templates
from nurture.store import approved_until
from nurture.store.tables import Enrollment, Touch, seconds, table
from nurture.zone import zone_table

ENROLLMENT, TOUCH = table(Enrollment), table(Touch)
PATH = "/a/"
SALT = "approve-list"
"""A token made for another purpose is refused here."""
EXAMPLES = 3
"""People shown for each step: enough to see that it is right, and no list of customers in a mail."""


@dataclass(frozen=True)
class Example:
    """One of those who will receive a step."""

    at: int
    """Its slot, epoch seconds."""
    called: str
    """How the message addresses the customer; no address, no number."""
    channel: str


@dataclass(frozen=True)
class Held:
    """What waits of one step of one campaign."""

    title: str
    """The campaign's title."""
    step: str
    """The step's name, empty where the campaign has only one."""
    subject: str
    """Of the first message, as it would be; empty where it can't be written."""
    channels: tuple[tuple[str, int], ...]
    """How many by each channel."""
    first: int
    last: int
    """Slots of the first and the last, epoch seconds."""
    examples: tuple[Example, ...]

    @property
    def count(self) -> int:
        """How many messages."""
        return sum(count for _, count in self.channels)


@dataclass(frozen=True)
class HeldList:
    """Everything that one word of the owner lets go."""

    day: date
    """The last day it reaches, in the shop's zone."""
    approved: bool
    """Whether the word was given already; nothing waits then."""
    held: tuple[Held, ...]
    """In the order of their first slots."""

    @property
    def count(self) -> int:
        """How many messages."""
        return sum(each.count for each in self.held)


def next_day(settings: Settings, now: datetime) -> date:
    """Tomorrow in the shop's zone: what the owner is asked about today. `now`: aware UTC."""
    return zone_table(settings.timezone).local_date(int(now.timestamp())) + timedelta(days=1)


def end_of(settings: Settings, day: date) -> int:
    """The instant at which a day of the shop's zone is over, epoch seconds."""
    return zone_table(settings.timezone).day_start(day + timedelta(days=1))


def held_list(
    connection: Connection, settings: Settings, campaigns: Campaigns, templates: Templates, day: date, now: datetime
) -> HeldList:
    """What is planned until the end of `day` and waits for the owner. `now`: aware UTC."""
    until, since = end_of(settings, day), approved_until(connection)
    if since >= until:
        return HeldList(day, True, ())
    named = {each.campaign: each for each in campaigns.campaigns}
    waiting = _waiting(since, until)
    rows = _first_rows(connection, waiting, named)
    contexts = load_contexts(connection, settings, [_request(row, named[row.campaign]) for row in rows], now)
    shown = _Shown(settings, templates, contexts, rows)
    found = [
        shown.held(named[campaign], step, channels)
        for (campaign, step), channels in _counted(connection, waiting, named).items()
    ]
    return HeldList(day, False, tuple(sorted(found, key=lambda each: (each.first, each.title, each.step))))


def make_approval_token(settings: Settings, day: date) -> str | None:
    """The signed token that lets everything planned until the end of `day` go; None without a signing key."""
    if not settings.secrets.secret_key.get_secret_value():
        return None
    return str(_serializer(settings).dumps(day.isoformat()))


def approval_url(settings: Settings, token: str) -> str:
    """The address for the owner's mail; empty where this machine can't be reached."""
    return settings.public_url.rstrip("/") + PATH + token if settings.public_url else ""


def read_approval_token(settings: Settings, token: str, now: datetime) -> date | None:
    """The day that the token lets go; None when it is none of ours, or its day is over."""
    if not settings.secrets.secret_key.get_secret_value():
        return None
    try:
        day = date.fromisoformat(_serializer(settings).loads(token))
    except (BadData, TypeError, ValueError):
        return None
    return day if int(now.timestamp()) < end_of(settings, day) else None


def _waiting(since: int, until: int) -> ColumnElement[bool]:
    return and_(TOUCH.c.status == "planned", seconds(TOUCH.c.at) >= since, seconds(TOUCH.c.at) < until)


Counted = dict[tuple[str, str], list[Any]]


def _counted(connection: Connection, waiting: ColumnElement[bool], named: Container[str]) -> Counted:
    """Rows of channel, count, first and last slot by campaign and step; what no file describes any more is left out."""
    at = seconds(TOUCH.c.at)
    columns = (TOUCH.c.campaign, TOUCH.c.step, TOUCH.c.channel)
    grouped = select(*columns, func.count().label("amount"), func.min(at).label("first"), func.max(at).label("last"))
    found: Counted = {}
    for row in connection.execute(grouped.where(waiting).group_by(*columns).order_by(*columns)):
        if row.campaign in named:
            found.setdefault((row.campaign, row.step), []).append(row)
    return found


def _first_rows(connection: Connection, waiting: ColumnElement[bool], named: Container[str]) -> list[Any]:
    """The first few of each step, in the order of their slots."""
    place = func.row_number().over(partition_by=(TOUCH.c.campaign, TOUCH.c.step), order_by=(TOUCH.c.at, TOUCH.c.id))
    ranked = select(TOUCH.c.id, place.label("place")).where(waiting).subquery()
    same = and_(
        ENROLLMENT.c.customer_id == TOUCH.c.customer_id,
        ENROLLMENT.c.campaign == TOUCH.c.campaign,
        ENROLLMENT.c.occurrence == TOUCH.c.occurrence,
    )
    wanted = (TOUCH.c.id, TOUCH.c.campaign, TOUCH.c.step, TOUCH.c.customer_id, TOUCH.c.subject_id, TOUCH.c.channel)
    instants = (seconds(TOUCH.c.at).label("at"), seconds(ENROLLMENT.c.occurred_at).label("occurred_at"))
    found = (
        select(*wanted, *instants)
        .select_from(TOUCH.join(ranked, ranked.c.id == TOUCH.c.id).join(ENROLLMENT, same))
        .where(ranked.c.place <= EXAMPLES)
        .order_by(TOUCH.c.at, TOUCH.c.id)
    )
    return [row for row in connection.execute(found) if row.campaign in named]


def _request(row: Any, campaign: Campaign) -> ContextRequest:
    return ContextRequest(row.id, row.customer_id, campaign, row.subject_id, row.occurred_at, row.at)


@dataclass(frozen=True)
class _Shown:
    settings: Settings
    templates: Templates
    contexts: Mapping[int, Context]
    """By touch."""
    rows: Sequence[Any]
    """The first few touches of each step."""

    def held(self, campaign: Campaign, step: str, channels: Sequence[Any]) -> Held:
        mine = [row for row in self.rows if (row.campaign, row.step) == (campaign.campaign, step)]
        known = [row for row in mine if row.id in self.contexts]
        return Held(
            title=campaign.title,
            step=step if len(campaign.steps) > 1 else "",
            subject=self._subject(campaign, step, known),
            channels=tuple((row.channel, row.amount) for row in channels),
            first=min(row.first for row in channels),
            last=max(row.last for row in channels),
            examples=tuple(
                Example(row.at, str(self.contexts[row.id].values["customer"].called), row.channel) for row in known
            ),
        )

    def _subject(self, campaign: Campaign, step: str, known: Sequence[Any]) -> str:
        """The mail's subject, which a message on LINE has in its template too."""
        name = next((each.template for each in campaign.steps if each.step == step), "")
        if not known or name not in self.templates:
            return ""
        context, settings = self.contexts[known[0].id], self.settings
        made = compose(self.templates.get(name), "email", context, settings, settings.owner_address)
        return made.subject if isinstance(made, Message) else ""


def _serializer(settings: Settings) -> URLSafeSerializer:
    key = settings.secrets.secret_key.get_secret_value()
    return URLSafeSerializer(key, salt=SALT, signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"})
