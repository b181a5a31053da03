"""The backstop: triggers by which the database itself refuses what must never happen, whatever program writes to it.

They are the last line behind the fence and must never fire: a refusal means that the code in front of them is wrong.
They say again, in SQL of their own, what the gates say; nothing here is shared with the gates. `upgrade` puts them up,
so that a corrected rule needs no migration.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DBAPIError

from nurture.store.tables import CapInForce, table

CapRow = tuple[str, int, int, str | None, str | None]
"""Name, how many at most, seconds of a rolling window (0), calendar unit (None), channel (None = all)."""

WAYS: Mapping[str, tuple[str, ...]] = {
    "planned": ("claimed", "expired", "cancelled", "suppressed", "dropped", "unknown"),
    "claimed": ("planned", "sending", "failed", "suppressed", "cancelled"),
    "sending": ("sent", "planned", "failed", "unknown"),
    "unknown": ("sent", "failed", "planned"),
}
"""From each state to where a touch may go; the others are final. Drawn, with each guard, in docs/delivery.md."""

_RULE = table(CapInForce)
_NAME = "backstop"
_SECOND = ("UNIQUE constraint failed: contact.touch_id", "ix_contact_touch_id")
"""How the databases speak of the unique index that keeps a touch to one contact."""
# A kept plan, but none made for tables that were empty then: planned anew the checks take a millisecond a row.
_PLPGSQL = """RETURNS trigger LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
"""
_MINE = (
    "c.owner_id = NEW.owner_id AND c.counts AND c.direction = 'out' AND (r.channel IS NULL OR c.channel = r.channel)"
)
_EARLIER = _MINE.replace("c.", "d.")
_HELD = "(r.channel IS NULL OR r.channel = NEW.channel)"
_SUPPRESSES = """(s.scope = 'all' OR (s.scope = 'commercial' AND t.obeys_cap))
        AND (s.lifted_at IS NULL OR s.lifted_at > NEW.at)"""
_CHECKS: Mapping[str, str] = {
    "no_fence": """NOT EXISTS (
        SELECT 1 FROM touch t WHERE t.id = NEW.touch_id AND t.status = 'sending' AND t.customer_id = NEW.customer_id
        AND t.owner_id = NEW.owner_id AND t.channel = NEW.channel)""",
    "too_late": """EXISTS (
        SELECT 1 FROM touch t WHERE t.id = NEW.touch_id
        AND (t.sendable_until IS NULL OR NEW.at >= t.sendable_until OR NEW.at >= t.expires_at))""",
    "suppressed": f"""EXISTS (
        SELECT 1 FROM touch t, suppression s WHERE t.id = NEW.touch_id AND s.customer_id = NEW.customer_id
        AND s.value IS NULL AND (s.channel IS NULL OR s.channel = NEW.channel) AND {_SUPPRESSES})
      OR EXISTS (
        SELECT 1 FROM touch t, address a, suppression s WHERE t.id = NEW.touch_id AND a.customer_id = NEW.customer_id
        AND a.channel = NEW.channel AND a.removed_at IS NULL AND a.status <> 'invalid'
        AND s.channel = NEW.channel AND s.value = a.value AND {_SUPPRESSES})
      OR EXISTS (
        SELECT 1 FROM customer p WHERE p.id = NEW.customer_id
        AND (p.never OR p.merged_into IS NOT NULL OR p.erased_at IS NOT NULL))""",
    "no_consent": """EXISTS (SELECT 1 FROM touch t WHERE t.id = NEW.touch_id AND t.obeys_cap) AND NOT EXISTS (
        SELECT 1 FROM consent k WHERE k.customer_id = NEW.customer_id AND k.channel = NEW.channel
        AND k.purpose = 'commercial' AND k.status = 'granted' AND k.ended_at IS NULL AND k.given_at <= NEW.at)""",
    "paused": """EXISTS (
        SELECT 1 FROM touch t, pause p WHERE t.id = NEW.touch_id
        AND (p.scope = 'all' OR p.scope = 'channel:' || NEW.channel OR p.scope = 'campaign:' || t.campaign)
        AND (p.ended_at IS NULL OR p.ended_at > NEW.at)
        AND (p.until_at IS NULL OR p.until_at > NEW.at))""",
    # Each run of contacts is counted from its first, which is the new one or an earlier one within reach of it.
    "capped": f"""EXISTS (
        SELECT 1 FROM touch t, cap_rule r WHERE t.id = NEW.touch_id AND t.obeys_cap AND r.unit IS NULL AND {_HELD} AND (
          r.at_most <= (SELECT count(*) FROM contact c WHERE {_MINE} AND c.at >= NEW.at AND c.at < NEW.at + r.seconds)
          OR EXISTS (SELECT 1 FROM contact d WHERE {_EARLIER} AND d.at > NEW.at - r.seconds AND d.at < NEW.at
            AND r.at_most <= (SELECT count(*) FROM contact c WHERE {_MINE}
              AND c.at >= d.at AND c.at < d.at + r.seconds))))""",
    "capped_by_calendar": f"""EXISTS (
        SELECT 1 FROM touch t, cap_rule r WHERE t.id = NEW.touch_id AND t.obeys_cap AND r.unit IS NOT NULL AND {_HELD}
        AND (NEW.periods IS NULL OR r.at_most <= (SELECT count(*) FROM contact c WHERE {_MINE}
          AND c.at >= CASE r.unit WHEN 'day' THEN <0> WHEN 'week' THEN <2> ELSE <4> END
          AND c.at < CASE r.unit WHEN 'day' THEN <1> WHEN 'week' THEN <3> ELSE <5> END)))""",
}
"""Name of each check of a contact of ours → what must not be true of the new row."""


def raise_backstop(connection: Connection) -> None:
    """Puts the triggers up, or up again where they are not these, in the caller's write transaction."""
    if connection.dialect.name == "postgresql":
        _raise_on_postgresql(connection)
    else:
        _raise_on_sqlite(connection)


