"""The roaster's customer list and LINE friends as they lie on the shop's computer, written in every way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from nurture.shop.sample import names, spelling
from nurture.shop.sample.names import Name
from nurture.shop.sample.people import Person
from nurture.shop.sample.spreadsheet import Cell

HEADER = (
    *("顧客番号", "氏名", "フリガナ", "会社名", "メールアドレス", "電話番号", "郵便番号", "都道府県", "住所"),
    *("生年月日", "登録日", "メルマガ", "タグ", "備考"),
)
LINE_HEADER = ("会員番号", "お名前", "LINEユーザーID", "LINE配信", "友だち追加日", "電話")

_TWICE = 1271
_AGAIN_WITHOUT_NUMBER = 1265
_IMPOSSIBLE_REGISTRATION = 1011
_EMPTY_ROWS_AT_THE_END = 3


def rows(people: Sequence[Person], today: date, seed: int) -> list[tuple[str, ...]]:
    """The customer list, header first: rows written twice, a person without a number and empty rows included."""
    random = Random(f"{seed}:customers")
    body = []
    for person in people:
        row = _row(random, today, person)
        body.extend([row] * (2 if person.number == _TWICE else 1))
        if person.number == _AGAIN_WITHOUT_NUMBER:
            body.append(("", f"{person.family.written}　{person.given.written} ", *row[2:4], person.email, *row[5:]))
    return [HEADER, *body, *[("",) * len(HEADER)] * _EMPTY_ROWS_AT_THE_END]


def line_rows(people: Sequence[Person], today: date, seed: int) -> list[tuple[Cell, ...]]:
    """The LINE friends, header first; numbers and most phones are number cells, as Excel turns them into."""
    random = Random(f"{seed}:line")
    return [LINE_HEADER, *(_friend(random, today, person) for person in people if person.line)]


def _row(random: Random, today: date, person: Person) -> tuple[str, ...]:
    place, street = names.home(person.number)
    has_street = random.random() < 0.88
    address = (place.postal_code, place.prefecture, place.city + street) if has_street else ("", "", "")
    return (
        str(person.number),
        _name(random, person),
        _kana(random, person),
        person.company,
        person.email if person.stands_for else _email(random, person.email),
        _phone(random, person.phone),
        _postal_code(random, address[0]),
        *address[1:],
        person.birthday,
        _registered(random, today, person),
        person.newsletter,
        person.tags,
        person.note,
    )


def _name(random: Random, person: Person) -> str:
    space = random.choices((" ", "　", "", "  "), (60, 25, 12, 3))[0]
    written = f"{person.family.written}{space}{person.given.written}".strip()
    return written + (" " if random.random() < 0.06 else "")


def _kana(random: Random, person: Person) -> str:
    kana = f"{person.family.kana} {person.given.kana}".strip()
    form = random.choices(("full", "half", "hiragana", "missing"), (74, 14, 5, 7))[0]
    if form == "half":
        return spelling.half_width_kana(kana)
    return {"full": kana, "hiragana": spelling.hiragana(kana), "missing": ""}[form]


def _email(random: Random, email: str) -> str:
    chance = random.random()
    if chance < 0.04:
        return email + " "
    return email.capitalize() if chance < 0.08 else email


def _phone(random: Random, phone: str) -> str:
    form = random.choices(("hyphens", "digits", "wide", "brackets"), (70, 14, 10, 6))[0]
    if form == "digits":
        return phone.replace("-", "")
    if form == "brackets" and phone:
        area, exchange, line = phone.split("-")
        return f"{area}({exchange}){line}"
    return spelling.full_width(phone) if form == "wide" else phone


def _postal_code(random: Random, code: str) -> str:
    form = random.choices(("hyphen", "digits", "wide", "mark"), (72, 12, 10, 6))[0]
    if form == "mark" and code:
        return f"〒{code}"
    return {"digits": code.replace("-", ""), "wide": spelling.full_width(code)}.get(form, code)


def _registered(random: Random, today: date, person: Person) -> str:
    if person.number == _IMPOSSIBLE_REGISTRATION:
        return f"{today.year - 1}/6/31"
    day = today - timedelta(days=person.registered)
    form = random.choices(("excel", "iso", "kanji"), (90, 7, 3))[0]
    return spelling.written_date(day, form)


def _friend(random: Random, today: date, person: Person) -> tuple[Cell, ...]:
    added = today - timedelta(days=random.randint(0, max(person.registered, 1)))
    phone: Cell = person.phone
    if person.phone and random.random() < 0.8:
        phone = int(person.phone.replace("-", ""))
    return (
        person.number,
        _line_name(random, person),
        f"U{random.getrandbits(128):032x}",
        person.line,
        added if random.random() < 0.93 else spelling.excel_date(added),
        phone,
    )


def _line_name(random: Random, person: Person) -> str:
    if person.listed and random.random() < 0.25:
        person = replace(person, given=Name("", "", ""))
    return _name(random, person)
