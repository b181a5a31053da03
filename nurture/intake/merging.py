"""Two entries turn out to be one person: everything of one goes to the other, and nothing that was promised is lost."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Table,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlmodel import SQLModel

from nurture.intake.matching import roots
from nurture.intake.sharing import join_inboxes
from nurture.intake.state import COLUMNS, load_states
from nurture.store import change
from nurture.store.facts import refresh_facts
from nurture.store.tables import (
    Address,
    Consent,
    Customer,
    CustomerChange,
    CustomerFact,
    CustomerTag,
    DatedFact,
    Enrollment,
    ImportRow,
    Membership,
    Touch,
    TouchLog,
    table,
)

_customer, _address, _consent, _touch = table(Customer), table(Address), table(Consent), table(Touch)
_enrollment, _dated, _tag, _membership = table(Enrollment), table(DatedFact), table(CustomerTag), table(Membership)

OPEN = ("planned", "claimed")
"""States of a touch that nobody was sent yet."""


def merge_customers(connection: Connection, keep: int, drop: int, now: datetime) -> None:
    """Makes `drop` a part of `keep`; call it inside a write transaction. `now`: aware UTC.

    Gaps in what is known of `keep` are filled from `drop`; its number leads to `keep` from now on. Addresses and
    permissions are united, and an opt-out wins. Where two touches or enrollments are for the same occurrence, the
    earlier stands: the other keeps its history under a key of its own and, if it was only planned, is cancelled.
    Raises ValueError when both are one, unknown, or already merged.
    """
    found = set(connection.scalars(select(_customer.c.id).where(_customer.c.id.in_([keep, drop]))))
    if keep == drop or found != {keep, drop} or roots(connection, found) != {keep: keep, drop: drop}:
        raise ValueError(f"customers {keep} and {drop} can't be merged: both must exist, apart from each other")
    change(connection, [keep, drop], now)
    _fill_gaps(connection, keep, drop)
    _unite_addresses(connection, keep, drop, now)
    _unite_consents(connection, keep, drop, now)
    _part_twins(connection, _touch, _same_touch, keep, drop, now)
    _part_twins(connection, _enrollment, _same_enrollment, keep, drop, now)
    for target, same in ((_dated, ("name", "relative")), (_tag, ("tag",)), (_membership, ("segment",))):
        _drop_twins(connection, target, same, keep, drop)
    _repoint(connection, keep, drop)
    shared = select(_address.c.shared_with).where(_address.c.customer_id == keep, _address.c.removed_at.is_(None))
    holders = list(connection.scalars(shared.where(_address.c.shared_with.is_not(None)).order_by(_address.c.id)))
    join_inboxes(connection, [(keep, holder) for holder in holders], (), now)
    connection.execute(update(_customer).where(_customer.c.merged_into == drop).values(merged_into=keep))
    connection.execute(update(_customer).where(_customer.c.id == drop).values(merged_into=keep, cap_owner_id=None))
    change(connection, [keep, drop], now)
    refresh_facts(connection, [keep, drop])


def _fill_gaps(connection: Connection, keep: int, drop: int) -> None:
    states = load_states(connection, [keep, drop])
    mine, theirs = states[keep].columns, states[drop].columns
    names = [
        name for name in COLUMNS if name not in ("key", "kind", "attributes", "registered_at", "name", "name_match")
    ]
    filled: dict[str, Any] = {name: theirs[name] for name in names if theirs[name] and not mine[name]}
    if theirs["name"] and not mine["name"]:
        filled |= {"name": theirs["name"], "name_match": theirs["name_match"]}
    filled["attributes"] = {**theirs["attributes"], **mine["attributes"]}
    earliest = min(
        (each for each in (mine["registered_at"], theirs["registered_at"]) if each is not None), default=None
    )
    account = select(_customer.c.account_id).where(_customer.c.id == drop).scalar_subquery()
    never = select(_customer.c.never).where(_customer.c.id == drop).scalar_subquery()
    connection.execute(
        update(_customer)
        .where(_customer.c.id == keep)
        .values(
            **filled,
            registered_at=earliest,
            account_id=func.coalesce(_customer.c.account_id, account),
            never=or_(_customer.c.never, never),
        )
    )


def _unite_addresses(connection: Connection, keep: int, drop: int, now: datetime) -> None:
    """One address each, held by `keep` where either held it; whoever shared with `drop` shares with `keep`."""
    twin = _address.alias("twin")
    same = and_(twin.c.channel == _address.c.channel, twin.c.value == _address.c.value, twin.c.removed_at.is_(None))
    both = exists().where(same, twin.c.customer_id == keep)
    mine = and_(_address.c.customer_id == drop, _address.c.removed_at.is_(None), both)
    held = connection.execute(
        select(_address.c.channel, _address.c.value).where(mine, _address.c.shared_with.is_(None))
    )
    addresses = held.all()
    connection.execute(update(_address).where(mine).values(removed_at=now))
    for channel, value in addresses:
        first = (_address.c.customer_id == keep, _address.c.channel == channel, _address.c.value == value)
        connection.execute(update(_address).where(*first, _address.c.removed_at.is_(None)).values(shared_with=None))
    connection.execute(update(_address).where(_address.c.customer_id == drop).values(customer_id=keep))
    connection.execute(update(_address).where(_address.c.shared_with == drop).values(shared_with=keep))
    alone = and_(_address.c.customer_id == keep, _address.c.shared_with == keep)
    connection.execute(update(_address).where(alone).values(shared_with=None))


def _unite_consents(connection: Connection, keep: int, drop: int, now: datetime) -> None:
    """Of two entries in force on one channel the refusal stands, else the earlier permission; the other has ended."""
    query = select(_consent.c.id, _consent.c.channel, _consent.c.purpose)
    in_force = (_consent.c.customer_id.in_([keep, drop]), _consent.c.ended_at.is_(None))
    refusals_first = case((_consent.c.status == "withdrawn", 0), else_=1)
    seen: set[tuple[str, str]] = set()
    ended = []
    for ident, *what in connection.execute(
        query.where(*in_force).order_by(refusals_first, _consent.c.given_at, _consent.c.id)
    ):
        if (what[0], what[1]) in seen:
            ended.append(ident)
        seen.add((what[0], what[1]))
    connection.execute(update(_consent).where(_consent.c.id.in_(ended)).values(ended_at=now))
    connection.execute(update(_consent).where(_consent.c.customer_id == drop).values(customer_id=keep))


def _same_touch(one: Any, other: Any) -> ColumnElement[bool]:
    return and_(_same_enrollment(one, other), one.c.step == other.c.step)


def _same_enrollment(one: Any, other: Any) -> ColumnElement[bool]:
    return and_(one.c.campaign == other.c.campaign, one.c.occurrence == other.c.occurrence)


def _part_twins(connection: Connection, target: Table, same: Any, keep: int, drop: int, now: datetime) -> None:
    """Gives the later of two rows for one occurrence a key of its own."""
    twin = target.alias("twin")
    mine, theirs = _begins(target), _begins(twin)
    later = or_(theirs < mine, and_(theirs == mine, twin.c.id < target.c.id))
    pair = or_(
        and_(target.c.customer_id == keep, twin.c.customer_id == drop),
        and_(target.c.customer_id == drop, twin.c.customer_id == keep),
    )
    # Both are asked before either is renamed.
    lost = list(connection.scalars(select(target.c.id).where(exists().where(same(target, twin), pair, later))))
    parted = update(target).where(target.c.id.in_(lost))
    renamed = target.c.occurrence + literal("#merged:") + cast(target.c.id, String)
    if target is _touch:
        _cancel(connection, lost, now)
        connection.execute(parted.values(occurrence=renamed))
    else:
        ended = {"ended_at": func.coalesce(target.c.ended_at, int(now.timestamp())), "next_at": None}
        reason = func.coalesce(target.c.exit_reason, "exited")
        connection.execute(parted.values(occurrence=renamed, exit_reason=reason, **ended))


def _cancel(connection: Connection, touches: list[int], now: datetime) -> None:
    """Those that nobody was sent yet; the token keeps a worker that has claimed one from going on."""
    open_ones = and_(_touch.c.id.in_(touches), _touch.c.status.in_(OPEN))
    cancelled = {"status": "cancelled", "decided_at": now, "token": _touch.c.token + 1, "worker": None}
    rows = connection.execute(
        update(_touch).where(open_ones).values(cancelled).returning(_touch.c.id, _touch.c.verdict, _touch.c.at)
    ).all()
    log = [
        {"touch_id": ident, "logged_at": now, "status": "cancelled", "verdict": verdict, "at": at}
        for ident, verdict, at in rows
    ]
    if log:
        connection.execute(insert(table(TouchLog)), log)


def _begins(target: Any) -> ColumnElement[Any]:
    """When a touch or an enrollment is due; what has begun counts by the instant at which it did."""
    if "opened_at" in target.c:
        opened: ColumnElement[Any] = target.c.opened_at
        return opened
    return func.coalesce(target.c.at, target.c.due_at)


def _drop_twins(connection: Connection, target: Table, same: tuple[str, ...], keep: int, drop: int) -> None:
    """Removes what both have: `keep` knows better."""
    twin = target.alias("twin")
    both = exists().where(*(twin.c[name] == target.c[name] for name in same), twin.c.customer_id == keep)
    connection.execute(delete(target).where(target.c.customer_id == drop, both))


def _repoint(connection: Connection, keep: int, drop: int) -> None:
    """Everything else of `drop` becomes `keep`'s, whatever tables there are."""
    owner = connection.scalar(
        select(func.coalesce(_customer.c.cap_owner_id, _customer.c.id)).where(_customer.c.id == keep)
    )
    # `keep` may have been under the caps of `drop`.
    owner = keep if owner in (drop, None) else owner
    for target in SQLModel.metadata.sorted_tables:
        if "customer_id" in target.c and target not in (table(CustomerFact), table(CustomerChange), table(ImportRow)):
            connection.execute(update(target).where(target.c.customer_id == drop).values(customer_id=keep))
        if "owner_id" in target.c:
            theirs = or_(target.c.owner_id == drop, target.c.customer_id == keep)
            connection.execute(update(target).where(theirs).values(owner_id=owner))
    connection.execute(update(_customer).where(_customer.c.cap_owner_id == drop).values(cap_owner_id=owner))
    alone = and_(_customer.c.id == keep, _customer.c.cap_owner_id == keep)
    connection.execute(update(_customer).where(alone).values(cap_owner_id=None))
