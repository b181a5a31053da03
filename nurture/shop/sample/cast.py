"""The roaster's named characters: each stands for one situation that a campaign must get right at the sample's `today`.

Their numbers never change, whatever the seed: 1201-1216 buy for the first time and may be written to, 1221-1229 do and
may not, 1231-1259 show the other campaigns, 1260-1272 are the oddities of a real list.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from nurture.shop.sample.characters import ALSO, BEAN, DRIP, MILL, born, first_order, person, sent
from nurture.shop.sample.oddities import oddities
from nurture.shop.sample.people import Bought, Person


def cast(today: date) -> list[Person]:
    """All named characters, ordered by number."""
    return [
        *_first_timers(),
        *_shipped_to(),
        *_first_timers_by_other_ways(),
        *_first_timers_left_alone(),
        *_first_orders_gone_wrong(),
        *_returning(),
        *_birthdays(today),
        *_anniversaries(today),
        *_regulars(),
        *_reviewers(),
        *_silent(),
        *oddities(),
    ]


def _first_timers() -> Iterator[Person]:
    yield person(1201, "浅葱 花 アサギ ハナ asagi hana", "first order yesterday, not shipped yet", first_order(1, None))
    yield person(1202, "茜屋 涼 アカネヤ リョウ akaneya ryo", "first order yesterday, shipped today", first_order(1, 0))
    yield person(
        1203,
        "若草 舞 ワカクサ マイ wakakusa mai",
        "first order 2 days ago, LINE and e-mail both allowed",
        first_order(2, 1),
        line="希望",
    )
    yield person(
        1204,
        "紺野 蒼太 コンノ ソウタ konno sota",
        "first order 3 days ago, LINE only: no e-mail",
        first_order(3, 2),
        line="希望",
        email="",
        newsletter="",
    )


def _shipped_to() -> Iterator[Person]:
    yield person(1205, "琥珀 はるか コハク ハルカ kohaku haruka", "first order shipped 5 days ago", first_order(6, 5))
    yield person(1206, "山吹 航 ヤマブキ ワタル yamabuki wataru", "first order shipped 7 days ago", first_order(8, 7))
    yield person(1207, "萌黄 優 モエギ ユウ moegi yu", "first order shipped 8 days ago", first_order(9, 8))
    yield person(1208, "藤色 文 フジイロ アヤ fujiiro aya", "first order shipped 9 days ago", first_order(10, 9))
    yield person(
        1209, "桔梗 潤 キキョウ ジュン kikyo jun", "first order shipped 10 days ago", first_order(11, 10), line="希望"
    )
    yield person(1210, "珊瑚 美海 サンゴ ミウ sango miu", "first order shipped 11 days ago", first_order(12, 11))
    yield person(
        1211, "瑠璃川 昴 ルリカワ スバル rurikawa subaru", "first order shipped 12 days ago", first_order(13, 12)
    )
    yield person(
        1212, "白群 望 ビャクグン ノゾミ byakugun nozomi", "first order shipped 13 days ago", first_order(15, 13)
    )


def _first_timers_by_other_ways() -> Iterator[Person]:
    yield person(
        1213,
        "鶯谷 麦 ウグイスダニ ムギ uguisudani mugi",
        "first order yesterday was a gift set, LINE stopped but e-mail allowed",
        Bought(1, ("GIFT-DRIP",), None, "入金済み", "08:40"),
        line="停止",
    )
    yield person(
        1214,
        "青磁 環 セイジ タマキ seiji tamaki",
        "first order yesterday as a guest: known by the mail address alone",
        Bought(1, (DRIP,), None, "新規受付", "21:30", guest=True),
    )
    yield person(
        1215,
        "薄墨 光 ウスズミ ヒカル usuzumi hikaru",
        "first order this morning, before ten",
        Bought(0, (BEAN,), None, "新規受付", "08:12"),
    )
    yield person(
        1216,
        "常磐 実 トキワ ミノル tokiwa minoru",
        "first order just before midnight, 2 days ago",
        first_order(2, 1, "23:58"),
    )


def _first_timers_left_alone() -> Iterator[Person]:
    yield person(
        1221,
        "灰田 静 ハイダ シズカ haida shizuka",
        "no address: ordered by phone",
        first_order(1, 0),
        email="",
        newsletter="",
    )
    yield person(
        1222,
        "鉛 守 ナマリ マモル namari mamoru",
        "opted out in the old tool, the list still says 希望する",
        first_order(1, 0),
        registered=200,
    )
    yield person(
        1223,
        "鈍色 歩 ニビイロ アユム nibiiro ayumu",
        "never asked: メルマガ is empty",
        first_order(1, 0),
        newsletter="",
    )
    yield person(
        1224, "砂川 岳 スナガワ ガク sunagawa gaku", "said no: 希望しない", first_order(2, 1), newsletter="希望しない"
    )
    yield person(
        1225,
        "錆原 通 サビハラ トオル sabihara toru",
        "capped: five approaches in 20 days, three in 5",
        first_order(2, 1),
        registered=60,
    )


def _first_orders_gone_wrong() -> Iterator[Person]:
    yield person(
        1226,
        "煤木 忍 ススキ シノブ susuki shinobu",
        "open complaint: bag torn in the post",
        first_order(4, 3),
        tags="クレーム対応中",
        note="クレーム対応中：袋の破れ。返金の連絡待ち",
    )
    yield person(
        1227,
        "墨田 徹 スミダ テツ sumida tetsu",
        "first order cancelled",
        Bought(1, (BEAN,), None, "注文取消し", "19:05"),
    )
    yield person(1228, "涅 香 クリ カオリ kuri kaori", "first order returned", Bought(9, (MILL,), 8, "返品", "19:05"))
    yield person(
        1229,
        "空木 円 ウツギ マドカ utsugi madoka",
        "mail address bounced in the old tool",
        first_order(1, 0),
        registered=200,
    )


def _returning() -> Iterator[Person]:
    yield person(1231, "茶谷 豊 チャタニ ユタカ chatani yutaka", "second order yesterday", sent(41), sent(1))
    yield person(
        1232, "栗原 梢 クリハラ コズエ kurihara kozue", "third order 2 days ago", *map(sent, (92, 44, 2)), line="希望"
    )
    yield person(
        1233,
        "胡桃沢 新 クルミザワ アラタ kurumizawa arata",
        "two orders on one day, yesterday",
        sent(60),
        Bought(1, (BEAN,), None, "新規受付", "10:05"),
        Bought(1, ("FILTER-100",), None, "新規受付", "10:22"),
    )


def _birthdays(today: date) -> Iterator[Person]:
    tomorrow = today + timedelta(days=1)
    yield person(
        1234, "桜庭 一花 サクラバ イチカ sakuraba ichika", "birthday today", sent(50), birthday=born(today, 1988)
    )
    yield person(
        1235,
        "梅宮 巌 ウメミヤ イワオ umemiya iwao",
        "birthday today, written as an era date",
        sent(70),
        birthday=born(today, 1956, "dots"),
        line="希望",
    )
    yield person(
        1236,
        "桃井 すみれ モモイ スミレ momoi sumire",
        "birthday tomorrow, 平成…年…月…日",
        sent(33),
        birthday=born(tomorrow, 1992, "kanji"),
    )
    yield person(
        1237,
        "杏野 一 アンノ ハジメ anno hajime",
        "only the month of the birthday is known, and it is this one",
        sent(35),
        birthday=born(today, 1970, "month"),
    )
    yield person(
        1238,
        "楓 紅葉 カエデ モミジ kaede momiji",
        "birthday today, without a year",
        sent(45),
        birthday=born(today, 1970, "day"),
    )
    yield person(1239, "閏間 四季 ウルマ シキ uruma shiki", "born on 29 February", sent(52), birthday="1992/2/29")
    yield person(
        1240,
        "柊 誠二 ヒイラギ セイジ hiiragi seiji",
        "birthday today but 希望しない",
        sent(28),
        birthday=born(today, 1979, "slashes"),
        newsletter="希望しない",
    )


def _anniversaries(today: date) -> Iterator[Person]:
    tomorrow = today + timedelta(days=1)
    year_ago, almost = (today - _year_before(today)).days, (today - _year_before(tomorrow)).days
    yield person(1241, "橘 結 タチバナ ユイ tachibana yui", "first order a year ago today", sent(year_ago), sent(48))
    yield person(
        1242,
        "楠 大樹 クスノキ ダイキ kusunoki daiki",
        "first order a year ago tomorrow",
        sent(almost),
        sent(49),
        line="希望",
    )
    yield person(
        1243,
        "椿 小春 ツバキ コハル tsubaki koharu",
        "birthday and anniversary of the first order both today",
        sent(year_ago),
        sent(30),
        birthday=born(today, 1990, "iso"),
    )


def _regulars() -> Iterator[Person]:
    often = tuple(sent(ago, BEAN, ALSO) for ago in (170, 134, 98, 61, 25))
    yield person(
        1244, "豆原 香織 マメハラ カオリ mamehara kaori", "buys beans for months, owns no grinder", *often, tags="常連"
    )
    yield person(
        1245,
        "豆田 耕平 マメタ コウヘイ mameta kohei",
        "buys beans, no grinder; LINE friend",
        *(sent(ago) for ago in (120, 85, 52, 22)),
        line="希望",
        tags="常連;店頭",
    )
    yield person(
        1246,
        "臼井 真澄 ウスイ マスミ usui masumi",
        "buys beans and has the grinder already",
        sent(150, BEAN, MILL),
        *(sent(ago) for ago in (110, 70, 24)),
        tags="常連",
    )
    yield person(
        1247,
        "豆塚 司 マメツカ ツカサ mametsuka tsukasa",
        "buys beans, refused a grinder on the phone",
        *(sent(ago) for ago in (115, 77, 31)),
        tags="常連",
        note="ミルの案内は不要とのこと",
    )
    yield person(
        1248,
        "袋井 奏 フクロイ カナデ fukuroi kanade",
        "regular of drip bags only, never bought beans",
        *(sent(ago, DRIP) for ago in (100, 66, 29)),
        tags="常連",
    )


def _reviewers() -> Iterator[Person]:
    yield person(
        1249, "湊 汐里 ミナト シオリ minato shiori", "review: second order shipped 15 days ago", sent(80), sent(16)
    )
    yield person(1250, "入江 渉 イリエ ショウ irie sho", "review: second order shipped 17 days ago", sent(90), sent(18))
    yield person(
        1251,
        "磯辺 凪 イソベ ナギ isobe nagi",
        "review: shipped 19 days ago, LINE friend",
        sent(95),
        sent(20),
        line="希望",
    )
    yield person(
        1252,
        "渚 千夏 ナギサ チナツ nagisa chinatsu",
        "has the monthly subscription",
        *(sent(a, "SUBS-MONTH") for a in (75, 45, 15)),
    )


def _silent() -> Iterator[Person]:
    yield person(1253, "霜月 冬子 シモツキ フユコ shimotsuki fuyuko", "silent for 95 days", sent(160), sent(95))
    yield person(
        1254,
        "時雨 響 シグレ ヒビキ shigure hibiki",
        "silent for 120 days, LINE friend",
        sent(181),
        sent(120),
        line="希望",
    )
    yield person(
        1255,
        "朧 夜見 オボロ ヨミ oboro yomi",
        "silent for 150 days; an order 30 days ago was cancelled",
        sent(200),
        sent(150),
        Bought(30, (BEAN,), None, "注文取消し", "22:10"),
    )
    yield person(1256, "霞 遼 カスミ ハルカ kasumi haruka", "silent for 195 days", sent(260), sent(195))
    yield person(1257, "氷室 玄 ヒムロ ゲン himuro gen", "dormant: silent for 400 days", sent(430), sent(400))
    yield person(
        1258, "淡路 待子 アワジ マチコ awaji machiko", "silent for 130 days but visited the shop 3 days ago", sent(130)
    )
    yield person(
        1259,
        "無縁 居士 ムエン コジ muen koji",
        "the owner decided never to write",
        sent(140),
        tags="連絡不要",
        note="今後一切連絡しないこと",
    )


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
