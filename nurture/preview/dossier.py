"""What is on record about one customer: who they are, how they may be reached, and what was sent and said so far."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from nurture.config import Settings
from nurture.message.honorific import Names, called
from nurture.rules.permission import CHANNELS
from nurture.store import among
from nurture.store.tables import (
    Account,
    Address,
    Consent,
    Contact,
    Customer,
    Enrollment,
    Hold,
    Suppression,
    Touch,
    TouchLog,
    seconds,
    table,
)

ACCOUNT, ADDRESS, CONSENT, CONTACT, CUSTOMER = (table(each) for each in (Account, Address, Consent, Contact, Customer))
ENROLLMENT = table(Enrollment)
HOLD, LOG, SUPPRESSION, TOUCH = (table(each) for each in (Hold, TouchLog, Suppression, Touch))
TRIED = ("sent", "failed", "unknown")
TOUCHES, CONTACTS = 100, 50
"""The newest of each that are shown."""


@dataclass(frozen=True)
class Identity:
    """A customer as one is named among others."""

    id: int
    key: str | None
    """The shop's own customer number."""
    name: str
    called: str
    kind: str
    """individual | company."""
    zone: str
    owner_id: int
    """Whose caps hold: oneself, or the first person at a shared inbox."""
    never: bool
    """The shop decided never to contact this person."""
    erased_at: int | None


@dataclass(frozen=True)
class Reach:
    """What is known of one channel. Instants are epoch seconds."""

    channel: str
    address: str | None
    """The oldest usable one."""
    consent: str | None
    """granted | withdrawn; None = nothing recorded."""
    basis: str
    consent_at: int | None
    suppressed: str | None
    """Why the address or the person may not be used."""
    suppressed_at: int | None


@dataclass(frozen=True)
class Recorded:
    """One entry of what became of a touch."""

    logged_at: int
    status: str
    verdict: str
    at: int | None
    channel: str | None
    failing: tuple[dict[str, Any], ...]
    lost: bool = False
    """Of the past: a later change took the place of its time and its reason."""


@dataclass(frozen=True)
class PastTouch:
    """A row of the ledger with everything that changed on it."""

    campaign: str
    step: str
    occurrence: str
    channel: str | None
    due_at: int
    at: int | None
    expires_at: int
    result: str | None
    """What the receiving end said."""
    now: Recorded
    """How it stands."""
    log: tuple[Recorded, ...]
    """Later changes, oldest first."""


@dataclass(frozen=True)
class PastContact:
    """An approach to the customer or by them."""

    at: int
    channel: str
    direction: str
    """out | in."""
    counts: bool
    """Counts to the caps."""
    what: str
    """Where it came from: `campaign/step`, or what an import noted."""


def identities(connection: Connection, settings: Settings, ids: tuple[int, ...]) -> tuple[Identity, ...]:
    """Who the ids are, in the order of the ids."""
    columns = [CUSTOMER.c[name] for name in ("id", "key", "name", "family_name", "given_name", "kind", "never")]
    found = (
        select(*columns, CUSTOMER.c.zone, CUSTOMER.c.cap_owner_id, seconds(CUSTOMER.c.erased_at).label("erased_at"))
        .add_columns(ACCOUNT.c.name.label("company"), ACCOUNT.c.zone.label("company_zone"))
        .select_from(CUSTOMER.outerjoin(ACCOUNT, ACCOUNT.c.id == CUSTOMER.c.account_id))
        .where(among(CUSTOMER.c.id, ids))
        .order_by(CUSTOMER.c.id)
    )
    return tuple(_identity(row, settings) for row in connection.execute(found))


def reaches(connection: Connection, customer_id: int, now: int, *, past: bool = False) -> tuple[Reach, ...]:
    """Address, consent and suppression of every channel as they stand at `now`; of a `past` one as they stood."""
    return tuple(_reach(connection, customer_id, channel, now, past=past) for channel in CHANNELS)


