"""Orders from real shop software become orders, lines and buyers; they only go forward, and twice changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.store.tables import Address, Consent, Customer, CustomerChange, CustomerFact, Order, OrderLine, Product
from tests.intake.conftest import NOW, Counting, Shop

ECCUBE = (
    "注文ID,注文番号,会員ID,お名前(姓),お名前(名),メールアドレス,送料,支払合計,対応状況(名称),受注日,"
    "商品名,商品コード,規格分類名1,価格,個数,明細区分(名称),送料,発送日"
)


def line(
    number: int, member: str, name: str, mail: str, total: int, state: str, at: str, *goods: str, shipped: str = ""
) -> str:
    return ",".join(
        [str(number), str(number), member, *name.split(), mail, "500", str(total), state, at, *goods, "500", shipped]
    )


ALICE_ONE = line(3001, "1001", "有栖 花子", "alice@mail.example", 3100, "発送済み", "2026-03-01 20:15:00",
                 "みなとブレンド", "BEAN", "200g", "1300", "2", "商品", shipped="2026-03-02 15:00:00")  # fmt: skip
ALICE_SHIPPING = line(3001, "1001", "有栖 花子", "alice@mail.example", 3100, "発送済み", "2026-03-01 20:15:00",
                      "送料", "", "", "500", "1", "送料", shipped="2026-03-02 15:00:00")  # fmt: skip
BOB_GUEST = line(3002, "", "坊 太郎", "bob@mail.example", 900, "新規受付", "2026-11-21 08:00:00",
                 "ドリッパー", "DRIP", "", "900", "1", "商品")  # fmt: skip
ALICE_FILTER = line(3001, "1001", "有栖 花子", "alice@mail.example", 3100, "発送済み", "2026-03-01 20:15:00",
                    "フィルター", "FILTER", "", "0", "1", "商品", shipped="2026-03-02 15:00:00")  # fmt: skip
ROWS = (ALICE_ONE, ALICE_SHIPPING, BOB_GUEST, ALICE_FILTER)


def test_rows_of_one_order_belong_together_wherever_they_stand(shop: Shop, counted: Counting) -> None:
    path = shop.write("orders.csv", [ECCUBE, *ROWS], "cp932")
    assert counted(shop.give(path)) == (2, 0, 0, 0)
    assert shop.all(Order, "key", "customer_id", "status", "total", "ordered_at", "shipped_at", "received_at") == [
        (
            "3001",
            1,
            "shipped",
            3100,
            datetime(2026, 3, 1, 11, 15, tzinfo=UTC),
            datetime(2026, 3, 2, 6, tzinfo=UTC),
            NOW,
        ),
        ("3002", 2, "ordered", 900, datetime(2026, 11, 20, 23, tzinfo=UTC), None, NOW),
    ]
    assert sorted(shop.all(OrderLine, "order_id", "name", "quantity", "price", "counts")) == [
        (1, "みなとブレンド 200g", 2, 1300, True),
        (1, "フィルター", 1, 0, True),
        (2, "ドリッパー", 1, 900, True),
    ]
    assert shop.all(Customer, "key", "name", "family_name") == [("1001", "有栖 花子", "有栖"), (None, "坊 太郎", "坊")]
    assert shop.all(Product, "key") == [("BEAN",), ("FILTER",), ("DRIP",)]
    assert shop.all(CustomerFact, "order_count", "order_total", "first_order_id") == [(1, 3100, 1), (1, 900, 2)]
    assert counted(shop.give(path)) == (0, 0, 2, 0)


def test_an_order_finds_its_customer_and_overwrites_nothing(shop: Shop) -> None:
    shop.give_rows(
        "c.csv",
        "顧客番号,氏名,メールアドレス",
        "1001,有栖花子（旧姓）,alice@mail.example",
        "1002,坊 太郎,bob@mail.example",
    )
    shop.give_rows("o.csv", ECCUBE, *ROWS)
    assert shop.all(Customer, "key", "name") == [("1001", "有栖花子（旧姓）"), ("1002", "坊 太郎")]
    assert shop.all(Order, "key", "customer_id") == [("3001", 1), ("3002", 2)]
    assert shop.all(Consent, "id") == []


def test_a_cancelled_order_no_longer_counts_and_an_old_export_does_not_bring_it_back(
    shop: Shop, counted: Counting
) -> None:
    shop.give_rows("o.csv", ECCUBE, *ROWS)
    cancelled = [row.replace("発送済み", "注文取消し") for row in ROWS]
    before = shop.all(Customer, "version")
    later = NOW + timedelta(days=1)
    assert counted(shop.give_rows("later.csv", ECCUBE, *cancelled, now=later)) == (0, 1, 1, 0)
    assert shop.all(Order, "status", "cancelled_at", "received_at") == [
        ("cancelled", later, later),
        ("ordered", None, NOW),
    ]
    assert {counts for order, counts in shop.all(OrderLine, "order_id", "counts") if order == 1} == {False}
    assert shop.all(CustomerFact, "order_count", "order_total")[0] == (0, 0)
    assert [after[0] - was[0] for after, was in zip(shop.all(Customer, "version"), before, strict=True)] == [1, 0]
    assert counted(shop.give_rows("old.csv", ECCUBE, *ROWS)) == (0, 0, 2, 0)


def test_an_order_that_was_shipped_since_has_its_instant(shop: Shop) -> None:
    shop.give_rows("o.csv", ECCUBE, BOB_GUEST)
    shop.give_rows("o.csv", ECCUBE, BOB_GUEST.replace("新規受付", "発送済み") + "2026-11-22 09:00:00")
    assert shop.all(Order, "status", "shipped_at") == [("shipped", datetime(2026, 11, 22, 0, 0, tzinfo=UTC))]


def test_two_orders_on_the_first_day_are_two_orders_of_a_first_time_buyer(shop: Shop) -> None:
    rows = (
        "顧客番号,氏名,注文番号,注文日,商品名,金額",
        "1,有栖 花子,A1,2026/11/20,豆,1200",
        "1,有栖 花子,A2,2026/11/20,豆,1200",
    )
    shop.give_rows("o.csv", *rows)
    assert shop.all(CustomerFact, "order_count", "first_order_id") == [(2, 1)]
    assert shop.all(Customer, "id") == [(1,)]


def test_orders_without_a_number_are_known_by_who_when_and_what(shop: Shop, counted: Counting) -> None:
    rows = (
        "氏名,メールアドレス,購入日,商品名,数量,価格",
        "有栖 花子,alice@mail.example,2026/11/1,豆,1,1200",
        "坊 太郎,bob@mail.example,2026/11/1,豆,1,1200",
        "有栖 花子,alice@mail.example,2026/11/1,ミル,1,4800",
        "有栖 花子,alice@mail.example,2026/11/9,豆,1,1200",
    )
    path = shop.write("o.csv", rows)
    assert counted(shop.give(path)) == (3, 0, 0, 0)
    assert sorted(shop.all(Order, "customer_id", "total")) == [(1, 1200), (1, 6000), (2, 1200)]
    assert all(key.startswith("made:") for (key,) in shop.all(Order, "key"))
    assert counted(shop.give(path)) == (0, 0, 3, 0)


def test_base_knows_a_customer_by_their_mail_only(shop: Shop, counted: Counting) -> None:
    header = (
        "注文ID,注文日時,氏(請求先),名(請求先),メールアドレス(請求先),電話番号(請求先),"
        "商品名,バリエーション,価格,数量,合計金額,発送状況"
    )
    rows = (
        "A1B2,2026-11-01 10:00:00,有栖,花子,alice@mail.example,09012345601,Tシャツ,M,3000,1,3500,対応済み",
        "A1B2,2026-11-01 10:00:00,有栖,花子,alice@mail.example,09012345601,Tシャツ,L,3000,1,3500,対応済み",
        "C3D4,2026-11-02 10:00:00,有栖,花子,alice@mail.example,09012345601,靴下,,500,1,500,未対応",
    )
    assert counted(shop.give_rows("base.csv", header, *rows)) == (2, 0, 0, 0)
    assert shop.all(Customer, "name", "phone") == [("有栖 花子", "+819012345601")]
    assert shop.all(Order, "status", "total") == [("shipped", 3500), ("ordered", 500)]
    assert [name for (name,) in shop.all(OrderLine, "name")] == ["Tシャツ M", "Tシャツ L", "靴下"]


def test_shopify_writes_the_order_on_its_first_row_only(shop: Shop, counted: Counting) -> None:
    header = (
        "Name,Email,Financial Status,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at,Billing Name"
    )
    rows = (
        "#1001,alice@mail.example,paid,fulfilled,2026-11-02,yes,JPY,4200.00,2026-11-01,1,Beans,1200.00,BEAN,,Alice",
        "#1001,alice@mail.example,,,,,,,,1,Mill,3000.00,MILL,,",
        "#1002,bob@mail.example,refunded,unfulfilled,,no,JPY,800.00,2026-11-03 10:00:00 +0900,1,Beans,800.00,BEAN,,Bob",
    )
    path = shop.write("orders_export.csv", [header, *rows])
    assert counted(shop.give(path)) == (2, 0, 0, 0)
    assert shop.all(Order, "key", "status", "total") == [("#1001", "shipped", 4200), ("#1002", "returned", 800)]
    assert shop.all(Consent, "customer_id", "status") == [(1, "granted"), (2, "withdrawn")]
    assert counted(shop.give(path)) == (0, 0, 2, 0)


def test_a_shopify_customer_loses_the_apostrophe(shop: Shop) -> None:
    header = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Default Address Zip,Tags"
    shop.give_rows("c.csv", header, "'7012,Alice,Liddell,alice@mail.example,yes,'+819012345601,'650-0099,\"vip, tea\"")
    assert shop.all(Customer, "key", "name", "phone", "postal_code") == [
        ("7012", "Alice Liddell", "+819012345601", "650-0099")
    ]


def test_a_wrong_row_takes_its_whole_order_with_it(shop: Shop, counted: Counting) -> None:
    broken = ALICE_FILTER.replace(",0,1,商品", ",千円,1,商品")
    result = shop.give_rows("o.csv", ECCUBE, ALICE_ONE, BOB_GUEST, broken)
    assert counted(result) == (1, 0, 0, 2)
    assert result.rejected_file is not None
    reasons = result.rejected_file.read_text("utf-8-sig").splitlines()[1:]
    assert [each[:4] for each in reasons] == ['"2",', '"4",']
    assert "千円" in reasons[1]


def test_a_number_that_belongs_to_another_order_is_refused(shop: Shop, counted: Counting) -> None:
    shop.give_rows("o.csv", ECCUBE, BOB_GUEST)
    other = "顧客番号,氏名,注文番号,注文日,商品名,金額", "77,他 人,3002,2025/1/1,米,500"
    assert counted(shop.give_rows("pos.csv", *other)) == (0, 0, 0, 1)


def test_a_cart_that_was_never_paid_and_a_day_to_come_are_no_orders(shop: Shop, counted: Counting) -> None:
    cart = BOB_GUEST.replace("新規受付", "購入処理中")
    future = BOB_GUEST.replace("2026-11-21", "2062-11-21").replace("3002", "3003")
    assert counted(shop.give_rows("o.csv", ECCUBE, cart, future)) == (0, 0, 0, 2)
    assert shop.all(Customer, "id") == []


def test_new_orders_leave_word_for_planning(shop: Shop) -> None:
    shop.give_rows("c.csv", "顧客番号,氏名", "1001,有栖 花子")
    shop.give_rows("o.csv", ECCUBE, ALICE_ONE)
    assert shop.all(CustomerChange, "customer_id")[0] == (1,)
    assert shop.all(Address, "value") == [("alice@mail.example",)]


def test_a_price_list_that_comes_after_the_orders_names_their_lines(shop: Shop, counted: Counting) -> None:
    shop.give_rows("o.csv", ECCUBE, *ROWS)
    shop.give_rows("p.csv", "顧客番号,注文番号,注文日,商品名,金額", "1001,X1,2026/11/3,手挽きミル,4800")
    rows = (
        "商品コード,商品名,カテゴリ,価格,販売状況,関連商品,おすすめ理由",
        "BEAN,みなとブレンド,コーヒー豆,1300,販売中,MILL;NOWHERE,挽きたてがいちばん",
        "MILL,手挽きミル,ミル,4800,品切れ,,",
    )
    path = shop.write("products.csv", rows)
    assert counted(shop.give(path)) == (1, 1, 0, 0)
    lines = dict(shop.all(OrderLine, "name", "category"))
    assert (lines["みなとブレンド 200g"], lines["手挽きミル"]) == ("コーヒー豆", "ミル")
    assert counted(shop.give(path)) == (0, 0, 2, 0)


@pytest.mark.parametrize("date", ["日付", "売上日付", "販売日", "会計日", "お買い上げ日", "ご購入日"])
def test_a_list_of_sales_is_no_list_of_customers(shop: Shop, counted: Counting, date: str) -> None:
    rows = (f"伝票番号,{date},お客様名,商品名,数量,単価", "101,2026/11/1,有栖 花子,豆,2,1200", "合計,,,,,2400")
    given = shop.give_rows("sales.csv", *rows)
    assert counted(given) == (1, 0, 0, 1)
    assert shop.all(Order, "key", "total") == [("101", 2400)]


def test_a_log_of_calls_with_a_product_stays_one(shop: Shop) -> None:
    rows = ("日付,お客様名,種別,商品", "2026/11/1,有栖 花子,電話,豆")
    assert shop.look(shop.write("log.csv", rows)).kind == "contacts"
