"""The part of a row that describes a person: names, addresses, days, permissions."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from nurture.config import Attribute
from nurture.intake.cells import Cells, RowRefused, Terms
from nurture.intake.field.date import YearlyDay, read_date, read_moment, read_month, read_yearly_day
from nurture.intake.field.mail import read_mail
from nurture.intake.field.name import full_name, is_company
from nurture.intake.field.number import postal_code, read_decimal, read_key
from nurture.intake.field.phone import read_phone
from nurture.intake.field.text import Unreadable, clean, one_line
from nurture.intake.field.word import (
    GENDERS,
    KINDS,
    prefecture,
    read_answer,
    read_line_id,
    read_word,
    split_prefecture,
)
from nurture.intake.person import Permission, Person

LEFT = ("退会", "退会済み", "withdrawn")
"""States of a member who has left: they want no mail."""

_TITLES = re.compile(r"\s*(?:様|御中)$")
_TAGS = re.compile(r"[;；,、，|\n]+")


class Describer:
    """Reads persons out of the rows of one file and counts what it had to leave out."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.unread_phones = 0
        """Phone numbers that are none; a wrong one must not keep a customer out."""
        columns = terms.layout.columns
        self._dates = [name for name in columns if name.startswith(("date.", "birthday."))]
        self._attributes = [name for name in columns if name.startswith("attribute.")]

    def person(self, cells: Cells) -> Person:
        """The person of a row. Raises RowRefused."""
        family, given = one_line(cells.text("family_name")), one_line(cells.text("given_name"))
        name = _TITLES.sub("", one_line(cells.text("name")) or full_name(family, given))
        company = one_line(cells.text("company"))
        kind = cells.read("kind", _kind) or ""
        if is_company(name) or (company and not name):
            name, company, kind = name or company, company or name, kind or "company"
        mail, status = cells.read("email", read_mail) or ("", "ok")
        line = cells.read("line", read_line_id) or ""
        region, street = self._street(cells)
        registered = cells.moment("registered_at", self.terms)
        return Person(
            key=cells.read("key", read_key) or "",
            name=name,
            family_name=family,
            given_name=given,
            kana=_kana(cells),
            company=company,
            kind=kind,
            email=mail,
            email_status=status,
            line=line,
            phone=self._phone(cells),
            postal_code=cells.read("postal_code", postal_code) or "",
            prefecture=region,
            street=street,
            gender=cells.read("gender", _gender) or "",
            zone=cells.read("zone", _zone) or "",
            note=cells.joined("note", "\n"),
            registered_at=registered,
            attributes=self._attributes_of(cells),
            tags=_tags(cells.joined("tags", ";")),
            dates=tuple(self._yearly(cells)),
            permissions=tuple(self._permissions(cells, registered, bool(mail), bool(line))),
        )

    def _phone(self, cells: Cells) -> str:
        text = cells.text("phone")
        if not text:
            return ""
        try:
            return read_phone(text, self.terms.layout.preset.region)
        except Unreadable:
            self.unread_phones += 1
            return ""

    def _street(self, cells: Cells) -> tuple[str, str]:
        named, street = prefecture(cells.text("prefecture")), one_line(cells.joined("street", " "))
        return (named, street) if named else split_prefecture(street)

    def _attributes_of(self, cells: Cells) -> dict[str, Any]:
        found = {name[10:]: self._attribute(cells, name) for name in self._attributes}
        return {name: value for name, value in found.items() if value is not None}

    def _attribute(self, cells: Cells, name: str) -> str | float | bool | None:
        declared = self.terms.settings.attributes.get(name.removeprefix("attribute."), Attribute())
        if declared.type == "number":
            return cells.read(name, read_decimal)
        if declared.type == "boolean":
            return cells.read(name, read_answer)
        if declared.type == "date":
            return cells.read(name, lambda text: read_date(text).isoformat())
        return cells.text(name) or None

    def _yearly(self, cells: Cells) -> Iterator[tuple[str, str, int | None, int, int | None]]:
        if birthday := self._birthday(cells):
            yield "birthday", "", birthday.year, birthday.month, birthday.day
        for name in self._dates:
            what, _, rest = name.partition(".")
            if day := cells.read(name, lambda text: read_yearly_day(text, self.terms.today)):
                named = ("birthday", rest) if what == "birthday" else (rest, "")
                yield (*named, day.year, day.month, day.day)

    def _birthday(self, cells: Cells) -> YearlyDay | None:
        month = cells.read("birth_month", read_month)
        text = cells.text("birthday")
        if month and text.isdigit() and len(text) < 3:
            return cells.read("birthday", lambda day: read_yearly_day(f"{month}/{day}", self.terms.today))
        day = cells.read("birthday", lambda written: read_yearly_day(written, self.terms.today))
        return day or (YearlyDay(None, month, None) if month else None)

    def _permissions(self, cells: Cells, registered: int | None, mail: bool, line: bool) -> Iterator[Permission]:
        moment = self.terms.moment
        given = cells.moment("consented_at", self.terms) or registered or moment
        for channel, name, reachable in (("email", "mail_wanted", mail), ("line", "line_wanted", line)):
            wanted = cells.read(name, read_answer)
            if channel == "email" and cells.text("member_state") in LEFT:
                wanted = False
            if wanted is not None:
                basis = "opt_in" if wanted else "opt_out"
                yield Permission(channel, wanted, basis, min(given, moment) if wanted else moment)
            elif self.terms.basis and reachable and (since := self._since(cells, given)):
                yield Permission(channel, True, self.terms.basis, min(since, moment))

    def _since(self, cells: Cells, given: int) -> int | None:
        """From when the ground of consent holds; None where its column is empty: then there is none."""
        position = self.terms.since
        if position is None:
            return given
        text = clean(cells.row[position]) if position < len(cells.row) else ""
        try:
            return read_moment(text, self.terms.zone) if text else None
        except Unreadable as problem:
            raise RowRefused(problem.code, cells.layout.headers[position], **problem.values) from None


def _kind(text: str) -> str:
    return read_word(text, KINDS)


def _gender(text: str) -> str:
    return read_word(text, GENDERS)


def _kana(cells: Cells) -> str:
    halves = " ".join(filter(None, (cells.text("family_kana"), cells.text("given_kana"))))
    return one_line(cells.text("kana") or halves)


@lru_cache(maxsize=4_096)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean, _TAGS.split(text)))))


def _zone(text: str) -> str:
    if text not in _zones():
        raise Unreadable("expected.zone", found=text)
    return text


@lru_cache(maxsize=1)
def _zones() -> set[str]:
    return available_timezones()
