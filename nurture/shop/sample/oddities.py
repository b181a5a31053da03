"""Named characters who stand for what real lists hold: couples, companies, people twice, broken addresses."""

from collections.abc import Iterator

from nurture.shop.sample.characters import person, sent
from nurture.shop.sample.names import Name
from nurture.shop.sample.people import Person


def oddities() -> Iterator[Person]:
    """Numbers 1260 to 1272."""
    yield from _shared_and_companies()
    yield from _mess()


def _shared_and_companies() -> Iterator[Person]:
    yield person(
        1260,
        "鴛鴦 夫美 オシドリ フミ oshidori fumi",
        "half of a couple with one inbox, held it first",
        sent(40),
        email="oshidori-ke@inbox.example",
    )
    yield person(
        1261,
        "鴛鴦 勝 オシドリ マサル oshidori masaru",
        "the other half of the couple; ordered yesterday",
        sent(1),
        email="oshidori-ke@inbox.example",
    )
    yield person(
        1262,
        "埠頭 一郎 フトウ イチロウ futo ichiro",
        "buys for a company, 株式会社 in front",
        sent(20),
        company="株式会社埠頭商店",
        tags="法人",
    )
    yield person(
        1263,
        "埠頭 次郎 フトウ ジロウ futo jiro",
        "same company, written （株）",
        sent(65),
        company="（株）埠頭商店",
        tags="法人",
    )
    yield Person(
        1264,
        Name("", "", ""),
        Name("", "", ""),
        email="info@futo.example",
        company="㈱埠頭商店",
        registered=200,
        newsletter="希望する",
        tags="法人",
        stands_for="same company, written ㈱: an inbox without a person",
    )


def _mess() -> Iterator[Person]:
    yield person(
        1265,
        "髙橋 美波 タカハシ ミナミ takahashi minami",
        "the real one of a pair of near-duplicates",
        sent(37),
        email="minami.takahashi@mail.example",
    )
    yield person(
        1266,
        "高橋 美波 ﾀｶﾊｼ ﾐﾅﾐ takahashi minami",
        "the same person again, 高 for 髙, same mail in capitals",
        email="Minami.Takahashi@MAIL.example",
        newsletter="",
    )
    yield person(
        1267,
        "茶畑 花 チャバタケ ハナ chabatake hana",
        "old carrier address with two dots in a row",
        sent(36),
        email="hana..tea@docomo.test",
    )
    yield person(
        1268,
        "縁側 昭 エンガワ アキラ engawa akira",
        "carrier address with a dot before the @",
        sent(2),
        email="engawa.@ezweb.test",
    )
    yield person(1269, "綻 糸 ホコロビ イト hokorobi ito", "broken mail address", email="hokorobi.ito＠mail,example")
    yield person(1270, "暦 弥生 コヨミ ヤヨイ koyomi yayoi", "impossible birthday", sent(38), birthday="1989/2/30")
    yield person(1271, "鏡 双葉 カガミ フタバ kagami futaba", "stands in the list twice, row by row the same", sent(39))
    yield person(1272, "幼木 芽 オサナギ メイ osanagi mei", "a child's birthday in the reign 令和", birthday="R1.5.1")
