"""What the filters print, and how people are addressed. Alice has a family name, bob is a firm, charlie has no name."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.config import Settings
from nurture.message.environment import make_environment
from nurture.message.filters import RENDERING, Rendering, ValueRefused, era_year, https_only, wareki
from nurture.message.honorific import Names, called, with_honorific
from nurture.message.views import YearlyDate

SUNDAY = date(2026, 11, 22)
MORNING = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
BIRTHDAY, YEARLESS = YearlyDate(1980, 5, 3), YearlyDate(None, 5, 3)
ALICE = Names(name="山田 花子", family_name="山田", given_name="花子")
BOB = Names(name="有限会社浜", is_company=True)
CHARLIE = Names()


def printed(expression: str, value: Any, currency: str = "JPY") -> str:
    settings = Settings.model_validate({"shop": {"name": "珈琲みなと"}, "currency": currency})
    template = make_environment(lambda name: None).from_string("{{ " + expression + " }}")
    return template.render({"it": value, RENDERING: Rendering(settings)})


@pytest.mark.parametrize(
    ("currency", "amount", "text"),
    [
        ("JPY", 1200, "¥1,200"),
        ("JPY", 0, "¥0"),
        ("JPY", -1234567, "-¥1,234,567"),
        ("USD", 120050, "$1,200.50"),
        ("USD", 5, "$0.05"),
        ("EUR", -5, "-€0.05"),
    ],
)
def test_money_is_in_the_smallest_unit_of_its_currency(currency: str, amount: int, text: str) -> None:
    assert printed("it|money", amount, currency) == text


@pytest.mark.parametrize(
    ("expression", "value", "text"),
    [
        ("it|comma", 1234567, "1,234,567"),
        ("it|date_ja", SUNDAY, "2026年11月22日（日）"),
        ("it|date_ja", MORNING, "2026年11月22日（日）"),
        ("it|date_ja", BIRTHDAY, "1980年5月3日"),
        ("it|date_ja", YEARLESS, "5月3日"),
        ("it|date_short", SUNDAY, "11月22日（日）"),
        ("it|date_short", BIRTHDAY, "5月3日"),
        ("it|time", MORNING, "9:05"),
        ("it|wareki", SUNDAY, "令和8年11月22日"),
        ("it|wareki", BIRTHDAY, "昭和55年5月3日"),
        ("it|era_year", SUNDAY, "令和8年"),
        ("it|san", "花子", "花子さん"),
        ("it|sama", "山田様", "山田様"),
        ("it|json", '"a"\n', '"\\"a\\"\\n"'),
        ("it|json", 5, '"5"'),
        ("it|https_only", "https://minato.example/?a=1&b=豆", "https://minato.example/?a=1&b=豆"),
        ("it|upper", "a", "A"),
    ],
)
def test_a_filter_prints(expression: str, value: Any, text: str) -> None:
    assert printed(expression, value) == text


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1926, 12, 24), "大正15年12月24日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1912, 7, 29), "明治45年7月29日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1873, 1, 1), "明治6年1月1日"),
    ],
)
def test_an_era_begins_on_its_day(day: date, text: str) -> None:
    assert wareki(day) == text


@pytest.mark.parametrize(
    ("expression", "value"),
    [("it|money", "1200"), ("it|money", True), ("it|date_ja", "2026-11-22"), ("it|time", SUNDAY), ("it|comma", "1")],
)
def test_a_value_of_the_wrong_kind_is_refused(expression: str, value: Any) -> None:
    with pytest.raises(ValueRefused) as refused:
        printed(expression, value)
    assert refused.value.code == "message.wrong_kind"


def test_a_day_before_the_eras_and_a_birthday_without_a_year_have_no_era() -> None:
    for value in (date(1872, 12, 31), YEARLESS):
        with pytest.raises(ValueRefused):
            era_year(value)


@given(st.text() | st.sampled_from(["javascript:alert(1)", "http://a.example", " https://a.example", "https://a\nb"]))
def test_only_a_plain_https_address_is_a_link(text: str) -> None:
    try:
        assert https_only(text).startswith("https://")
        assert not set(text) & set(" \t\r\n\"'<>")
    except ValueRefused:
        pass


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (ALICE, "山田様"),
        (Names(name="山田 花子"), "山田 花子 様"),
        (Names(name="山田花子"), "山田花子様"),
        (Names(given_name="花子"), "花子様"),
        (Names(name="山田様"), "山田様"),
        (Names(name="John Smith"), "John Smith 様"),
        (BOB, "有限会社浜 御中"),
        (Names(name="有限会社浜 御中", is_company=True), "有限会社浜 御中"),
        (Names(name="有限会社浜", family_name="浜", is_company=True), "浜様"),
        (Names(family_name="鵜殿"), "鵜殿様"),
        (Names(company="株式会社港"), "株式会社港 御中"),
        (Names(name="　", family_name=" "), "お客様"),
        (CHARLIE, "お客様"),
    ],
)
def test_everybody_is_addressed_once(names: Names, text: str) -> None:
    assert called(names, "様", "ja") == text


def test_the_shop_chooses_its_honorific_and_english_has_none() -> None:
    assert called(ALICE, "さん", "ja") == "山田さん"
    assert called(BOB, "さん", "ja") == "有限会社浜 御中"
    assert called(CHARLIE, "さん", "ja") == "お客様"
    assert called(Names(given_name="Alice", family_name="Hill"), "様", "en") == "Alice Hill"
    assert called(CHARLIE, "様", "en") == "Customer"


@given(st.text(max_size=20))
def test_an_honorific_is_never_doubled(name: str) -> None:
    once = with_honorific(name, "様")
    assert with_honorific(once, "様") == once
