"""Looking: the half of a claim that only reads: what is due, what every gate says of it, and whether its slot is now.

The gates that time opens are asked by the same placing as in planning.

On PostgreSQL it locks what it finds, and belongs in the transaction that takes it. SQLite has no such locks to keep:
there a worker looks on a connection of its own while others write, and asks `still` in the transaction that takes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, case, func, select, type_coerce

from nurture.gates.cap import cap_rows, longest_memory
from nurture.gates.placing import Candidate, Contact, Decision, Placer
from nurture.gates.reach import INCOMPLETE, LEFT_AUDIENCE, NO_ADDRESS, ON_HOLD
from nurture.gates.situation import PlannedStep, Situation
from nurture.gates.timing import make_placer
from nurture.store import Prepared, among
from nurture.store.backstop import caps_in_force
from nurture.store.tables import Contact as ContactRow
from nurture.store.tables import Generation, table

from .picking import Terms, lock, pick, terms_of
from .recheck import Rechecked, recheck_of

CONTACT, GENERATION = table(ContactRow), table(Generation)
STANDING = Prepared(
    """
    SELECT touch.id FROM {rows} CROSS JOIN touch CROSS JOIN customer
    WHERE touch.id = batch.touch_id AND touch.token = batch.held AND touch.status = 'planned'
    AND touch.at = batch.slot AND touch.channel = batch.chosen
    AND customer.id = touch.customer_id AND customer.version = batch.seen
    """,
    touch_id="BIGINT",
    held="BIGINT",
    slot="BIGINT",
    chosen="TEXT",
    seen="BIGINT",
)
"""Every write that a rule or a gate can read raises the customer's version; planning moves the slot."""


@dataclass(frozen=True)
class Asked:
    """One touch as the recheck found it."""

    candidate: Candidate
    row: Rechecked
    step: PlannedStep
    gate: int


@dataclass(frozen=True)
class Looked:
    """What a look found, and by what it went."""

    terms: Terms
    generation: int = 0
    """Of config and campaigns: the fence compares it."""
    asked: Sequence[Asked] = ()
    placed: Mapping[int, int | Decision] = field(default_factory=dict)
    """Of who passes the fixed gates, by touch: the end of the opening they are in, or where else their slot is."""
    gone: frozenset[int] = frozenset()
    """Touches that were due and belong to no step any more."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to claim, to conclude or to take a slot from."""
        return not (self.asked or self.gone)


def look(connection: Connection, situation: Situation, channels: Collection[str], limit: int) -> Looked:
    """Asks every gate of at most `limit` touches that are due on these channels, one for each owner."""
    terms = terms_of(connection, situation)
    picked = pick(connection, situation, terms, channels, limit)
    # Other caps than those in force: this folder was changed, and planning has not decided by it yet.
    if not picked or caps_in_force(connection) != cap_rows(situation.caps):
        return Looked(terms)
    generation = _generation(connection)
    picked = lock(connection, picked)
    asked = _ask(connection, situation, picked)
    gone = {each.id for each in picked} - {each.row.id for each in asked}
    placed = _place(connection, situation, [each.candidate for each in asked if not each.gate])
    return Looked(terms, generation, asked, placed, frozenset(gone))


def still(connection: Connection, situation: Situation, looked: Looked) -> Looked:
    """What of an earlier look holds in this transaction; nothing where it went by other terms than hold now."""
    terms = terms_of(connection, situation)
    if terms != looked.terms or _generation(connection) != looked.generation:
        return Looked(terms)
    seen = ((each.row.id, each.row.token, each.row.at, each.row.channel, each.row.version) for each in looked.asked)
    standing = {touch_id for (touch_id,) in STANDING.run(connection, seen)}
    return replace(looked, asked=[each for each in looked.asked if each.row.id in standing])


def _generation(connection: Connection) -> int:
    return connection.scalar(select(func.max(GENERATION.c.id))) or 0


def _ask(connection: Connection, situation: Situation, picked: Sequence[Any]) -> list[Asked]:
    recheck = recheck_of(situation)
    of_step: dict[tuple[str, str], list[int]] = {}
    for each in picked:
        of_step.setdefault((each.campaign, each.step), []).append(each.id)
    return [
        _asked(step, row)
        for step in situation.steps
        if (mine := of_step.get((step.campaign.campaign, step.step.step)))
        for row in recheck.ask(connection, step, mine, situation.instant)
    ]


def _asked(step: PlannedStep, row: Rechecked) -> Asked:
    position = step.step.channels.index(row.channel) if row.channel in step.step.channels else 0
    own, other = (row.first_reach, row.second_reach) if position == 0 else (row.second_reach, row.first_reach)
    gate = (own or 0) if row.channel in step.step.channels else NO_ADDRESS
    if not gate and row.held:
        gate = ON_HOLD
    if not gate and (row.outside or row.exits or row.ended_at is not None):
        gate = LEFT_AUDIENCE
    if not gate and row.incomplete:
        gate = INCOMPLETE
    candidate = Candidate(
        id=row.id,
        owner_id=row.owner_id,
        thread=row.id,
        step_id=step.id,
        due_at=row.due_at,
        expires_at=row.expires_at,
        channel=position,
        other_reach=other,
        zone=row.zone,
        kind=row.kind,
        touch_at=row.at,
    )
    return Asked(candidate, row, step, gate)


def _place(connection: Connection, situation: Situation, candidates: Sequence[Candidate]) -> dict[int, int | Decision]:
    if not candidates:
        return {}
    placer = make_placer(connection, situation)
    contacts = _contacts(connection, situation, placer, [each.owner_id for each in candidates])
    placed: dict[int, int | Decision] = {}
    alike: dict[tuple[int, str, str, int], int] = {}
    for each in candidates:
        candidate, known = each._replace(touch_at=None), contacts.get(each.owner_id, [])
        # Without contacts, what is due has its slot now where anybody's of its kind has.
        kind = (candidate.step_id, candidate.zone, candidate.kind, candidate.channel)
        plain = not known and candidate.due_at <= situation.instant < candidate.expires_at
        if plain and kind in alike:
            placed[each.id] = alike[kind]
            continue
        decision = next(iter(placer.place([candidate], known)))
        if decision.status == "planned" and decision.at == situation.instant:
            _, ends = placer.openings(candidate.step_id, candidate.zone, candidate.kind)
            placed[each.id] = closing = next(end for end in ends if end > situation.instant)
            if plain:
                alike[kind] = closing
        else:
            placed[each.id] = decision
    return placed


def _contacts(
    connection: Connection, situation: Situation, placer: Placer, owners: Iterable[int]
) -> dict[int, list[Contact]]:
    oldest = situation.instant - longest_memory(placer.caps)
    label = case((CONTACT.c.touch_id.is_not(None), CONTACT.c.source), else_=CONTACT.c.channel)
    found = (
        select(CONTACT.c.owner_id, _seconds(CONTACT.c.at), CONTACT.c.channel, label)
        .where(
            among(CONTACT.c.owner_id, owners),
            CONTACT.c.counts,
            CONTACT.c.direction == "out",
            _seconds(CONTACT.c.at) > oldest,
        )
        .order_by(CONTACT.c.at, CONTACT.c.id)
    )
    contacts: dict[int, list[Contact]] = {}
    for owner, at, channel, what in connection.execute(found):
        contacts.setdefault(owner, []).append(Contact(at, channel, what))
    return contacts


def _seconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)
