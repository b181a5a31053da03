"""What the coffee roaster sells: the price list behind `products.csv` and the order lines."""

from dataclasses import dataclass

SITE = "https://minato-coffee.example"

HEADER = ("商品コード", "商品名", "カテゴリ", "価格", "販売状況", "商品URL", "関連商品", "おすすめ理由")


@dataclass(frozen=True)
class Product:
    """One article of the price list."""

    code: str
    name: str
    category: str
    price: int
    """Yen without consumption tax."""
    status: str = "販売中"
    """販売中, 品切れ or 販売終了."""
    related: str = ""
    """Codes of the articles that go with it, separated by semicolons."""
    reason: str = ""
    """Why they go with it, in words for a customer."""

    @property
    def tax_rate(self) -> int:
        """Percent: food 8, tools 10."""
        return 10 if self.category in {"ミル", "ドリッパー", "フィルター"} else 8

    @property
    def gross(self) -> int:
        """Yen including consumption tax."""
        return self.price * (100 + self.tax_rate) // 100


PRODUCTS = (
    Product(
        "BEAN-MINATO",
        "みなとブレンド 200g",
        "コーヒー豆",
        1200,
        "販売中",
        "MILL-HAND;FILTER-100",
        "挽きたてだと、みなとブレンドの甘い香りがいっそう立ちます。",
    ),
    Product(
        "BEAN-KITANO",
        "北野ブレンド（深煎り） 200g",
        "コーヒー豆",
        1300,
        "販売中",
        "MILL-HAND;DRIPPER-CERAMIC",
        "深煎りは、淹れる直前に挽くと後味がすっきりします。",
    ),
    Product(
        "BEAN-ETHIOPIA",
        "エチオピア 浅煎り 200g",
        "コーヒー豆",
        1500,
        "販売中",
        "MILL-HAND;DRIPPER-PLASTIC",
        "華やかな香りは、挽いてから10分ほどがいちばんです。",
    ),
    Product(
        "BEAN-BRAZIL",
        "ブラジル 中煎り 200g",
        "コーヒー豆",
        1150,
        "販売中",
        "FILTER-100",
        "毎日の一杯に、まとめ買いのフィルターがお得です。",
    ),
    Product(
        "BEAN-COLOMBIA",
        "コロンビア 中深煎り 200g",
        "コーヒー豆",
        1250,
        "品切れ",
        "BEAN-BRAZIL",
        "次の入荷まで、近い味わいのブラジルをどうぞ。",
    ),
    Product(
        "BEAN-DECAF",
        "デカフェ メキシコ 200g",
        "コーヒー豆",
        1400,
        "販売中",
        "DRIP-DECAF",
        "外出先でも楽しめるデカフェのドリップバッグです。",
    ),
    Product("BEAN-SUMMER", "夏のアイスブレンド 200g", "コーヒー豆", 1300, "販売終了"),
    Product(
        "DRIP-5",
        "ドリップバッグ 5袋",
        "ドリップバッグ",
        800,
        "販売中",
        "BEAN-MINATO;DRIPPER-PLASTIC",
        "同じ味を、豆から淹れてみませんか。",
    ),
    Product(
        "DRIP-10",
        "ドリップバッグ 10袋",
        "ドリップバッグ",
        1500,
        "販売中",
        "BEAN-MINATO",
        "同じ味を、豆から淹れてみませんか。",
    ),
    Product(
        "DRIP-DECAF",
        "デカフェ ドリップバッグ 5袋",
        "ドリップバッグ",
        900,
        "販売中",
        "BEAN-DECAF",
        "ご自宅用には、豆のデカフェもございます。",
    ),
    Product(
        "MILL-HAND",
        "手挽きミル みなとモデル",
        "ミル",
        4800,
        "販売中",
        "DRIPPER-CERAMIC",
        "挽きたてに合わせて、湯温が下がりにくい陶器のドリッパーを。",
    ),
    Product(
        "MILL-ELEC",
        "電動ミル コンパクト",
        "ミル",
        12800,
        "品切れ",
        "MILL-HAND",
        "入荷待ちの間は、手挽きミルもおすすめです。",
    ),
    Product(
        "DRIPPER-CERAMIC",
        "陶器ドリッパー 2～4杯用",
        "ドリッパー",
        2800,
        "販売中",
        "FILTER-100",
        "専用の円すい形フィルターです。",
    ),
    Product(
        "DRIPPER-PLASTIC",
        "樹脂ドリッパー 1～2杯用",
        "ドリッパー",
        900,
        "販売中",
        "FILTER-100",
        "専用の円すい形フィルターです。",
    ),
    Product("FILTER-100", "円すいフィルター 100枚", "フィルター", 400, "販売中"),
    Product(
        "GIFT-DRIP",
        "ギフトセット ドリップバッグ20袋 のし対応",
        "ギフト",
        3600,
        "販売中",
        "GIFT-BEANS",
        "コーヒー好きの方には、豆のセットも喜ばれます。",
    ),
    Product(
        "GIFT-BEANS",
        "ギフトセット 豆3種 ①みなと②北野③エチオピア",
        "ギフト",
        4200,
        "販売中",
        "GIFT-DRIP",
        "器具をお持ちでない方には、ドリップバッグのセットを。",
    ),
    Product(
        "SUBS-MONTH",
        "毎月のおまかせ便 200g×2",
        "定期便",
        2500,
        "販売中",
        "MILL-HAND",
        "毎月届く豆を、いちばん良い状態で。",
    ),
)

BY_CODE = {product.code: product for product in PRODUCTS}

BEANS = tuple(product.code for product in PRODUCTS if product.category == "コーヒー豆" and product.status == "販売中")


def rows() -> list[tuple[object, ...]]:
    """The price list as the rows of `products.csv`, header first; prices include tax."""
    return [HEADER] + [
        (
            product.code,
            product.name,
            product.category,
            product.gross,
            product.status,
            f"{SITE}/products/{product.code.lower()}",
            product.related,
            product.reason,
        )
        for product in PRODUCTS
    ]
