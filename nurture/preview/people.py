"""Who is meant by what an owner types: a customer number, a mail address, a phone number or a name."""

import unicodedata
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from nurture.intake.field.name import kana_key, name_key
from nurture.intake.field.phone import read_phone
from nurture.intake.field.text import Unreadable
from nurture.mistake import Mistake, MistakesFound, Place, nearest
from nurture.store.tables import Address, Customer, table

ADDRESS, CUSTOMER = table(Address), table(Customer)
MOST = 20
"""People listed when a name fits several."""
ALIKE = 500
"""Names and numbers with the same beginning among which the nearest is looked for."""


def find_people(connection: Connection, typed: str) -> tuple[int, ...]:
    """The ids of those whom the text names, best way first: number, address, phone, name, beginning of a name.

    Spaces, width and 様 make no difference; who was merged into somebody is that person. Raises MistakesFound with the
    nearest name or number where nobody is meant.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    for condition in _ways(text):
        if found := _people(connection, condition):
            return found
    near = nearest(text, _alike(connection, text))
    raise MistakesFound([Mistake(Place(typed), "preview.no_customer", {"found": typed}, suggestion=near)])


def _ways(text: str) -> Iterator[ColumnElement[bool]]:
    if not text:
        return
    yield CUSTOMER.c.key == text
    folded = text.casefold()
    mine = select(ADDRESS.c.customer_id).where(ADDRESS.c.value.in_((text, folded)), ADDRESS.c.removed_at.is_(None))
    yield CUSTOMER.c.id.in_(mine)
    if phone := _phone(text):
        yield CUSTOMER.c.phone == phone
    if name := name_key(text):
        yield or_(CUSTOMER.c.name_match == name, func.replace(CUSTOMER.c.name, " ", "") == name)
        yield or_(
            CUSTOMER.c.name_match.startswith(name, autoescape=True),
            and_(
                CUSTOMER.c.kana != "", func.replace(CUSTOMER.c.kana, " ", "").startswith(_kana(text), autoescape=True)
            ),
        )


def _people(connection: Connection, condition: ColumnElement[bool]) -> tuple[int, ...]:
    person = func.coalesce(CUSTOMER.c.merged_into, CUSTOMER.c.id).label("person")
    found = select(person).where(condition).group_by(person).order_by(person).limit(MOST)
    return tuple(row.person for row in connection.execute(found))


def _kana(text: str) -> str:
    # A text that is no kana must fit nobody's: an empty beginning would fit everybody's.
    return kana_key(text) or "\N{REPLACEMENT CHARACTER}"


def _phone(text: str) -> str:
    try:
        return read_phone(text) if any(sign.isdigit() for sign in text) else ""
    except Unreadable:
        return ""


def _alike(connection: Connection, text: str) -> Iterator[str]:
    begins = text[:1]
    for column in (CUSTOMER.c.key, CUSTOMER.c.name):
        alike = select(column).where(column.startswith(begins, autoescape=True)).order_by(column).limit(ALIKE)
        yield from connection.scalars(alike)
