"""Invented people, places and firms: the lists that the sample shops draw their names from.

Every combination is made up. Mail domains end in `.example` or `.test` (RFC 2606), towns are called 架空町. Japan sets
no telephone numbers aside for fiction, so narrow blocks in the manner of textbooks are taken: 0x0-1234-56xx,
03-5550-01xx and 078-555-01xx.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Name:
    """One half of a person's name."""

    written: str
    """As the person writes it."""
    kana: str
    """Full-width katakana."""
    latin: str
    """Small Latin letters, for mail addresses."""


@dataclass(frozen=True)
class Place:
    """Where somebody lives."""

    postal_code: str
    """Seven digits with a hyphen."""
    prefecture: str
    city: str


def _names(text: str) -> tuple[Name, ...]:
    return tuple(Name(*entry.split("/")) for entry in text.split())


FAMILY_NAMES = _names("""
佐藤/サトウ/sato 鈴木/スズキ/suzuki 田中/タナカ/tanaka 伊藤/イトウ/ito 渡辺/ワタナベ/watanabe 山本/ヤマモト/yamamoto
中村/ナカムラ/nakamura 小林/コバヤシ/kobayashi 加藤/カトウ/kato 吉田/ヨシダ/yoshida 山田/ヤマダ/yamada
佐々木/ササキ/sasaki 山口/ヤマグチ/yamaguchi 松本/マツモト/matsumoto 井上/イノウエ/inoue 木村/キムラ/kimura
林/ハヤシ/hayashi 清水/シミズ/shimizu 山﨑/ヤマサキ/yamasaki 森/モリ/mori 池田/イケダ/ikeda 橋本/ハシモト/hashimoto
阿部/アベ/abe 石川/イシカワ/ishikawa 前田/マエダ/maeda 藤田/フジタ/fujita 岡田/オカダ/okada 後藤/ゴトウ/goto
長谷川/ハセガワ/hasegawa 村上/ムラカミ/murakami 近藤/コンドウ/kondo 石井/イシイ/ishii 遠藤/エンドウ/endo
青木/アオキ/aoki 坂本/サカモト/sakamoto 斉藤/サイトウ/saito 福田/フクダ/fukuda 西村/ニシムラ/nishimura
藤井/フジイ/fujii 岡本/オカモト/okamoto 中島/ナカジマ/nakajima 原田/ハラダ/harada 小川/オガワ/ogawa
竹内/タケウチ/takeuchi 中野/ナカノ/nakano 田村/タムラ/tamura 和田/ワダ/wada 石田/イシダ/ishida 上田/ウエダ/ueda
森田/モリタ/morita 柴田/シバタ/shibata 酒井/サカイ/sakai 宮﨑/ミヤザキ/miyazaki 髙木/タカギ/takagi
""")

GIVEN_NAMES = _names("""
葵/アオイ/aoi 陽菜/ヒナ/hina 結衣/ユイ/yui 美咲/ミサキ/misaki さくら/サクラ/sakura 七海/ナナミ/nanami 優子/ユウコ/yuko
恵子/ケイコ/keiko 由美/ユミ/yumi 真由美/マユミ/mayumi 久美子/クミコ/kumiko 直子/ナオコ/naoko 智子/トモコ/tomoko
麻衣/マイ/mai 彩/アヤ/aya 愛/アイ/ai 千尋/チヒロ/chihiro 遥/ハルカ/haruka 和子/カズコ/kazuko 幸子/サチコ/sachiko
翔太/ショウタ/shota 健太/ケンタ/kenta 大輔/ダイスケ/daisuke 拓也/タクヤ/takuya 直樹/ナオキ/naoki 誠/マコト/makoto
隆/タカシ/takashi 浩/ヒロシ/hiroshi 修/オサム/osamu 学/マナブ/manabu 亮/リョウ/ryo 蓮/レン/ren 大和/ヤマト/yamato
悠真/ユウマ/yuma 樹/イツキ/itsuki 賢一/ケンイチ/kenichi 正/タダシ/tadashi 茂/シゲル/shigeru 清/キヨシ/kiyoshi
進/ススム/susumu
""")

_PLACES = (
    Place("650-0099", "兵庫県", "神戸市中央区"),
    Place("657-0099", "兵庫県", "神戸市灘区"),
    Place("662-0099", "兵庫県", "西宮市"),
    Place("659-0099", "兵庫県", "芦屋市"),
    Place("670-0099", "兵庫県", "姫路市"),
    Place("530-0099", "大阪府", "大阪市北区"),
    Place("560-0099", "大阪府", "豊中市"),
    Place("604-0099", "京都府", "京都市中京区"),
    Place("630-0099", "奈良県", "奈良市"),
    Place("700-0099", "岡山県", "岡山市北区"),
    Place("150-0099", "東京都", "渋谷区"),
    Place("231-0099", "神奈川県", "横浜市中区"),
    Place("460-0099", "愛知県", "名古屋市中区"),
    Place("810-0099", "福岡県", "福岡市中央区"),
    Place("060-0099", "北海道", "札幌市中央区"),
    Place("900-0099", "沖縄県", "那覇市"),
)

COMPANIES = (
    "株式会社かもめ出版",
    "（株）みどり商会",
    "㈱波止場デザイン",
    "株式会社 北風工務店",
    "有限会社すずらん",
    "㈲まるまる製菓",
    "合同会社いろは",
    "架空海運株式会社",
)

MAIL_DOMAINS = ("mail.example", "inbox.example", "post.example", "docomo.example", "ezweb.example", "kobe-net.example")

_PHONE_BLOCKS = ("090-1234-56", "080-1234-56", "070-1234-56", "03-5550-01", "078-555-01")


def phone(index: int) -> str:
    """The index-th invented number, 0 to 499; mobile numbers come first."""
    return f"{_PHONE_BLOCKS[index // 100]}{index % 100:02d}"


def home(number: int) -> tuple[Place, str]:
    """Where the customer of this number lives: a place, mostly near Kobe, and a street that does not exist."""
    random = Random(number)
    place = random.choice(_PLACES[:5] if random.random() < 0.5 else _PLACES)
    lot = f"架空町{random.randint(1, 9)}-{random.randint(1, 20)}-{random.randint(1, 30)}"
    return place, lot + random.choice(("", "", "", " コーポみなと101", " メゾン海岸①棟 203", " ハイツ坂の上 5Ｆ"))


def pairs(random: Random, count: int) -> list[tuple[Name, Name]]:
    """So many different pairs of family and given name, in the random's order; at most all combinations."""
    every = [(family, given) for family in FAMILY_NAMES for given in GIVEN_NAMES]
    return random.sample(every, count)
