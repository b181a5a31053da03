"""The TEMP tables a plan is made in; nothing else is written until the commit. No query lives here.

A planner on SQLite keeps them in a nameless file instead, as TEMP may mean memory there; a preview has no such file.
"""

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from nurture.store.scratch import SCRATCH, has_scratch
from nurture.store.tables import Identity

WORKSPACE = MetaData()


def _temporary(name: str, *columns: Column[Any]) -> Table:
    # ON COMMIT PRESERVE ROWS: the commit of a plan is several transactions.
    return Table(name, WORKSPACE, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="PRESERVE ROWS")


def _big(name: str, **options: Any) -> Column[Any]:
    return Column(name, BigInteger, **options)


def _row(name: str) -> Column[object]:
    """A key that is given, not drawn: on SQLite the row's own number, so that there is no second tree for it."""
    return Column(name, Identity, primary_key=True, autoincrement=False)


DUE_TIME = _temporary(
    "due_time",
    Column("step_id", Integer, primary_key=True, autoincrement=False),
    Column("zone", Text, primary_key=True),
    _big("occurred_at", primary_key=True, autoincrement=False),
    _big("due_at"),
    _big("expires_at"),
)
"""When a step is due and expires, for each zone and occurrence instant; filled where some zone changes its offset."""

SHOP_DAY = _temporary(
    "shop_day", _big("starts_at", primary_key=True, autoincrement=False), _big("ask_at"), Column("label", Text)
)
"""Days of the shop's zone: when each begins, when a step due on it enters the horizon, its date."""

ANNIVERSARY_DAY = _temporary(
    "anniversary_day",
    Column("zone", Text),
    Column("month", Integer),
    Column("day", Integer),
    Column("year", Integer),
    _big("base_at"),
    _big("born_from"),
    _big("born_to"),
)
"""Days that come round within reach: which month and day they are for, in which zone, and when they begin."""

INSIDE = _temporary("inside", _row("customer_id"))
"""Who is in the watched segment that is being looked at."""

MEMBERSHIP_CHANGE = _temporary(
    "membership_change",
    Column("segment", Text, primary_key=True),
    _big("customer_id", primary_key=True, autoincrement=False),
    Column("kind", Text),
    _big("since"),
)
"""Who enters, leaves or seeds a watched segment at this tick."""

AUDIENCE = _temporary(
    "audience", _big("customer_id"), Column("first_reach", SmallInteger), Column("second_reach", SmallInteger)
)
"""Everybody whom the broadcast that is being looked at means: which fixed gate each channel fails, 0 = none."""

OPENED = _temporary(
    "opened",
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("campaign", Text),
    _big("customer_id"),
    Column("occurrence", Text),
    _big("occurred_at"),
    _big("subject_id"),
    Column("held_out", Boolean),
    Column("first_reach", SmallInteger),
    Column("second_reach", SmallInteger),
)
"""Occurrences that open at this tick; of a broadcast's, what was found of its first step's channels."""

STIRRED = _temporary("stirred", _row("owner_id"))
"""Cap owners about whom something changed, so that all their open steps are decided anew."""

ASKED = _temporary("asked", _row("enrollment_id"), Column("campaign", Text))
"""Open enrollments of stirred owners."""

CANDIDATE = _temporary(
    "candidate",
    Column("id", Identity, primary_key=True, autoincrement=True),
    _big("thread"),
    Column("step_id", Integer),
    _big("customer_id"),
    _big("owner_id"),
    Column("occurrence", Text),
    _big("subject_id"),
    _big("due_at"),
    _big("expires_at"),
    Column("priority", SmallInteger),
    Column("first_reach", SmallInteger),
    Column("second_reach", SmallInteger),
    Column("held", Boolean),
    Column("outside", Boolean),
    Column("exits", Text),
    Column("held_out", Boolean),
    Column("incomplete", Boolean),
    Column("zone", Text),
    Column("kind", Text),
    _big("touch_id"),
    _big("touch_at"),
    Column("gate", SmallInteger),
    Column("channel", SmallInteger),
)
"""Steps to be decided: `thread` = the enrollment's id or minus the id in `opened`; `gate` = first failing fixed one."""

DECISION = _temporary(
    "decision",
    _row("candidate_id"),
    Column("status", Text),
    Column("verdict", Text),
    _big("at"),
    Column("channel", SmallInteger),
    Column("failing", JSON),
)
"""The answer for each candidate; status `waiting` writes no row yet, `none` never."""

LOOK = _temporary(
    "look",
    _row("thread"),
    _big("customer_id"),
    _big("next_at"),
    Column("exit_reason", Text),
)
"""For every enrollment staged: when to look again, or why it ended."""

