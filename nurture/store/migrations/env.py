"""What Alembic runs: on the connection that `upgrade` hands over, inside its transaction."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import BigInteger, Connection

from nurture.store.migrations.target import target_metadata
from nurture.store.tables import Identity, Instant


def render_item(kind: str, item: Any, autogenerate: Any) -> str | Literal[False]:
    """A migration is a record: it names database types, never our own classes, which go on changing."""
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "sa.BigInteger()"
    if isinstance(item, BigInteger) and item._variant_mapping == Identity._variant_mapping and item._variant_mapping:
        # Only generated keys have this type. What SQLite makes of an Identity is nothing.
        return "sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False)"
    if type(item).__module__.startswith("sqlmodel"):
        return "sa.String()"
    return False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=target_metadata(connection.dialect.name),
    render_as_batch=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
