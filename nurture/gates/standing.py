"""Whether somebody still stands where the campaign speaks to them: its audience, and what ends their enrollment."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, null, select

from nurture.campaign import After, Anniversary, Campaign, Entered
from nurture.condition.vocabulary import InSegment
from nurture.rules.buying import GONE
from nurture.rules.compiling import predicate
from nurture.rules.offer import offered_product
from nurture.rules.scope import Scope
from nurture.rules.variables import Occasion
from nurture.store.tables import Booking, Order, probe

from .situation import Situation, subject_of

ORDER, BOOKING = probe(Order), probe(Booking)


def scope_of(situation: Situation, campaign: Campaign | None, customer_id: ColumnElement[Any], **more: Any) -> Scope:
    """The surroundings in which a campaign's conditions are compiled."""
    return Scope(
        customer_id=customer_id,
        now=situation.moment or situation.instant,
        settings=situation.settings,
        segments=situation.segments,
        subject=subject_of(campaign) if campaign else None,
        campaign=campaign.campaign if campaign else None,
        **more,
    )


def in_audience(scope: Scope, campaign: Campaign) -> ColumnElement[bool]:
    """The campaign's audience: its conditions, the watched segment, something to offer, and nothing that ends it."""
    parts = [predicate(scope, campaign.audience)]
    if isinstance(campaign.trigger, Entered):
        parts.append(predicate(scope, InSegment(name=campaign.trigger.entered)))
    if campaign.offer is not None:
        parts.append(offered_product(scope, campaign.offer).is_not(None))
    return and_(*parts)


def active(customer: Any) -> ColumnElement[bool]:
    """Neither merged into somebody else nor erased."""
    return and_(customer.c.merged_into.is_(None), customer.c.erased_at.is_(None))


def ending(scope: Scope, campaign: Campaign) -> ColumnElement[Any]:
    """`closed` when the order or booking that opened the occurrence is gone, `exited` by `exit_when`, else NULL."""
    whens: list[tuple[ColumnElement[bool], str]] = []
    trigger = campaign.trigger
    if isinstance(trigger, After) and trigger.table != "event" and trigger.after != "cancellation":
        source, gone = (ORDER, GONE) if trigger.table == "order" else (BOOKING, ("cancelled",))
        closed = select(1).where(source.c.id == scope.subject_id, source.c.status.in_(gone))
        whens.append((closed.exists(), "closed"))
    if campaign.exit_when is not None:
        whens.append((predicate(scope, campaign.exit_when), "exited"))
    return case(*whens, else_=null()) if whens else null()


def occasion_of(campaign: Campaign) -> Occasion | None:
    """The yearly date that an anniversary campaign celebrates, None for the others."""
    trigger = campaign.trigger
    return Occasion(trigger.anniversary, trigger.relative) if isinstance(trigger, Anniversary) else None
