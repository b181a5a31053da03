"""A form joined with the files it needs says what the separate files say, or is not joined at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from nurture.message.compose import Failure, compose
from nurture.message.template import Joined, Template, Templates
from tests.unit.test_message_compose import ALICE_MAIL, FRONT, KEYED, context
from tests.unit.test_message_inlining import Seen

LAYOUT = (
    "<html><head><style>p{color:red} i{color:blue}</style></head><body>"
    "{% block top %}<h1>{{ shop.name }}</h1>{% endblock %}{% block letter %}{% endblock %}"
    "{% include '_foot.html.j2' %}</body></html>"
)
PARTS = (
    "{% macro row(item) %}<tr><td>{{ item.name }}</td><td>{{ item.quantity }}</td></tr>{% endmacro %}\n"
    "{% macro goods(items) %}<table>{% for each in items %}{{ row(each) }}{% endfor %}</table>{% endmacro %}\n"
    "{% macro panel(title) %}<p>{{ title }}{{ caller() }}</p>{% endmacro %}\n"
)
LETTER = (
    "{% extends 'layout.html.j2' %}{% from '_parts.html.j2' import goods, panel %}{% block top %}{% endblock %}"
    "{% block letter %}{{ goods(order.items) }}"
    "{% call panel(customer.called) %}<b>{{ shop.name }}</b>{% endcall %}{% endblock %}"
)
FOOT = "{% set who = customer.called %}<i>{{ who }}</i>\n"


def folder(tmp_path: Path, html: str, text: str = "本文") -> Template:
    files = {
        "layout.html.j2": LAYOUT,
        "_parts.html.j2": PARTS,
        "_foot.html.j2": FOOT,
        "_coupon.html.j2": "<i>{{ coupon if coupon is defined else 'none' }}</i>{% block letter %}{% endblock %}",
        "_foot.txt.j2": "{% set who = customer.called %}{{ who }}{% if order.total > 1 %}!{% endif %}\n",
        "x.html.j2": html,
        "x.txt.j2": FRONT.replace("---\nsubject", "---\nrequires: [order.items, order.total]\nsubject") + text,
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    return Templates.load(tmp_path).get("x")


def both(template: Template) -> tuple[object, object]:
    """What the joined form and what the separate files make of it."""
    apart = replace(template, joined=lambda _: Joined(None, None))
    found = [compose(each, "email", context(), KEYED, ALICE_MAIL) for each in (template, apart)]
    seen = [each if isinstance(each, Failure) else (each.subject, each.text, Seen(each.html).all) for each in found]
    return seen[0], seen[1]


def test_what_is_joined_for_one_folder_leaves_the_same_files_of_another_as_they_are(tmp_path: Path) -> None:
    """Equal texts are parsed once, and joining renames, folds and marks."""
    first, second = tmp_path / "first", tmp_path / "second"
    for each in (first, second):
        each.mkdir()
    assert None not in folder(first, LETTER).joined((("shop.name", "やまと"),))
    template = folder(second, LETTER)
    assert None not in template.joined(())
    joined, apart = both(template)
    assert joined == apart
    assert "やまと" not in str(joined)


@pytest.mark.parametrize(
    "html",
    [
        "<p>{{ customer.called }}</p>{% include '_foot.html.j2' %}{% include '_foot.html.j2' %}",
        "{% extends 'layout.html.j2' %}{% block letter %}<p>{{ customer.called }}</p>{% endblock %}",
        "{% extends 'layout.html.j2' %}{% block letter %}{% set who = 'x' %}<p>{{ who }}</p>{% endblock %}",
        LETTER,
        "{% for item in order.items %}<p>{{ loop.index }} {{ item.name }}</p>{% include '_foot.html.j2' %}{% endfor %}",
        "{% if order.total > 9999 %}a{% elif order.total > 10 %}<p>{{ order.total|money }}</p>{% else %}c{% endif %}",
        "{% from '_parts.html.j2' import row %}{% for item in order.items %}{{ row(item) }}{% endfor %}",
        "{% if shop.email %}<p>{{ shop.email }}</p>{% endif %}<p>{{ shop.sender|upper }}{{ opt_out_mailbox }}</p>",
        "{% set who = '外' %}{% include '_foot.html.j2' %}<p>{{ who }}</p>",
    ],
)
def test_joined_and_apart_are_the_same_mail(tmp_path: Path, html: str) -> None:
    template = folder(tmp_path, html, "{% include '_foot.txt.j2' %}{{ customer.called }}")
    assert None not in template.joined(())
    joined, apart = both(template)
    assert joined == apart
    assert not isinstance(joined, Failure)


@pytest.mark.parametrize(
    "html",
    [
        "{% extends 'layout.html.j2' %}{% block top %}{{ super() }}{% endblock %}",
        "{% from '_parts.html.j2' import row as line %}{% for item in order.items %}{{ line(item) }}{% endfor %}",
        "{% import '_parts.html.j2' as parts %}{{ parts.goods(order.items) }}",
        "{% set held %}{{ customer.called }}{% endset %}{{ held|length }}",
        "{% from '_parts.html.j2' import goods %}{{ goods(order.items)|length }}",
        "{% filter upper %}<p>{{ customer.called }}</p>{% endfilter %}",
        "{% include '_foot.html.j2' without context %}",
        "{% extends '_coupon.html.j2' %}{% set coupon = '10 %' %}{% block letter %}<p>x</p>{% endblock %}",
        "{% set coupon = '10 %' %}{% include '_coupon.html.j2' %}",
    ],
)
def test_what_joining_could_change_is_left_apart(tmp_path: Path, html: str) -> None:
    template = folder(tmp_path, html)
    assert template.joined(()).html is None
    joined, apart = both(template)
    assert joined == apart


@pytest.mark.parametrize(
    ("html", "place"),
    [("{% include '_foot.html.j2' %}\n{{ order.shipped_on|date_ja }}", "x.html.j2:2")],
)
def test_what_fails_joined_names_the_file_and_line(tmp_path: Path, html: str, place: str) -> None:
    joined, apart = both(folder(tmp_path, html))
    assert joined == apart
    assert place in str(joined)
