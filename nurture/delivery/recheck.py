"""The recheck: one statement for each step that asks every gate of touches again. It decides nothing.

The statements are built once for each state of config and campaigns and kept: building one takes a hundred times what
SQLite takes to answer it for a touch.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)

from nurture.gates.reach import on_hold, reach
from nurture.gates.situation import PlannedStep, Situation
from nurture.gates.standing import ending, in_audience, occasion_of, scope_of
from nurture.rules.moment import Moment
from nurture.rules.offer import offered_product
from nurture.rules.permission import usable_address
from nurture.rules.variables import incomplete
from nurture.store import Ids, among_bound
from nurture.store.tables import Account, Customer, Enrollment, Touch, seconds, table

ACCOUNT, CUSTOMER, ENROLLMENT, TOUCH = (table(each) for each in (Account, Customer, Enrollment, Touch))
OWN_COLUMNS = ("id", "token", "owner_id", "customer_id", "channel", "hop", "attempts", "occurrence", "subject_id")
STATES = 8
"""States of config and campaigns whose statements are kept."""


class Rechecked(NamedTuple):
    """A touch and what its gates say now. A tuple of our own: its fields are read thirty times, ten times as fast."""

    id: int
    token: int
    owner_id: int
    customer_id: int
    channel: str
    hop: int
    attempts: int
    occurrence: str
    subject_id: int | None
    due_at: int
    """Epoch seconds, as every instant here."""
    at: int
    expires_at: int
    occurred_at: int
    zone: str
    kind: str
    version: int
    """The customer's."""
    shares: bool
    first_reach: int | None
    """Which gate keeps the step's first channel from them; 0 = none."""
    second_reach: int | None
    held: bool
    outside: bool
    exits: str | None
    incomplete: bool
    address: str | None
    ended_at: datetime | None


class Recheck:
    """The statements of one state."""

    def __init__(self, situation: Situation) -> None:
        self._moment = Moment()
        self._situation = replace(situation, moment=self._moment)
        self._kept: dict[int, Select[Any]] = {}

    def ask(self, connection: Connection, step: PlannedStep, picked: Iterable[int], instant: int) -> list[Rechecked]:
        """What every gate says at `instant` of these touches, as far as they are of the step."""
        if step.id not in self._kept:
            self._kept[step.id] = _statement(self._situation, step, self._moment)
        self._moment.tell(now=instant, picked=picked)
        return [Rechecked._make(row) for row in connection.execute(self._kept[step.id])]


def recheck_of(situation: Situation) -> Recheck:
    """The statements of the situation's config and campaigns."""
    requires = tuple(sorted(situation.requires.items()))
    return _recheck(_State(id(situation.settings), id(situation.campaigns), requires, situation))


@dataclass(frozen=True)
class _State:
    settings: int
    """Which object it is. What is kept holds on to it, so that no other can take its place."""
    campaigns: int
    requires: tuple[tuple[str, tuple[str, ...]], ...]
    situation: Situation = field(compare=False)


@lru_cache(maxsize=STATES)
def _recheck(state: _State) -> Recheck:
    return Recheck(state.situation)


def _statement(situation: Situation, step: PlannedStep, moment: Moment) -> Select[Any]:
    campaign = step.campaign
    scope = scope_of(
        situation,
        campaign,
        CUSTOMER.c.id,
        subject_id=ENROLLMENT.c.subject_id,
        occurred_at=seconds(ENROLLMENT.c.occurred_at),
        occurrence=ENROLLMENT.c.occurrence,
    )
    about, channels = campaign.about, step.step.channels
    reaches = [reach(scope, channel, campaign.purpose) for channel in channels[:2]]
    needs = scope.about(offer_id=offered_product(scope, campaign.offer)) if campaign.offer else scope
    held = on_hold(scope, campaign.purpose, about.product if about else None, about.category if about else None)
    addresses = [(TOUCH.c.channel == each, usable_address(scope.customer_id, each)) for each in channels]
    columns: list[ColumnElement[Any]] = [  # in the order of Rechecked
        *(TOUCH.c[name] for name in OWN_COLUMNS),
        seconds(TOUCH.c.due_at).label("due_at"),
        seconds(TOUCH.c.at).label("at"),
        seconds(TOUCH.c.expires_at).label("expires_at"),
        seconds(ENROLLMENT.c.occurred_at).label("occurred_at"),
        _zone(situation).label("zone"),
        CUSTOMER.c.kind,
        CUSTOMER.c.version,
        _shares().label("shares"),
        reaches[0].label("first_reach"),
        (reaches[1] if len(reaches) > 1 else null()).label("second_reach"),
        held.label("held"),
        (~in_audience(scope, campaign)).label("outside"),
        ending(scope, campaign).label("exits"),
        (incomplete(needs, step.requires, occasion_of(campaign)) if step.requires else literal(False)).label(
            "incomplete"
        ),
        case(*addresses).label("address"),
        ENROLLMENT.c.ended_at,
    ]
    same = and_(
        ENROLLMENT.c.customer_id == TOUCH.c.customer_id,
        ENROLLMENT.c.campaign == TOUCH.c.campaign,
        ENROLLMENT.c.occurrence == TOUCH.c.occurrence,
    )
    return (
        select(*columns)
        .select_from(TOUCH.join(ENROLLMENT, same).join(CUSTOMER, CUSTOMER.c.id == TOUCH.c.customer_id))
        .where(
            among_bound(TOUCH.c.id, moment.bound(list, "picked", Ids())),
            TOUCH.c.campaign == campaign.campaign,
            TOUCH.c.step == step.step.step,
        )
    )


def _zone(situation: Situation) -> ColumnElement[str]:
    account = select(ACCOUNT.c.zone).where(ACCOUNT.c.id == CUSTOMER.c.account_id).scalar_subquery()
    return func.coalesce(CUSTOMER.c.zone, account, situation.settings.timezone)


def _shares() -> ColumnElement[bool]:
    """Whether somebody else's mail goes to the same inbox."""
    other = CUSTOMER.alias("sharer")
    return or_(CUSTOMER.c.cap_owner_id.is_not(None), exists().where(other.c.cap_owner_id == CUSTOMER.c.id))
