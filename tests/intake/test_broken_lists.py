"""Lists with a slip in them: what would be lost in silence is told instead."""

import pytest

from nurture.catalogue import say_mistakes
from nurture.intake.rejection import reason_text
from nurture.mistake import MistakesFound
from nurture.store.tables import Consent, Customer, ImportRun, Order
from tests.intake.conftest import Counting, Shop

HEAD = "顧客番号,氏名,メールアドレス,メルマガ"
ALICE, BOB = "1,有栖 花子,alice@mail.example,希望する", "2,坊 太郎,bob@mail.example,希望する"
CHARLIE, DORA = "3,茶里 治郎,charlie@mail.example,希望しない", "4,銅鑼 四,dora@mail.example,希望する"


def told(shop: Shop, *rows: str) -> list[tuple[int, str, str]]:
    """Row, code and reason of the rows that can't be used."""
    found = shop.look(shop.write("list.csv", rows))
    words = [{"code": r.refusal.code, "values": r.refusal.values, "header": r.refusal.header} for r in found.rejected]
    return [(r.row, r.refusal.code, reason_text("ja", reason)) for r, reason in zip(found.rejected, words, strict=True)]


def test_a_file_with_an_open_quote_is_refused_whole(shop: Shop) -> None:
    path = shop.write("q.csv", [HEAD, ALICE, BOB.replace("坊", '"坊'), CHARLIE, DORA], "cp932")
    with pytest.raises(MistakesFound) as found:
        shop.give(path)
    assert say_mistakes("ja", found.value).startswith('q.csv:3:3: 3 行目の引用符（"）が閉じていません')
    assert shop.all(Customer, "id") == shop.all(ImportRun, "id") == []


def test_a_row_with_more_cells_than_the_header_is_not_cut_off(shop: Shop) -> None:
    ((row, code, reason),) = told(shop, HEAD, ALICE, "2,坊,太郎,bob@mail.example,希望しない", DORA + ",,")
    assert (row, code) == (3, "reject.too_wide")
    assert "「希望しない」" in reason


def test_a_row_whose_rest_stands_inside_a_quote_is_not_taken_without_it(shop: Shop, counted: Counting) -> None:
    rows = (HEAD, ALICE, '3,"茶里 治郎,charlie@mail.example,希望しない"', DORA)
    assert [each[:2] for each in told(shop, *rows)] == [(3, "reject.too_narrow")]
    assert counted(shop.give_rows("list.csv", *rows)) == (2, 0, 0, 1)


def test_a_row_that_leaves_its_empty_end_out_goes_in(shop: Shop, counted: Counting) -> None:
    assert counted(shop.give_rows("list.csv", HEAD, "1,有栖 花子", '2,"坊, 太郎",bob@mail.example')) == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("顧客番号,氏名,累計購入額,メモ", 'C1,有栖 花子,"1,234"'),
        ("顧客番号,氏名,タグ,備考", 'C1,有栖 花子,"常連,ギフト"'),
        ("顧客番号,氏名,メールアドレス,紹介者,備考", "C1,有栖 花子,,taro@mail.example"),
        ("会員ID,氏名,メールアドレス,備考", "taro@mail.example,有栖 花子"),
    ],
)
def test_a_row_with_an_empty_end_goes_in_whatever_its_cells_hold(
    shop: Shop, counted: Counting, head: str, row: str
) -> None:
    assert counted(shop.give_rows("list.csv", head, row)) == (1, 0, 0, 0)


def test_an_order_with_a_row_too_long_is_refused_whole(shop: Shop, counted: Counting) -> None:
    rows = ("注文番号,注文日,氏名,商品名,価格", "A1,2026/11/1,有栖 花子,豆,1200", "A1,2026/11/1,有栖 花子,ミル,4,800")
    assert counted(shop.give_rows("orders.csv", *rows)) == (0, 0, 0, 2)
    assert shop.all(Order, "id") == []
    assert shop.all(Consent, "id") == []


TARO, HANAKO = "1,田中 太郎,taro@mail.example,希望する", "1,鈴木 花子,hanako@mail.example,希望しない"


def test_two_people_with_one_number_are_not_made_one(shop: Shop, counted: Counting) -> None:
    ((row, code, reason),) = told(shop, HEAD, TARO, BOB, HANAKO)
    assert (row, code) == (4, "reject.number_taken")
    assert "「1」" in reason
    assert "2 行目" in reason
    for _ in range(2):
        assert counted(shop.give_rows("list.csv", HEAD, TARO, BOB, HANAKO))[3] == 1
        assert shop.all(Customer, "key", "name") == [("1", "田中 太郎"), ("2", "坊 太郎")]
        assert shop.all(Consent, "customer_id", "status") == [(1, "granted"), (2, "granted")]


