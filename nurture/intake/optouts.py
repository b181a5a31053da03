"""What an older mail tool knew: who opted out, whose address is dead, who complained. It is never forgotten."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from nurture.intake.cells import Cells, RowRefused
from nurture.intake.field.word import STOPS, read_word
from nurture.intake.inserting import insert_rows
from nurture.intake.kind import (
    CHANGED,
    NEW,
    UNCHANGED,
    Checking,
    Item,
    Judged,
    Kind,
    Refused,
    Staged,
    Taken,
    each_row,
    refuse,
)
from nurture.intake.listed import listed
from nurture.intake.person import Person
from nurture.intake.recording import Writing
from nurture.store import among, change
from nurture.store.tables import Address, Consent, Suppression, table

SCOPES = {"opt_out": "commercial", "complaint": "commercial", "hard_bounce": "all"}

_address, _consent, _suppression = table(Address), table(Consent), table(Suppression)
Target = tuple[str, str | None, int | None]
"""Channel and address; or channel, None and the customer, where only the person is named."""


@dataclass(frozen=True)
class Stop:
    """One row of the older tool."""

    person: Person
    reason: str
    """As in table suppression; `active` = nothing is to be stopped."""
    at: int
    """Epoch seconds."""


@dataclass
class _Known:
    """What the database knows of some addresses and people."""

    stopped: set[tuple[str, str | None, int | None, str]] = field(default_factory=set)
    """Target and reason of the suppressions in force; the customer is None for an address."""
    holders: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    granted: set[tuple[int, str]] = field(default_factory=set)
    """Customer and channel of the permissions in force."""


def _read(checking: Checking) -> Iterator[Item]:
    def parse(cells: Cells) -> Stop:
        person = checking.describer.person(cells)
        if not (person.email or person.line or person.key or person.phone):
            raise RowRefused("reject.nobody")
        reason = cells.read("state", lambda text: read_word(text, STOPS)) or "opt_out"
        at = cells.moment("stopped_at", checking.terms) or checking.terms.moment
        return Stop(person, reason, min(at, checking.terms.moment))

    return each_row(checking, parse)


def _judge(connection: Connection, checking: Checking, taken: Sequence[Taken]) -> list[Judged | Refused]:
    refs = dict(
        zip((e.row for e in taken), checking.roster.find(connection, [e.record.person for e in taken]), strict=True)
    )
    targets = {each.row: _targets(each.record, refs[each.row]) for each in taken}
    known = _load(connection, [target for found in targets.values() for target in found])
    return [_judged(checking, each, targets[each.row], known) for each in taken]


def _judged(checking: Checking, taken: Taken, targets: list[Target], known: _Known) -> Judged | Refused:
    stop: Stop = taken.record
    if stop.reason == "active":
        return Judged(taken.row, UNCHANGED, {})
    if not targets:
        return refuse(taken, "reject.no_such_customer", found=stop.person.key or stop.person.phone)
    values = {"targets": [list(each) for each in targets], "reason": stop.reason, "at": stop.at}
    fresh = [each for each in targets if (*_unowned(each), stop.reason) not in known.stopped]
    said = [(*_unowned(each), stop.reason) for each in targets]
    known.stopped.update(said)
    if fresh:
        return Judged(taken.row, NEW, values)
    open_permissions = stop.reason == "opt_out" and any(_granted(each, known) for each in targets)
    return Judged(taken.row, CHANGED if open_permissions else UNCHANGED, values if open_permissions else {})


def _targets(stop: Stop, customer: int | None) -> list[Target]:
    """The addresses of the row and who may hold them; without one the person: by mail, a wish by LINE too."""
    addresses: list[Target] = [(channel, value, customer) for channel, value, _ in stop.person.addresses]
    channels = ("email",) if stop.reason == "hard_bounce" else ("email", "line")
    return addresses or [(channel, None, customer) for channel in channels if customer]


def _unowned(target: Target) -> Target:
    channel, value, customer = target
    return (channel, value, None if value else customer)


def _granted(target: Target, known: _Known) -> list[int]:
    """The customers at the target whose permission is in force."""
    channel, value, customer = target
    people = known.holders.get((channel, value), []) if value else [customer] if customer else []
    return [each for each in people if (each, channel) in known.granted]


def _load(connection: Connection, targets: Sequence[Target]) -> _Known:
    known = _Known()
    columns = (_suppression.c.channel, _suppression.c.value, _suppression.c.customer_id, _suppression.c.reason)
    people = {customer for _, value, customer in targets if customer and not value}
    for channel in {channel for channel, _, _ in targets}:
        values = {value for found, value, _ in targets if found == channel and value}
        mine = (
            _suppression.c.channel == channel,
            listed(_suppression.c.value, values),
            _suppression.c.lifted_at.is_(None),
        )
        for row in connection.execute(select(*columns).where(*mine)) if values else ():
            known.stopped.add((row.channel, row.value, None, row.reason))
        held = select(_address.c.value, _address.c.customer_id).where(
            _address.c.channel == channel, listed(_address.c.value, values), _address.c.removed_at.is_(None)
        )
        for value, customer in connection.execute(held.order_by(_address.c.id)) if values else ():
            known.holders.setdefault((channel, value), []).append(customer)
    personal = (
        among(_suppression.c.customer_id, people),
        _suppression.c.value.is_(None),
        _suppression.c.lifted_at.is_(None),
    )
    for row in connection.execute(select(*columns).where(*personal)) if people else ():
        known.stopped.add((row.channel, None, row.customer_id, row.reason))
    people |= {customer for held_by in known.holders.values() for customer in held_by}
    allowed = (_consent.c.status == "granted", _consent.c.purpose == "commercial", _consent.c.ended_at.is_(None))
    query = select(_consent.c.customer_id, _consent.c.channel).where(among(_consent.c.customer_id, people), *allowed)
    known.granted = {(row[0], row[1]) for row in connection.execute(query)}
    return known


def _write(writing: Writing, rows: Sequence[Staged]) -> dict[int, int]:
    stops = [(_target(each), row.values) for row in rows for each in row.values["targets"]]
    known = _load(writing.connection, [target for target, _ in stops])
    touched = {c for target, _ in stops for c in _at(target, known)}
    change(writing.connection, touched, writing.now)
    _suppress(writing, stops, known)
    _withdraw(writing, stops, known)
    return {}


def _target(written: Sequence[Any]) -> Target:
    return (written[0], written[1], written[2])


def _at(target: Target, known: _Known) -> list[int]:
    channel, value, customer = target
    return known.holders.get((channel, value), []) if value else [customer] if customer else []


def _suppress(writing: Writing, stops: Sequence[tuple[Target, dict[str, Any]]], known: _Known) -> None:
    rows = []
    for target, values in stops:
        said = (*_unowned(target), values["reason"])
        if said in known.stopped:
            continue
        known.stopped.add(said)
        people = _at(target, known)
        rows.append(
            {
                "channel": target[0],
                "value": target[1],
                "customer_id": people[0] if people else None,
                "scope": SCOPES[values["reason"]],
                "reason": values["reason"],
                "source": writing.source,
                "created_at": values["at"],
            }
        )
    insert_rows(writing.connection, _suppression, rows)


def _withdraw(writing: Writing, stops: Sequence[tuple[Target, dict[str, Any]]], known: _Known) -> None:
    """Ends the permission of everybody at an address that opted out, and records why."""
    ended = {
        (customer, target[0]): values["at"]
        for target, values in stops
        if values["reason"] == "opt_out"
        for customer in _granted(target, known)
    }
    for (customer, channel), at in ended.items():
        mine = (_consent.c.customer_id == customer, _consent.c.channel == channel, _consent.c.ended_at.is_(None))
        said = {"status": "withdrawn", "basis": "opt_out", "source": writing.source, "evidence": "", "given_at": at}
        row = {"customer_id": customer, "channel": channel, "purpose": "commercial", "recorded_at": writing.moment}
        writing.connection.execute(
            update(_consent).where(*mine, _consent.c.purpose == "commercial").values(ended_at=writing.now)
        )
        writing.connection.execute(insert(_consent).values(**row, **said))


OPTOUTS = Kind("optouts", _read, _judge, _write)
