"""Operators about the person: attributes, tags, dates, reachability, consent, holds."""

from calendar import isleap
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, null, or_, select

from nurture.condition.vocabulary import (
    Complaint,
    DateIs,
    HasConsent,
    HasTag,
    IsKind,
    LivesIn,
    Reachable,
    Refused,
)
from nurture.store.tables import Customer, CustomerTag, DatedFact, Hold, Product, probe
from nurture.zone import Duration, ZoneTable

from .clause import Clause, any_value
from .permission import CHANNELS, consented, has_address, suppressed, usable_address
from .scope import Scope

CUSTOMER, TAG, DATED, HOLD, PRODUCT = (probe(each) for each in (Customer, CustomerTag, DatedFact, Hold, Product))


def tag(scope: Scope, asked: HasTag) -> Clause:
    """Carries one of the tags."""
    found = select(TAG.c.tag).where(TAG.c.customer_id == scope.customer_id, any_value(TAG.c.tag, asked.any_of))
    return Clause(found.exists(), found.limit(1).scalar_subquery())


def kind(scope: Scope, asked: IsKind) -> Clause:
    """Private person or company."""
    return Clause(_whose(scope, CUSTOMER.c.kind == asked.equals), column_of(scope, CUSTOMER.c.kind))


def prefecture(scope: Scope, asked: LivesIn) -> Clause:
    """Lives in one of the prefectures."""
    wanted = any_value(CUSTOMER.c.prefecture, asked.any_of)
    return Clause(_whose(scope, wanted), column_of(scope, CUSTOMER.c.prefecture))


def date(scope: Scope, asked: DateIs) -> Clause:
    """A yearly date: known, in a month, or coming soon. Where only the month is known, `within` is false."""
    mine = select(DATED.c.id).where(
        DATED.c.customer_id == scope.customer_id, DATED.c.name == asked.name, DATED.c.relative == asked.relative
    )
    parts: list[ColumnElement[bool]] = []
    if asked.known is not None:
        parts.append(mine.exists() if asked.known else ~mine.exists())
    if asked.month is not None:
        parts.append(mine.where(DATED.c.month == asked.month).exists())
    if asked.this_month is not None:
        zone = scope.shop_zone
        now = mine.where(DATED.c.month == scope.following(lambda now: zone.local_date(now).month)).exists()
        parts.append(now if asked.this_month else ~now)
    if asked.within is not None:
        parts.append(mine.where(_is_coming(scope, asked.within)).exists())
    shown = DATED.c.month * 100 + func.coalesce(DATED.c.day, 0)
    return Clause(and_(*parts), mine.with_only_columns(shown).limit(1).scalar_subquery(), "day")


def reachable(scope: Scope, asked: Reachable) -> Clause:
    """A usable address that is not suppressed."""
    channels = CHANNELS if asked.by == "any" else (asked.by,)
    parts = [
        and_(
            has_address(scope.customer_id, channel),
            ~suppressed(scope.customer_id, channel, scope.instant, "commercial"),
        )
        for channel in channels
    ]
    known = func.coalesce(
        *(case((usable_address(scope.customer_id, channel).is_not(None), channel)) for channel in CHANNELS), null()
    )
    return Clause(or_(*parts), known)


def consent(scope: Scope, asked: HasConsent) -> Clause:
    """Commercial messages are allowed."""
    channels = CHANNELS if asked.to == "any" else (asked.to,)
    allowed = or_(*(consented(scope.customer_id, channel, scope.instant) for channel in channels))
    return Clause(allowed, case((allowed, literal("granted")), else_=null()))


def complaint(scope: Scope, asked: Complaint) -> Clause:
    """A complaint is open."""
    since = select(func.min(HOLD.c.opened_at)).where(*_holding(scope, "complaint")).scalar_subquery()
    return Clause(open_complaint(scope), since, "instant")


def refused(scope: Scope, asked: Refused) -> Clause:
    """A product or category was refused, and that still holds."""
    found = refusal(scope, product=asked.product, category=asked.category)
    since = select(func.max(HOLD.c.opened_at)).where(*_holding(scope, "refusal")).scalar_subquery()
    return Clause(found, since, "instant")


def open_complaint(scope: Scope) -> ColumnElement[bool]:
    """TRUE while the customer has an open complaint."""
    return select(1).where(*_holding(scope, "complaint")).exists()


def refusal(scope: Scope, *, product: str | None, category: str | None) -> ColumnElement[bool]:
    """TRUE while the product (by its code), the category it belongs to, or the category named is refused."""
    matches: list[ColumnElement[bool]] = []
    if category is not None:
        matches.append(HOLD.c.category == category)
    if product is not None:
        matches.append(HOLD.c.product_id == select(PRODUCT.c.id).where(PRODUCT.c.key == product).scalar_subquery())
        belongs = select(PRODUCT.c.category).where(PRODUCT.c.key == product, PRODUCT.c.category != "")
        matches.append(HOLD.c.category == belongs.scalar_subquery())
    return select(1).where(*_holding(scope, "refusal"), or_(*matches)).exists()


def column_of(scope: Scope, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column of the customer's own row."""
    return select(column).where(CUSTOMER.c.id == scope.customer_id).scalar_subquery()


def _whose(scope: Scope, wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(1).where(CUSTOMER.c.id == scope.customer_id, wanted).exists()


def _holding(scope: Scope, what: str) -> tuple[ColumnElement[bool], ...]:
    # From when it was written down on: by its date it lies ahead where the clock was set back since.
    begun = [HOLD.c.opened_at <= scope.instant] if scope.recount else []
    return (
        HOLD.c.customer_id == scope.customer_id,
        HOLD.c.kind == what,
        func.coalesce(HOLD.c.closed_at, scope.instant + 1) > scope.instant,
        *begun,
    )


def _is_coming(scope: Scope, within: Duration) -> ColumnElement[bool]:
    zone, feb29 = scope.shop_zone, scope.settings.feb29
    day: ColumnElement[int] = DATED.c.month * 100 + DATED.c.day
    return day.in_(scope.following(lambda now: _coming_days(zone, now, within, feb29)))


def _coming_days(zone: ZoneTable, now: int, within: Duration, feb29: str) -> list[int]:
    """The days from now on as 100 × month + day."""
    first, last = zone.local_date(now), zone.local_date(within.after(zone, now))
    found: list[int] = []
    for step in range(min((last - first).days, 366) + 1):
        day = first + timedelta(days=step)
        found.append(day.month * 100 + day.day)
        if not isleap(day.year) and f"{day.month:02}-{day.day:02}" == feb29:
            found.append(229)
    return found
