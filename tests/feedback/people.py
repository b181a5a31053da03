"""The people of these tests, on Sunday 22 November 2026 at noon in Japan.

Alice reads the shop's mail and is a friend on LINE. Bob reads mail only. Charlie shares Alice's family name and nothing
else. Dana follows the shop on LINE, and nobody knows who she is.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, select
from sqlmodel import Session, SQLModel

from nurture.config import Secrets, Settings
from nurture.store import reading, writing
from nurture.store.tables import Address, Consent, Customer, Message, Suppression, Touch, TouchLog, table

ALICE, BOB, CHARLIE = 1, 2, 3
ALICES_LINE, DANAS_LINE = f"U{1:032x}", f"U{4:032x}"


def japan(text: str) -> datetime:
    """`2026-11-22 12:00` as the clocks of Japan show it."""
    return datetime.fromisoformat(f"{text}+09:00").astimezone(UTC)


NOON = japan("2026-11-22 12:00")
LONG_AGO = japan("2026-01-01 09:00")


def settings(**changes: Any) -> Settings:
    """A coffee roaster in Kobe that can be reached."""
    given: dict[str, Any] = {
        "shop": {
            "name": "みなと珈琲",
            "legal_name": "みなと珈琲株式会社",
            "address": "神戸市中央区架空町1-2-3",
            "phone": "078-000-0000",
            "email": "hello@minato.example",
        },
        "email": {"from_address": "news@minato.example"},
        "line": {"enabled": True},
        "public_url": "https://minato.example",
        "opt_out_mailbox": "stop@minato.example",
    }
    made = Settings.model_validate({**given, **changes})
    keys = Secrets(secret_key=SecretStr("for tests only"), line_channel_secret=SecretStr("channel secret"))
    return made.model_copy(update={"secrets": keys})


def add(connection: Connection, *rows: SQLModel) -> None:
    """Writes rows with their models' defaults."""
    with Session(connection) as session:
        session.add_all(rows)
        session.flush()


def customer(number: int, **values: Any) -> Customer:
    return Customer(id=number, bucket=number, created_at=LONG_AGO, name=f"Person {number}", **values)


def allowed(number: int, channel: str) -> Consent:
    said = {"status": "granted", "basis": "opt_in", "source": "form", "given_at": LONG_AGO, "recorded_at": LONG_AGO}
    return Consent(customer_id=number, channel=channel, **said)


def touch(number: int, customer_id: int, status: str = "planned", channel: str = "email", **values: Any) -> Touch:
    """A message of the campaign `letter`, wanted at one o'clock."""
    due = japan("2026-11-22 13:00")
    when = {"due_at": due, "at": due, "expires_at": japan("2026-11-23 13:00"), "decided_at": NOON}
    key = {"campaign": "letter", "step": f"step-{number}", "occurrence": f"order:{number}", "owner_id": customer_id}
    given = {**key, **when, "status": status, "channel": channel, "priority": 50, **values}
    return Touch(id=number, customer_id=customer_id, **given)


def populate(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, *(customer(number) for number in (ALICE, BOB, CHARLIE)))
        mails = [
            Address(customer_id=n, channel="email", value=f"person{n}@home.example", created_at=LONG_AGO)
            for n in (ALICE, BOB, CHARLIE)
        ]
        line = Address(customer_id=ALICE, channel="line", value=ALICES_LINE, created_at=LONG_AGO)
        add(connection, *mails, line, *(allowed(n, "email") for n in (ALICE, BOB, CHARLIE)), allowed(ALICE, "line"))


def rows(engine: Engine, model: type[SQLModel], **where: Any) -> list[Any]:
    """Every row of the table whose columns have the values, in the order of the ids."""
    columns = table(model).c
    found = select(table(model)).where(*(columns[name] == value for name, value in where.items()))
    with reading(engine) as connection:
        return list(connection.execute(found.order_by(*table(model).primary_key.columns)))


def statuses(engine: Engine) -> dict[int, str]:
    return {row.id: row.status for row in rows(engine, Touch)}


def version(engine: Engine, number: int) -> int:
    return int(rows(engine, Customer, id=number)[0].version)


def standing(engine: Engine, number: int) -> dict[str, str]:
    """Channel → what the commercial consent in force says."""
    return {row.channel: row.status for row in rows(engine, Consent, customer_id=number) if row.ended_at is None}


def suppressions(engine: Engine) -> list[tuple[str | None, str | None, int | None, str, str]]:
    found = rows(engine, Suppression)
    return [(row.channel, row.value, row.customer_id, row.scope, row.reason) for row in found]


def logged(engine: Engine) -> Iterable[tuple[int, str]]:
    return [(row.touch_id, row.status) for row in rows(engine, TouchLog)]


def frozen(number: int, first_attempt_at: datetime | None = None) -> Message:
    given = {"channel": "email", "recipient": "person@home.example", "key": f"<{number}@minato.example>"}
    return Message(touch_id=number, body=b"bytes", created_at=NOON, first_attempt_at=first_attempt_at, **given)
