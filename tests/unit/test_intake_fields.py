"""Cells as people and programs write them become one value, or a refusal that says what to write."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from nurture.catalogue.intake import TEXTS
from nurture.intake.field.date import YearlyDay, read_date, read_moment, read_month, read_yearly_day
from nurture.intake.field.mail import read_mail
from nurture.intake.field.name import company_key, full_name, is_company, kana_key, name_key
from nurture.intake.field.number import postal_code, read_count, read_decimal, read_key, read_money
from nurture.intake.field.phone import read_phone
from nurture.intake.field.text import Unreadable, clean, one_line
from nurture.intake.field.word import (
    ORDER_STATES,
    prefecture,
    read_answer,
    read_line_id,
    read_word,
    split_prefecture,
)

TOKYO = ZoneInfo("Asia/Tokyo")
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "1980-04-01",
            "1980/4/1",
            "1980.4.1",
            "1980年4月1日",
            "１９８０年４月１日",
            "19800401",
            "S55.4.1",
            "s55/4/1",
            "S.55.4.1",
        ),
        *(
            "昭和55年4月1日",
            "㍼55年4月1日",
            "昭和５５年４月１日",
            "1980-04-01 00:00:00",
            "1980/4/1(火)",
            "29312",
            "29312.0",
            "1980年 4月 1日",
        ),
    ],
)
def test_the_first_of_april_1980_in_every_form(written: str) -> None:
    assert read_date(written) == date(1980, 4, 1)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("H3/7/9", date(1991, 7, 9)),
        ("平成2年12月3日", date(1990, 12, 3)),
        ("R1.5.1", date(2019, 5, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("T15.1.2", date(1926, 1, 2)),
        ("明治45年1月2日", date(1912, 1, 2)),
        ("昭和64年4月1日", date(1989, 4, 1)),
    ],
)
def test_eras(written: str, day: date) -> None:
    assert read_date(written) == day


@pytest.mark.parametrize(
    ("written", "year", "month", "day"),
    [
        ("4月", None, 4, None),
        ("４月生まれ", None, 4, None),
        ("4/1", None, 4, 1),
        ("04-01", None, 4, 1),
        ("--04-01", None, 4, 1),
        ("4月1日", None, 4, 1),
        ("2/29", None, 2, 29),
        ("0000-04-01", None, 4, 1),
        ("1980/2/29", 1980, 2, 29),
    ],
)
def test_days_that_come_round(written: str, year: int | None, month: int, day: int | None) -> None:
    assert read_yearly_day(written, TODAY) == YearlyDay(year, month, day)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("1989/2/30", "reject.no_such_day"),
        ("2025/6/31", "reject.no_such_day"),
        ("S65.1.1", "reject.no_such_day"),
        ("4/1/1980", "reject.date"),
        ("きのう", "reject.date"),
        ("2026-11-23", "reject.date_future"),
        ("13月", "reject.month"),
    ],
)
def test_days_that_are_none_say_why(written: str, code: str) -> None:
    with pytest.raises(Unreadable) as found:
        read_yearly_day(written, TODAY)
    assert found.value.code == code
    assert code in TEXTS


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-03-01 12:34:56", "2024-03-01T03:34:56"),
        ("2024/3/1 9:05", "2024-03-01T00:05:00"),
        ("2024年3月1日 10時30分", "2024-03-01T01:30:00"),
        ("2024-03-01", "2024-02-29T15:00:00"),
        ("2024-03-01 12:34:56 +0900", "2024-03-01T03:34:56"),
        ("2024-03-01T03:34:56Z", "2024-03-01T03:34:56"),
        ("2024-03-01 03:34:56 UTC", "2024-03-01T03:34:56"),
        ("45352.5", "2024-03-01T03:00:00"),
        ("2024/3/1 10時", "2024-03-01T01:00:00"),
        ("2024/3/1 10時半", "2024-03-01T01:30:00"),
        ("2024/3/1 午前10時30分", "2024-03-01T01:30:00"),
        ("R6.3.1(金) 午後2時", "2024-03-01T05:00:00"),
        ("2024/3/1 PM2:05", "2024-03-01T05:05:00"),
        ("2024/3/1 午後12時", "2024-03-01T03:00:00"),
        ("2024/3/1 9:00～10:00", "2024-03-01T00:00:00"),
        ("2024/3/1 9:00〜", "2024-03-01T00:00:00"),
        ("2024/3/1 9時 ~ 10時半", "2024-03-01T00:00:00"),
    ],
)
def test_instants_are_on_the_shops_clocks_unless_they_say_otherwise(written: str, instant: str) -> None:
    assert datetime.fromtimestamp(read_moment(written, TOKYO), UTC).isoformat() == f"{instant}+00:00"


def test_a_month_of_birth_may_be_a_bare_number() -> None:
    assert [read_month(each) for each in ("4", "４月", "12.0", "12月生まれ")] == [4, 4, 12, 12]


@given(st.dates(date(1927, 1, 1), date(2099, 12, 31)))
def test_every_western_day_is_read_back(day: date) -> None:
    forms = (f"{day}", f"{day.year}/{day.month}/{day.day}", f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日")
    assert {read_date(form) for form in forms} == {day}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("佐藤　花子", "佐藤花子 様"),
        ("髙橋 美波", "高橋　美波"),
        ("山﨑 学", "山崎学"),
        ("Hanako SATO", "Sato, Hanako"),
        ("ｻﾄｳ ﾊﾅｺ", "サトウハナコ"),
    ],
)
def test_two_spellings_of_one_name_agree(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_kana_of_any_width_or_kind_is_one() -> None:
    assert kana_key("ﾀｶﾊｼ ﾐﾅﾐ") == kana_key("たかはし　みなみ") == kana_key("タカハシミナミ") == "タカハシミナミ"
    assert kana_key("高橋") == ""


def test_a_company_is_known_by_its_bare_name() -> None:
    forms = ("株式会社埠頭商店", "（株）埠頭商店", "㈱埠頭商店", "埠頭商店㈱", "埠頭商店 株式会社 御中")
    assert {company_key(each) for each in forms} == {"埠頭商店"}
    assert company_key("株式会社") == "株式会社"
    assert is_company("㈲まるまる製菓")
    assert is_company("Foo Trading Co., Ltd.")
    assert not is_company("佐藤 花子")


def test_halves_of_a_name_are_joined_as_people_write_them() -> None:
    assert (full_name("佐藤", "花子"), full_name("Sato", "Hanako"), full_name("", "花子")) == (
        "佐藤 花子",
        "Hanako Sato",
        "花子",
    )


@pytest.mark.parametrize(
    "written",
    [
        *("090-1234-5678", "０９０－１２３４－５６７８", "090(1234)5678", "09012345678", "9012345678.0", "9012345678"),
        *("+81 90 1234 5678", "'+819012345678", "090 1234 5678", "090ー1234ー5678"),
    ],
)
def test_one_phone_number_in_every_spelling(written: str) -> None:
    assert read_phone(written) == "+819012345678"


def test_a_landline_that_lost_its_zero_in_excel() -> None:
    assert read_phone("312345678.0") == read_phone("03-1234-5678") == "+81312345678"
    with pytest.raises(Unreadable):
        read_phone("090-1234-567")


@given(st.from_regex(r"0?[1-9][0-9]{8,9}", fullmatch=True))
def test_the_short_way_for_phones_says_what_the_library_says(written: str) -> None:
    found = by_library(written) or by_library(f"0{written}")
    if found:
        assert read_phone(written) == found
    else:
        with pytest.raises(Unreadable):
            read_phone(written)


def by_library(written: str) -> str | None:
    try:
        parsed = phonenumbers.parse(written, "JP")
    except phonenumbers.NumberParseException:  # 010 is the way out of the country, and of a country there is none
        return None
    valid = phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if valid else None


@pytest.mark.parametrize(
    ("written", "value", "status"),
    [
        (" Taro@Example.test ", "taro@example.test", "ok"),
        ("Ｔａｒｏ＠ｅｘａｍｐｌｅ．test", "taro@example.test", "ok"),
        ("a..b@docomo.test", "a..b@docomo.test", "nonstandard"),
        ("abc.@ezweb.test", "abc.@ezweb.test", "nonstandard"),
        (".abc@au.test", ".abc@au.test", "nonstandard"),
        ("a@日本語.test", "a@xn--wgv71a119e.test", "ok"),
        ("o'neil+news@mail.example", "o'neil+news@mail.example", "ok"),
        ("mailto:a@mail.example", "a@mail.example", "ok"),
    ],
)
def test_mail_addresses(written: str, value: str, status: str) -> None:
    assert read_mail(written) == (value, status)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "hokorobi.ito＠mail,example",
            "a b@mail.example",
            "x@localhost",
            "@mail.example",
            "a@",
            "..@mail.example",
            "日本@mail.example",
        ),
        *("a@b@mail.example", "a@mail..example", "(a)@mail.example", "a" * 65 + "@mail.example", "a\nb@mail.example"),
    ],
)
def test_what_is_no_mail_address_is_refused(written: str) -> None:
    with pytest.raises(Unreadable):
        read_mail(written)


@given(st.from_regex(r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,20}", fullmatch=True))
def test_a_mail_address_is_ok_where_the_validator_says_so(local: str) -> None:
    try:
        validate_email(f"{local}@mail.example", check_deliverability=False, test_environment=True)
        valid = True
    except EmailNotValidError:
        valid = False
    try:
        status = read_mail(f"{local}@mail.example")[1]
    except Unreadable:
        status = "refused"
    assert (status == "ok") == valid or local.startswith("'") or local.endswith("'")


def test_line_ids() -> None:
    assert read_line_id(" U0123456789abcdef0123456789abcdef") == "U0123456789abcdef0123456789abcdef"
    for wrong in ("u0123456789abcdef0123456789abcdef", "U0123", "@shop", "C0123456789abcdef0123456789abcdef"):
        with pytest.raises(Unreadable):
            read_line_id(wrong)


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("1200", "JPY", 1200),
        ("￥１，２００", "JPY", 1200),
        ("1,200円", "JPY", 1200),
        ("1200.00", "JPY", 1200),
        ("12.345", "USD", 1235),
    ],
)
def test_money_is_in_minor_units(written: str, currency: str, minor: int) -> None:
    assert read_money(written, currency) == minor


def test_numbers_that_are_none() -> None:
    for read, wrong in (
        (read_count, "2.5"),
        (read_count, "x"),
        (read_decimal, "nan"),
        (read_decimal, "inf"),
        (read_count, "1e300"),
    ):
        with pytest.raises(Unreadable):
            read(wrong)
    with pytest.raises(Unreadable):
        read_money("1e99", "JPY")
    with pytest.raises(Unreadable):
        read_money("千円", "JPY")


def test_keys_keep_their_zeros_and_lose_what_programs_added() -> None:
    assert [read_key(each) for each in ("0012", "'1001", "1001.0", "Ａ－１")] == ["0012", "1001", "1001", "A-1"]


def test_postal_codes() -> None:
    assert [postal_code(each) for each in ("〒650-0099", "6500099", "600001.0", "SW1A 1AA")] == [
        *("650-0099", "650-0099", "060-0001", "SW1A 1AA"),
    ]


@pytest.mark.parametrize(
    ("written", "wants"),
    [
        *[(each, True) for each in ("希望する", "希望", "可", "1", "TRUE", "yes", "はい", "○", "配信する", "１")],
        *[(each, False) for each in ("希望しない", "不可", "0", "FALSE", "no", "いいえ", "×", "停止", "拒否")],
    ],
)
def test_answers(written: str, wants: bool) -> None:
    assert read_answer(written) is wants


def test_an_answer_that_is_neither_is_never_guessed() -> None:
    with pytest.raises(Unreadable):
        read_answer("要相談")


def test_words_and_places() -> None:
    assert read_word("発送済み", ORDER_STATES) == "shipped"
    with pytest.raises(Unreadable):
        read_word("???", ORDER_STATES)
    assert (prefecture("東京"), prefecture("北海道"), prefecture("京都府"), prefecture("CA")) == (
        "東京都",
        "北海道",
        "京都府",
        "CA",
    )
    assert split_prefecture("兵庫県神戸市架空町1-1") == ("兵庫県", "神戸市架空町1-1")


@pytest.mark.parametrize("written", ["NULL", "null", "-", "なし", " 不明 ", "0000-00-00", "　", "\x00", "\\N", "N/A"])
def test_what_only_says_that_nothing_is_there_is_nothing(written: str) -> None:
    assert clean(written) == ""


def test_control_characters_go_and_line_ends_become_spaces_in_a_name() -> None:
    assert clean("a\x00b\x0b") == "ab"
    assert one_line("佐藤\r\n花子　様") == "佐藤 花子 様"


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("未対応 入金待ち 対応開始前 未発送", "ordered"),  # BASE
        ("対応済み 対応済 配送中 発送済み", "shipped"),
        ("新規受付 対応中 入金済み 注文受付", "ordered"),  # EC-CUBE, mtb_order_status and mtb_customer_order_status
        ("決済処理中 購入処理中 注文未完了", "unfinished"),
        (
            "unfulfilled on_hold scheduled in_progress partially_refunded partially_paid authorized",
            "ordered",
        ),  # Shopify
        ("fulfilled partial 一部発送済み", "shipped"),
        ("voided expired キャンセル済 注文キャンセル", "cancelled"),
        ("refunded restocked 返品済 返金済 返品完了", "returned"),
        ("未入金 支払い済み 支払い待ち 準備中 出荷準備中 保留 一部返金", "ordered"),
        ("配送済み 納品済み お渡し済み", "delivered"),
    ],
)
def test_states_of_orders_are_known_as_shops_write_them(words: str, state: str) -> None:
    assert {word: read_word(word, ORDER_STATES) for word in words.split()} == dict.fromkeys(words.split(), state)


@pytest.mark.parametrize(
    "written", ["a@mail.example;b@mail.example", "a@mail.example、b@mail.example", "a@b.example c@d.example"]
)
def test_two_addresses_in_a_cell_are_told_as_two(written: str) -> None:
    with pytest.raises(Unreadable) as found:
        read_mail(written)
    assert found.value.code == "reject.mails"


@pytest.mark.parametrize("written", ["2024/3/1 午後13時", "2024/3/1 午前25時", "2024/3/1 60分"])
def test_a_time_that_is_none_is_not_taken(written: str) -> None:
    with pytest.raises(Unreadable):
        read_moment(written, TOKYO)


def test_wanted_and_not_wanted_as_lists_write_it() -> None:
    assert [read_answer(word) for word in ("要", "否", "不要", "可")] == [True, False, False, True]
