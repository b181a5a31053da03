"""What a file is told by its headers: the exports of real programs, plain lists, and mappings for all others."""

from pathlib import Path

import pytest

from nurture.catalogue import say_mistakes
from nurture.intake.layout import Layout, lay_out
from nurture.intake.mapping import ColumnMapping, read_mapping, remember, remembered
from nurture.intake.presets import KIND_NEEDS, PRESETS
from nurture.mistake import MistakesFound

ECCUBE_MEMBERS = (
    "会員ID,お名前(姓),お名前(名),お名前(セイ),お名前(メイ),会社名,郵便番号,都道府県(ID),都道府県(名称),住所1,住所2,メールアドレス,TEL,性別(ID),性別(名称),"
    "職業(ID),職業(名称),誕生日,初回購入日,最終購入日,購入回数,ショップ用メモ欄,会員ステータス(ID),会員ステータス(名称),登録日,更新日,ポイント"
)
ECCUBE_ORDERS = (
    "注文ID,注文番号,会員ID,お名前(姓),お名前(名),メールアドレス,小計,値引き,送料,税金,合計,支払合計,対応状況(ID),対応状況(名称),受注日,入金日,注文詳細ID,商品ID,"
    "商品名,商品コード,規格名1,規格分類名1,価格,個数,明細区分(ID),明細区分(名称),送料,発送日"
)
BASE_ORDERS = (
    "注文ID,注文日時,氏(請求先),名(請求先),郵便番号(請求先),都道府県(請求先),住所(請求先),住所2(請求先),電話番号(請求先),メールアドレス(請求先),氏(配送先),"
    "名(配送先),備考,商品名,バリエーション,価格,税率,数量,合計金額,送料,支払い方法,発送状況,商品ID,種類ID"
)
SHOPIFY_CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address City,Default Address Zip,Default Address Phone,Phone,Total Spent,Note,Tags"
)
SHOPIFY_ORDERS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at"
)


def told(headers: str, **named: str) -> Layout:
    return lay_out("file.csv", headers.split(","), named.get("kind"), named.get("preset"), {}, {})


@pytest.mark.parametrize(
    ("headers", "preset"),
    [
        (ECCUBE_MEMBERS, "eccube-members"),
        (ECCUBE_ORDERS, "eccube-orders"),
        (ECCUBE_ORDERS.replace("(", "（").replace(")", "）"), "eccube-orders"),
        (BASE_ORDERS, "base-orders"),
        (SHOPIFY_CUSTOMERS, "shopify-customers"),
        (SHOPIFY_ORDERS, "shopify-orders"),
        (
            "顧客番号,氏名,フリガナ,会社名,メールアドレス,電話番号,郵便番号,都道府県,住所,生年月日,登録日,メルマガ,タグ,備考",
            "customers",
        ),
        ("会員番号,お名前,LINEユーザーID,LINE配信,友だち追加日,電話", "line-friends"),
        ("商品コード,商品名,カテゴリ,価格,販売状況,商品URL,関連商品,おすすめ理由", "products"),
        ("顧客番号,日時,種別,向き,メモ", "contacts"),
        ("メールアドレス,状態,日付,理由", "old-tool-optouts"),
        ("顧客番号,種別,商品/カテゴリ,発生日,解決日", "holds"),
        (
            "会員番号,顧客名,フリガナ,携帯電話,メール,誕生月,誕生日,担当,LINEユーザーID,メール配信,初回来店日,備考",
            "salon-customers",
        ),
        ("予約番号,会員番号,顧客名,予約日時,申込日時,メニュー,担当スタッフ,ステータス,金額", "bookings"),
        ("顧客番号,注文日,商品名,数量,金額", "orders"),
        ("オーダー番号,オーダー日,アイテム名,氏(購入者),名(購入者),電話番号(購入者)", "orders"),
    ],
)
def test_real_headers_are_recognised(headers: str, preset: str) -> None:
    assert told(headers).preset.name == preset


