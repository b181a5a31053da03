"""Lists of customers as shops have them become customers; a second time they change nothing."""

from datetime import UTC, datetime

from sqlalchemy import select

from nurture.store import reading
from nurture.store.tables import (
    Account,
    Address,
    Consent,
    Customer,
    CustomerChange,
    CustomerFact,
    CustomerTag,
    DatedFact,
    ImportRow,
    ImportRun,
    Suppression,
    table,
)
from tests.intake.conftest import NOW, Counting, Shop

HEADER = (
    "顧客番号,氏名,フリガナ,会社名,メールアドレス,電話番号,郵便番号,都道府県,住所,生年月日,登録日,メルマガ,タグ,備考"
)
ALICE = (
    "1001,有栖　花子,ｱﾘｽ ﾊﾅｺ,,Alice@Mail.example ,０９０－１２３４－５６０１,〒６５０－００９９,兵庫,"
    "神戸市架空町1-1,S55.4.1,2024/4/1,希望する,常連;ギフト,深煎り好み"
)
BOB = "1002,髙﨑 ①郎,,㈱架空商店,bob@mail.example,090-1234-5602,,,,4月,2024/5/1,希望しない,,"
CHARLIE = "1003,茶里 治郎,,,,,,,,,,,,"


def test_a_cp932_list_arrives_as_it_was_written(shop: Shop, counted: Counting) -> None:
    path = shop.write("customers.csv", [HEADER, ALICE, BOB, CHARLIE], "cp932")
    assert counted(shop.give(path)) == (3, 0, 0, 0)
    people = shop.all(
        Customer, "key", "name", "name_match", "kana", "phone", "postal_code", "prefecture", "street", "kind"
    )
    assert people == [
        (
            "1001",
            "有栖 花子",
            "有栖花子",
            "ｱﾘｽ ﾊﾅｺ",
            "+819012345601",
            "650-0099",
            "兵庫県",
            "神戸市架空町1-1",
            "individual",
        ),
        ("1002", "髙﨑 ①郎", "高崎1郎", "", "+819012345602", "", "", "", "individual"),
        ("1003", "茶里 治郎", "茶里治郎", "", None, "", "", "", "individual"),
    ]
    assert shop.all(Address, "customer_id", "channel", "value", "status", "shared_with") == [
        (1, "email", "alice@mail.example", "ok", None),
        (2, "email", "bob@mail.example", "ok", None),
    ]
    assert shop.all(DatedFact, "customer_id", "name", "year", "month", "day") == [
        (1, "birthday", 1980, 4, 1),
        (2, "birthday", None, 4, None),
    ]
    assert shop.all(CustomerTag, "customer_id", "tag") == [(1, "ギフト"), (1, "常連")]
    assert shop.all(Account, "name", "name_match") == [("㈱架空商店", "架空商店")]
    assert shop.all(CustomerFact, "customer_id", "order_count") == [(1, 0), (2, 0), (3, 0)]


def test_consent_is_recorded_with_its_ground_and_refusal_as_a_stop(shop: Shop) -> None:
    shop.give(shop.write("customers.csv", [HEADER, ALICE, BOB, CHARLIE]))
    registered = datetime(2024, 3, 31, 15, tzinfo=UTC)
    consents = shop.all(Consent, "customer_id", "channel", "status", "basis", "source", "given_at", "recorded_at")
    assert consents == [
        (1, "email", "granted", "opt_in", "customers.csv", registered, NOW),
        (2, "email", "withdrawn", "opt_out", "customers.csv", NOW, NOW),
    ]
    stops = shop.all(Suppression, "channel", "value", "customer_id", "scope", "reason")
    assert stops == [("email", "bob@mail.example", 2, "commercial", "opt_out")]


def test_the_same_file_twice_changes_nothing(shop: Shop, counted: Counting) -> None:
    path = shop.write("customers.csv", [HEADER, ALICE, BOB, CHARLIE])
    shop.give(path)
    versions = shop.all(Customer, "id", "version")
    assert counted(shop.give(path)) == (0, 0, 3, 0)
    assert shop.all(Customer, "id", "version") == versions
    assert shop.all(ImportRow, "row") == []
    assert shop.all(ImportRun, "status") == [("done",), ("done",)]


def test_only_who_really_changed_gets_a_new_version(shop: Shop, counted: Counting) -> None:
    shop.give_rows("customers.csv", HEADER, ALICE, BOB, CHARLIE)
    moved = ALICE.replace("神戸市架空町1-1", "神戸市架空町2-2")
    assert counted(shop.give_rows("customers.csv", HEADER, moved, BOB, CHARLIE)) == (0, 1, 2, 0)
    assert shop.all(Customer, "id", "version") == [(1, 2), (2, 1), (3, 1)]
    assert shop.all(CustomerChange, "customer_id", "version") == [(1, 2)]