PLAN_STEP = _temporary(
    "plan_step",
    Column("step_id", Integer, primary_key=True, autoincrement=False),
    Column("campaign", Text),
    Column("step", Text),
    Column("first_channel", Text),
    Column("second_channel", Text),
    Column("obeys_cap", Boolean),
    _big("campaign_version"),
)
"""The steps by number."""

FLAGS = _temporary(
    "flags", Column("gate", SmallInteger, primary_key=True, autoincrement=False), Column("failing", JSON)
)
"""What a decision by a fixed gate records."""

INDEXES = (
    # A broadcast opens to so many that its steps are found by reading all that has opened.
    Index(
        "ix_temp_opened_campaign",
        OPENED.c.campaign,
        sqlite_where=OPENED.c.first_reach.is_(None),
        postgresql_where=OPENED.c.first_reach.is_(None),
    ),
    Index("ix_temp_asked_campaign", ASKED.c.campaign),
    # With the gate, who is to be placed is found without reading a candidate.
    Index("ix_temp_candidate_owner", CANDIDATE.c.owner_id, CANDIDATE.c.gate),
    Index("ix_temp_anniversary", ANNIVERSARY_DAY.c.month, ANNIVERSARY_DAY.c.day),
)
BY_CUSTOMER = (
    Index("ix_temp_opened_customer", OPENED.c.customer_id),
    # The commit takes ranges of customers: without this it reads all candidates four times for each range.
    Index("ix_temp_candidate_customer", CANDIDATE.c.customer_id),
    Index(
        "ix_temp_look_customer", LOOK.c.customer_id, sqlite_where=LOOK.c.thread > 0, postgresql_where=LOOK.c.thread > 0
    ),
)
"""What a commit asks, and on SQLite, which knows no other way to join, the plan itself."""
KEYS = (
    Index("ux_temp_decision", DECISION.c.candidate_id, unique=True),
    Index("ux_temp_look", LOOK.c.thread, unique=True),
)
"""What a commit asks on PostgreSQL in the place of primary keys."""
UNKEYED = (INSIDE, OPENED, STIRRED, ASKED, CANDIDATE, DECISION, LOOK)
"""Tables that may have a million rows: PostgreSQL joins them whole, and a tree takes as long to keep as the rows."""


def count_rows(connection: Connection, filled: Table) -> None:
    """Tells PostgreSQL how many rows lie in a TEMP table: it believes in a few hundred, whatever was written."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE pg_temp.{filled.name}")


SESSION = (
    # Compiling one statement of planning to machine code took 2.5 s, and saved nothing.
    "SET jit = off",
    # A set of a million customers takes 29 MB; with its default of 4 MB PostgreSQL probes for each of them instead.
    "SELECT set_config('work_mem', '32MB', false) WHERE pg_size_bytes(current_setting('work_mem')) < 33554432",
)
"""What a session of PostgreSQL that plans is told first."""


def prepare(connection: Connection) -> None:
    """Makes the TEMP tables; run before the plan's read-only transaction begins."""
    written = _written_out(connection.dialect, scratch=has_scratch(connection))
    if connection.dialect.name == "postgresql":
        # All in one way to the server and back; psycopg takes several statements at once where there are no parameters.
        connection.exec_driver_sql("; ".join((*SESSION, *written)), execution_options={"no_parameters": True})
        return
    for statement in written:
        connection.exec_driver_sql(statement)


def index(connection: Connection) -> None:
    """Makes the indexes that a commit of many ranges asks, now that the tables are full; SQLite has them already."""
    if connection.dialect.name == "postgresql":
        for each in (*BY_CUSTOMER, *KEYS):
            connection.execute(CreateIndex(each))
        # The others were counted when they were filled. Uncounted, it is read whole for each range.
        count_rows(connection, LOOK)


@lru_cache(maxsize=8)
def _written_out(dialect: Dialect, *, scratch: bool) -> tuple[str, ...]:
    def written(each: CreateTable | CreateIndex) -> str:
        return str(each.compile(dialect=dialect)).strip()

    tables = {each: written(CreateTable(each)) for each in WORKSPACE.sorted_tables}
    if dialect.name == "postgresql":
        tables |= {each: _PRIMARY_KEY.sub("", tables[each]) for each in UNKEYED}
        return (*tables.values(), *(written(CreateIndex(each)) for each in INDEXES))
    made = (*tables.values(), *(written(CreateIndex(each)) for each in (*INDEXES, *BY_CUSTOMER)))
    return tuple(_CREATE.sub(rf"CREATE \1 {SCRATCH}.", each) for each in made) if scratch else made


_CREATE = re.compile("^CREATE (?:TEMPORARY )?(TABLE|INDEX) ")
_PRIMARY_KEY = re.compile(r",\s*PRIMARY KEY \(\w+\)")
