"""The four rules as an expert would write them by hand: plain SQL into the same TEMP tables, with the same fixed gates.

Where the databases want another form, both stand here. They are kept honest by giving the same rows as the planner.
"""

from collections.abc import Iterator

OPENED = "INSERT INTO opened (campaign, customer_id, occurrence, occurred_at, subject_id, held_out)"
COLUMNS = (
    "thread step_id customer_id owner_id occurrence subject_id due_at expires_at priority first_reach second_reach "
    "held outside exits held_out incomplete zone kind touch_id touch_at gate channel"
).split()
CANDIDATE = f"INSERT INTO candidate ({', '.join(COLUMNS)})"
LATER = "INSERT INTO candidate (thread, step_id, customer_id, due_at, gate)"
ALIVE = "c.merged_into IS NULL AND c.erased_at IS NULL"
COMPLAINT = (
    "EXISTS (SELECT 1 FROM hold h WHERE h.customer_id = c.id AND h.kind = 'complaint' AND h.opened_at <= :now"
    " AND (h.closed_at IS NULL OR h.closed_at > :now))"
)
MILL_REFUSED = (
    "EXISTS (SELECT 1 FROM hold h WHERE h.customer_id = c.id AND h.kind = 'refusal' AND h.category = 'ミル'"
    " AND h.opened_at <= :now AND (h.closed_at IS NULL OR h.closed_at > :now))"
)
ZONE = "coalesce(c.zone, (SELECT a.zone FROM account a WHERE a.id = c.account_id), 'Asia/Tokyo')"
SUPPRESSED_NOW = (
    "s.scope IN ('all', 'commercial') AND s.created_at <= :now AND (s.lifted_at IS NULL OR s.lifted_at > :now)"
)


def twin(rule: str, dialect: str) -> list[str]:
    """The statements of a rule, with the bound values :now and :horizon; a birthday's days lie in `anniversary_day`."""
    return list(_TWINS[rule](dialect))


def _birthday(dialect: str) -> Iterator[str]:
    # SQLite keeps the order of a CROSS JOIN (sqlite.org/optoverview.html, 8.2); it would begin with all the birthdays.
    cross = "CROSS JOIN dated_fact d ON" if dialect == "sqlite" else "JOIN dated_fact d ON"
    yield f"""{OPENED}
        SELECT 'birthday', c.id, 'birthday:' || CAST(y.year AS TEXT), y.base_at, CAST(NULL AS BIGINT), {_false(dialect)}
        FROM anniversary_day y
        {cross} d.name = 'birthday' AND d.month = y.month AND d.day = y.day AND d.relative = ''
        JOIN customer c ON c.id = d.customer_id
        WHERE (d.year IS NULL OR d.year < y.year) AND y.zone = {ZONE} AND {ALIVE} AND c.kind = 'individual'
          AND NOT {COMPLAINT}
          AND NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.campaign = 'birthday' AND e.customer_id = c.id
            AND e.occurred_at > y.base_at - 25920000 AND e.occurred_at < y.base_at + 25920000)
          AND NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.campaign = 'birthday' AND e.customer_id = c.id
            AND e.occurrence = 'birthday:' || CAST(y.year AS TEXT))"""
    nameless = "rtrim(coalesce(c.family_name, ''), :blanks) = ''"
    shift = f"CASE {ZONE} WHEN 'Asia/Taipei' THEN 28800 WHEN 'Asia/Bangkok' THEN 25200 ELSE 32400 END"
    midnight = f"o.occurred_at - (o.occurred_at + {shift}) % 86400"
    greeting = f"CASE WHEN {midnight} + 36000 > o.occurred_at THEN {midnight} + 36000 ELSE o.occurred_at END"
    yield _staged(1, greeting, f"{midnight} + 86400", 80, ("line", "email"), COMPLAINT, nameless, dialect, "birthday")
    later = "o.occurred_at + 604800"
    yield _staged(0, later, f"{later} + 86400", 80, ("line", "email"), COMPLAINT, nameless, dialect, "birthday")
    yield f"""{LATER} SELECT -o.id, 0, o.customer_id, {later}, -1 FROM opened o
        WHERE o.campaign = 'birthday' AND {later} >= :horizon"""


