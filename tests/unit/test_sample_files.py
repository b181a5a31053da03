"""The sample shops' raw files: repeatable, as messy as real ones, and with somebody for every campaign."""

import csv
import io
import re
from collections import defaultdict
from datetime import date, datetime
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from nurture.shop.sample import write_salon, write_shop

SUNDAY = date(2026, 11, 22)
SHOP_FILES = {
    "products.csv": "utf-8-sig",
    "customers.csv": "cp932",
    "line_friends.xlsx": "",
    "orders_eccube.csv": "cp932",
    "contacts.csv": "cp932",
    "optouts_old_tool.csv": "utf-8",
    "complaints.csv": "cp932",
    "never.csv": "cp932",
}
CUSTOMERS = (
    "顧客番号 氏名 フリガナ 会社名 メールアドレス 電話番号 郵便番号 都道府県 住所 生年月日 登録日 メルマガ タグ 備考"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, SUNDAY)
    return folder


@pytest.fixture(scope="module")
def salon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("salon")
    write_salon(folder, SUNDAY)
    return folder


@cache
def rows(path: Path, encoding: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def customers(shop: Path) -> list[dict[str, str]]:
    return rows(shop / "customers.csv", "cp932")


def customer(shop: Path, number: int) -> dict[str, str]:
    return next(row for row in customers(shop) if row["顧客番号"] == str(number))


@cache
def orders(shop: Path) -> dict[str, list[dict[str, str]]]:
    """Order number → its rows."""
    found = defaultdict(list)
    for row in rows(shop / "orders_eccube.csv", "cp932"):
        found[row["注文番号"]].append(row)
    return found


def orders_of(shop: Path, number: int) -> list[dict[str, str]]:
    """First row of each order, oldest first."""
    found = [lines[0] for lines in orders(shop).values() if lines[0]["会員ID"] == str(number)]
    return sorted(found, key=lambda row: row["受注日"])


def days_ago(instant: str) -> int:
    return (SUNDAY - datetime.fromisoformat(instant).date()).days


def test_the_same_day_and_seed_give_the_same_bytes(tmp_path: Path, shop: Path, salon: Path) -> None:
    again = write_shop(tmp_path / "shop", SUNDAY, 20261122) + write_salon(tmp_path / "salon", SUNDAY, 20261122)

    assert [path.name for path in again] == [*SHOP_FILES, "customers.csv", "bookings.csv"]
    assert all(path.read_bytes() == (shop / path.name).read_bytes() for path in again[:8])
    assert all(path.read_bytes() == (salon / path.name).read_bytes() for path in again[8:])


def test_another_seed_gives_other_people(tmp_path: Path, shop: Path) -> None:
    write_shop(tmp_path, SUNDAY, seed=7)

    assert (tmp_path / "customers.csv").read_bytes() != (shop / "customers.csv").read_bytes()


@pytest.mark.parametrize("today", [date(2027, 1, 1), date(2027, 3, 1), date(2028, 2, 28), date(2028, 2, 29)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_files_can_be_made_on_any_day(tmp_path: Path, today: date, seed: int) -> None:
    paths = write_shop(tmp_path / "shop", today, seed) + write_salon(tmp_path / "salon", today, seed)

    assert all(path.stat().st_size for path in paths)


def test_files_are_encoded_as_the_programs_that_save_them_do(shop: Path) -> None:
    excel = (shop / "customers.csv").read_bytes()
    assert excel.count(b"\r\n") == excel.count(b"\n")
    assert "髙橋" in excel.decode("cp932")
    with pytest.raises(UnicodeDecodeError):
        excel.decode("utf-8")
    with pytest.raises(UnicodeDecodeError):
        excel.decode("shift_jis")
    assert b"\r" not in (shop / "orders_eccube.csv").read_bytes()
    assert (shop / "products.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert (shop / "optouts_old_tool.csv").read_bytes().decode().startswith('"メールアドレス","状態","日付","理由"\n')


def test_a_roaster_has_about_320_customers_and_900_orders(shop: Path) -> None:
    listed = {row["顧客番号"] for row in customers(shop) if row["顧客番号"]}
    friends = CalamineWorkbook.from_path(str(shop / "line_friends.xlsx")).get_sheet_by_index(0).to_python()[1:]
    on_line = {str(int(float(str(row[0])))) for row in friends}

    assert 240 <= len(listed) <= 260
    assert 110 <= len(friends) <= 130
    assert 310 <= len(listed | on_line) <= 330
    assert len(listed & on_line) >= 40
    assert 850 <= len(orders(shop)) <= 950
    assert len(rows(shop / "products.csv", "utf-8-sig")) == 18


def test_headers_are_those_of_the_real_files(shop: Path, salon: Path) -> None:
    assert list(customers(shop)[0]) == CUSTOMERS.split()
    header = (shop / "orders_eccube.csv").read_bytes().decode("cp932").split("\n")[0].split(",")
    assert len(header) == 70
    assert [position for position, name in enumerate(header) if name == "送料"] == [23, 65]
    assert {"注文番号", "会員ID", "対応状況(名称)", "受注日", "明細区分(名称)", "配送先_お名前(姓)", "発送日"} <= set(
        header
    )
    assert list(rows(shop / "contacts.csv", "cp932")[0]) == ["顧客番号", "日時", "種別", "向き", "メモ"]
    assert list(rows(salon / "bookings.csv", "cp932")[0])[3] == "予約日時"


def test_every_way_of_writing_a_birthday_is_there(shop: Path) -> None:
    written = {row["生年月日"] for row in customers(shop)}

    assert {"S55.4.1", "昭和55年4月1日", "平成2年12月3日", "H3/7/9", "R1.5.1", "4月", "4/1", "04-01"} <= written
    assert {"1992/2/29", "S51.2.29", "1989/2/30", ""} <= written


def test_values_are_typed_in_every_width(shop: Path) -> None:
    people = customers(shop)

    assert any(re.search("[０-９]", row["電話番号"]) for row in people)
    assert any(re.search("[０-９]", row["郵便番号"]) for row in people)
    assert any(re.search("[ｦ-ﾟ]", row["フリガナ"]) for row in people)
    assert any(row["氏名"].endswith(" ") for row in people)
    assert any("　" in row["氏名"] for row in people)
    assert any(not row["住所"] for row in people)
    text = (shop / "customers.csv").read_bytes().decode("cp932")
    assert all(mark in text for mark in ("株式会社", "（株）", "㈱", "髙", "﨑", "①"))


def test_people_stand_in_the_list_twice_or_share_an_inbox(shop: Path) -> None:
    people = customers(shop)

    assert len([row for row in people if row["顧客番号"] == "1271"]) == 2
    minami = [row for row in people if row["メールアドレス"].lower() == "minami.takahashi@mail.example"]
    assert [row["顧客番号"] for row in minami] == ["1265", "", "1266"]
    assert customer(shop, 1266)["氏名"].startswith("高橋")
    assert customer(shop, 1260)["メールアドレス"] == customer(shop, 1261)["メールアドレス"]


def test_bad_rows_are_there_and_the_file_ends_in_empty_ones(shop: Path) -> None:
    assert "@" not in customer(shop, 1269)["メールアドレス"]
    assert customer(shop, 1267)["メールアドレス"] == "hana..tea@docomo.test"
    assert customer(shop, 1011)["登録日"] == "2025/6/31"
    assert (shop / "customers.csv").read_bytes().endswith(b"," * 13 + b"\r\n")


def test_no_mail_address_can_belong_to_anybody(shop: Path, salon: Path) -> None:
    for path, encoding in (
        (shop / "customers.csv", "cp932"),
        (shop / "orders_eccube.csv", "cp932"),
        (salon / "customers.csv", "cp932"),
    ):
        domains = re.findall(r"@([\w.-]+)", path.read_bytes().decode(encoding))
        assert domains
        assert all(domain.lower().endswith((".test", ".example")) for domain in domains)


def test_the_workbook_opens_in_two_readers_that_agree(shop: Path) -> None:
    path = shop / "line_friends.xlsx"
    ours = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("友だち一覧").to_python()
    theirs = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))

    assert ours[0] == ["会員番号", "お名前", "LINEユーザーID", "LINE配信", "友だち追加日", "電話"]
    assert list(theirs[0]) == ours[0]
    assert len(theirs) == len(ours)
    assert all(re.fullmatch("U[0-9a-f]{32}", str(row[2])) for row in ours[1:])
    assert {row[3] for row in ours[1:]} == {"希望", "停止"}
    days = [(row[4], again[4]) for row, again in zip(ours[1:], theirs[1:], strict=True) if isinstance(row[4], date)]
    assert len(days) > 100
    assert all(again.date() == day for day, again in days)
    assert any(isinstance(row[5], float) for row in ours)


def test_orders_have_lines_fees_and_every_status(shop: Path) -> None:
    found = orders(shop)

    assert {lines[0]["対応状況(名称)"] for lines in found.values()} >= {"新規受付", "発送済み", "注文取消し", "返品"}
    assert all(len({row["支払合計"] for row in lines}) == 1 for lines in found.values())
    assert all(len([row for row in lines if row["明細区分(名称)"] == "送料"]) == 1 for lines in found.values())
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", lines[0]["受注日"]) for lines in found.values())
    assert max(days_ago(lines[0]["受注日"]) for lines in found.values()) <= 731
    assert max(lines[0]["受注日"] for lines in found.values()) < "2026-11-22 10:00:00"
    guests = [lines[0] for lines in found.values() if not lines[0]["会員ID"]]
    known = {row["メールアドレス"].strip().lower() for row in customers(shop)}
    assert len([row for row in guests if row["メールアドレス"].lower() in known]) >= 20
    assert len([row for row in guests if row["メールアドレス"].lower() not in known]) >= 3


def test_first_timers_were_shipped_to_on_each_of_the_last_days(shop: Path) -> None:
    for ago, number in ((5, 1205), (7, 1206), (8, 1207), (9, 1208), (10, 1209), (11, 1210), (12, 1211)):
        only = orders_of(shop, number)
        assert len(only) == 1
        assert days_ago(only[0]["発送日"]) == ago
        assert customer(shop, number)["メルマガ"] == "希望する"


def test_one_first_timer_each_must_be_left_alone(shop: Path) -> None:
    refused = {row["メールアドレス"].lower(): row["状態"] for row in rows(shop / "optouts_old_tool.csv", "utf-8")}
    contacts = rows(shop / "contacts.csv", "cp932")

    assert customer(shop, 1221)["メールアドレス"] == ""
    assert refused[customer(shop, 1222)["メールアドレス"]] == "配信停止"
    assert customer(shop, 1222)["メルマガ"] == "希望する"
    assert customer(shop, 1223)["メルマガ"] == ""
    assert customer(shop, 1224)["メルマガ"] == "希望しない"
    assert len([row for row in contacts if row["顧客番号"] == "1225" and row["向き"] == "発信"]) == 5
    assert customer(shop, 1226)["タグ"] == "クレーム対応中"
    held = {row["顧客番号"]: row["種別"] for row in rows(shop / "complaints.csv", "cp932")}
    assert held == {"1226": "クレーム", "1247": "お断り"}
    assert [row["顧客番号"] for row in rows(shop / "never.csv", "cp932")] == ["1259"]
    assert refused[customer(shop, 1229)["メールアドレス"]] == "エラー"
    assert all(days_ago(orders_of(shop, number)[0]["受注日"]) <= 4 for number in range(1221, 1227))


def test_somebody_celebrates_today_and_tomorrow(shop: Path) -> None:
    assert customer(shop, 1234)["生年月日"] == "1988/11/22"
    assert customer(shop, 1235)["生年月日"] == "S31.11.22"
    assert customer(shop, 1236)["生年月日"] == "平成4年11月23日"
    assert customer(shop, 1237)["生年月日"] == "11月"
    assert orders_of(shop, 1241)[0]["受注日"].startswith("2025-11-22")
    assert orders_of(shop, 1242)[0]["受注日"].startswith("2025-11-23")


def test_others_returned_wait_for_a_grinder_or_fell_silent(shop: Path) -> None:
    assert [days_ago(order["受注日"]) for order in orders_of(shop, 1231)] == [41, 1]
    bought = {row["商品コード"] for lines in orders(shop).values() for row in lines if row["会員ID"] == "1244"}
    assert len(orders_of(shop, 1244)) == 5
    assert not any(code.startswith("MILL") for code in bought)
    assert [days_ago(orders_of(shop, number)[-1]["発送日"]) for number in (1249, 1250, 1251)] == [15, 17, 19]
    assert [days_ago(orders_of(shop, number)[-1]["受注日"]) for number in (1253, 1254, 1256)] == [95, 120, 195]


def test_contacts_are_those_of_the_last_sixty_days(shop: Path) -> None:
    found = rows(shop / "contacts.csv", "cp932")

    assert {row["種別"] for row in found} == {"電話", "来店", "ハガキ"}
    assert {row["向き"] for row in found} == {"発信", "着信"}
    ages = [(SUNDAY - datetime.strptime(row["日時"], "%Y/%m/%d %H:%M").date()).days for row in found]  # noqa: DTZ007
    assert 0 < min(ages) <= max(ages) <= 60


def test_related_products_exist(shop: Path) -> None:
    products = rows(shop / "products.csv", "utf-8-sig")
    codes = {row["商品コード"] for row in products}

    assert all(code in codes for row in products for code in row["関連商品"].split(";") if code)
    assert {row["販売状況"] for row in products} == {"販売中", "品切れ", "販売終了"}


def test_a_salon_has_about_90_clients_and_appointments_tomorrow(salon: Path) -> None:
    clients = rows(salon / "customers.csv", "cp932")
    bookings = rows(salon / "bookings.csv", "cp932")
    numbers = {row["会員番号"] for row in clients}

    assert 85 <= len(clients) <= 95
    assert 300 <= len(bookings) <= 700
    assert {row["ステータス"] for row in bookings} == {"予約中", "来店済み", "キャンセル", "無断キャンセル"}
    assert {row["会員番号"] for row in bookings} <= numbers | {""}
    tomorrow = [row for row in bookings if row["予約日時"].startswith("2026/11/23") and row["ステータス"] == "予約中"]
    assert {"H-201", "H-202"} <= {row["会員番号"] for row in tomorrow}
    assert all(row["ステータス"] == "来店済み" for row in bookings if row["会員番号"] == "H-210")
    assert len([row for row in clients if row["誕生月"]]) > len([row for row in clients if row["誕生日"]])


def test_no_salon_appointment_is_still_open_in_the_past(salon: Path) -> None:
    today = f"{SUNDAY:%Y/%m/%d}"
    for row in rows(salon / "bookings.csv", "cp932"):
        assert row["申込日時"] < row["予約日時"]
        assert row["申込日時"] <= f"{today} 10:00"
        assert (row["予約日時"] >= today) == (row["ステータス"] == "予約中") or row["ステータス"] in {"キャンセル"}
