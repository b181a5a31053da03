"""What people did: calls, visits, postcards. The caps count them like our own messages."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from nurture.intake.cells import Cells, RowRefused
from nurture.intake.field.number import read_key
from nurture.intake.field.word import CHANNELS, DIRECTIONS, read_word
from nurture.intake.keyed import Keyed, Record, made_key
from nurture.intake.kind import Checking, Item, Kind, each_row
from nurture.intake.recording import Writing
from nurture.store import among
from nurture.store.tables import Contact, Customer, table

_customer = table(Customer).c


def _read(checking: Checking) -> Iterator[Item]:
    counting = checking.terms.settings.counts

    def parse(cells: Cells) -> Record:
        person = checking.describer.person(cells)
        if person.is_nobody:
            raise RowRefused("reject.nobody")
        cells.require("at")
        cells.require("channel")
        at = cells.moment("at", checking.terms)
        channel = cells.read("channel", lambda text: read_word(text, CHANNELS))
        direction = cells.read("direction", lambda text: read_word(text, DIRECTIONS)) or "out"
        note = cells.joined("contact_note", "\n")
        counts = direction == "out" and channel in counting
        columns = {"at": at, "channel": channel, "direction": direction, "counts": counts, "note": note}
        key = cells.read("contact_key", read_key)
        return Record(key or made_key(person, at, channel, direction, note), columns, person)

    return each_row(checking, parse)


def _owned(writing: Writing, customers: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
    """Whose caps each contact counts to."""
    query = select(_customer.id, _customer.cap_owner_id).where(among(_customer.id, customers))
    return {
        ident: {"owner_id": owner or ident, "source": writing.source}
        for ident, owner in writing.connection.execute(query)
    }


_CONTACTS = Keyed(table(Contact), creates=False, more=_owned)
CONTACTS = Kind("contacts", _read, _CONTACTS.judge, _CONTACTS.write)
