"""Looking: the half of a claim that only reads: what is due, what every gate says of it, and whether its slot is now.

The gates that time opens are asked by the same placing as in planning.

On PostgreSQL it locks what it finds, and belongs in the transaction that takes it. SQLite has no such locks to keep:
there a worker looks on a connection of its own while others write, and asks `still` in the transaction that takes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, select

from nurture.gates.cap import cap_rows, longest_memory
from nurture.gates.placing import Candidate, Contact, Decision, Placer
from nurture.gates.reach import INCOMPLETE, LEFT_AUDIENCE, NO_ADDRESS, ON_HOLD
from nurture.gates.situation import PlannedStep, Situation
from nurture.gates.timing import make_placer
from nurture.store import Prepared, among
from nurture.store.backstop import caps_in_force
from nurture.store.tables import Contact as ContactRow
from nurture.store.tables import Generation, seconds, table

from .picking import Terms, lock, pick, terms_of
from .recheck import Rechecked, recheck_of

CONTACT, GENERATION = table(ContactRow), table(Generation)
STANDING = Prepared(
    """
    SELECT touch.id FROM {rows} CROSS JOIN touch CROSS JOIN customer
    WHERE touch.id = batch.touch_id AND touch.token = batch.held AND touch.status = 'planned'
    AND touch.at = batch.slot AND touch.channel = batch.chosen
    AND touch.due_at = batch.due AND touch.expires_at = batch.expires AND touch.customer_id = batch.whose
    AND customer.id = touch.customer_id AND customer.version = batch.seen
    """,
    touch_id="BIGINT",
    held="BIGINT",
    slot="BIGINT",
    chosen="TEXT",
    due="BIGINT",
    expires="BIGINT",
    whose="BIGINT",
    seen="BIGINT",
)
"""Every write that a rule or a gate can read raises the customer's version; planning moves a slot or an expiry without,
and after a merge the touch is another customer's, whose version may be the same."""
UNMOVED = Prepared(
    """
    SELECT touch.id FROM {rows} CROSS JOIN touch
    WHERE touch.id = batch.touch_id AND touch.at = batch.slot AND touch.status = 'planned'
    """,
    touch_id="BIGINT",
    slot="BIGINT",
)


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
    gone: Mapping[int, int] = field(default_factory=dict)
    """Touches that were due and belong to no step any more, and their slots."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to claim, to conclude or to take a slot from."""
        return not (self.asked or self.gone)


class Seen(NamedTuple):
    """What a look found, as one process tells it to another: steps by their numbers."""

    terms: Terms
    generation: int
    asked: list[tuple[Candidate, Rechecked, int, int]]
    placed: Mapping[int, int | Decision]
    gone: Mapping[int, int]

    def known_by(self, situation: Situation) -> Looked:
        """The same, of this process's steps."""
        asked = [Asked(each, row, situation.steps[step], gate) for each, row, step, gate in self.asked]
        return Looked(self.terms, self.generation, asked, self.placed, self.gone)


def seen(looked: Looked) -> Seen:
    """What is told of a look."""
    asked = [(each.candidate, each.row, each.step.id, each.gate) for each in looked.asked]
    return Seen(looked.terms, looked.generation, asked, looked.placed, looked.gone)


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
    known = {each.row.id for each in asked}
    gone = {each.id: each.at for each in picked if each.id not in known}
    placed = _place(connection, situation, [each.candidate for each in asked if not each.gate])
    return Looked(terms, generation, asked, placed, gone)


def still(connection: Connection, situation: Situation, looked: Looked) -> Looked:
    """What of an earlier look holds in this transaction; nothing where it went by other terms than hold now."""
    terms = terms_of(connection, situation)
    if terms != looked.terms or _generation(connection) != looked.generation:
        return Looked(terms)
    standing = {touch_id for (touch_id,) in STANDING.run(connection, (_as_seen(each.row) for each in looked.asked))}
    unmoved = {touch_id for (touch_id,) in UNMOVED.run(connection, looked.gone.items())} if looked.gone else set()
    return replace(
        looked,
        asked=[each for each in looked.asked if each.row.id in standing],
        gone={touch_id: slot for touch_id, slot in looked.gone.items() if touch_id in unmoved},
    )


def _as_seen(row: Rechecked) -> tuple[object, ...]:
    whose = (row.customer_id, row.version)
    return (row.id, row.token, row.at, row.channel, row.due_at, row.expires_at, *whose)


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
        select(CONTACT.c.owner_id, seconds(CONTACT.c.at), CONTACT.c.channel, label)
        .where(
            among(CONTACT.c.owner_id, owners),
            CONTACT.c.counts,
            CONTACT.c.direction == "out",
            seconds(CONTACT.c.at) > oldest,
        )
        .order_by(CONTACT.c.at, CONTACT.c.id)
    )
    contacts: dict[int, list[Contact]] = {}
    for owner, at, channel, what in connection.execute(found):
        contacts.setdefault(owner, []).append(Contact(at, channel, what))
    return contacts
