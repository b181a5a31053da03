"""Claiming: planned touches whose time has come are asked every gate again and handed to one worker.

What a fixed gate refuses is concluded where it is final, else it loses its slot and planning is told to look; what time
refuses moves on.
"""

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection, update

from nurture.config import Settings
from nurture.gates.limit import Limit, limits_of
from nurture.gates.placing import Decision
from nurture.gates.reach import FIXED, LEFT_AUDIENCE, SUPPRESSED
from nurture.gates.situation import Situation
from nurture.store import Prepared
from nurture.store.tables import Touch, table

from .looking import Asked, Looked, look
from .occupancy import used
from .parking import conclude, log_change, park
from .throttle import SLOWED, Rate, admit, channel_rates, domain_rate, slowed_domains
from .values import Claimed

TOUCH = table(Touch)
GUARD = 30
"""Seconds before a window closes in which nothing is handed over any more: the longest from fence to last byte."""
TAKING = Prepared(
    """
    UPDATE touch SET status = 'claimed', token = token + 1, worker = :holder, lease_until = :leased,
        sendable_until = batch.until, customer_version = batch.seen, generation = :generated,
        hop = touch.hop + CASE WHEN touch.attempts > 0 AND EXISTS (
            SELECT 1 FROM message
            WHERE message.touch_id = touch.id AND message.hop = touch.hop AND message.recipient <> batch.address
        ) THEN 1 ELSE 0 END
    FROM {rows}
    WHERE touch.id = batch.touch_id AND touch.token = batch.held AND touch.status = 'planned'
    RETURNING touch.id, touch.hop
    """,
    touch_id="BIGINT",
    held="BIGINT",
    until="BIGINT",
    seen="BIGINT",
    address="TEXT",
)
"""What passed a fence keeps its bytes, and they are of the address they were written for: another begins a new hop."""


def claim(
    connection: Connection,
    situation: Situation,
    *,
    worker: str,
    channels: Collection[str],
    limit: int,
    lease: int,
    apart: float | None = None,
) -> list[Claimed]:
    """Claims at most `limit` touches, one for each owner, for `lease` seconds, in the caller's write transaction.

    Only `channels` that the worker can serve are looked at: the others' slots stay as they are. `apart`: seconds
    between wall clock and boot time now.
    """
    looked = look(connection, situation, channels, limit)
    return take(connection, situation, looked, worker=worker, lease=lease, apart=apart)


def take(
    connection: Connection, situation: Situation, looked: Looked, *, worker: str, lease: int, apart: float | None = None
) -> list[Claimed]:
    """The second half of a claim: what a look found, in the same transaction or asked `still` in this one."""
    park(connection, situation, looked.gone, "left_audience")
    asked = looked.asked
    for each in asked:
        if each.gate:
            _refuse(connection, situation, each)
    passing = [each for each in asked if not each.gate]
    passing = _within_limits(connection, situation, passing)
    free = _within_rates(connection, situation, _free_now(connection, situation, passing, looked.placed))
    return _take(connection, situation, free, looked.generation, worker, lease, apart)


def _refuse(connection: Connection, situation: Situation, asked: Asked) -> None:
    name = FIXED[asked.gate]
    if asked.gate == SUPPRESSED and asked.candidate.other_reach in (None, 1, SUPPRESSED):
        conclude(connection, situation, [asked.row.id], "suppressed", name, None)
    elif asked.gate == LEFT_AUDIENCE:
        conclude(connection, situation, [asked.row.id], "cancelled", name, None)
    else:
        park(connection, situation, [asked.row.id], name)


def _within_limits(connection: Connection, situation: Situation, asked: list[Asked]) -> list[Asked]:
    """Takes out those for whom a shared limit has no room left; planning will place them anew."""
    for limit in limits_of(situation):
        mine = [each for each in asked if _under(limit, each)]
        if not mine or (limit.until is not None and situation.instant >= limit.until):
            continue
        surplus = mine[max(limit.count - used(connection, limit, situation.instant), 0) :]
        park(connection, situation, [each.row.id for each in surplus], "over_quota")
        asked = [each for each in asked if each not in surplus]
    return asked