def holds(connection: Connection, customer_id: int, now: int, *, past: bool = False) -> list[tuple[str, str, int]]:
    """(kind, category, since) of the complaints and refusals in force."""
    ended = or_(HOLD.c.closed_at.is_(None), seconds(HOLD.c.closed_at) > now)
    mine = (HOLD.c.customer_id == customer_id, ended, *_begun(HOLD.c.opened_at, now, past=past))
    found = select(HOLD.c.kind, HOLD.c.category, seconds(HOLD.c.opened_at)).where(*mine).order_by(HOLD.c.opened_at)
    return [(kind, category, since) for kind, category, since in connection.execute(found)]


def past_touches(connection: Connection, customer_id: int, until: int | None = None) -> tuple[PastTouch, ...]:
    """The newest rows of the ledger, newest first, each with its log; `until` then, as they were recorded."""
    instants = [seconds(TOUCH.c[name]).label(name) for name in ("due_at", "at", "expires_at", "decided_at")]
    names = ("id", "campaign", "step", "occurrence", "channel", "status", "verdict", "failing", "result")
    found = select(*(TOUCH.c[name] for name in names), *instants).where(TOUCH.c.customer_id == customer_id)
    found = found.where(_recorded_by(until)) if until is not None else found
    newest = found.order_by(TOUCH.c.due_at.desc(), TOUCH.c.id.desc()).limit(TOUCHES)
    rows = connection.execute(newest).all()
    log = _logs(connection, [row.id for row in rows])
    told = [_past(row, log[row.id]) for row in rows]
    return tuple(told if until is None else (_as_of(each, until) for each in told))


def past_contacts(connection: Connection, customer_id: int, now: int) -> tuple[PastContact, ...]:
    """The newest contacts up to `now`, newest first."""
    names = ("channel", "direction", "counts", "source")
    found = select(seconds(CONTACT.c.at).label("at"), *(CONTACT.c[name] for name in names)).where(
        CONTACT.c.customer_id == customer_id, seconds(CONTACT.c.at) <= now
    )
    rows = connection.execute(found.order_by(CONTACT.c.at.desc(), CONTACT.c.id.desc()).limit(CONTACTS))
    return tuple(PastContact(row.at, row.channel, row.direction, bool(row.counts), row.source) for row in rows)


def _identity(row: Any, settings: Settings) -> Identity:
    names = Names(row.name, row.family_name, row.given_name, row.company or "", row.kind == "company")
    return Identity(
        id=row.id,
        key=row.key,
        name=row.name or row.company or "",
        called=called(names, settings.honorific, settings.language),
        kind=row.kind,
        zone=row.zone or row.company_zone or settings.timezone,
        owner_id=row.cap_owner_id or row.id,
        never=bool(row.never),
        erased_at=row.erased_at,
    )


def _reach(connection: Connection, customer_id: int, channel: str, now: int, *, past: bool) -> Reach:
    there = _lasting(ADDRESS.c.removed_at, now, past=past)
    on_channel = (ADDRESS.c.customer_id == customer_id, ADDRESS.c.channel == channel, there)
    address = connection.scalar(
        select(ADDRESS.c.value).where(*on_channel, ADDRESS.c.status != "invalid").order_by(ADDRESS.c.id).limit(1)
    )
    mine = (CONSENT.c.customer_id == customer_id, CONSENT.c.channel == channel, CONSENT.c.purpose == "commercial")
    asked = select(CONSENT.c.status, CONSENT.c.basis, seconds(CONSENT.c.given_at).label("at")).where(*mine)
    in_force = (_lasting(CONSENT.c.ended_at, now, past=past), seconds(CONSENT.c.given_at) <= now)
    consent = connection.execute(asked.where(*in_force).order_by(CONSENT.c.given_at.desc())).first()
    stop = _suppression(connection, customer_id, channel, now, past=past)
    return Reach(
        channel=channel,
        address=address,
        consent=consent.status if consent else None,
        basis=consent.basis if consent else "",
        consent_at=consent.at if consent else None,
        suppressed=stop.reason if stop else None,
        suppressed_at=stop.at if stop else None,
    )


def _lasting(ended: Any, now: int, *, past: bool) -> ColumnElement[bool]:
    return or_(ended.is_(None), seconds(ended) > now) if past else ended.is_(None)


