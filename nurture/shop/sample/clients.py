"""The salon's clients: who they are and how they come, named characters included; bookings are in days before today."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from nurture.shop.sample import names, spelling
from nurture.shop.sample.names import Name

STYLISTS = ("水無月 玲", "早乙女 翼", "神楽 つむぎ")
BACKGROUND = range(1, 73)
"""The people who stand for nothing in particular."""


@dataclass(frozen=True)
class Visit:
    """One booking."""

    ago: int
    """Days before today; negative = still to come."""
    menu: str = "カット"
    status: str = "来店済み"
    """予約中, 来店済み, キャンセル or 無断キャンセル."""
    clock: str = "13:30"
    booked_before: int = 9
    """Days between booking and appointment."""


@dataclass(frozen=True)
class Client:
    """A client of the salon."""

    number: int
    """Printed as H-001; 0 = never given one."""
    family: Name
    given: Name
    stylist: str
    email: str = ""
    phone: str = ""
    birth_month: str = ""
    birthday: str = ""
    line: bool = False
    mailing: str = ""
    """可, 不可 or empty."""
    note: str = ""
    visits: tuple[Visit, ...] = ()
    stands_for: str = ""


_PAST = (Visit(130), Visit(88), Visit(44))


def clients(today: date, seed: int) -> list[Client]:
    """All clients, ordered by number; the one without a number comes last."""
    random = Random(f"{seed}:clients")
    pairs = names.pairs(random, len(BACKGROUND))
    background = [_client(random, today, number, *pair) for number, pair in zip(BACKGROUND, pairs, strict=True)]
    return [*background, *_cast(today)]


def _cast(today: date) -> Iterator[Client]:
    yield from _booked_and_new()
    yield from _between_visits()
    yield from _others(today)


def _booked_and_new() -> Iterator[Client]:
    yield _named(
        201, "明石 凛 アカシ リン akashi rin", "appointment tomorrow, LINE friend", *_PAST, _coming(1), line=True
    )
    yield _named(
        202, "淀川 澪 ヨドガワ ミオ yodogawa mio", "appointment tomorrow, e-mail only", *_PAST, _coming(1, "10:00")
    )
    yield _named(203, "武庫 岬 ムコ ミサキ muko misaki", "appointment in a week", *_PAST, _coming(7))
    yield _named(
        204,
        "生田 透 イクタ トオル ikuta toru",
        "tomorrow's appointment was cancelled",
        *_PAST,
        Visit(-1, status="キャンセル"),
    )
    yield _named(
        205, "布引 滝 ヌノビキ タキ nunobiki taki", "did not come 2 days ago", *_PAST, Visit(2, status="無断キャンセル")
    )
    yield _named(
        206, "須磨 浦子 スマ ウラコ suma urako", "first visit 3 days ago", Visit(3, "カット＋カラー"), line=True
    )
    yield _named(207, "垂水 航平 タルミ コウヘイ tarumi kohei", "first visit yesterday", Visit(1))


def _between_visits() -> Iterator[Client]:
    yield _named(
        208,
        "舞子 浜 マイコ ハマ maiko hama",
        "every six weeks; the last visit was 43 days ago",
        *map(Visit, (169, 127, 85, 43)),
        line=True,
    )
    yield _named(
        209,
        "六甲 霧子 ロッコウ キリコ rokko kiriko",
        "colour every eight weeks; the last one was 58 days ago",
        *(Visit(ago, "カット＋カラー") for ago in (170, 114, 58)),
    )
    yield _named(
        210, "有馬 泉 アリマ イズミ arima izumi", "silent for 150 days", *map(Visit, (240, 195, 150)), line=True
    )
    yield _named(
        211, "摩耶 登 マヤ ノボル maya noboru", "last visit 95 days ago but booked for next week", Visit(95), _coming(6)
    )


def _others(today: date) -> Iterator[Client]:
    yield _named(
        212,
        "苅藻 育 カルモ イク karumo iku",
        "only the month of the birthday is known, and it is this one",
        *_PAST,
        birth_month=f"{today.month}月",
        line=True,
    )
    yield _named(
        213,
        "鷹取 翔子 タカトリ ショウコ takatori shoko",
        "birthday today",
        *_PAST,
        birth_month=f"{today.month}月",
        birthday=f"{today.month}月{today.day}日",
    )
    yield _named(
        214,
        "塩屋 汀 シオヤ ミギワ shioya migiwa",
        "no mail wanted (不可), no LINE; first visit yesterday",
        Visit(1),
        mailing="不可",
    )
    yield _named(
        215, "板宿 巡 イタヤド メグル itayado meguru", "appointment today at 14:00", *_PAST, _coming(0, "14:00")
    )
    yield _named(216, "名谷 守 ミョウダニ マモル myodani mamoru", "no address at all", *_PAST, email="", mailing="")
    yield _named(
        0,
        "飛入 客子 トビイリ キャクコ tobiiri kyakuko",
        "booked by phone for tomorrow, in no list",
        _coming(1, "16:30"),
    )


def _named(number: int, name: str, stands_for: str, *visits: Visit, **known: Any) -> Client:
    family, given, family_kana, given_kana, family_latin, given_latin = name.split()
    details: dict[str, Any] = {"email": f"{given_latin}.{family_latin}@mail.example", "mailing": "可"} | known
    return Client(
        number,
        Name(family, family_kana, family_latin),
        Name(given, given_kana, given_latin),
        STYLISTS[number % len(STYLISTS)],
        phone=names.phone(number),
        visits=visits,
        stands_for=stands_for,
        **details,
    )


def _coming(days: int, clock: str = "13:30") -> Visit:
    return Visit(-days, "カット＋トリートメント", "予約中", clock)


def _client(random: Random, today: date, number: int, family: Name, given: Name) -> Client:
    born = date(today.year, 1, 1) - timedelta(days=random.randint(18 * 365, 75 * 365))
    month = random.choices((f"{born.month}月", str(born.month), ""), (65, 20, 15))[0]
    full = random.random() < 0.3
    return Client(
        number,
        family,
        given,
        random.choice(STYLISTS),
        email=f"{given.latin}.{family.latin}@{random.choice(names.MAIL_DOMAINS)}" if random.random() < 0.7 else "",
        phone=names.phone(number) if random.random() < 0.95 else "",
        birth_month=month,
        birthday=spelling.written_date(born, random.choice(("excel", "excel", "dots", "kanji", "day"))) if full else "",
        line=random.random() < 0.55,
        mailing=random.choices(("可", "不可", ""), (70, 15, 15))[0],
        note=random.choice(("", "", "", "", "頭皮が敏感", "雑誌は不要", "㈱架空商事の紹介", "左①番シャンプー台")),
        visits=tuple(sorted(_visits(random), key=lambda visit: -visit.ago)),
    )


def _visits(random: Random) -> Iterator[Visit]:
    cycle = random.randint(28, 70)
    menus = random.choice(
        (("カット",), ("カット", "カット＋カラー"), ("カット＋カラー",), ("カット＋パーマ", "カット"))
    )
    since = random.randint(100, 300) if random.random() < 0.25 else random.randint(1, cycle + 10)
    if since < 100 and random.random() < 0.3:
        yield _visit(random, -random.randint(1, 21), menus, "予約中")
    begin = random.randint(since, 420)
    for ago in range(since, begin + 1, cycle):
        status = random.choices(("来店済み", "キャンセル", "無断キャンセル"), (92, 5, 3))[0]
        yield _visit(random, ago + random.randint(0, 6), menus, status)


def _visit(random: Random, ago: int, menus: tuple[str, ...], status: str) -> Visit:
    clock = f"{random.randint(10, 18)}:{random.choice(('00', '30'))}"
    return Visit(ago, random.choice(menus), status, clock, booked_before=max(-ago, 0) + random.randint(1, 20))