def test_a_stranger_under_a_known_number_is_found_far_down_the_file(shop: Shop) -> None:
    others = [f"{n},客 {n}号,c{n}@mail.example,希望する" for n in range(10, 2_500)]
    assert [each[:2] for each in told(shop, HEAD, TARO, *others, HANAKO)] == [(2493, "reject.number_taken")]


@pytest.mark.parametrize(
    "again",
    [
        TARO,
        "1,田中 太郎,other@mail.example,希望する",
        "1,鈴木 太郎,taro@mail.example,希望する",
        "1,,other@mail.example,希望する",
        "1,鈴木 花子,,希望する",
    ],
)
def test_one_person_twice_under_one_number_stays_one(shop: Shop, again: str) -> None:
    assert told(shop, HEAD, TARO, again) == []


def test_two_people_with_one_number_are_told_by_their_phones_where_they_have_no_mail(shop: Shop) -> None:
    rows = ("顧客番号,氏名,電話番号", "1,田中 太郎,090-1234-5601", "1,鈴木 花子,090-1234-5602")
    assert [each[:2] for each in told(shop, *rows)] == [(3, "reject.number_taken")]


def test_a_married_customer_with_a_new_address_is_changed_by_the_next_list(shop: Shop, counted: Counting) -> None:
    shop.give_rows("a.csv", HEAD, "1,田中 花子,tanaka@mail.example,希望する")
    assert counted(shop.give_rows("b.csv", HEAD, "1,鈴木 花子,suzuki@mail.example,希望する")) == (0, 1, 0, 0)


def test_a_list_with_names_of_groups_above_its_header_goes_in(shop: Shop, counted: Counting) -> None:
    assert counted(shop.give_rows("list.csv", "お客様情報,,ご連絡先,", HEAD, ALICE, CHARLIE)) == (2, 0, 0, 0)


def test_a_header_nobody_knows_is_told_with_its_row(shop: Shop) -> None:
    with pytest.raises(MistakesFound) as found:
        shop.look(shop.write("list.csv", ["お客様,,れんらく,", "ばんごう,よびな,れんらく先,こうどく", ALICE]))
    assert say_mistakes("ja", found.value).startswith("list.csv:1:1: 1 行目を見出しとして読みましたが")


def test_a_mapping_finds_its_header_and_the_next_file_too(shop: Shop, counted: Counting) -> None:
    rows = ("お客様,,れんらく,", "ばんごう,よびな,れんらく先,こうどく", ALICE)
    mapping = "key=ばんごう,name=よびな,email=れんらく先,mail_wanted=こうどく"
    assert counted(shop.give_rows("list.csv", *rows, mapping=mapping, kind="customers")) == (1, 0, 0, 0)
    assert counted(shop.give_rows("next.csv", *rows)) == (0, 0, 1, 0)


def test_a_column_of_mail_addresses_that_is_not_read_is_pointed_at(shop: Shop) -> None:
    rows = ["番号なし,氏名,とどけさき,備考"] + [f"x,客 {n}号,c{n}@mail.example,a@b のこと" for n in range(20)]
    rows[3] = "x,客 二号,,"
    found = shop.look(shop.write("list.csv", rows))
    assert found.perhaps_mail == (3,)
    read = shop.look(shop.write("list.csv", [rows[0].replace("備考", "Eメール"), *rows[1:]]))
    assert read.perhaps_mail == ()


def test_a_mapped_plain_list_is_a_list_of_customers(shop: Shop) -> None:
    path = shop.write("friends.csv", ["れんらく先,よびな,たんじょうび", "alice@mail.example,有栖,4/1"])
    found = shop.look(path, kind="customers", mapping="email=れんらく先,name=よびな,birthday=たんじょうび")
    assert found.preset == "customers"


def test_half_a_row_below_a_bare_line_end_is_nobody(shop: Shop) -> None:
    rows = (
        "顧客番号,氏名,住所,メールアドレス,メルマガ",
        "1,有栖 花子,神戸市",
        "架空町1-1,alice@mail.example,希望しない",
    )
    ((row, code, reason),) = told(shop, *rows)
    assert (row, code) == (3, "reject.displaced")
    assert "「alice@mail.example」" in reason
    whole = "1,alice@mail.example,神戸市,alice@mail.example,希望しない"
    assert told(shop, rows[0], whole, "2,bob@mail.example,,,") == []


@pytest.mark.parametrize("row", ["合計,5名,,", ",合　計,5名,", "小計,,,", "総合計,坊,x@mail.example,希望する"])
def test_a_row_of_totals_is_no_customer(shop: Shop, row: str) -> None:
    ((number, code, reason),) = told(shop, HEAD, ALICE, row)
    assert (number, code) == (3, "reject.total")
    assert "合計の行" in reason


def test_a_column_of_postings_is_pointed_at_as_a_permission(shop: Shop) -> None:
    rows = ["顧客番号,氏名,メールアドレス,DM,ご案内", "1,有栖 花子,alice@mail.example,否,"]
    assert shop.look(shop.write("list.csv", rows)).perhaps_permissions == ("DM", "ご案内")
