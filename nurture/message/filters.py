"""The filters a template may use: money, dates, eras, honorifics, JSON text and links. Every other one is refused."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jinja2 import TemplateRuntimeError, pass_context
from jinja2.filters import FILTERS as OF_JINJA
from jinja2.runtime import Context, Undefined

from nurture.config import Settings

from .honorific import with_honorific
from .views import YearlyDate

WEEKDAYS = "月火水木金土日"
ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1873, 1, 1), "明治"),
)
"""First day of each era; Meiji from the day on which Japan took the Gregorian calendar."""
SIGNS = {"JPY": ("¥", 0), "USD": ("$", 2), "EUR": ("€", 2)}
"""Sign and decimals of each currency."""
HARMLESS = (
    "abs default escape e first int join last length count list lower map max min reject rejectattr replace reverse"
    " round select selectattr sort striptags sum title trim truncate unique upper urlencode"
).split()
"""Jinja's own filters that neither mark text as safe HTML nor can grow without limit."""
RENDERING = " rendering"
"""Key of the `Rendering` among the values; no template can write a name with a space."""


@dataclass
class Rendering:
    """One composition under way."""

    settings: Settings
    """For currency and honorific."""
    passes: int = 0
    """How many passes its loops have made so far."""


class ValueRefused(TemplateRuntimeError):
    """A value that a filter can't print; it carries the catalogue's key and what fills the gaps."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = values
        super().__init__(f"{code} {values}")


@pass_context
def money(context: Context, value: Any) -> str:
    """`1200` as ¥1,200, or as $12.00 where the currency has cents; the value is in the smallest unit."""
    rendering: Rendering = context[RENDERING]
    sign, decimals = SIGNS[rendering.settings.currency]
    whole, cents = divmod(abs(_integer(value, "money")), 10**decimals)
    return f"{'-' if value < 0 else ''}{sign}{whole:,}" + (f".{cents:0{decimals}}" if decimals else "")


def comma(value: Any) -> str:
    """`1234567` as 1,234,567."""
    if isinstance(value, float):
        return f"{value:,}"
    return f"{_integer(value, 'comma'):,}"


def date_ja(value: Any) -> str:
    """2026年11月22日（日）; a birthday without a year as 11月22日."""
    if isinstance(value, YearlyDate):
        return f"{value.year}年{value}" if value.year else str(value)
    day = _day(value, "date_ja")
    return f"{day.year}年{date_short(day)}"


def date_short(value: Any) -> str:
    """11月22日（日）; a birthday as 11月22日."""
    if isinstance(value, YearlyDate):
        return str(value)
    day = _day(value, "date_short")
    return f"{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"


def time(value: Any) -> str:
    """10:00."""
    if isinstance(value, datetime):
        return f"{value.hour}:{value.minute:02}"
    raise _refused(value, "time")


def wareki(value: Any) -> str:
    """令和8年11月22日; the first year of an era is 元年."""
    day = _day(value, "wareki")
    return f"{era_year(day)}{day.month}月{day.day}日"


def era_year(value: Any) -> str:
    """令和8年."""
    day = _day(value, "era_year")
    for first, era in ERAS:
        if day >= first:
            year = day.year - first.year + 1 if era != "明治" else day.year - 1867
            return f"{era}{'元' if year == 1 else year}年"
    raise _refused(value, "era_year")


def sama(value: Any) -> str:
    """山田 as 山田様, once."""
    return with_honorific(str(value), "様")


def san(value: Any) -> str:
    """山田 as 山田さん, once."""
    return with_honorific(str(value), "さん")


def json_text(value: Any) -> str:
    """Any value as a JSON string, quotes included."""
    return json.dumps(str(value), ensure_ascii=False)


def https_only(value: Any) -> str:
    """The address itself; any but an https one stops the message."""
    url = str(value)
    if re.fullmatch(r"https://[^\s\x00-\x20\"'<>\\^`{|}\x7f]+", url):
        return url
    raise ValueRefused("message.not_https", found=url[:60])


OWN: Mapping[str, Callable[..., Any]] = {
    "money": money,
    "comma": comma,
    "date_ja": date_ja,
    "date_short": date_short,
    "time": time,
    "wareki": wareki,
    "era_year": era_year,
    "sama": sama,
    "san": san,
    "json": json_text,
    "https_only": https_only,
}
FILTERS: Mapping[str, Callable[..., Any]] = {
    # Without the wrapper that asks at every call whether the environment is an asynchronous one.
    **{name: getattr(OF_JINJA[name], "__wrapped__", OF_JINJA[name]) for name in HARMLESS},
    **OWN,
}
"""All that a template may use."""


def _integer(value: Any, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _refused(value, name)


def _day(value: Any, name: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, YearlyDate) and value.year:
        return date(value.year, value.month, value.day)
    raise _refused(value, name)


def _refused(value: Any, name: str) -> ValueRefused:
    # Printing a missing value raises its own error, which says more.
    shown = str(value) if isinstance(value, Undefined) else repr(value)
    return ValueRefused("message.wrong_kind", found=shown[:60], filter=name)
