"""The headers of files that shops really have: which column of which program is which of our fields."""

from collections.abc import Mapping
from dataclasses import dataclass

from nurture.intake.field.text import narrow


@dataclass(frozen=True)
class Preset:
    """One kind of file: the headers it is known by and what they mean."""

    name: str
    kind: str
    """customers | orders | products | bookings | contacts | optouts | holds."""
    columns: Mapping[str, str]
    """Header, folded by `header_key`, → field."""
    needs: tuple[frozenset[str], ...] = ()
    """At least one header of each set must be there; folded. Empty: the kind's own needs are enough."""
    fills: bool = False
    """Whether it only fills gaps in what is known of a customer and overwrites nothing."""
    program: str = ""
    """The program that writes such files: where its headers are all there, no general list is meant."""
    region: str = "JP"
    """Country of a phone number without one."""


def header_key(header: str) -> str:
    """What two spellings of a header have in common: no width, no spaces, no case."""
    return "".join(narrow(header).casefold().split()).strip("\ufeff'\"*※")


def _columns(**fields: str) -> dict[str, str]:
    """Field → its headers, separated by spaces; `_` stands for a space inside one."""
    return {header_key(name.replace("_", " ")): each for each, names in fields.items() for name in names.split()}


def _needs(*alternatives: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(header_key(name.replace("_", " ")) for name in each.split()) for each in alternatives)


PERSON = _columns(
    key="顧客番号 顧客ID 顧客コード 顧客No 顧客No. 会員番号 会員ID 会員コード 会員No 会員No. お客様番号 "
    "お客様ID お客様コード 得意先コード 取引先コード "
    "カード番号 システム顧客番号 Customer_ID customer_number customer_key",
    name="氏名 お名前 名前 顧客名 会員名 お客様名 お客様氏名 ご氏名 購入者名 購入者 注文者名 注文者氏名 "
    "担当者名 ご担当者名 氏名(漢字) 表示名 なまえ おなまえ 姓名 フルネーム 顧客氏名 会員氏名 お客さま名 ご芳名 "
    "お名前(漢字) 名前(漢字) 漢字氏名 name full_name fullname customer_name client_name",
    family_name="姓 氏 苗字 名字 お名前(姓) 氏名(姓) 顧客姓 last_name family_name surname 氏(購入者) 氏(請求先)",
    given_name="名 お名前(名) 氏名(名) 顧客名(名) first_name given_name 名(購入者) 名(請求先)",
    kana="フリガナ ふりがな カナ かな 氏名カナ 氏名(カナ) 名前(カナ) 氏名(フリガナ) 顧客名カナ 顧客名(カナ) "
    "お名前(カナ) お名前(フリガナ) ヨミガナ よみがな 氏名(かな) 氏名(ふりがな) お名前(ふりがな) 名前(フリガナ) "
    "氏名フリガナ 氏名ふりがな お名前カナ お名前フリガナ カナ氏名 カナ名 会員名カナ 会員名(カナ) kana "
    "furigana name_kana",
    family_kana="セイ お名前(セイ) 姓(カナ) 姓カナ 氏名フリガナ(セイ) 氏名(フリガナ)(セイ)",
    given_kana="メイ お名前(メイ) 名(カナ) 名カナ 氏名フリガナ(メイ) 氏名(フリガナ)(メイ)",
    company="会社名 企業名 法人名 勤務先 店舗名 取引先名 得意先名 company Default_Address_Company",
    kind="顧客区分 個人/法人 法人/個人 個人法人区分 customer_type",
    email="メールアドレス メール Eメール E-mail email mail mailaddress mail_address Email_Address 電子メール "
    "PCメールアドレス メールアドレス(請求先) メアド メルアド Eメールアドレス E-mailアドレス emailアドレス mailアドレス "
    "電子メールアドレス メールアドレス1 メールアドレス2 メール1 メール2 PCメール PCアドレス PCメアド "
    "携帯メール 携帯メールアドレス 携帯アドレス 携帯メアド メールアドレス(PC) メールアドレス(携帯) "
    "ご連絡先メールアドレス 連絡先メールアドレス お客様メールアドレス メールアドレス(購入者) E-mail_Address email1",
    line="LINEユーザーID LINE_ID LINEID LINE_USER_ID LINE userId UID",
    phone="電話番号 電話 TEL 携帯電話 携帯 携帯番号 携帯電話番号 ご連絡先 連絡先 phone phone_number mobile "
    "Default_Address_Phone 電話番号(購入者) "
    "電話番号(請求先) お電話 お電話番号 ご連絡先電話番号 連絡先電話番号 電話番号1 電話番号2 電話1 電話2 TEL. TEL1 TEL2 "
    "TEL番号 自宅電話 自宅電話番号 電話番号(自宅) 電話番号(携帯) 携帯TEL 携帯No 携帯No. ケータイ tel_no telephone "
    "telephone_number mobile_phone mobile_number cell_phone home_phone",
    postal_code="郵便番号 〒 郵便 zip zipcode zip_code postal_code postcode Default_Address_Zip "
    "郵便番号(購入者) 郵便番号(請求先)",
    prefecture="都道府県 都道府県(名称) 都道府県名 県 prefecture 都道府県(購入者) 都道府県(請求先) 住所(都道府県)",
    street="住所 ご住所 住所1 住所2 住所3 市区町村 町域・番地 番地 ビル等 建物名 マンション名 address "
    "address1 address2 city Default_Address_City "
    "Default_Address_Address1 Default_Address_Address2 住所(請求先) 住所2(請求先) 住所(購入者)",
    gender="性別 性別(名称) gender sex",
    zone="タイムゾーン 時間帯 timezone time_zone",
    note="備考 メモ 顧客メモ ショップ用メモ欄 お客様メモ note notes memo",
    birthday="生年月日 誕生日 お誕生日 ご生年月日 生年月日(西暦) 誕生年月日 たんじょうび バースデー バースデイ "
    "birthday birth_date birthdate date_of_birth dob",
    birth_month="誕生月 生まれ月 birth_month",
    registered_at="登録日 会員登録日 登録日時 入会日 初回来店日 作成日 created_at registered_at registration_date",
    consented_at="同意日 メルマガ登録日 配信希望日 許諾日 consent_date consented_at",
    tags="タグ ラベル tags tag",
    mail_wanted="メルマガ メールマガジン メルマガ配信 メルマガ購読 メルマガ受信 メルマガ希望 メルマガ可否 "
    "メルマガ配信希望 メルマガ受信希望 メール配信 メール配信希望 メール配信可否 メール希望 メール可否 "
    "メール受信 メール受信希望 DM配信 案内メール 配信可否 配信希望 お知らせメール お知らせ希望 ニュースレター "
    "Accepts_Email_Marketing Accepts_Marketing newsletter opt_in optin subscribed",
    line_wanted="LINE配信 LINE配信希望 LINE受信 LINE希望 LINE可否",
    member_state="会員ステータス(名称) 会員ステータス 会員状態",
)
"""What any list of people calls its columns."""