def _under(limit: Limit, asked: Asked) -> bool:
    if limit.campaign is not None:
        return asked.step.campaign.campaign == limit.campaign
    return bool(asked.row.channel == limit.channel)


def _free_now(
    connection: Connection, situation: Situation, asked: list[Asked], placed: Mapping[int, int | Decision]
) -> list[tuple[Asked, int]]:
    """Those whose slot is now, with the end of the opening they are in; the others move to their next slot."""
    free: list[tuple[Asked, int]] = []
    for each in asked:
        found = placed[each.row.id]
        if isinstance(found, Decision):
            _move(connection, situation, each, found)
        else:
            free.append((each, found))
    return free


def _move(connection: Connection, situation: Situation, asked: Asked, decision: Decision) -> None:
    if decision.status == "planned" and decision.at is not None:
        log_change(connection, situation, asked.row.id, "planned", decision.verdict, decision.at, asked.row.channel)
        connection.execute(
            update(TOUCH)
            .where(TOUCH.c.id == asked.row.id, TOUCH.c.status == "planned")
            .values(at=decision.at, verdict=decision.verdict)
        )
    elif decision.status in ("expired", "dropped"):
        conclude(connection, situation, [asked.row.id], decision.status, decision.verdict, asked.row.channel)
    else:
        park(connection, situation, [asked.row.id], decision.verdict)


def _within_rates(
    connection: Connection, situation: Situation, free: list[tuple[Asked, int]]
) -> list[tuple[Asked, int]]:
    """As many as the throttles let go now; the others stay planned and are picked again."""
    settings, now = situation.settings, situation.now.timestamp()
    slowed = slowed_domains(connection)
    groups: dict[str, tuple[Rate, list[int]]] = {}
    for index, (asked, _) in enumerate(free):
        for rate in _rates(settings, asked, slowed):
            groups.setdefault(rate.name, (rate, []))[1].append(index)
    over: set[int] = set()
    # By name, so that two workers take the rows' locks in one order.
    for _, (rate, indexes) in sorted(groups.items()):
        waiting = [index for index in indexes if index not in over]
        over.update(waiting[admit(connection, rate, now, len(waiting)) :])
    return [each for index, each in enumerate(free) if index not in over]


def _rates(settings: Settings, asked: Asked, slowed: set[str]) -> Iterator[Rate]:
    yield from channel_rates(settings, asked.row.channel)
    if asked.row.channel == "email":
        domain = str(asked.row.address).rpartition("@")[2]
        rate = domain_rate(settings, domain)
        if rate is not None or domain in slowed:
            yield rate or Rate(f"domain:{domain}", SLOWED, 1)


def _take(
    connection: Connection,
    situation: Situation,
    free: list[tuple[Asked, int]],
    generation: int,
    worker: str,
    lease: int,
    apart: float | None,
) -> list[Claimed]:
    untils = {asked.row.id: min(closing - GUARD, asked.row.expires_at) for asked, closing in free}
    late = [touch_id for touch_id, until in untils.items() if until <= situation.instant]
    park(connection, situation, late, "outside_window")
    wanted = [asked for asked, _ in free if untils[asked.row.id] > situation.instant]
    if not wanted:
        return []
    rows = [(each.row.id, each.row.token, untils[each.row.id], each.row.version, each.row.address) for each in wanted]
    leased = situation.instant + lease
    taken = dict(TAKING.run(connection, rows, holder=worker, leased=leased, generated=generation))
    return [_claimed(each, taken[each.row.id], untils[each.row.id], apart) for each in wanted if each.row.id in taken]


def _claimed(asked: Asked, hop: int, until: int, apart: float | None) -> Claimed:
    row = asked.row
    return Claimed(
        touch_id=row.id,
        token=row.token + 1,
        customer_id=row.customer_id,
        owner_id=row.owner_id,
        campaign=asked.step.campaign,
        step=asked.step.step,
        occurrence=row.occurrence,
        subject_id=row.subject_id,
        occurred_at=row.occurred_at,
        channel=row.channel,
        address=row.address or "",
        hop=hop,
        attempts=row.attempts,
        expires_at=row.expires_at,
        sendable_until=until,
        apart=apart,
        shares=bool(row.shares),
        zone=row.zone,
    )
