"""How a friend on LINE becomes a known customer: a personal link shows a code, and the code is sent in the chat.

LINE tells a shop nothing but an opaque user id. The link stands in a mail or, as a QR code, on paper; its token says
who opened it, the code in the chat says who is writing. Codes are good once and for seven days.
"""

import re
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, func, insert, select, type_coerce, update

from nurture.store import change, insert_into
from nurture.store.tables import Address, Consent, Customer, LinkCode, table

from .survivor import survivor

ADDRESS, CODE, CONSENT, CUSTOMER = (table(each) for each in (Address, LinkCode, Consent, Customer))
CODE_LIVES = timedelta(days=7)
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""What can't be misread or make a word: 28 signs, of which six are 482 million codes."""
LENGTH = 6
_FORM = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


def issue_code(connection: Connection, customer_id: int, drawn: str, now: datetime) -> str | None:
    """The customer's code, in the caller's write transaction: the open one, else `drawn`.

    `drawn`: `LENGTH` unguessable signs of `ALPHABET`. None for an unknown or erased customer, or where somebody else
    has the drawn code: draw again.
    """
    person = survivor(connection, customer_id)
    erased = select(CUSTOMER.c.erased_at).where(CUSTOMER.c.id == person)
    if person is None or connection.scalar(erased) is not None:
        return None
    mine = select(CODE.c.code).where(CODE.c.customer_id == person, _open(now)).order_by(CODE.c.created_at.desc())
    code: str | None = connection.scalar(mine.limit(1))
    if code is not None:
        return code
    values = {"code": drawn, "customer_id": person, "created_at": now, "expires_at": now + CODE_LIVES}
    written = connection.execute(insert_into(connection, CODE).values(**values).on_conflict_do_nothing()).rowcount
    return drawn if written else None


def find_code(text: str) -> str | None:
    """The code that a chat message consists of, full-width and small letters included; None for any other message."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()
    return plain if _FORM.fullmatch(plain) else None


def bind(connection: Connection, code: str, user_id: str, evidence: str, now: datetime) -> tuple[str, int | None]:
    """Makes the LINE user an address of the code's customer, in the caller's write transaction.

    Gives what became of it and the customer: `linked`; `wrong_code` (unknown, used or too old); `taken` when the user
    is somebody else's, and then nothing is changed. A newer user replaces the customer's former one. Who never said
    anything about LINE has now agreed to it (the page says so, `evidence` proves it); who opted out stays opted out.
    """
    named: int | None = connection.scalar(select(CODE.c.customer_id).where(CODE.c.code == code, _open(now)))
    customer = None if named is None else survivor(connection, named)
    if customer is None:
        return "wrong_code", None
    holder: int | None = connection.scalar(select(ADDRESS.c.customer_id).where(_held(user_id)).limit(1))
    if holder not in (None, customer):
        return "taken", holder
    change(connection, [customer], now)
    if connection.scalar(select(CODE.c.code).where(CODE.c.code == code, _open(now))) is None:
        return "wrong_code", None
    if holder is None and not _take(connection, customer, user_id, now):
        return "taken", None
    connection.execute(update(CODE).where(CODE.c.code == code).values(used_at=now))
    _agree(connection, customer, evidence, now)
    return "linked", customer


def unbind(connection: Connection, user_id: str, now: datetime) -> int | None:
    """Takes the LINE user off their customer; gives the customer, None where there is none."""
    holder: int | None = connection.scalar(select(ADDRESS.c.customer_id).where(_held(user_id)).limit(1))
    if holder is not None:
        change(connection, [holder], now)
        connection.execute(update(ADDRESS).where(_held(user_id)).values(removed_at=now))
    return holder


def _take(connection: Connection, customer: int, user_id: str, now: datetime) -> bool:
    values = {"customer_id": customer, "channel": "line", "value": user_id, "status": "ok", "created_at": now}
    inserting = insert_into(connection, ADDRESS).values(**values).on_conflict_do_nothing()
    if connection.execute(inserting).rowcount != 1:
        return False
    former = and_(ADDRESS.c.customer_id == customer, ADDRESS.c.channel == "line", ADDRESS.c.value != user_id)
    connection.execute(update(ADDRESS).where(former, ADDRESS.c.removed_at.is_(None)).values(removed_at=now))
    return True


def _agree(connection: Connection, customer: int, evidence: str, now: datetime) -> None:
    said = and_(CONSENT.c.customer_id == customer, CONSENT.c.channel == "line", CONSENT.c.purpose == "commercial")
    if connection.scalar(select(func.count()).select_from(CONSENT).where(said)):
        return
    row = {"customer_id": customer, "channel": "line", "purpose": "commercial", "status": "granted", "basis": "opt_in"}
    proof = {"source": "line-link", "evidence": evidence, "given_at": now, "recorded_at": now}
    connection.execute(insert(CONSENT).values(**row, **proof))


def _held(user_id: str) -> ColumnElement[bool]:
    return and_(ADDRESS.c.channel == "line", ADDRESS.c.value == user_id, ADDRESS.c.removed_at.is_(None))


def _open(now: datetime) -> ColumnElement[bool]:
    return and_(CODE.c.used_at.is_(None), type_coerce(CODE.c.expires_at, BigInteger) > int(now.timestamp()))