ORDER = _columns(
    order_key="注文番号 受注番号 オーダー番号 伝票番号 取引ID 取引番号 order_number order_id order_no 注文ID",
    ordered_at="注文日 注文日時 受注日 受注日時 購入日 購入日時 オーダー日 オーダー日時 売上日 取引日時 "
    "ご注文日 ご購入日 お買上日 お買い上げ日 売上日付 注文日付 受注日付 伝票日付 販売日 販売日時 会計日 会計日時 日付 "
    "order_date ordered_at purchase_date",
    status="対応状況(名称) 対応状況 注文状況 受注状況 ステータス 発送状況 状態 status order_status Fulfillment_Status",
    shipped_at="発送日 出荷日 出荷日時 発送日時 発送完了日 shipped_at Fulfilled_at",
    delivered_at="配達日 お届け日 到着日 配達完了日 delivered_at",
    cancelled_at="キャンセル日 取消日 cancelled_at",
    total="支払合計 お支払い合計 お支払合計 合計金額 合計 総合計 注文合計 請求金額 total amount total_price",
    product_key="商品コード 商品番号 品番 SKU product_code product_key Lineitem_sku 型番",
    product_name="商品名 品名 アイテム名 商品 ご注文商品 product_name item item_name Lineitem_name",
    product_variant="規格分類名1 規格分類名2 バリエーション 種類 variation variant",
    category="カテゴリ カテゴリー 商品カテゴリ 分類 category",
    quantity="個数 数量 購入数 点数 quantity qty Lineitem_quantity",
    price="価格 単価 商品単価 販売価格 金額 price unit_price Lineitem_price",
    line_kind="明細区分(名称) 明細区分",
)
PRODUCT = _columns(
    product_key="商品コード 商品番号 商品ID 品番 コード SKU product_code product_id product_key code",
    product_name="商品名 品名 名称 アイテム名 product_name name title",
    category="カテゴリ カテゴリー 商品カテゴリ 分類 category product_type",
    price="価格 販売価格 単価 税込価格 定価 price",
    url="商品URL URL 商品ページ url link",
    image_url="画像URL 商品画像URL 商品画像 image image_url",
    on_sale="販売状況 販売状態 公開状態 在庫状況 ステータス status on_sale available",
    related="関連商品 おすすめ商品 関連商品コード related",
    reason="おすすめ理由 関連理由 理由 reason",
)
BOOKING = _columns(
    booking_key="予約番号 予約ID 予約No 予約No. booking_id booking_number reservation_id",
    starts_at="予約日時 来店日時 希望の予約日時 開始日時 予約日 来店日 来店予定日 booking_date starts_at",
    starts_time="予約時間 開始時間 来店時間 開始時刻 予約時刻 来店時刻 来店予定時間 時間 時刻",
    booked_at="申込日時 申込日 予約受付日時 受付日時 booked_at",
    status="ステータス 予約ステータス 状態 予約状況 来店状況 status",
    menu="メニュー 予約メニュー 施術内容 コース menu service",
    staff="担当スタッフ 担当 スタッフ 担当者 個人指名 指名 staff",
    price="金額 料金 会計金額 合計金額 price amount",
)
CONTACT = _columns(
    contact_key="連絡番号 対応番号 履歴番号 contact_id",
    at="日時 対応日時 連絡日時 対応日 連絡日 日付 発信日時 実施日 contacted_at date at",
    channel="種別 手段 連絡手段 方法 対応方法 チャネル 接触方法 channel type method",
    direction="向き 発着 方向 受発信 発着信 direction",
    contact_note="メモ 内容 備考 対応内容 note",
)
OPTOUT = _columns(
    state="状態 ステータス 配信状態 配信ステータス 種別 区分 status",
    stopped_at="日付 停止日 停止日時 解除日 解除日時 登録解除日 配信停止日 エラー日 発生日 unsubscribed_at date",
    stop_reason="理由 エラー内容 エラー理由 停止理由 詳細 reason",
)
HOLD = _columns(
    hold_key="管理番号 受付番号 hold_id",
    hold_kind="種別 区分 種類 内容区分 kind type",
    product_key="商品コード product_code",
    hold_about="商品/カテゴリ 商品・カテゴリ 商品 商品名 対象商品 product",
    category="カテゴリ カテゴリー category",
    opened_at="発生日 受付日 申出日 発生日時 受付日時 日付 opened_at date",
    closed_at="解決日 完了日 解決日時 対応完了日 終了日 closed_at resolved_at",
    hold_note="備考 内容 メモ note",
)