def test_a_dry_run_leaves_the_database_as_it_was(shop: Shop, counted: Counting) -> None:
    path = shop.write("customers.csv", [HEADER, ALICE, BOB, CHARLIE + "x"])
    found = shop.look(path)
    assert counted(found) == (3, 0, 0, 0)
    with reading(shop.engine) as connection:
        for model in (Customer, Address, ImportRun, ImportRow, Consent):
            assert connection.execute(select(table(model))).all() == []
    assert not (shop.folder / "imports").exists()
    shown = {column.header: (column.field, column.samples) for column in found.columns}
    assert shown["メールアドレス"] == ("email", ("Alice@Mail.example ", "bob@mail.example", ""))


def test_a_repeat_sign_up_stays_as_it_was_confirmed(shop: Shop) -> None:
    shop.give_rows("a.csv", HEADER, ALICE)
    shop.give_rows("b.csv", HEADER, ALICE.replace("2024/4/1", "2026/1/1").replace("常連", "新規"))
    assert shop.all(Consent, "status", "source", "given_at", "ended_at") == [
        ("granted", "a.csv", datetime(2024, 3, 31, 15, tzinfo=UTC), None)
    ]


def test_an_old_list_never_revives_an_opt_out(shop: Shop, counted: Counting) -> None:
    shop.give_rows("new.csv", HEADER, BOB)
    again = shop.give_rows("old.csv", HEADER, BOB.replace("希望しない", "希望する"))
    assert (counted(again), again.kept_opt_outs) == ((0, 0, 1, 0), 1)
    assert shop.all(Consent, "status", "ended_at") == [("withdrawn", None)]


def test_who_no_longer_wants_mail_is_stopped(shop: Shop) -> None:
    shop.give_rows("a.csv", HEADER, ALICE)
    shop.give_rows("b.csv", HEADER, ALICE.replace("希望する", "希望しない"))
    assert shop.all(Consent, "status", "ended_at") == [("granted", NOW), ("withdrawn", None)]
    assert shop.all(Suppression, "value", "reason") == [("alice@mail.example", "opt_out")]


def test_a_list_without_a_column_for_it_gives_no_consent_unless_a_ground_is_named(shop: Shop) -> None:
    rows = (
        "顧客番号,氏名,メールアドレス,最終購入日",
        "1,有栖 花子,alice@mail.example,2026/10/1",
        "2,坊 太郎,bob@mail.example,",
    )
    shop.give_rows("a.csv", *rows)
    assert shop.all(Consent, "customer_id") == []
    shop.give_rows("a.csv", *rows, basis="existing-customer", since="最終購入日")
    given = datetime(2026, 9, 30, 15, tzinfo=UTC)
    assert shop.all(Consent, "customer_id", "status", "basis", "given_at") == [
        (1, "granted", "existing_customer", given)
    ]


def test_a_couple_shares_an_inbox_and_one_cap(shop: Shop, counted: Counting) -> None:
    rows = (
        "顧客番号,氏名,メールアドレス",
        "1260,鴛鴦 夫美,oshidori@inbox.example",
        "1261,鴛鴦 勝,oshidori@inbox.example",
    )
    assert counted(shop.give_rows("a.csv", *rows)) == (2, 0, 0, 0)
    assert shop.all(Customer, "id", "cap_owner_id") == [(1, None), (2, 1)]
    assert shop.all(Address, "customer_id", "value", "shared_with") == [
        (1, "oshidori@inbox.example", None),
        (2, "oshidori@inbox.example", 1),
    ]
    assert counted(shop.give_rows("a.csv", *rows)) == (0, 0, 2, 0)


def test_who_joins_the_inbox_of_a_known_customer_marks_the_inbox(shop: Shop) -> None:
    shop.give_rows("a.csv", "顧客番号,氏名,メールアドレス", "1260,鴛鴦 夫美,oshidori@inbox.example")
    shop.give_rows("b.csv", "顧客番号,氏名,メールアドレス", "1261,鴛鴦 勝,oshidori@inbox.example")
    assert shop.all(Customer, "id", "cap_owner_id") == [(1, None), (2, 1)]
    assert shop.all(Customer, "id", "version")[0][1] > 1


def test_a_row_written_twice_is_one_customer(shop: Shop, counted: Counting) -> None:
    path = shop.write("a.csv", [HEADER, ALICE, ALICE])
    assert counted(shop.give(path)) == (1, 0, 1, 0)
    assert counted(shop.give(path)) == (0, 0, 2, 0)