def _thanks(dialect: str) -> Iterator[str]:
    yield f"""{OPENED}
        SELECT 'thanks', c.id, 'order:' || p."key", p.ordered_at, p.id, {_false(dialect)}
        FROM "order" p
        JOIN customer_fact f ON f.customer_id = p.customer_id AND f.first_order_id = p.id
        JOIN customer c ON c.id = p.customer_id
        WHERE p.ordered_at > :now - 259200 AND p.ordered_at <= :now AND p.status NOT IN ('cancelled', 'returned')
          AND {ALIVE} AND NOT {COMPLAINT}
          AND NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.campaign = 'thanks' AND e.customer_id = c.id
            AND e.occurrence = 'order:' || p."key")"""
    wanting = """NOT EXISTS (SELECT 1 FROM "order" p WHERE p.id = o.subject_id AND rtrim(p."key", :blanks) <> '')
        OR NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.subject_id AND rtrim(l.name, :blanks) <> '')"""
    due = "o.occurred_at + 86400"
    yield _staged(0, due, f"{due} + 172800", 90, ("line", "email"), COMPLAINT, wanting, dialect, "thanks")
    yield f"""{LATER} SELECT -o.id, 0, o.customer_id, {due}, -1 FROM opened o
        WHERE o.campaign = 'thanks' AND {due} >= :horizon"""


def _cross_sell(dialect: str) -> Iterator[str]:
    yield f"""{OPENED}
        SELECT 'cross-sell', c.id, :occurrence, :instant, CAST(NULL AS BIGINT), {_false(dialect)}
        FROM customer_fact f {"CROSS " if dialect == "sqlite" else ""}JOIN customer c ON c.id = f.customer_id
        WHERE f.order_count >= 4 AND f.order_total >= 20000 AND {ALIVE}
          AND EXISTS (SELECT 1 FROM order_line l WHERE l.customer_id = c.id AND l.category = '豆' AND l.counts
            AND l.ordered_at >= :half_a_year_ago AND l.ordered_at <= :now)
          AND NOT EXISTS (SELECT 1 FROM order_line l WHERE l.customer_id = c.id AND l.category = 'ミル' AND l.counts
            AND l.ordered_at <= :now)
          AND NOT EXISTS (SELECT 1 FROM contact t WHERE t.customer_id = c.id AND t.direction = 'out'
            AND t.at >= :two_weeks_ago AND t.at <= :now)
          AND {_mailable(dialect, few=True)}
          AND {_not_enrolled("cross-sell")}"""
    held = f"{COMPLAINT} OR {MILL_REFUSED}"
    yield _staged(0, "o.occurred_at", "o.occurred_at + 86400", 40, (), held, "", dialect, "cross-sell")


def _newsletter(dialect: str) -> Iterator[str]:
    yield f"""{OPENED}
        SELECT 'newsletter', c.id, :occurrence, :instant, CAST(NULL AS BIGINT), {_false(dialect)}
        FROM customer c
        WHERE {ALIVE} AND {_mailable(dialect, few=False)}
          AND {_not_enrolled("newsletter")}"""
    yield _staged(0, "o.occurred_at", "o.occurred_at + 259200", 10, (), COMPLAINT, "", dialect, "newsletter")


_TWINS = {"birthday": _birthday, "thanks": _thanks, "cross-sell": _cross_sell, "newsletter": _newsletter}


