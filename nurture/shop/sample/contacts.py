"""What the roaster keeps beside the list: calls, visits and postcards of 60 days, complaints, and who wants no mail."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from nurture.shop.sample.people import Person

HEADER = ("顧客番号", "日時", "種別", "向き", "メモ")
REFUSAL_HEADER = ("メールアドレス", "状態", "日付", "理由")
HOLD_HEADER = ("顧客番号", "種別", "対象商品", "受付日", "備考")
NEVER_HEADER = ("顧客番号", "状態", "日付", "理由")

_LEFT_LONG_AGO = 999
"""A number that no list holds any more."""
_NOTED: tuple[tuple[int, int, str, str, str, str], ...] = (
    (1225, 1, "15:10", "電話", "発信", "配送日のご相談"),
    (1225, 3, "11:30", "電話", "発信", "ご注文内容の確認"),
    (1225, 5, "10:00", "ハガキ", "発信", "秋の新豆のご案内"),
    (1225, 12, "16:45", "電話", "発信", "試飲会のご案内"),
    (1225, 20, "10:00", "ハガキ", "発信", "周年のごあいさつ"),
    (1226, 2, "13:20", "電話", "着信", "クレーム：袋が破れて届いた。折り返し希望"),
    (1226, 1, "10:30", "電話", "発信", "クレーム対応：お詫び。返金手続き中（未完了）"),
    (1247, 14, "14:00", "電話", "発信", "ミルをご案内したが不要とのこと。今後ミルの案内は控える"),
    (1258, 3, "12:15", "来店", "着信", "近くまで来たので、と豆を見ていかれた"),
    (1244, 18, "17:05", "来店", "着信", "豆を挽く道具に興味あり"),
    (1253, 55, "11:00", "電話", "発信", "留守"),
    (_LEFT_LONG_AGO, 33, "10:20", "電話", "着信", "退会の確認"),
)
_HELD: tuple[tuple[int, str, str, int, str], ...] = (
    (1226, "クレーム", "", 2, "袋が破れて届いた。返金の連絡待ち"),
    (1247, "お断り", "ミル", 14, "電話で、不要とのこと"),
)
"""What the tags and remarks of the list say only to a person, as the owner would enter it."""
_NEVER = (1259, 60, "今後一切連絡しないこと")
_TALK = {
    ("電話", "発信"): ("配送日の確認", "入荷のお知らせ", "留守", "お届け先の確認"),
    ("電話", "着信"): ("注文の変更", "営業時間のお問い合わせ", "挽き方のご相談", "ギフト①のご相談"),
    ("来店", "着信"): ("豆200g購入", "試飲のみ", "ギフトのご相談", "お連れさまとご来店"),
    ("ハガキ", "発信"): ("季節のごあいさつ", "新豆のご案内"),
}
_RANDOM_CONTACTS = 60
_KNOWN_REFUSALS = 12


def rows(people: Sequence[Person], today: date, seed: int) -> list[tuple[object, ...]]:
    """The noted contacts, header first, oldest first; 発信 is from the shop, 着信 from the customer; local times."""
    random = Random(f"{seed}:contacts")
    regulars = [person.number for person in people if len(person.bought) > 1 and not person.stands_for]
    noted = list(_NOTED)
    for _ in range(_RANDOM_CONTACTS):
        kind, direction = random.choice(list(_TALK))
        clock = f"{random.randint(10, 18)}:{random.randint(0, 59):02d}"
        talk = random.choice(_TALK[kind, direction])
        noted.append((random.choice(regulars), random.randint(1, 59), clock, kind, direction, talk))
    noted.sort(key=lambda contact: (-contact[1], contact[2], contact[0]))
    return [HEADER, *((number, _when(today, ago, clock), *rest) for number, ago, clock, *rest in noted)]


def refusal_rows(people: Sequence[Person], today: date, seed: int) -> list[tuple[object, ...]]:
    """Opt-outs and bounces that the old mail tool knew, header first; some addresses are in no list any more."""
    random = Random(f"{seed}:refusals")
    mails = {person.number: person.email for person in people}
    background = [person.email for person in people if person.email and person.listed and not person.stands_for]
    refusals = [
        (mails[1222].upper(), "配信停止", 20, "本人のお申し出"),
        (mails[1229], "エラー", 15, "550 5.1.1 User unknown"),
        ("moved-away@post.example", "エラー", 410, "宛先不明"),
        ("former-customer@inbox.example", "配信停止", 500, "リンクから停止"),
    ]
    for email in random.sample(background, _KNOWN_REFUSALS):
        state, reason = random.choice(
            (("配信停止", "リンクから停止"), ("配信停止", ""), ("エラー", "550 5.1.1 User unknown"))
        )
        refusals.append((email, state, random.randint(30, 600), reason))
    return [
        REFUSAL_HEADER,
        *((email, state, _day(today, ago), reason) for email, state, ago, reason in refusals),
    ]


def hold_rows(today: date) -> list[tuple[object, ...]]:
    """Open complaints and refused products, header first."""
    return [
        HOLD_HEADER,
        *((number, kind, about, _day(today, ago), note) for number, kind, about, ago, note in _HELD),
    ]


def never_rows(today: date) -> list[tuple[object, ...]]:
    """Who wants to hear nothing more on any channel, header first."""
    number, ago, reason = _NEVER
    return [NEVER_HEADER, (number, "停止", _day(today, ago), reason)]


def _day(today: date, ago: int) -> str:
    return (today - timedelta(days=ago)).isoformat()


def _when(today: date, ago: int, clock: str) -> str:
    return f"{today - timedelta(days=ago):%Y/%m/%d} {clock}"
