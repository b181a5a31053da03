"""A salon's appointments."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nurture.intake.cells import Cells, RowRefused, Terms
from nurture.intake.field.date import read_moment
from nurture.intake.field.number import read_key, read_money
from nurture.intake.field.text import Unreadable, narrow, one_line
from nurture.intake.field.word import BOOKING_STATES, read_word
from nurture.intake.keyed import Keyed, Record, made_key
from nurture.intake.kind import Checking, Item, Kind, each_row
from nurture.intake.recording import Writing
from nurture.store.tables import Booking, table


def _read(checking: Checking) -> Iterator[Item]:
    def parse(cells: Cells) -> Record:
        person = checking.describer.person(cells)
        if person.is_nobody:
            raise RowRefused("reject.nobody")
        columns = _columns(cells, checking.terms)
        key = cells.read("booking_key", read_key)
        return Record(key or made_key(person, columns["starts_at"], columns["menu"]), columns, person)

    return each_row(checking, parse)


def _columns(cells: Cells, terms: Terms) -> dict[str, Any]:
    cells.require("starts_at")
    starts_at = _starts_at(cells, terms)
    status = cells.read("status", lambda text: read_word(text, BOOKING_STATES))
    price = cells.read("price", lambda text: read_money(text, terms.settings.currency))
    return {
        "starts_at": starts_at,
        "booked_at": cells.moment("booked_at", terms),
        "status": status or ("visited" if starts_at < terms.moment else "booked"),
        "menu": one_line(cells.text("menu")),
        "staff": one_line(cells.text("staff")),
        "price": price or 0,
    }


def _starts_at(cells: Cells, terms: Terms) -> int:
    """The day and the time of the appointment, which may stand in two columns."""
    day, hour = cells.text("starts_at"), cells.text("starts_time")
    # Beside a day with its time a column of times tells how long it takes.
    text = day if ":" in narrow(day) or "時" in day else f"{day} {hour}".strip()
    try:
        return read_moment(text, terms.zone)
    except Unreadable as problem:
        raise RowRefused(problem.code, cells.layout.header_of("starts_at"), **problem.values) from None


def _received(writing: Writing, customers: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
    return {each: {"received_at": writing.moment} for each in customers}


_BOOKINGS = Keyed(
    table(Booking), creates=True, more=_received, when_changed=lambda writing: {"received_at": writing.moment}
)
BOOKINGS = Kind("bookings", _read, _BOOKINGS.judge, _BOOKINGS.write)
