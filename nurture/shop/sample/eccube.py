"""The order export of the roaster's online shop: EC-CUBE 4.3, one row per line of an order, newest order first.

Columns and their order: the 70 of csv_type 3 in src/Eccube/Resource/doctrine/import_csv/ja/dtb_csv.csv of EC-CUBE 4.3;
送料 is there twice, for the order and for the shipment. Status and line kinds: dtb_order_status.csv and
dtb_order_item_type.csv of the same folder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from nurture.shop.sample import goods, names
from nurture.shop.sample.people import Bought, Person

_PERSON = (
    *("お名前(姓)", "お名前(名)", "お名前(セイ)", "お名前(メイ)", "会社名", "郵便番号"),
    *("都道府県(ID)", "都道府県(名称)", "住所1", "住所2"),
)

HEADER = (
    *("注文ID", "注文番号", "会員ID", *_PERSON, "メールアドレス", "TEL", "性別(ID)", "性別(名称)"),
    *("職業(ID)", "職業(名称)", "誕生日", "ショップ用メモ欄", "小計", "値引き", "送料", "税金", "合計", "支払合計"),
    *("対応状況(ID)", "対応状況(名称)", "支払方法(ID)", "支払方法(名称)", "受注日", "入金日"),
    *("注文詳細ID", "商品ID", "商品規格ID", "商品名", "商品コード", "規格名1", "規格名2", "規格分類名1", "規格分類名2"),
    *("価格", "個数", "税率", "税率ルール(ID)", "明細区分(ID)", "明細区分(名称)", "出荷ID"),
    *(f"配送先_{column}" for column in _PERSON),
    *("配送先_TEL", "配送業者(ID)", "配送業者(名称)", "お届け時間ID", "お届け時間(名称)", "お届け希望日"),
    *("送料", "発送日", "出荷伝票番号", "配達用メモ", "出荷メール送信日"),
)

_STATUS = {"新規受付": 1, "注文取消し": 3, "発送済み": 5, "入金済み": 6, "返品": 9}
_PAYMENTS = ((5, "クレジットカード"), (3, "銀行振込"), (4, "代金引換"))
_PREFECTURES = {
    "北海道": 1,
    "東京都": 13,
    "神奈川県": 14,
    "愛知県": 23,
    "京都府": 26,
    "大阪府": 27,
    "兵庫県": 28,
    "奈良県": 29,
    "岡山県": 33,
    "福岡県": 40,
    "沖縄県": 47,
}
_FIRST_ORDER = 3001
_SHIPPING_FEE = 500
_FREE_FROM = 5000


@dataclass(frozen=True)
class Line:
    """One line of an order."""

    kind: int
    """明細区分: 1 商品, 2 送料, 3 手数料."""
    name: str
    code: str
    price: int
    """Yen without tax."""
    quantity: int
    tax_rate: int

    @property
    def tax(self) -> int:
        """Yen for the whole line."""
        return self.price * self.quantity * self.tax_rate // 100


def rows(people: list[Person], today: date, seed: int) -> Iterator[tuple[object, ...]]:
    """The rows of the export, header first, for everything these people bought up to `today`, in Japan time."""
    random = Random(f"{seed}:orders")
    orders = sorted(
        (
            (_instant(today, order.ago, order.clock), person.number, person, order)
            for person in people
            for order in person.bought
        ),
        key=lambda entry: entry[:2],
    )
    exported = [
        list(_order_rows(random, today, _FIRST_ORDER + index, ordered_at, person, order))
        for index, (ordered_at, _, person, order) in enumerate(orders)
    ]
    yield HEADER
    for order_rows in reversed(exported):
        yield from order_rows


def _order_rows(
    random: Random, today: date, number: int, ordered_at: str, person: Person, order: Bought
) -> Iterator[tuple[object, ...]]:
    payment_id, payment = random.choices(_PAYMENTS, (70, 15, 15))[0]
    lines = _lines(order, cash_on_delivery=payment == "代金引換")
    paid_at = ordered_at if payment == "クレジットカード" and order.status != "注文取消し" else ""
    buyer, shipment = _buyer(person), _shipment(today, number, order, lines)
    head = (
        *(number, number, "" if order.guest and person.email else person.number, *buyer),
        *("", "", "", "", "", "" if random.random() < 0.95 else "のし希望", *_money(lines)),
        *(_STATUS[order.status], order.status, payment_id, payment, ordered_at, paid_at),
    )
    for position, line in enumerate(lines):
        yield (*head, *_detail(number * 10 + position, line), number, *buyer[:10], buyer[11], *shipment)


def _instant(today: date, ago: int, clock: str) -> str:
    day = datetime.combine(today - timedelta(days=ago), time.fromisoformat(clock))
    return f"{day:%Y-%m-%d %H:%M:%S}"


def _lines(order: Bought, cash_on_delivery: bool) -> list[Line]:
    lines = []
    for code in dict.fromkeys(order.goods):
        product = goods.BY_CODE[code]
        lines.append(Line(1, product.name, code, product.price, order.goods.count(code), product.tax_rate))
    fee = 0 if sum(line.price * line.quantity for line in lines) >= _FREE_FROM else _SHIPPING_FEE
    lines.append(Line(2, "送料", "", fee, 1, 10))
    if cash_on_delivery:
        lines.append(Line(3, "手数料", "", 300, 1, 10))
    return lines


def _buyer(person: Person) -> tuple[object, ...]:
    place, street = names.home(person.number)
    return (
        *(person.family.written, person.given.written, person.family.kana, person.given.kana, person.company),
        *(place.postal_code.replace("-", ""), _PREFECTURES[place.prefecture], place.prefecture, place.city),
        *(street, person.email, person.phone.replace("-", "")),
    )


def _money(lines: list[Line]) -> tuple[int, ...]:
    subtotal = sum(line.price * line.quantity + line.tax for line in lines if line.kind == 1)
    shipping = sum(line.price + line.tax for line in lines if line.kind == 2)
    total = sum(line.price * line.quantity + line.tax for line in lines)
    return subtotal, 0, shipping, sum(line.tax for line in lines), total, total


def _detail(detail_id: int, line: Line) -> tuple[object, ...]:
    product_id = 1 + list(goods.BY_CODE).index(line.code) if line.code else ""
    kind = {1: "商品", 2: "送料", 3: "手数料"}[line.kind]
    return (
        *(detail_id, product_id, product_id, line.name, line.code, "", "", "", ""),
        *(line.price, line.quantity, line.tax_rate, "", line.kind, kind),
    )


def _shipment(today: date, number: int, order: Bought, lines: list[Line]) -> tuple[object, ...]:
    shipped_at, tracking = "", ""
    if order.shipped is not None:
        shipped_at = _instant(today, order.shipped, "15:00" if order.shipped else "09:00")
        tracking = f"0000-{number}"
    fee = sum(line.price + line.tax for line in lines if line.kind == 2)
    return (1, "架空運輸", "", "指定なし", "", fee, shipped_at, tracking, "", shipped_at)
