"""Bookings, calls, complaints and an older tool's refusals; each twice, and the second time nothing changes."""

from datetime import UTC, datetime

import pytest

from nurture.store.tables import (
    Address,
    Booking,
    Consent,
    Contact,
    Customer,
    CustomerFact,
    Hold,
    Product,
    ProductRelation,
    Suppression,
)
from tests.intake.conftest import NOW, Counting, Shop

CUSTOMERS = (
    "顧客番号,氏名,メールアドレス,電話番号,メルマガ,登録日",
    "1001,有栖 花子,alice@mail.example,090-1234-5601,希望する,2024/4/1",
    "1002,坊 太郎,bob@mail.example,090-1234-5602,希望する,2024/4/1",
    "1003,坊 次郎,bob@mail.example,,,",
)


@pytest.fixture(autouse=True)
def customers(shop: Shop) -> None:
    shop.give_rows("customers.csv", *CUSTOMERS)


def test_calls_count_to_the_caps_of_the_inbox(shop: Shop, counted: Counting) -> None:
    rows = (
        "顧客番号,日時,種別,向き,メモ",
        "1001,2026/11/20 15:10,電話,発信,配送日のご相談",
        "1003,2026/11/21 11:00,ハガキ,発信,",
        "1001,2026/11/21,来店,着信,豆を見ていかれた",
        "999,2026/11/21,電話,着信,退会の確認",
        "1001,2026/11/29,電話,発信,まだ先",
    )
    path = shop.write("contacts.csv", rows, "cp932")
    assert counted(shop.give(path)) == (3, 0, 0, 2)
    assert shop.all(Contact, "customer_id", "owner_id", "channel", "direction", "counts", "at") == [
        (1, 1, "call", "out", True, datetime(2026, 11, 20, 6, 10, tzinfo=UTC)),
        (3, 2, "postcard", "out", True, datetime(2026, 11, 21, 2, 0, tzinfo=UTC)),
        (1, 1, "visit", "in", False, datetime(2026, 11, 20, 15, 0, tzinfo=UTC)),
    ]
    assert shop.all(CustomerFact, "last_contact_at")[0] == (datetime(2026, 11, 20, 6, 10, tzinfo=UTC),)
    assert counted(shop.give(path)) == (0, 0, 3, 2)


def test_a_booking_moves_and_is_visited(shop: Shop, counted: Counting) -> None:
    header = "予約番号,会員番号,顧客名,予約日時,申込日時,メニュー,担当スタッフ,ステータス,金額"
    rows = (
        "R1,1001,有栖 花子,2026/12/01 13:30,2026/11/20 21:10,カット＋カラー,水無月 玲,予約中,13200",
        "R2,,飛入 客子,2026/11/23 16:30,,カット,神楽 つむぎ,予約中,5500",
    )
    assert counted(shop.give_rows("b.csv", header, *rows)) == (2, 0, 0, 0)
    assert shop.all(Customer, "id", "name")[3:] == [(4, "飛入 客子")]
    moved = rows[0].replace("12/01 13:30", "12/02 14:00"), rows[1].replace("予約中", "無断キャンセル")
    assert counted(shop.give_rows("b.csv", header, *moved)) == (0, 2, 0, 0)
    assert shop.all(Booking, "key", "customer_id", "status", "starts_at", "menu", "staff", "price") == [
        ("R1", 1, "booked", datetime(2026, 12, 2, 5, 0, tzinfo=UTC), "カット＋カラー", "水無月 玲", 13200),
        ("R2", 4, "no_show", datetime(2026, 11, 23, 7, 30, tzinfo=UTC), "カット", "神楽 つむぎ", 5500),
    ]
    assert counted(shop.give_rows("b.csv", header, *moved)) == (0, 0, 2, 0)


def test_what_an_older_tool_knew_is_never_forgotten(shop: Shop, counted: Counting) -> None:
    rows = (
        "メールアドレス,状態,日付,理由",
        "BOB@mail.example,配信停止,2026-11-01,本人のお申し出",
        "alice@mail.example,エラー,2026-11-02,550 5.1.1 User unknown",
        "gone@post.example,配信停止,2025-01-01,",
        "fine@post.example,配信中,,",
    )
    path = shop.write("optouts.csv", rows)
    assert counted(shop.give(path)) == (3, 0, 1, 0)
    assert shop.all(Suppression, "channel", "value", "customer_id", "scope", "reason") == [
        ("email", "bob@mail.example", 2, "commercial", "opt_out"),
        ("email", "alice@mail.example", 1, "all", "hard_bounce"),
        ("email", "gone@post.example", None, "commercial", "opt_out"),
    ]
    assert shop.all(Consent, "customer_id", "status", "ended_at") == [
        (1, "granted", None),
        (2, "granted", NOW),
        (2, "withdrawn", None),
    ]
    assert counted(shop.give(path)) == (0, 0, 4, 0)
    again = shop.give_rows("new.csv", "顧客番号,氏名,メールアドレス,メルマガ", "1004,郷 一,gone@post.example,希望する")
    assert again.kept_opt_outs == 1
    assert shop.all(Consent, "customer_id")[-1] == (2,)