@pytest.mark.parametrize(
    ("field", "headers"),
    [
        ("email", "メアド/メルアド/Ｅメール/e-mail/E-Mail アドレス/Eメールアドレス"),
        ("email", "mail/Mail アドレス/電子メール アドレス"),
        ("email", "PCメール/ＰＣアドレス/携帯メール/携帯メールアドレス/メールアドレス1/メールアドレス（PC）"),
        ("email", "E-mail Address"),
        ("name", "おなまえ/顧客氏名/会員氏名/フルネーム/お名前（漢字）/姓名"),
        ("kana", "ﾌﾘｶﾞﾅ/氏名(ふりがな)/氏名フリガナ/カナ氏名/お名前カナ"),
        ("phone", "お電話番号/ＴＥＬ．/ケータイ/電話番号１/自宅電話/携帯TEL/Mobile Phone"),
        ("birthday", "お誕生日/ご生年月日/生年月日（西暦）/バースデー/birthdate"),
    ],
)
def test_what_lists_usually_call_a_column_is_known(field: str, headers: str) -> None:
    found = {header: told(f"顧客番号,{header}") for header in headers.split("/")}
    assert {header: (each.kind, each.field_at(1)) for header, each in found.items()} == dict.fromkeys(
        found, ("customers", field)
    )


def test_a_mapped_list_is_no_program_s_whose_headers_are_not_there() -> None:
    layout = lay_out("f.csv", ["れんらく", "よびな"], "customers", None, {"email": "れんらく", "name": "よびな"}, {})
    assert (layout.preset.name, layout.preset.fills) == ("customers", False)
    holds = {"hold_kind": "な", "opened_at": "ひ", "key": "ばん"}
    assert lay_out("f.csv", ["な", "ひ", "ばん"], "holds", None, holds, {}).preset.name == "holds"


def test_of_two_equal_headers_the_first_is_meant() -> None:
    layout = lay_out(
        "f.csv", ["注文番号", "会員ID", "受注日", "送料", "商品名", "送料"], None, None, {"total": "送料"}, {}
    )
    assert layout.columns["total"] == (3,)
    assert layout.field_at(5) == ""


def test_a_mapping_goes_before_the_preset() -> None:
    headers = ["番号", "よびな", "れんらく", "メールアドレス"]
    layout = lay_out("f.csv", headers, "customers", None, {"email": "れんらく", "name": "よびな"}, {})
    assert (layout.columns["email"], layout.columns["name"]) == ((2,), (1,))


@pytest.mark.parametrize(
    ("headers", "named", "code"),
    [
        ("あ,い,う", {}, "import.headers_unknown"),
        ("あ,い,う", {"kind": "orders"}, "import.headers_lack"),
        ("氏名,電話", {"kind": "ordres"}, "mistake.unknown_word"),
        ("氏名,電話", {"preset": "eccube-members"}, "import.headers_lack"),
    ],
)
def test_headers_that_fit_nothing_say_what_to_do(headers: str, named: dict[str, str], code: str) -> None:
    with pytest.raises(MistakesFound) as found:
        told(headers, **named)
    assert found.value.mistakes[0].code == code
    assert (
        "あ" in say_mistakes("ja", found.value)
        or "orders" in say_mistakes("ja", found.value)
        or "氏名" in say_mistakes("ja", found.value)
    )


def test_a_header_or_field_that_does_not_exist_is_named_with_the_nearest() -> None:
    with pytest.raises(MistakesFound) as found:
        lay_out("f.csv", ["氏名", "メールアドレス"], "customers", None, {"email": "メールアドレ"}, {})
    assert (found.value.mistakes[0].code, found.value.mistakes[0].suggestion) == (
        "import.no_such_header",
        "メールアドレス",
    )
    with pytest.raises(MistakesFound) as found:
        read_mapping("emial=メールアドレス")
    assert found.value.mistakes[0].suggestion == "email"
    with pytest.raises(MistakesFound):
        read_mapping("email")


def test_a_mapping_is_kept_for_the_next_file_with_these_headers(tmp_path: Path) -> None:
    headers = ["番号", "よびな", "れんらく"]
    path = remember(tmp_path, "常連さん 2026/11", ColumnMapping({"email": "れんらく"}, "customers"), headers)
    assert path.parent == tmp_path / "imports"
    assert remembered(tmp_path, ["れんらく", "番号", " よびな"]) == ColumnMapping({"email": "れんらく"}, "customers")
    assert remembered(tmp_path, ["れんらく", "番号"]) is None
    assert read_mapping(str(path)) == ColumnMapping({"email": "れんらく"}, "customers")


def test_every_preset_has_what_its_kind_needs() -> None:
    for preset in PRESETS:
        fields = set(preset.columns.values())
        assert all(fields & set(group) for group in KIND_NEEDS[preset.kind]), preset.name