def _staged(
    step: int,
    due: str,
    expires: str,
    priority: int,
    channels: tuple[str, ...],
    held: str,
    incomplete: str,
    dialect: str,
    campaign: str,
) -> str:
    """A step into `candidate`; without `channels`, those opened were found reachable a moment ago."""
    first, second = (_reach(each) for each in channels) if channels else ("0", "NULL")
    best = "CASE WHEN r1 = 0 OR r2 = 0 THEN 0 WHEN r2 > r1 THEN r2 ELSE r1 END" if channels else "0"
    nothing = "CAST(NULL AS BIGINT)"
    chosen = "CASE WHEN r1 = 0 THEN 0 WHEN r2 = 0 OR r2 > r1 THEN 1 ELSE 0 END" if channels else "0"
    # Keeps SQLite from folding the columns into the CASE, where each would be asked again.
    apart = "LIMIT -1 OFFSET 0" if dialect == "sqlite" else "OFFSET 0"
    return f"""{CANDIDATE}
        SELECT thread, {step}, customer_id, owner_id, occurrence, subject_id, due_at, expires_at, {priority}, r1,
          CAST(r2 AS SMALLINT), held, {_false(dialect)}, NULL, held_out, incomplete, zone, kind, {nothing}, {nothing},
          CASE WHEN {best} > 0 THEN {best} WHEN held THEN 4 WHEN held_out THEN 6 WHEN incomplete THEN 7 ELSE 0 END,
          {chosen}
        FROM (SELECT -o.id AS thread, c.id AS customer_id, coalesce(c.cap_owner_id, c.id) AS owner_id, o.occurrence,
            o.subject_id, {due} AS due_at, {expires} AS expires_at, {first} AS r1, {second} AS r2,
            {held} AS held, o.held_out, {incomplete or _false(dialect)} AS incomplete, {ZONE} AS zone, c.kind
          FROM opened o JOIN customer c ON c.id = o.customer_id
          WHERE o.campaign = '{campaign}' AND {due} < :horizon {apart}) raw"""


def _reach(channel: str) -> str:
    address = _address(channel)
    return f"""CASE WHEN NOT EXISTS (SELECT 1 FROM address a WHERE {address}) THEN 1
        WHEN c.never
          OR EXISTS (SELECT 1 FROM suppression s WHERE s.customer_id = c.id AND s.value IS NULL AND {SUPPRESSED_NOW}
            AND (s.channel IS NULL OR s.channel = '{channel}'))
          OR EXISTS (SELECT 1 FROM address a JOIN suppression s ON s.channel = '{channel}' AND s.value = a.value
            WHERE {address} AND {SUPPRESSED_NOW}) THEN 2
        WHEN NOT {_consent(channel)} THEN 3 ELSE 0 END"""


def _mailable(dialect: str, *, few: bool) -> str:
    """An address, not suppressed, consented. Of a million people, the few suppressed are better a set than probes."""
    parts = [f"EXISTS (SELECT 1 FROM address a WHERE {_address('email')})", "NOT c.never", _consent("email")]
    person = f"s.value IS NULL AND (s.channel IS NULL OR s.channel = 'email') AND {SUPPRESSED_NOW}"
    listed = "a.channel = 'email' AND a.removed_at IS NULL AND a.status <> 'invalid'"
    joined = "suppression s JOIN address a ON a.channel = s.channel AND a.value = s.value"
    address = f"{joined} WHERE {listed} AND s.channel = 'email'"
    if dialect == "sqlite" and not few:
        parts.append(
            f"c.id NOT IN (SELECT s.customer_id FROM suppression s WHERE s.customer_id IS NOT NULL AND {person})"
        )
        parts.append(f"c.id NOT IN (SELECT a.customer_id FROM {address} AND {SUPPRESSED_NOW})")
    else:
        parts.append(f"NOT EXISTS (SELECT 1 FROM suppression s WHERE s.customer_id = c.id AND {person})")
        parts.append(f"NOT EXISTS (SELECT 1 FROM {address} AND a.customer_id = c.id AND {SUPPRESSED_NOW})")
    return " AND ".join(parts)


def _address(channel: str) -> str:
    return f"a.customer_id = c.id AND a.channel = '{channel}' AND a.removed_at IS NULL AND a.status <> 'invalid'"


def _consent(channel: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM consent k WHERE k.customer_id = c.id AND k.channel = '{channel}'"
        " AND k.purpose = 'commercial' AND k.status = 'granted' AND k.ended_at IS NULL AND k.given_at <= :now)"
    )


def _not_enrolled(campaign: str) -> str:
    return (
        f"NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.customer_id = c.id AND e.campaign = '{campaign}'"
        " AND e.occurrence = :occurrence)"
    )


def _false(dialect: str) -> str:
    return "0" if dialect == "sqlite" else "false"