def refusal_of(problem: BaseException) -> str | None:
    """Which check refused a write (`capped`, `no_consent`, …); None for any other trouble."""
    text = str(problem.orig) if isinstance(problem, DBAPIError) else ""
    if any(index in text for index in _SECOND):
        return "second_contact"
    return text.partition(f"{_NAME}: ")[2].split()[0] if f"{_NAME}: " in text else None


def put_caps(connection: Connection, rules: Iterable[CapRow]) -> None:
    """Makes these the caps in force, in the transaction that begins their generation."""
    wanted = sorted(rules, key=repr)
    if caps_in_force(connection) == wanted:
        return
    names = ("name", "at_most", "seconds", "unit", "channel")
    connection.execute(delete(_RULE))
    if wanted:
        connection.execute(insert(_RULE), [dict(zip(names, each, strict=True)) for each in wanted])


def caps_in_force(connection: Connection) -> list[CapRow]:
    """The caps under which planning last decided, in a fixed order."""
    found = select(_RULE.c.name, _RULE.c.at_most, _RULE.c.seconds, _RULE.c.unit, _RULE.c.channel)
    return sorted(((*row,) for row in connection.execute(found)), key=repr)


def _raise_on_sqlite(connection: Connection) -> None:
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    standing = {name: sql for name, sql in found if name.startswith(_NAME)}
    wanted = _sqlite_triggers()
    if standing == wanted:
        return
    for name in standing:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    for sql in wanted.values():
        connection.exec_driver_sql(sql)


def _sqlite_triggers() -> dict[str, str]:
    found = {
        f"{_NAME}_{name}": f"CREATE TRIGGER {_NAME}_{name} BEFORE INSERT ON contact WHEN NEW.touch_id IS NOT NULL AND "
        f"({_filled(check, 'json_extract(NEW.periods, {})', '$[{}]')}) "
        f"BEGIN SELECT RAISE(ABORT, '{_NAME}: {name}'); END"
        for name, check in _CHECKS.items()
    }
    way = f"{_NAME}_way"
    found[way] = (
        f"CREATE TRIGGER {way} BEFORE UPDATE OF status ON touch WHEN OLD.status <> NEW.status AND {_strays()} "
        f"BEGIN SELECT RAISE(ABORT, '{_NAME}: transition'); END"
    )
    return found


