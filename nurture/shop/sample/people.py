"""The roaster's customers: who they are, what they agreed to and what they bought when, in days before today."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from nurture.shop.sample import names, spelling
from nurture.shop.sample.goods import BEANS
from nurture.shop.sample.names import Name

LISTED = range(1001, 1184)
"""Numbers of the background people in the customer list."""
LINE_ONLY = range(1301, 1371)
"""Numbers of those whom the shop knows from LINE alone."""
LITERAL_BIRTHDAYS = (
    "S55.4.1",
    "昭和55年4月1日",
    "平成2年12月3日",
    "H3/7/9",
    "4月",
    "4/1",
    "04-01",
    "1980/2/29",
    "S51.2.29",
)
"""Written exactly so by the first people of the list, whatever the seed."""


@dataclass(frozen=True)
class Bought:
    """One order, as far as a person would tell it."""

    ago: int
    """Days before today on which it was ordered."""
    goods: tuple[str, ...]
    """Product codes; one bought twice is there twice."""
    shipped: int | None = None
    """Days before today on which it left the shop; None = not yet, or never."""
    status: str = "発送済み"
    """新規受付, 入金済み, 発送済み, 注文取消し or 返品."""
    clock: str = "20:15"
    """Local time of the order."""
    guest: bool = False
    """Ordered without logging in: the export has no customer number, only the mail address."""


@dataclass(frozen=True)
class Person:
    """A customer of the roaster."""

    number: int
    family: Name
    given: Name
    email: str = ""
    phone: str = ""
    company: str = ""
    birthday: str = ""
    """As the shop wrote it down."""
    registered: int = 0
    """Days before today."""
    newsletter: str = ""
    """希望する, 希望しない or empty."""
    tags: str = ""
    """Separated by semicolons."""
    note: str = ""
    line: str = ""
    """希望 or 停止 for a LINE friend, else empty."""
    listed: bool = True
    """In the customer list; the others are known from LINE or from an order alone."""
    bought: tuple[Bought, ...] = ()
    """Oldest first."""
    stands_for: str = field(default="", compare=False)
    """What a named character shows; empty for the background."""


Habit = Callable[[Random], Iterator[Bought]]
"""How somebody buys."""


def background(today: date, seed: int) -> list[Person]:
    """Everyone who stands for nothing in particular; ordered by number. `today` only bounds the birthdays."""
    random = Random(f"{seed}:people")
    numbers = [*LISTED, *LINE_ONLY]
    habits = _habits(random, len(numbers))
    halves = names.pairs(random, len(numbers))
    return [
        _person(random, today, number, *pair, habit)
        for number, pair, habit in zip(numbers, halves, habits, strict=True)
    ]


def _habits(random: Random, count: int) -> list[Habit]:
    kinds: list[tuple[Habit, int]] = [
        (_newcomer, 30),
        (_second_timer, 30),
        (_regular, 42),
        (_lapsing, 34),
        (_dormant, 40),
        (_giver, 25),
    ]
    habits = [habit for habit, times in kinds for _ in range(times)]
    habits += [_prospect] * (count - len(habits))
    random.shuffle(habits)
    return habits


def _person(random: Random, today: date, number: int, family: Name, given: Name, habit: Habit) -> Person:
    listed = number in LISTED
    bought = tuple(sorted(habit(random), key=lambda order: -order.ago))
    first = max((order.ago for order in bought), default=random.randint(5, 900))
    has_email = random.random() < 0.93 if listed else bool(bought)
    mail = f"{given.latin}.{family.latin}{number % 100}@{random.choice(names.MAIL_DOMAINS)}"
    return Person(
        number=number,
        family=family,
        given=given,
        email=mail if has_email else "",
        phone=names.phone(number - 1001) if random.random() < 0.85 else "",
        company=random.choice(names.COMPANIES) if random.random() < 0.07 else "",
        birthday=_birthday(random, today, number),
        registered=first + random.choice((0, 0, 0, 1, 3, 20, 60)),
        newsletter=random.choices(("希望する", "希望しない", ""), (65, 12, 23))[0],
        tags=_tags(random, habit),
        note=random.choice(
            (
                "",
                "",
                "",
                "",
                "",
                "深煎り好み",
                "豆は中挽きで",
                "領収書希望",
                "ご進物①のし「御礼」",
                "土曜の午前に来店が多い",
            )
        ),
        line=_line(random, listed),
        listed=listed,
        bought=bought,
    )


def _birthday(random: Random, today: date, number: int) -> str:
    if number - LISTED.start < len(LITERAL_BIRTHDAYS):
        return LITERAL_BIRTHDAYS[number - LISTED.start]
    if random.random() < 0.35:
        return ""
    day = date(today.year, 1, 1) - timedelta(days=random.randint(20 * 365, 80 * 365))
    forms = ("excel", "iso", "dots", "kanji", "slashes", "month", "day", "padded")
    return spelling.written_date(day, random.choices(forms, (50, 12, 8, 8, 5, 9, 5, 3))[0])


def _tags(random: Random, habit: Habit) -> str:
    tags = ["常連"] if habit is _regular else ["ギフト"] if habit is _giver else []
    if random.random() < 0.1:
        tags = [*tags, random.choice(("店頭", "紹介", "イベント", "ギフト"))]
    return ";".join(dict.fromkeys(tags))


def _line(random: Random, listed: bool) -> str:
    if listed and random.random() > 0.22:
        return ""
    return "希望" if random.random() < 0.85 else "停止"


def _newcomer(random: Random) -> Iterator[Bought]:
    shipped = random.randint(1, 14)
    yield Bought(shipped + 1, _basket(random), shipped, clock=_clock(random))


def _second_timer(random: Random) -> Iterator[Bought]:
    last = random.randint(1, 60)
    yield _order(random, last + random.randint(20, 80))
    yield _order(random, last)


def _regular(random: Random) -> Iterator[Bought]:
    favourite = random.choice(BEANS)
    ago = random.randint(2, 40)
    begin = random.randint(150, 700)
    cycle = random.randint(30, 70)
    mill = random.random() < 0.4
    while ago < begin:
        yield _order(random, ago, favourite)
        ago += max(12, cycle + random.randint(-9, 9))
    yield _order(random, ago if ago < 725 else begin, favourite, *(["MILL-HAND"] if mill else []))


def _lapsing(random: Random) -> Iterator[Bought]:
    ago = random.randint(90, 200)
    for _ in range(random.randint(2, 5)):
        yield _order(random, ago)
        ago += random.randint(25, 70)


def _dormant(random: Random) -> Iterator[Bought]:
    ago = random.randint(230, 640)
    yield _order(random, ago)
    if random.random() < 0.5:
        yield _order(random, ago + random.randint(20, 80))


def _giver(random: Random) -> Iterator[Bought]:
    for ago in range(random.randint(60, 160), 725, 180):
        yield _order(random, ago + random.randint(0, 12), random.choice(("GIFT-DRIP", "GIFT-BEANS")))


def _prospect(random: Random) -> Iterator[Bought]:
    yield from ()


def _order(random: Random, ago: int, *goods: str) -> Bought:
    status = random.choices(("発送済み", "注文取消し", "返品"), (955, 30, 15))[0] if ago > 3 else "発送済み"
    if ago <= 1:
        status = random.choice(("新規受付", "入金済み"))
    shipped = ago - random.choice((1, 1, 1, 2)) if ago > 1 and status in {"発送済み", "返品"} else None
    return Bought(ago, goods or _basket(random), shipped, status, _clock(random), guest=random.random() < 0.07)


def _basket(random: Random) -> tuple[str, ...]:
    first = random.choice((*BEANS, "DRIP-5", "DRIP-10", "DRIP-DECAF"))
    more = random.choice(((), (), (first,), ("FILTER-100",), ("DRIP-5",), ("DRIPPER-PLASTIC", "FILTER-100")))
    return (first, *more)


def _clock(random: Random) -> str:
    return f"{random.choice((7, 9, 11, 12, 15, 18, 20, 21, 22, 23)):02d}:{random.randint(0, 59):02d}"
