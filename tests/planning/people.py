"""A shop for tests of planning: people and what they do become real rows, campaigns are YAML, ticks are real.

Times are what a clock in Tokyo shows (`2026-11-22 10:00`) unless a zone is named. Everybody has a mail address and has
allowed mail unless a test says otherwise. Alice is the customer it is about, bob and charlie are there to be told
apart from her.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, select, update
from sqlmodel import SQLModel

from nurture.campaign import Campaigns, load_campaigns
from nurture.config import Settings
from nurture.gates.cap import QUARTER, periods_in
from nurture.gates.situation import Situation
from nurture.planning.commit import Committed, commit
from nurture.planning.plan import Planned, plan
from nurture.planning.workspace import prepare
from nurture.store import change, planning, writing
from nurture.store.facts import refresh_facts
from nurture.store.tables import (
    Address,
    Booking,
    Consent,
    Contact,
    Customer,
    CustomerTag,
    DatedFact,
    Enrollment,
    Event,
    Hold,
    Order,
    OrderLine,
    Pause,
    Product,
    Suppression,
    Touch,
    TouchLog,
    table,
)
from tests.rows import columns_only, write_row

TOKYO = "Asia/Tokyo"
LONG_AGO = "2020-01-01 00:00"


def instant(text: str, zone: str = TOKYO) -> datetime:
    """The instant of a wall time, the first of two where the clock shows it twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shown(at: datetime | None, zone: str = TOKYO) -> str:
    """What a clock in the zone shows, to the minute; seconds only where there are some."""
    if at is None:
        return "-"
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M}" if not local.second else f"{local:%Y-%m-%d %H:%M:%S}"


def letter(name: str, trigger: str, *more: str, step: str = "") -> str:
    """A campaign of one step `letter` as YAML; `more` are further lines, `step` further keys of the step."""
    keys = f"step: letter, template: letter, {step}".rstrip(", ")
    return "\n".join([f"campaign: {name}", f"title: {name}", f"trigger: {trigger}", f"steps: [{{{keys}}}]", *more])


@dataclass(frozen=True)
class Told:
    """A row of the ledger as these tests speak of it."""

    name: str
    """`campaign/step`."""
    status: str
    verdict: str
    at: str
    """The slot in Tokyo, `-` without one."""
    channel: str
    occurrence: str
    failing: list[dict[str, Any]]
    """Every gate that closed the wish."""


@dataclass(frozen=True)
class Ticked:
    """What one tick did."""

    planned: Planned
    committed: Committed