def test_a_second_row_about_one_customer_fills_gaps_and_overwrites_nothing(shop: Shop, counted: Counting) -> None:
    header = "顧客番号,氏名,メールアドレス,電話番号,備考"
    rows = ("1001,有栖 花子,alice@mail.example,,はじめ", ",有栖花子,alice@mail.example,090-1234-5601,あと")
    path = shop.write("a.csv", [header, *rows])
    assert counted(shop.give(path)) == (1, 1, 0, 0)
    assert shop.all(Customer, "key", "phone", "note") == [("1001", "+819012345601", "はじめ")]
    assert counted(shop.give(path)) == (0, 0, 2, 0)


def test_a_name_alone_is_only_a_suggestion(shop: Shop, counted: Counting) -> None:
    shop.give_rows("a.csv", "顧客番号,氏名,メールアドレス", "1001,髙橋 美波,minami@mail.example")
    path = shop.write("b.csv", ["氏名,メールアドレス", "高橋美波,other@mail.example"])
    found = shop.examine(path)
    assert [(each.name, each.resembles_id, each.resembles_key) for each in found.suggestions] == [
        ("高橋美波", 1, "1001")
    ]
    assert counted(shop.give(path)) == (1, 0, 0, 0)
    assert counted(shop.give(path)) == (0, 0, 1, 0)


def test_two_numbers_with_one_name_and_inbox_stay_two_and_are_suggested(shop: Shop) -> None:
    rows = ("1265,髙橋 美波,minami@mail.example", "1266,高橋 美波,Minami@MAIL.example")
    found = shop.examine(shop.write("a.csv", ["顧客番号,氏名,メールアドレス", *rows]))
    assert [(each.row, each.resembles_row, each.resembles_key) for each in found.suggestions] == [(3, 2, "1265")]


def test_somebody_with_nothing_but_a_name_is_not_made_twice(shop: Shop, counted: Counting) -> None:
    path = shop.write("a.csv", ["氏名,生年月日", "茶里 治郎,4月"])
    assert counted(shop.give(path)) == (1, 0, 0, 0)
    assert counted(shop.give(path)) == (0, 0, 1, 0)


def test_a_company_without_a_person_is_a_company(shop: Shop) -> None:
    header = "顧客番号,氏名,会社名,メールアドレス"
    rows = ("1262,埠頭 一郎,株式会社埠頭商店,ichiro@futo.example", "1264,,㈱埠頭商店,info@futo.example")
    shop.give_rows("a.csv", header, *rows)
    assert shop.all(Customer, "name", "kind", "account_id") == [
        ("埠頭 一郎", "individual", 1),
        ("㈱埠頭商店", "company", 1),
    ]


def test_a_carrier_address_that_breaks_the_rules_is_kept_and_marked(shop: Shop) -> None:
    rows = ("1,茶畑 花,hana..tea@docomo.test", "2,縁側 昭,engawa.@ezweb.test", "3,暦 弥生,日本@mail.example")
    result = shop.give_rows("a.csv", "顧客番号,氏名,メールアドレス", *rows)
    assert shop.all(Address, "value", "status") == [
        ("hana..tea@docomo.test", "nonstandard"),
        ("engawa.@ezweb.test", "nonstandard"),
    ]
    assert result.counts.rejected == 1


def test_a_changed_mail_address_takes_the_place_of_the_old_one(shop: Shop, counted: Counting) -> None:
    shop.give_rows("a.csv", "顧客番号,氏名,メールアドレス", "1,有栖 花子,old@mail.example")
    path = shop.write("b.csv", ["顧客番号,氏名,メールアドレス", "1,有栖 花子,new@mail.example"])
    shop.give(path)
    assert shop.all(Address, "value", "removed_at") == [("old@mail.example", NOW), ("new@mail.example", None)]
    assert counted(shop.give(path)) == (0, 0, 1, 0)


def test_declared_attributes_are_typed(shop: Shop) -> None:
    attributes = {
        "rank": {"type": "number", "title": "会員ランク"},
        "visit": {"type": "date"},
        "roast": {"title": "焙煎"},
    }
    settings = type(shop.settings).model_validate({"shop": {"name": "x"}, "attributes": attributes})
    shop.settings = settings.model_copy(update={"folder": shop.folder})
    shop.give_rows("a.csv", "顧客番号,会員ランク,visit,焙煎", "1,３,R8.4.1,深煎り", "2,x,,")
    assert shop.all(Customer, "key", "attributes") == [("1", {"rank": 3.0, "visit": "2026-04-01", "roast": "深煎り"})]


def test_a_column_that_may_hold_permissions_is_never_passed_over_in_silence(shop: Shop) -> None:
    rows = ("顧客番号,氏名,メールアドレス,メルマガ希望,案内の希望", "2001,杉 花子,sugi@mail.example,いいえ,×")
    examined = shop.look(shop.write("wishes.csv", rows))
    assert {each.header: each.field for each in examined.columns}["メルマガ希望"] == "mail_wanted"
    assert examined.perhaps_permissions == ("案内の希望",)
