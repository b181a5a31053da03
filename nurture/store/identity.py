"""What makes one database different from every other: its id, and the key under which customers fall into buckets."""

import os
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import Connection, select, update

from nurture.store.setting import setting
from nurture.store.tables import Setting, table

BUCKETS = 2_147_483_647
"""A prime (2^31 - 1), so that `(a * bucket + b) % BUCKETS` shuffles the buckets anew for each campaign."""
SECRET = "bucket_key"
DATABASE_ID = "database_id"

_setting = table(Setting)


def bucket_of(key: bytes, customer_key: str) -> int:
    """The bucket of a customer, 0 to 2147483646: a keyed hash that nobody can aim at without the key (RFC 7693)."""
    return int.from_bytes(blake2b(customer_key.encode(), digest_size=8, key=key).digest(), "big") % BUCKETS


def database_secret(connection: Connection) -> bytes:
    """The key for `bucket_of`, 32 bytes drawn when the database was made. Raises LookupError before the upgrade."""
    return bytes.fromhex(_read(connection, SECRET))


def database_id(connection: Connection) -> str:
    """The id drawn when the database was made; a backup that is put back keeps it. Raises LookupError before that."""
    return _read(connection, DATABASE_ID)


def draw_identity(connection: Connection) -> None:
    """Gives a new database its id and secret; one that has them keeps them."""
    known = set(connection.scalars(select(_setting.c.name)))
    drawn = {SECRET: os.urandom(32).hex(), DATABASE_ID: str(UUID(bytes=os.urandom(16), version=4))}
    missing = [{"name": name, "value": value} for name, value in drawn.items() if name not in known]
    if missing:
        connection.execute(_setting.insert(), missing)


def set_database_secret(connection: Connection, secret: bytes) -> None:
    """Puts a known secret in place of the drawn one, before there are customers: for tests and measurements."""
    connection.execute(update(_setting).where(_setting.c.name == SECRET).values(value=secret.hex()))


def _read(connection: Connection, name: str) -> str:
    value = setting(connection, name)
    if value is None:
        raise LookupError(f"setting {name!r}: the database was not upgraded")
    return value