_ECCUBE_PERSON = _columns(
    key="会員ID",
    family_name="お名前(姓)",
    given_name="お名前(名)",
    family_kana="お名前(セイ)",
    given_kana="お名前(メイ)",
    company="会社名",
    postal_code="郵便番号",
    prefecture="都道府県(名称)",
    street="住所1 住所2",
    email="メールアドレス",
    phone="TEL",
    gender="性別(名称)",
    birthday="誕生日",
)
_SHOPIFY_PERSON = _columns(
    key="Customer_ID",
    given_name="First_Name",
    family_name="Last_Name",
    email="Email",
    mail_wanted="Accepts_Email_Marketing Accepts_Marketing",
    company="Default_Address_Company Company",
    street="Default_Address_City Default_Address_Address1 Default_Address_Address2 City Address1 Address2",
    postal_code="Default_Address_Zip Zip",
    phone="Phone Default_Address_Phone",
    note="Note",
    tags="Tags",
)

PRESETS = (
    Preset(
        # EC-CUBE 4.3, src/Eccube/Resource/doctrine/import_csv/ja/dtb_csv.csv, csv_type 2.
        "eccube-members",
        "customers",
        {
            **_ECCUBE_PERSON,
            **_columns(note="ショップ用メモ欄", registered_at="登録日", member_state="会員ステータス(名称)"),
        },
        _needs("会員ID", "お名前(姓)", "会員ステータス(名称) 会員ステータス(ID)"),
        program="EC-CUBE",
    ),
    Preset(
        # The same, csv_type 3: one row per line of an order. 送料 stands there twice and is read neither time.
        "eccube-orders",
        "orders",
        {
            **_ECCUBE_PERSON,
            **_columns(
                order_key="注文番号",
                ordered_at="受注日",
                status="対応状況(名称)",
                shipped_at="発送日",
                total="支払合計",
                product_key="商品コード",
                product_name="商品名",
                product_variant="規格分類名1 規格分類名2",
                quantity="個数",
                price="価格",
                line_kind="明細区分(名称)",
            ),
        },
        _needs("注文番号 注文ID", "受注日", "商品名"),
        fills=True,
        program="EC-CUBE",
    ),
    Preset(
        # BASE has no file of customers: an order's e-mail address is who ordered.
        "base-orders",
        "orders",
        _columns(
            order_key="注文ID",
            ordered_at="注文日時",
            family_name="氏(請求先)",
            given_name="名(請求先)",
            postal_code="郵便番号(請求先)",
            prefecture="都道府県(請求先)",
            street="住所(請求先) 住所2(請求先)",
            phone="電話番号(請求先)",
            email="メールアドレス(請求先)",
            product_key="商品コード",
            product_name="商品名",
            product_variant="バリエーション",
            price="価格",
            quantity="数量",
            total="合計金額",
            status="発送状況",
        ),
        _needs("注文ID", "メールアドレス(請求先)", "注文日時"),
        fills=True,
        program="BASE",
    ),
    Preset(
        "shopify-customers",
        "customers",
        _SHOPIFY_PERSON,
        _needs("Customer_ID", "First_Name", "Accepts_Email_Marketing Accepts_Marketing"),
        program="Shopify",
    ),
    Preset(
        # Order fields stand on the first row of an order only.
        "shopify-orders",
        "orders",
        _columns(
            order_key="Name",
            email="Email",
            phone="Phone",
            name="Billing_Name",
            company="Billing_Company",
            postal_code="Billing_Zip",
            mail_wanted="Accepts_Marketing",
            payment_state="Financial_Status",
            status="Fulfillment_Status",
            shipped_at="Fulfilled_at",
            cancelled_at="Cancelled_at",
            ordered_at="Created_at",
            total="Total",
            product_key="Lineitem_sku",
            product_name="Lineitem_name",
            quantity="Lineitem_quantity",
            price="Lineitem_price",
        ),
        _needs("Name", "Lineitem_name", "Created_at"),
        fills=True,
        program="Shopify",
    ),
    Preset(
        # A display name on LINE is a nickname as often as a name, so it overwrites nothing.
        "line-friends",
        "customers",
        {**PERSON, **_columns(registered_at="友だち追加日 友だち追加日時 追加日")},
        _needs("LINEユーザーID LINE_ID LINEID UID userId", "友だち追加日 友だち追加日時 追加日 LINE配信"),
        fills=True,
    ),
    Preset(
        "salon-customers",
        "customers",
        PERSON,
        _needs("会員番号 顧客番号", "誕生月 担当 初回来店日", "顧客名 氏名"),
    ),
    Preset("holds", "holds", {**PERSON, **HOLD}, _needs("種別 区分 種類 kind", "発生日 受付日 opened_at")),
    Preset("old-tool-optouts", "optouts", {**PERSON, **OPTOUT}),
    Preset("contacts", "contacts", {**PERSON, **CONTACT}),
    Preset("bookings", "bookings", {**PERSON, **BOOKING}),
    Preset("orders", "orders", {**PERSON, **ORDER}, fills=True),
    Preset("products", "products", PRODUCT),
    Preset("customers", "customers", PERSON),
)
"""The particular before the general: of two that know equally many headers the first is taken."""

PRESET_NAMES = tuple(preset.name for preset in PRESETS)

KIND_NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "customers": (("key", "name", "family_name", "email", "line", "phone", "company"),),
    "orders": (("ordered_at",), ("order_key", "product_name", "product_key", "total")),
    "products": (("product_key",), ("product_name",)),
    "bookings": (("starts_at",), ("key", "name", "family_name", "email", "line", "phone")),
    "contacts": (("at",), ("channel",), ("key", "name", "email", "line", "phone")),
    "optouts": (("email", "line", "key"), ("state", "stopped_at", "stop_reason")),
    "holds": (("hold_kind",), ("opened_at",), ("key", "name", "email", "line", "phone")),
}
"""Fields without which a file is not of that kind; one of each group is enough."""

KINDS = tuple(KIND_NEEDS)