def test_who_is_named_without_an_address_is_left_alone_on_every_channel(shop: Shop, counted: Counting) -> None:
    rows = ("顧客番号,状態,日付,理由", "1001,停止,2026-11-01,今後一切連絡しないこと", "1002,エラー,2026-11-01,")
    assert counted(shop.give_rows("never.csv", *rows)) == (2, 0, 0, 0)
    assert shop.all(Suppression, "channel", "value", "customer_id", "reason") == [
        ("email", None, 1, "opt_out"),
        ("line", None, 1, "opt_out"),
        ("email", None, 2, "hard_bounce"),
    ]
    assert counted(shop.give_rows("never.csv", *rows)) == (0, 0, 2, 0)


def test_complaints_and_refusals_keep_offers_back(shop: Shop, counted: Counting) -> None:
    shop.give_rows("p.csv", "商品コード,商品名,カテゴリ", "MILL-HAND,手挽きミル,ミル")
    rows = [
        "顧客番号,種別,商品/カテゴリ,発生日,解決日",
        "1001,クレーム,,2026/11/20,",
        "1002,お断り,手挽きミル,2026/11/1,",
        "1002,お断り,ギフト,2026/11/1,2026/12/1",
        "1002,お断り,,2026/11/1,",
    ]
    assert counted(shop.give_rows("holds.csv", *rows)) == (3, 0, 0, 1)
    first = datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert shop.all(Hold, "customer_id", "kind", "product_id", "category", "opened_at", "closed_at") == [
        (1, "complaint", None, "", datetime(2026, 11, 19, 15, tzinfo=UTC), None),
        (2, "refusal", 1, "", first, datetime(2027, 4, 29, 15, tzinfo=UTC)),
        (2, "refusal", None, "ギフト", first, datetime(2026, 11, 30, 15, tzinfo=UTC)),
    ]
    rows[1] = "1001,クレーム,,2026/11/20,2026/11/22"
    assert counted(shop.give_rows("holds.csv", *rows)) == (0, 1, 2, 1)
    assert shop.all(Hold, "closed_at")[0] == (datetime(2026, 11, 21, 15, tzinfo=UTC),)


def test_line_friends_join_the_customers_they_are(shop: Shop, counted: Counting) -> None:
    alice, bob, new = (f"U{digit * 32}" for digit in "abc")
    rows = (
        "会員番号,お名前,LINEユーザーID,LINE配信,友だち追加日,電話",
        f"1001,有栖,{alice},希望,2026/11/1,9012345601.0",
        f",坊 太郎,{bob},停止,2026/11/1,090-1234-5602",
        f",ハナ,{new},希望,2026/11/1,",
    )
    assert counted(shop.give_rows("line.csv", *rows)) == (1, 2, 0, 0)
    assert shop.all(Customer, "name")[0] == ("有栖 花子",)
    assert [each for each in shop.all(Address, "customer_id", "channel", "value") if each[1] == "line"] == [
        (1, "line", alice),
        (2, "line", bob),
        (4, "line", new),
    ]
    assert [each for each in shop.all(Consent, "customer_id", "channel", "status") if each[1] == "line"] == [
        (1, "line", "granted"),
        (2, "line", "withdrawn"),
        (4, "line", "granted"),
    ]
    assert counted(shop.give_rows("line.csv", *rows)) == (0, 0, 3, 0)


def test_products_with_what_goes_with_them(shop: Shop, counted: Counting) -> None:
    rows = (
        "商品コード,商品名,カテゴリ,価格,販売状況,商品URL,関連商品,おすすめ理由",
        'BEAN,豆,コーヒー豆,"1,296円",販売中,https://shop.example/bean,MILL;FILTER,挽きたてを',
        "MILL,ミル,ミル,4800,品切れ,,,",
        "FILTER,フィルター,,400,販売終了,,,",
    )
    path = shop.write("products.csv", rows, "utf-8-sig")
    assert counted(shop.give(path)) == (3, 0, 0, 0)
    assert sorted(shop.all(Product, "key", "price", "on_sale")) == [
        ("BEAN", 1296, True),
        ("FILTER", 400, False),
        ("MILL", 4800, False),
    ]
    assert [(position, reason) for position, reason in shop.all(ProductRelation, "position", "reason")] == [
        (0, "挽きたてを"),
        (1, "挽きたてを"),
    ]
    assert counted(shop.give(path)) == (0, 0, 3, 0)
    assert counted(shop.give_rows("p.csv", rows[0], rows[1].replace("MILL;FILTER", "FILTER;MILL"))) == (0, 1, 0, 0)


def test_a_column_of_times_beside_the_day_is_read(shop: Shop) -> None:
    rows = (
        "予約日,時間,お名前,TEL",
        "2026/11/3,午後2時,有栖 花子,9012345601",
        "2026/11/4 9:30,60分,坊 太郎,9012345602",
    )
    shop.give_rows("予約.csv", *rows)
    begins = [datetime(2026, 11, 3, 5, 0, tzinfo=UTC), datetime(2026, 11, 4, 0, 30, tzinfo=UTC)]
    assert shop.all(Booking, "starts_at") == [(each,) for each in begins]
