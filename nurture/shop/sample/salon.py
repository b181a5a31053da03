"""Hair Salon 架空坂, an invented salon: its client list and its bookings, made from a seed."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

from nurture.shop.sample import spelling, spreadsheet
from nurture.shop.sample.clients import Client, Visit, clients

CLIENT_HEADER = (
    *("会員番号", "顧客名", "フリガナ", "携帯電話", "メール", "誕生月", "誕生日", "担当", "LINEユーザーID"),
    *("メール配信", "初回来店日", "備考"),
)
BOOKING_HEADER = (
    *("予約番号", "会員番号", "顧客名", "予約日時", "申込日時", "メニュー", "担当スタッフ", "ステータス", "金額"),
)
PRICES = {"カット": 5500, "カット＋カラー": 13200, "カット＋パーマ": 14300, "カット＋トリートメント": 9900}


def write_salon(folder: Path, today: date, seed: int = 20261122) -> list[Path]:
    """Writes the salon's two files into `folder`, made if missing, and gives their paths in the order to import them.

    `today` is the salon's local date. Equal arguments give equal bytes.
    """
    people = clients(today, seed)
    files = {
        "customers.csv": spreadsheet.csv_bytes(_client_rows(people, today, seed), "cp932"),
        "bookings.csv": spreadsheet.csv_bytes(_booking_rows(people, today), "cp932"),
    }
    return spreadsheet.write_files(folder, files)


def _client_rows(people: Sequence[Client], today: date, seed: int) -> Iterator[tuple[str, ...]]:
    random = Random(f"{seed}:client rows")
    yield CLIENT_HEADER
    for client in people:
        if client.number:
            yield _client_row(random, today, client)


def _client_row(random: Random, today: date, client: Client) -> tuple[str, ...]:
    kana = f"{client.family.kana} {client.given.kana}"
    phone = spelling.full_width(client.phone) if random.random() < 0.1 else client.phone
    return (
        _number(client),
        f"{client.family.written}{random.choice((' ', '　', ''))}{client.given.written}",
        spelling.half_width_kana(kana) if random.random() < 0.3 else kana,
        phone,
        client.email,
        client.birth_month,
        client.birthday,
        client.stylist,
        f"U{random.getrandbits(128):032x}" if client.line else "",
        client.mailing,
        _first_visit(today, client),
        client.note,
    )


def _first_visit(today: date, client: Client) -> str:
    ago = max((visit.ago for visit in client.visits if visit.status == "来店済み"), default=None)
    return "" if ago is None else spelling.excel_date(today - timedelta(days=ago))


def _booking_rows(people: Sequence[Client], today: date) -> Iterator[tuple[object, ...]]:
    bookings = sorted(
        ((visit, client) for client in people for visit in client.visits),
        key=lambda booking: (-booking[0].ago, booking[0].clock, booking[1].number),
    )
    yield BOOKING_HEADER
    for index, (visit, client) in enumerate(bookings):
        yield _booking_row(f"R{10001 + index}", today, visit, client)


def _booking_row(key: str, today: date, visit: Visit, client: Client) -> tuple[object, ...]:
    day = today - timedelta(days=visit.ago)
    return (
        key,
        _number(client),
        f"{client.family.written} {client.given.written}",
        f"{day:%Y/%m/%d} {visit.clock}",
        f"{day - timedelta(days=visit.booked_before):%Y/%m/%d} 21:10",
        visit.menu,
        client.stylist,
        visit.status,
        PRICES[visit.menu] if visit.status in {"来店済み", "予約中"} else 0,
    )


def _number(client: Client) -> str:
    return f"H-{client.number:03d}" if client.number else ""
