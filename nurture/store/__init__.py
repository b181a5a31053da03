"""The store: the tables, how a database is opened and upgraded, and the one way in which a customer changes."""

from nurture.store.among import Ids, among, among_bound
from nurture.store.approval import approve_until, approved_until, asked, begin_asking, end_asking
from nurture.store.change import change, change_selected, lock_sharing
from nurture.store.collation import binary_order
from nurture.store.engine import Reader, Recorder, open_engine, reading, sqlite_module, wal_fault, writing
from nurture.store.handing import give_rows, take_rows
from nurture.store.identity import bucket_of, database_id, database_secret, set_database_secret
from nurture.store.inserting import insert_into
from nurture.store.migrations import NewerDatabase, current_revision, needs_upgrade, upgrade
from nurture.store.pausing import pause, paused, resume
from nurture.store.planner import PlanningConnection, planning, take_second
from nurture.store.prepared import Prepared, driver_cursor, together
from nurture.store.quota import line_quota, note_line_quota, pushes_since
from nurture.store.snapshot import backup

__all__ = [
    "Ids",
    "NewerDatabase",
    "PlanningConnection",
    "Prepared",
    "Reader",
    "Recorder",
    "among",
    "among_bound",
    "approve_until",
    "approved_until",
    "asked",
    "backup",
    "begin_asking",
    "binary_order",
    "bucket_of",
    "change",
    "change_selected",
    "current_revision",
    "database_id",
    "database_secret",
    "driver_cursor",
    "end_asking",
    "give_rows",
    "insert_into",
    "line_quota",
    "lock_sharing",
    "needs_upgrade",
    "note_line_quota",
    "open_engine",
    "pause",
    "paused",
    "planning",
    "pushes_since",
    "reading",
    "resume",
    "set_database_secret",
    "sqlite_module",
    "take_rows",
    "take_second",
    "together",
    "upgrade",
    "wal_fault",
    "writing",
]