class Shop:
    """One shop on one database, with its campaigns and settings."""

    def __init__(self, engine: Engine, *campaigns: str, **settings: Any) -> None:
        """`campaigns`: the text of a campaign or segments file each; `settings`: keys of config.yaml.

        A shop without a word about hours and caps is open from 08:00 to 21:00 and has no cap at all.
        """
        self.engine = engine
        self.now = instant(LONG_AGO)
        self.settle(**settings)
        self.write(*campaigns)

    def settle(self, **settings: Any) -> None:
        """Other settings from now on."""
        open_ = {"individual": "08:00-21:00", "company": "09:00-18:00 mon-fri"}
        given = {"shop": {"name": "みなと"}, "hours": open_, "caps": [], "min_gap": "0 hours", **settings}
        self.settings = the_same(Settings.model_validate(given))

    def write(self, *campaigns: str) -> None:
        """Other campaign files from now on."""
        self.campaigns = _kept(self.settings, campaigns)

    def tick(self, when: str, zone: str = TOKYO) -> Ticked:
        """Plans and commits one tick at the instant."""
        self.now = instant(when, zone)
        situation = Situation(self.settings, self.campaigns, {}, self.now)
        with planning(self.engine, prepare) as open_:
            planned = plan(open_.connection, situation)
            return Ticked(planned, commit(open_, situation, planned))

    def ticks(self, *whens: str) -> None:
        """One tick at each instant; what was planned and has come is sent before the next."""
        for when in whens:
            self.tick(when)
            self.send_due()

    # People

    def customer(self, name: str, *, mail: bool = True, line: bool = False, consent: bool = True, **values: Any) -> int:
        """A person with the addresses and permissions named; gives the id."""
        with writing(self.engine) as connection:
            number = (connection.scalar(select(func.max(table(Customer).c.id))) or 0) + 1
            own = {"id": number, "key": name, "name": name, "bucket": number, "created_at": instant(LONG_AGO)}
            add(connection, Customer, **{**own, **values})
            for channel in [*(["email"] if mail else []), *(["line"] if line else [])]:
                value = f"{name}@shop.example" if channel == "email" else f"U{number}"
                add(connection, Address, customer_id=number, channel=channel, value=value)
                if consent:
                    self._consent(connection, number, channel, instant(LONG_AGO))
            refresh_facts(connection, [number])
            change(connection, [number], self.now)
        return number

    def birthday(self, who: int, month: int, day: int | None, year: int | None = None, **values: Any) -> None:
        """A yearly date, the birthday unless `name` says otherwise; an older one of that name is replaced."""
        found = {"name": "birthday", "relative": "", **values}
        dated = table(DatedFact)
        with self.changing(who) as connection:
            same = [dated.c.customer_id == who, *(dated.c[key] == found[key] for key in ("name", "relative"))]
            connection.execute(dated.delete().where(*same))
            add(connection, DatedFact, customer_id=who, year=year, month=month, day=day, **found)

    def order(self, who: int, when: str, *goods: int, **values: Any) -> int:
        """An order of products by id, in the shop's database since the moment it was made; gives its id."""
        at = instant(when)
        with self.changing(who) as connection:
            number = (connection.scalar(select(func.max(table(Order).c.id))) or 0) + 1
            given = {"id": number, "key": f"o{number}", "customer_id": who, "ordered_at": at, "received_at": at}
            add(connection, Order, **{**given, **values})
            for product in goods:
                category = connection.scalar(select(table(Product).c.category).where(table(Product).c.id == product))
                line = {"order_id": number, "customer_id": who, "ordered_at": at, "product_id": product}
                add(connection, OrderLine, **line, category=category)
            refresh_facts(connection, [who])
        return number

    def cancel(self, who: int, order: int) -> None:
        """The order is cancelled."""
        with self.changing(who) as connection:
            orders, lines = table(Order), table(OrderLine)
            connection.execute(update(orders).where(orders.c.id == order).values(status="cancelled"))
            connection.execute(update(lines).where(lines.c.order_id == order).values(counts=False))
            refresh_facts(connection, [who])

    def booking(self, who: int, starts: str, **values: Any) -> None:
        """A booking, received when the shop last looked at its clock."""
        given = {"key": f"b{starts}-{who}", "starts_at": instant(starts), "received_at": self.now}
        self.row(who, Booking, **{**given, **values})

    def event(self, who: int, kind: str, when: str) -> None:
        """A custom event."""
        at = instant(when)
        self.row(who, Event, key=f"{kind}-{who}-{when}", kind=kind, occurred_at=at, received_at=at)

    def contact(self, who: int, when: str, channel: str = "call", **values: Any) -> None:
        """Somebody of the shop called, visited or wrote; it counts to the caps."""
        owner = values.pop("owner_id", who)
        self.row(who, Contact, owner_id=owner, channel=channel, at=instant(when), **values)

    def complain(self, who: int, when: str, until: str | None = None) -> None:
        """A complaint is open from `when` on."""
        closed = instant(until) if until else None
        self.row(who, Hold, kind="complaint", opened_at=instant(when), closed_at=closed)

    def refuse(self, who: int, category: str, when: str, until: str) -> None:
        """A category is refused."""
        times = {"opened_at": instant(when), "closed_at": instant(until)}
        self.row(who, Hold, kind="refusal", category=category, **times)

    def suppress(self, who: int, when: str, *, scope: str = "commercial", channel: str | None = None) -> None:
        """The person opted out (`commercial`), or may not be written to at all (`all`)."""
        values = {"scope": scope, "reason": "opt_out", "channel": channel, "created_at": instant(when)}
        self.row(who, Suppression, **values)

    def withdraw(self, who: int, channel: str, when: str) -> None:
        """The permission for the channel is taken back."""
        consents = table(Consent)
        with self.changing(who) as connection:
            mine = (consents.c.customer_id == who, consents.c.channel == channel, consents.c.ended_at.is_(None))
            connection.execute(update(consents).where(*mine).values(ended_at=instant(when)))
            self._consent(connection, who, channel, instant(when), status="withdrawn", basis="opt_out")

    def allow(self, who: int, channel: str, when: str) -> None:
        """Commercial messages are allowed on the channel."""
        with self.changing(who) as connection:
            self._consent(connection, who, channel, instant(when))

    def tag(self, who: int, tag: str) -> None:
        """The person carries a tag."""
        self.row(who, CustomerTag, tag=tag)

    def untag(self, who: int, tag: str) -> None:
        """The tag is taken away."""
        tags = table(CustomerTag)
        with self.changing(who) as connection:
            connection.execute(tags.delete().where(tags.c.customer_id == who, tags.c.tag == tag))

    def product(self, key: str, category: str = "") -> int:
        """A product; gives its id."""
        with writing(self.engine) as connection:
            number = (connection.scalar(select(func.max(table(Product).c.id))) or 0) + 1
            add(connection, Product, id=number, key=key, name=key, category=category)
        return number

    def pause(self, scope: str, began: str, until: str | None = None) -> None:
        """A person stopped everything, a channel or a campaign."""
        with writing(self.engine) as connection:
            add(connection, Pause, scope=scope, began_at=instant(began), until_at=instant(until) if until else None)

    def correct(self, who: int, **values: Any) -> None:
        """Columns of the customer's own row are changed."""
        with self.changing(who) as connection:
            customers = table(Customer)
            connection.execute(update(customers).where(customers.c.id == who).values(**values))

    def row(self, who: int, model: type[SQLModel], **values: Any) -> None:
        """One row about a customer, written as every change is."""
        with self.changing(who) as connection:
            add(connection, model, customer_id=who, **values)
            if model is Contact:
                refresh_facts(connection, [who])

    def changing(self, who: int) -> "_Changing":
        """A write transaction about a customer that planning will hear of."""
        return _Changing(self, who)

    # What delivery would do

    def send(self, who: int, name: str, when: str | None = None, status: str = "sent") -> None:
        """A planned touch of `campaign/step` leaves (at its slot, unless `when` says otherwise)."""
        with writing(self.engine) as connection:
            mine = self._touches(who, name).where(table(Touch).c.status == "planned")
            found = connection.execute(mine).one()
            self._sent(connection, found, instant(when) if when else found.at, status)

    def send_due(self) -> None:
        """Everything planned whose slot has come leaves at its slot."""
        touches = table(Touch)
        with writing(self.engine) as connection:
            due = select(touches).where(touches.c.status == "planned", touches.c.at <= self.now)
            for found in connection.execute(due.order_by(touches.c.at, touches.c.id)).all():
                self._sent(connection, found, found.at, "sent")

    def _sent(self, connection: Connection, found: Any, at: datetime, status: str) -> None:
        change(connection, [found.customer_id], at)
        touches = table(Touch)
        values: dict[str, Any] = {"at": at, "sendable_until": found.expires_at}
        for old, new in (("planned", "claimed"), ("claimed", "sending")):
            mine = (touches.c.id == found.id, touches.c.status == old)
            assert connection.execute(update(touches).where(*mine).values(status=new, **values)).rowcount == 1
        if status in ("sent", "unknown"):
            who = {"customer_id": found.customer_id, "owner_id": found.owner_id, "touch_id": found.id}
            what = {"channel": found.channel, "at": at, "counts": found.counts_to_cap, "source": found.campaign}
            zone = connection.scalar(select(table(Customer).c.zone).where(table(Customer).c.id == found.customer_id))
            periods = periods_in(zone or self.settings.timezone, int(at.timestamp()) // QUARTER)
            add(connection, Contact, **who, **what, periods=periods)
            refresh_facts(connection, [found.customer_id])
        connection.execute(update(touches).where(touches.c.id == found.id).values(status=status))

    # What the ledger says

    def told(self, who: int, name: str = "") -> list[Told]:
        """The person's touches (of one `campaign/step`), earliest first."""
        with self.engine.connect() as connection:
            return [self._told(row) for row in connection.execute(self._touches(who, name))]

    def the(self, who: int, name: str = "") -> Told:
        """The person's only touch (of one `campaign/step`)."""
        (found,) = self.told(who, name)
        return found

    def plans(self, who: int) -> list[str]:
        """Every touch of the person in a line: `campaign/step status verdict slot`, earliest first."""
        return [f"{each.name} {each.status} {each.verdict} {each.at}" for each in self.told(who)]

    def got(self, who: int, zone: str = TOKYO) -> list[str]:
        """What was sent to the person: `campaign/step instant`, earliest first."""
        touches = table(Touch)
        mine = (touches.c.customer_id == who, touches.c.status == "sent")
        with self.engine.connect() as connection:
            found = connection.execute(select(touches).where(*mine).order_by(touches.c.at, touches.c.id)).all()
        return [f"{each.campaign}/{each.step} {shown(each.at, zone)}" for each in found]

    def enrollments(self, who: int) -> list[str]:
        """`campaign occurrence`, and why it ended where it did, in the order of opening."""
        rows = table(Enrollment)
        with self.engine.connect() as connection:
            found = connection.execute(select(rows).where(rows.c.customer_id == who).order_by(rows.c.id)).all()
        return [f"{each.campaign} {each.occurrence} {each.exit_reason or ''}".strip() for each in found]

    def moves(self, who: int) -> int:
        """How often touches of the person were rewritten."""
        log, touches = table(TouchLog), table(Touch)
        found = select(func.count()).select_from(log.join(touches, touches.c.id == log.c.touch_id))
        with self.engine.connect() as connection:
            return int(connection.scalar(found.where(touches.c.customer_id == who)) or 0)

    def _touches(self, who: int, name: str) -> Any:
        touches = table(Touch)
        found = select(touches).where(touches.c.customer_id == who)
        if name:
            found = found.where(touches.c.campaign + "/" + touches.c.step == name)
        return found.order_by(func.coalesce(touches.c.at, touches.c.due_at), touches.c.campaign, touches.c.id)

    def _told(self, row: Any) -> Told:
        name = f"{row.campaign}/{row.step}"
        at = shown(row.at)
        return Told(name, row.status, row.verdict, at, row.channel or "-", row.occurrence, row.failing or [])

    def _consent(self, connection: Connection, who: int, channel: str, at: datetime, **values: Any) -> None:
        given = {"status": "granted", "basis": "opt_in", "source": "form", "given_at": at, "recorded_at": at}
        add(connection, Consent, customer_id=who, channel=channel, **{**given, **values})


class _Changing:
    """`writing` with the word to planning that belongs to it."""

    def __init__(self, shop: Shop, who: int) -> None:
        self.shop, self.who = shop, who
        self.transaction = writing(shop.engine)

    def __enter__(self) -> Connection:
        connection = self.transaction.__enter__()
        change(connection, [self.who], self.shop.now)
        return connection

    def __exit__(self, *problem: Any) -> None:
        self.transaction.__exit__(*problem)


_SETTINGS: dict[str, list[Settings]] = {}


def the_same(settings: Settings) -> Settings:
    """The first settings that were equal to these, as a daemon has one object for many ticks.

    Planning keeps its statements for each object, and in a short test they cost more to build than to run.
    """
    known = _SETTINGS.setdefault(repr(settings), [])
    found = next((each for each in known if each == settings), None)
    if found is None:
        known.append(settings)
    return found or settings


_CAMPAIGNS: dict[tuple[int, tuple[str, ...]], tuple[Settings, Campaigns]] = {}


def _kept(settings: Settings, campaigns: tuple[str, ...]) -> Campaigns:
    """These campaigns as they were loaded first, which holds on to the settings, so that the number stays theirs."""
    key = id(settings), campaigns
    if key not in _CAMPAIGNS:
        _CAMPAIGNS[key] = settings, loaded(settings, *campaigns)
    return _CAMPAIGNS[key][1]


def loaded(settings: Settings, *campaigns: str) -> Campaigns:
    """The campaigns of YAML texts, read from files as a shop's are."""
    with TemporaryDirectory() as folder:
        here = Path(folder) / "campaigns"
        here.mkdir()
        for number, text in enumerate(campaigns):
            (here / f"{number}.yaml").write_text(text, encoding="utf-8")
        return load_campaigns(here, settings)


def add(connection: Connection, model: type[SQLModel], **values: Any) -> None:
    """One row as it is given, the rest by the model's defaults."""
    write_row(connection, model, **{**columns_only(model, {"created_at": instant(LONG_AGO)}), **values})