def _begun(since: Any, now: int, *, past: bool) -> tuple[ColumnElement[bool], ...]:
    # Today's are in force whatever their date says: the clock may have been set back since.
    return (seconds(since) <= now,) if past else ()


def _suppression(connection: Connection, customer_id: int, channel: str, now: int, *, past: bool) -> Any:
    values = select(ADDRESS.c.value).where(ADDRESS.c.customer_id == customer_id, ADDRESS.c.channel == channel)
    person = (SUPPRESSION.c.customer_id == customer_id) & SUPPRESSION.c.value.is_(None)
    lifted = or_(SUPPRESSION.c.lifted_at.is_(None), seconds(SUPPRESSION.c.lifted_at) > now)
    found = select(SUPPRESSION.c.reason, seconds(SUPPRESSION.c.created_at).label("at")).where(
        or_(person, SUPPRESSION.c.value.in_(values)),
        or_(SUPPRESSION.c.channel.is_(None), SUPPRESSION.c.channel == channel),
        lifted,
        *_begun(SUPPRESSION.c.created_at, now, past=past),
    )
    return connection.execute(found.order_by(SUPPRESSION.c.created_at)).first()


def _logs(connection: Connection, ids: list[int]) -> dict[int, list[Recorded]]:
    names = ("touch_id", "status", "verdict", "channel", "failing")
    instants = [seconds(LOG.c[name]).label(name) for name in ("logged_at", "at")]
    found = select(*(LOG.c[name] for name in names), *instants).where(among(LOG.c.touch_id, ids)).order_by(LOG.c.id)
    by_touch: dict[int, list[Recorded]] = defaultdict(list)
    for row in connection.execute(found):
        by_touch[row.touch_id].append(_recorded(row, row.logged_at))
    return by_touch


def _past(row: Any, log: list[Recorded]) -> PastTouch:
    names = ("campaign", "step", "occurrence", "channel", "due_at", "at", "expires_at", "result")
    return PastTouch(**{name: getattr(row, name) for name in names}, now=_recorded(row, row.decided_at), log=tuple(log))


def _recorded_by(until: int) -> ColumnElement[bool]:
    """The touch was on record by then."""
    logged = select(1).where(LOG.c.touch_id == TOUCH.c.id)
    of_it = [ENROLLMENT.c[name] == TOUCH.c[name] for name in ("customer_id", "campaign", "occurrence")]
    begun = select(1).where(*of_it, seconds(ENROLLMENT.c.opened_at) <= until)
    return or_(
        seconds(TOUCH.c.decided_at) <= until,
        logged.where(seconds(LOG.c.logged_at) <= until).exists(),
        # Each change after the first row is logged: what changed later was there, and from when its enrollment began.
        and_(begun.exists(), logged.exists()),
    )


def _as_of(touch: PastTouch, until: int) -> PastTouch:
    """The touch, which was on record by then, as it was recorded up to then."""
    log = tuple(each for each in touch.log if each.logged_at <= until)
    decided = touch.now.logged_at <= until
    tried_at = touch.at if touch.now.status in TRIED else None
    if tried_at is not None and tried_at <= until:
        return _tried(touch, log)
    if decided and len(log) == len(touch.log) and tried_at is None:
        return touch
    if log:
        return replace(touch, now=log[-1], log=log[:-1], channel=log[-1].channel, at=log[-1].at, result=None)
    # Only what waits is ever changed.
    lost = Recorded(until, "planned", "ok", None, None, (), lost=True)
    return replace(touch, now=lost, log=(), channel=None, at=None, result=None)


def _tried(touch: PastTouch, log: tuple[Recorded, ...]) -> PastTouch:
    """What was handed over by then keeps its time, whatever came back later; its status is what was known by then."""
    status = log[-1].status if log and log[-1].status in TRIED else touch.now.status
    result = touch.result if status == touch.now.status else None
    return replace(touch, now=replace(touch.now, status=status), log=log, result=result)


def _recorded(row: Any, logged_at: int) -> Recorded:
    return Recorded(logged_at, row.status, row.verdict, row.at, row.channel, tuple(row.failing or ()))