def _raise_on_postgresql(connection: Connection) -> None:
    statements = _postgresql_statements()
    digest = sha256("\n".join(statements).encode()).hexdigest()
    described = (
        "SELECT d.description FROM pg_proc p JOIN pg_description d ON d.objoid = p.oid "
        f"WHERE p.oid = to_regproc('{_NAME}_contact')"
    )
    up = f"SELECT count(*) FROM pg_trigger WHERE tgname IN ('{_NAME}_contact', '{_NAME}_way') AND tgrelid IN "
    up += "(to_regclass('contact'), to_regclass('touch'))"
    if connection.exec_driver_sql(described).scalar() == digest and connection.exec_driver_sql(up).scalar() == 2:
        return
    for statement in (*statements, f"COMMENT ON FUNCTION {_NAME}_contact() IS '{digest}'"):
        connection.exec_driver_sql(statement)


def _postgresql_statements() -> list[str]:
    refusing = f"RAISE EXCEPTION '{_NAME}: transition' USING ERRCODE = 'check_violation'"
    asked = f"OLD.status <> NEW.status AND {_strays()}"
    return [
        f"CREATE OR REPLACE FUNCTION {_NAME}_contact() {_PLPGSQL}{_contact_on_postgresql()}$$",
        f"CREATE OR REPLACE FUNCTION {_NAME}_way() {_PLPGSQL}BEGIN {refusing}; END $$",
        _postgresql_trigger("contact", "INSERT ON contact", "NEW.touch_id IS NOT NULL"),
        _postgresql_trigger("way", "UPDATE OF status ON touch", asked),
    ]


def _contact_on_postgresql() -> str:
    """The same checks; those that read many rows only where a contact lies so near that a cap could be full."""
    reading, position = "(NEW.periods ->> {})::bigint", "{}"
    named = {name: _filled(check, reading, position) for name, check in _CHECKS.items()}
    near = "(SELECT greatest(max(seconds), 40 * 86400) FROM cap_rule)"
    recent = "c.owner_id = NEW.owner_id AND c.counts AND c.direction = 'out'"
    recent += f" AND c.at > NEW.at - {near} AND c.at < NEW.at + {near}"
    some = f"NEW.periods IS NULL OR EXISTS (SELECT 1 FROM contact c WHERE {recent})"
    rare = ("capped", "capped_by_calendar")
    cases = [f"WHEN {check} THEN '{name}'" for name, check in named.items() if name not in rare]
    late = [f"WHEN {named[name]} THEN '{name}'" for name in rare]
    refusing = f"RAISE EXCEPTION USING MESSAGE = '{_NAME}: ' || refused, ERRCODE = 'check_violation'"
    return "\n".join(
        [
            "DECLARE refused text;",
            "BEGIN",
            f"refused := CASE {' '.join(cases)} END;",  # one statement: to begin one costs more than to run it
            f"IF refused IS NULL AND ({some}) THEN refused := CASE {' '.join(late)} END; END IF;",
            f"IF refused IS NOT NULL THEN {refusing}; END IF;",
            "RETURN NEW;",
            "END ",
        ]
    )


def _postgresql_trigger(name: str, event: str, asked: str) -> str:
    called = f"FOR EACH ROW WHEN ({asked}) EXECUTE FUNCTION {_NAME}_{name}()"
    return f"CREATE OR REPLACE TRIGGER {_NAME}_{name} BEFORE {event} {called}"


def _filled(check: str, reading: str, position: str) -> str:
    """The check with the bounds of the new contact's day, week and month read as this database reads JSON."""
    quoted = "'{}'" if position.startswith("$") else "{}"
    for number in range(6):
        check = check.replace(f"<{number}>", reading.format(quoted.format(position.format(number))))
    return check


def _strays() -> str:
    ways = ", ".join(f"'{begun}>{ended}'" for begun, targets in WAYS.items() for ended in targets)
    return f"OLD.status || '>' || NEW.status NOT IN ({ways})"
