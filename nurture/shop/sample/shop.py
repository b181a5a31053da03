"""みなと珈琲焙煎所, an invented coffee roaster in Kobe: the files such a shop has on its computer, made from a seed."""

from datetime import date
from pathlib import Path

from nurture.shop.sample import contacts, customers, eccube, goods, spreadsheet
from nurture.shop.sample.cast import cast
from nurture.shop.sample.names import Name
from nurture.shop.sample.people import Bought, Person, background


def _guest(number: int, family: Name, given: Name, ago: int) -> Person:
    order = Bought(ago, ("DRIP-5",), ago - 1, clock="22:30", guest=True)
    return Person(
        number, family, given, email=f"{given.latin}.{family.latin}@post.example", listed=False, bought=(order,)
    )


_GUESTS = [
    _guest(9001, Name("旅路", "タビジ", "tabiji"), Name("遊", "ユウ", "yu"), 4),
    _guest(9002, Name("通町", "トオリマチ", "torimachi"), Name("縁", "エン", "en"), 17),
    _guest(9003, Name("風間", "カザマ", "kazama"), Name("吹", "フキ", "fuki"), 110),
]
"""They ordered once without an account and stand in no list; their numbers never reach a file."""


def write_shop(folder: Path, today: date, seed: int = 20261122) -> list[Path]:
    """Writes the roaster's files into `folder`, made if missing, and gives their paths in the order to import them.

    `today` is the shop's local date for which a preview at ten in the morning shows something for every campaign. Equal
    arguments give equal bytes.
    """
    people = sorted([*background(today, seed), *cast(today)], key=lambda person: person.number)
    listed = [person for person in people if person.listed]
    buyers = [*people, *_GUESTS]
    files = {
        "products.csv": spreadsheet.csv_bytes(goods.rows(), "utf-8-sig"),
        "customers.csv": spreadsheet.csv_bytes(customers.rows(listed, today, seed), "cp932"),
        "line_friends.xlsx": spreadsheet.workbook_bytes("友だち一覧", customers.line_rows(people, today, seed)),
        "orders_eccube.csv": spreadsheet.csv_bytes(eccube.rows(buyers, today, seed), "cp932", line_end="\n"),
        "contacts.csv": spreadsheet.csv_bytes(contacts.rows(people, today, seed), "cp932"),
        "optouts_old_tool.csv": spreadsheet.csv_bytes(
            contacts.refusal_rows(people, today, seed), "utf-8", line_end="\n", quote_all=True
        ),
        "complaints.csv": spreadsheet.csv_bytes(contacts.hold_rows(today), "cp932"),
        "never.csv": spreadsheet.csv_bytes(contacts.never_rows(today), "cp932"),
    }
    return spreadsheet.write_files(folder, files)
