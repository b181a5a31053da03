"""A style sheet inlined once for a shape gives the mail that inlining each mail by itself gives."""

from html.parser import HTMLParser
from pathlib import Path

import css_inline
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from nurture.message.inlining import BEGIN, END, _shape, inline
from tests.unit.test_message_compose import FRONT, context, made, mail

INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
SHEET = "<style>p{color:red} .big{font-size:20px} td:nth-child(2){padding:1px} @media print{p{color:black}}</style>"
PAGE = (
    "<html><head>" + SHEET + "</head><body><p>{0}</p><table><tr><td>{1}</td><td>{2}</td></tr></table>"
    '<a href="https://shop.example/{3}" class="big">{4}</a></body></html>'
)


class Seen(HTMLParser):
    """What a reader's program makes of an HTML text: tags with their attributes, and text, entities resolved."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.all: list[object] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.all.append(tag)

    def handle_data(self, data: str) -> None:
        self.all.append(data)


def marked(page: str, *values: str) -> str:
    return filled(page, [f"{BEGIN}{escape(each)}{END}" for each in values])


def plain(page: str, *values: str) -> str:
    return INLINER.inline(filled(page, [escape(each) for each in values]) + "\n")


def filled(page: str, values: list[str]) -> str:
    for place, value in enumerate(values):
        page = page.replace(f"{{{place}}}", value)
    return page


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"))), min_size=5, max_size=5))
def test_a_shape_filled_with_values_is_the_mail_inlined_with_them(values: list[str]) -> None:
    assert Seen(inline([marked(PAGE, *values)], "")).all == Seen(plain(PAGE, *values)).all


def test_a_letter_that_is_the_same_for_all_is_inlined_once_and_keeps_what_comes_behind_its_body() -> None:
    page = filled(PAGE, ["alice", "1", "2", "x", "y"])
    before = _shape.cache_info().misses
    alice, bob = (inline([page], f"<div>{each}</div>") for each in ("alice", "bob"))
    assert _shape.cache_info().misses == before + 1
    assert Seen(inline([page], "")).all == Seen(INLINER.inline(page + "\n")).all
    assert bob == alice.replace("<div>alice</div>", "<div>bob</div>")


@pytest.mark.parametrize(
    "page",
    [
        '<style>.x{color:red}</style><p class="{0}">a</p>',
        "<style>#x{color:red}</style><p id='{0}'>a</p>",
        '<style>p{color:red}</style><p style="margin:{0}">a</p>',
        '<style>a[href="x"]{color:red}</style><a href="{0}">a</a>',
        "<style>p:empty{color:red}</style><p>{0}</p>",
        "<style>.{0}{color:red}</style><p class='x'>a</p>",
        "<table>{0}<tr><td>a</td></tr></table>",
        "<!-- {0} --><p>a</p>",
    ],
)
@pytest.mark.parametrize("value", ["x", "y"])
def test_where_a_value_may_decide_what_a_rule_matches_the_mail_is_inlined_as_it_is(page: str, value: str) -> None:
    assert Seen(inline([marked(page, value)], "")).all == Seen(plain(page, value)).all


@pytest.mark.parametrize("stray", [BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{END}{END}"])
def test_marks_that_a_value_brings_along_never_arrive(stray: str) -> None:
    found = inline([f"<p>{BEGIN}山田{stray}{END}</p>"], "<i>first</i>")
    assert BEGIN not in found
    assert END not in found
    assert "山田" in found
    assert found.count("<i>first</i>") == 1


def test_what_comes_first_in_the_body_stands_behind_its_tag() -> None:
    found = inline([f"<html><body class='a'><p>{BEGIN}山田{END}</p></body></html>"], "<i>first</i>")
    assert found.index("<body") < found.index("<i>first</i>") < found.index("山田")


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("{% set who %}{{ customer.called }}{% endset %}{% if who == '山田様' %}は{% endif %}{{ who }}", "は山田様"),
        ("{% set who %}{{ customer.called }}{% endset %}{{ who|length }}", "3"),
        ("{% macro m(x) %}{{ x }}{% endmacro %}{{ m(customer.called)|length }}", "3"),
        ("{% macro m(x) %}{{ x }}{% endmacro %}{% if m(customer.called) == '山田様' %}は{% endif %}", "は"),
        ("{% macro m(x) %}{{ x }}{% endmacro %}{{ m(customer.called) }}", "山田様"),
        ("{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}{{ customer.called }}{% endcall %}", "[山田様]"),
        ("{% filter upper %}{{ customer.called }}a{% endfilter %}", "山田様A"),
        ("{{ customer.called ~ 1 }}{{ customer.called|e }}", "山田様1山田様"),
    ],
)
def test_a_template_never_sees_a_mark(tmp_path: Path, html: str, seen: str) -> None:
    found = mail(made(tmp_path, FRONT + "本文", html=f"<p>{html}</p>")).html
    assert seen in found
    assert BEGIN not in found


def test_each_customer_gets_their_own_values(tmp_path: Path) -> None:
    template = made(tmp_path, FRONT + "本文", html="<style>p{color:red}</style><p>{{ customer.called }}</p>")
    for called in ("山田様", "<b>佐藤</b>様", "A&B 御中"):
        found = mail(template, context(called=called)).html
        assert f'<p style="color: red;">{escape(called)}</p>' in found


def test_a_value_with_the_end_of_a_mark_alone_is_not_taken_for_the_templates_own_text() -> None:
    assert END not in inline(["<p>", Markup(f"b{END}c"), "</p>"], "")
