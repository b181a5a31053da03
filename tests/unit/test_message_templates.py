"""Loading a folder of templates: what is broken is said with file, line and what to write instead."""

from pathlib import Path

import pytest

from nurture.catalogue import say_mistake
from nurture.config import Settings
from nurture.message.naming import undeclared, unsupplied
from nurture.message.template import Template, Templates
from nurture.mistake import MistakesFound
from tests.message.people import TEMPLATES, campaign

SETTINGS = Settings.model_validate({"shop": {"name": "珈琲みなと"}, "attributes": {"plan": {}}})
FRONT = "---\nsubject: お礼\n---\n"


def folder(tmp_path: Path, **files: str) -> Path:
    """`thanks_txt` is thanks.txt.j2, `_part_html` is _part.html.j2."""
    made = tmp_path / "templates"
    made.mkdir()
    for name, text in files.items():
        base, _, kind = name.rpartition("_")
        kind = {"linetxt": "line.txt", "linejson": "line.json"}.get(kind, kind)
        (made / f"{base}.{kind}.j2").write_text(text, "utf-8")
    return made


def loaded(tmp_path: Path, text: str = FRONT + "本文", **files: str) -> Template:
    return Templates.load(folder(tmp_path, thanks_txt=text, **files)).get("thanks")


def mistakes(tmp_path: Path, text: str = FRONT + "本文", **files: str) -> list[str]:
    with pytest.raises(MistakesFound) as found:
        loaded(tmp_path, text, **files)
    return [f"{each.place} {each.code}" for each in found.value.mistakes]


def naming(template: Template) -> list[str]:
    return [f"{each.place} {each.code} {each.values['found']}" for each in undeclared(template, SETTINGS)]


def test_a_folder_gives_its_templates_by_name() -> None:
    templates = Templates.load(TEMPLATES)
    assert templates.names == ("birthday", "thanks")
    thanks = templates.get("thanks")
    assert thanks.requires == ("order.number", "order.items", "order.first_item", "order.total")
    assert thanks.html is not None
    assert thanks.line_text is None
    assert {each.name for each in thanks.sources} >= {"layout.html.j2", "_footer.txt.j2", "_parts.html.j2"}
    assert "layout" not in templates
    assert [undeclared(each, SETTINGS) for each in templates] == [[], []]


def test_the_digest_changes_with_any_file_a_template_uses(tmp_path: Path) -> None:
    files = {"thanks_txt": FRONT + '{% include "_foot.txt.j2" %}', "other_txt": FRONT + "別", "_foot_txt": "一"}
    made = folder(tmp_path, **files)
    before = {each.name: each.digest for each in Templates.load(made)}
    (made / "_foot.txt.j2").write_text("二", "utf-8")
    after = {each.name: each.digest for each in Templates.load(made)}
    assert before["thanks"] != after["thanks"]
    assert before["other"] == after["other"]


def test_every_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    text = "---\nsubject: お礼\nrequires: []\n---\n一行目\n{% if customer.called %}\n三行目\n"
    html = "<p>\n</p>\n{{ customer.called|monye }}\n"
    found = mistakes(tmp_path, text, thanks_html=html)
    assert found == [
        "templates/thanks.html.j2:3:20 message.no_filter",
        "templates/thanks.txt.j2:6:1 message.not_closed",
    ]


def test_a_broken_subject_has_the_line_of_the_subject(tmp_path: Path) -> None:
    assert mistakes(tmp_path, '---\nrequires: []\nsubject: "お礼 {{ x"\n---\n') == [
        "templates/thanks.txt.j2:3:1 message.unclosed"
    ]


def test_a_mistake_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(MistakesFound) as found:
        loaded(tmp_path, FRONT + "{{ today|date_jp }}")
    (mistake,) = found.value.mistakes
    assert say_mistake("ja", mistake).startswith(
        "templates/thanks.txt.j2:4:10: 「date_jp」というフィルターはありません。"
    )
    assert say_mistake("en", mistake).endswith(", did you mean 'date_ja'?")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("本文だけ", "1:1 message.no_front"),
        ("---\nsubject: {{ today }}\n---\n", "2:1 message.quote_front"),
        ("---\nsubjekt: お礼\n---\n", "2:1 mistake.unknown_key"),
        ("---\nsubject: お礼\nsubject: 二度\n---\n", "3:1 mistake.duplicate_key"),
        ("---\nrequires: []\n---\n", "2:1 mistake.missing_key"),
        (FRONT + "{{ customer.name|safe }}", "4:18 message.safe_refused"),
        (FRONT + "{% autoescape false %}{% endautoescape %}", "4:4 message.autoescape_refused"),
        (FRONT + "{{ today.strftime('%m') }}", "4:10 message.call_refused"),
        (FRONT + "{{ ('a'.format)('b') }}", "4:1 message.call_refused"),
        (FRONT + '{% include "_gone.txt.j2" %}', "4:13 message.no_part"),
        (FRONT + '{% include "../config.yaml" %}', "4:13 message.no_part"),
        (FRONT + "{% include today %}", "4:1 message.part_not_fixed"),
    ],
)
def test_a_text_is_refused(tmp_path: Path, text: str, code: str) -> None:
    found = mistakes(tmp_path, text)
    assert "templates/thanks.txt.j2:" + code in found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{% includ 'x' %}", "4:4: 「{% includ %}」という命令はありません。使えるのは if, elif,"),
        ("{% if today %}{% elseif today %}{% endif %}", "4:18: 「{% elseif %}」という命令はありません。"),
        ("一行\n{% if today %}\n{% if today %}\n{% endif %}\n", "5:1: ここで始まる「{% if %}」が閉じられていません。"),
        ("{% if today %}{% for a in b %}{% endif %}", "4:34: 「{% endif %}」の前に、開いたままの「{% for %}」を"),
        ("a{% endif %}", "4:5: 「{% endif %}」に合う始まりがありません。"),
        ("{{ today }", "4:1: 「{{」は「}}」で、「{%」は「%}」で閉じてください"),
        ("一行\n{# メモ", "5:1: メモの「{#」が「#}」で閉じられていません"),
        ("{{ 'あ }}", "4:1: 引用符が閉じられていません"),
        ("{{ (today }}", "4:1: 括弧の開きと閉じが合っていません"),
        ("{{ customer。called }}", "4:12: 「。」はここに書けません。記号は半角で書いてください"),
        ("{% if today = 1 %}{% endif %}", "4:1: 比べるときは「=」ではなく「==」と書いてください"),
        ("{{ today today }}", "4:1: 「today」はここに書けません。"),
        ("{{ }}", "4:1: ここに書くべき値がありません"),
        ("{{ today| }}", "4:1: 「.」や「|」のあとに名前を書いてください"),
        ("{% for a of b %}{% endfor %}", "4:1: 「{% for item in order.items %}」の形で書いてください"),
        ("{{ today is foo }}", "4:1: 「is foo」という判定はありません"),
        (
            "{% import 'a' %}",
            "4:1: テンプレートとして読めません。{{ }} と {% %} の書き方を見直してください（expected token",
        ),
    ],
)
def test_the_usual_slips_are_told_in_japanese_with_what_to_write(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(MistakesFound) as found:
        loaded(tmp_path, FRONT + text)
    assert say_mistake("ja", found.value.mistakes[0]).startswith("templates/thanks.txt.j2:" + line)
    assert say_mistake("en", found.value.mistakes[0])


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ('<a href="{{ offer.url }}">', "1:10 message.bare_link"),
        ('<a href="{% if today %}{{ offer.url }}{% endif %}">', "1:24 message.bare_link"),
        ("<img src='{{ offer.image_url }}'>", "1:11 message.bare_link"),
        ('<td style="background:url({{ offer.image_url }})">', "1:27 message.bare_link"),
        ("<p class={{ customer.name }}>", "1:10 message.unquoted"),
        ("<p {{ customer.name }}>", "1:4 message.unquoted"),
        ("<script>x</script>", "1:2 message.script_refused"),
        ('<p onclick="x">', "1:4 message.script_refused"),
        ('<a href="javascript:x">', "1:10 message.script_refused"),
    ],
)
def test_html_that_a_value_could_break_out_of_is_refused(tmp_path: Path, html: str, code: str) -> None:
    assert mistakes(tmp_path, thanks_html=html) == ["templates/thanks.html.j2:" + code]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ offer.url|https_only }}">',
        '<a href="{{ unsubscribe_url }}">',
        '<a href="mailto:{{ shop.email }}">',
        '<img alt="{{ offer.name }}" src="{{ offer.image_url|https_only }}">',
        "<p>数 = {{ order.total }}</p>",
        '<p style="font-family: \'明朝\'" title="{{ offer.name }}">',
    ],
)
def test_html_that_holds_its_values_is_welcome(tmp_path: Path, html: str) -> None:
    assert loaded(tmp_path, thanks_html=html).html is not None


def test_a_bare_value_in_json_is_refused(tmp_path: Path) -> None:
    assert mistakes(tmp_path, thanks_linejson='{"type": "bubble",\n"x": "{{ shop.name }}"}') == [
        "templates/thanks.line.json.j2:2:7 message.bare_json"
    ]


def test_html_without_a_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MistakesFound) as found:
        Templates.load(folder(tmp_path, news_html="<p></p>"))
    (mistake,) = found.value.mistakes
    assert mistake.code == "message.no_text"
    assert mistake.values == {"missing": "templates/news.txt.j2"}


def test_html_beside_a_text_that_can_not_be_read_is_no_second_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "subject: お礼\n---\n", thanks_html="<p></p>", thanks_linetxt="やあ") == [
        "templates/thanks.txt.j2:1:1 message.no_front"
    ]


def test_a_part_that_can_not_be_read_is_no_second_mistake_of_whoever_needs_it(tmp_path: Path) -> None:
    made = folder(tmp_path, thanks_txt=FRONT + '{% include "_foot.txt.j2" %}', news_txt=FRONT + "本文", old_txt="本文")
    (made / "_foot.txt.j2").write_bytes("住所".encode("cp932"))
    found = Templates.read(made)
    assert [f"{each.place} {each.code}" for each in found.mistakes] == [
        "templates/_foot.txt.j2:1:1 mistake.not_text",
        "templates/old.txt.j2:1:1 message.no_front",
    ]
    assert found.names == ("news",)
    assert found.broken == {"old", "thanks"}


def test_files_that_are_no_templates_are_refused(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "Thanks.txt.j2").write_text(FRONT, "utf-8")
    (made / "old.txt.j2").write_bytes(FRONT.encode("cp932"))
    (tmp_path / "secret.txt.j2").write_text("秘密", "utf-8")
    (made / "_link.txt.j2").symlink_to(tmp_path / "secret.txt.j2")
    with pytest.raises(MistakesFound) as found:
        Templates.load(made)
    assert [each.code for each in found.value.mistakes] == [
        "message.file_name",
        "message.outside",
        "mistake.not_text",
    ]


def test_a_missing_folder_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(MistakesFound) as found:
        Templates.load(tmp_path / "templates")
    assert [each.code for each in found.value.mistakes] == ["message.no_folder"]


def test_an_optional_value_that_is_not_required_is_found_in_every_file(tmp_path: Path) -> None:
    template = loaded(
        tmp_path,
        "---\nsubject: '{{ customer.name }}'\nrequires: [order.number]\n---\n"
        "{{ order.number }}\n{{ attribute.plan }}\n",
        thanks_html='{% include "_part.html.j2" %}',
        _part_html="<p>\n{{ offer.name }}</p>",
    )
    assert naming(template) == [
        "templates/_part.html.j2:2:4 message.undeclared offer.name",
        "templates/thanks.txt.j2:2:14 message.undeclared customer.name",
        "templates/thanks.txt.j2:6:4 message.undeclared attribute.plan",
    ]


def test_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    template = loaded(
        tmp_path,
        "---\nsubject: お礼\nrequires: [order.nummer, attribute.plam]\n---\n"
        "{{ custmer.called }}{{ customer.caled }}{{ order }}",
    )
    found = {each.values["found"]: each.suggestion for each in undeclared(template, SETTINGS)}
    assert found == {
        "order.nummer": "order.number",
        "attribute.plam": "attribute.plan",
        "custmer.called": "customer.called",
        "customer.caled": "customer.called",
        "order": "order.total",
    }


def test_names_a_template_makes_itself_are_its_own(tmp_path: Path) -> None:
    template = loaded(
        tmp_path,
        "---\nsubject: お礼\nrequires: [order.items]\n---\n"
        "{% set total = 0 %}{% macro row(thing) %}{{ thing.name }}{% endmacro %}"
        "{% for item in order.items %}{{ loop.index }}{{ row(item) }}{{ item.price }}{{ item.prise }}{% endfor %}"
        "{{ order.items[0].name }}{{ total }}",
    )
    assert naming(template) == ["templates/thanks.txt.j2:5:151 message.unknown_variable item.prise"]


def test_a_name_of_the_system_is_not_used_again(tmp_path: Path) -> None:
    template = loaded(tmp_path, FRONT + "{% for order in [1] %}{{ order }}{% endfor %}")
    assert "templates/thanks.txt.j2:4:8 message.name_taken order" in naming(template)


def test_a_campaign_that_can_not_give_what_is_required_is_named() -> None:
    thanks = Templates.load(TEMPLATES).get("thanks")
    assert unsupplied(thanks, campaign({"after": "shipment"})) == []
    (first, *_) = unsupplied(thanks, campaign({"after": "booking"}))
    assert str(first.place) == "templates/thanks.txt.j2:6:5"
    assert first.values == {"found": "order.number", "campaign": "thanks"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ line_link_url }}",
        "{% if today %}{{ line_link_url }}{% endif %}",
        "{% if line_link_url %}a{% else %}{{ line_link_url }}{% endif %}",
        "{% if not line_link_url %}{{ line_link_url }}{% endif %}",
        "{% if line_link_url or today %}{{ line_link_url }}{% endif %}",
        "{{ 'a' if line_link_url else line_link_url }}",
    ],
)
def test_a_link_to_line_that_may_be_empty_stands_inside_an_if(tmp_path: Path, text: str) -> None:
    found = mistakes(tmp_path, FRONT + "本文\n" + text)
    assert found[0] == f"templates/thanks.txt.j2:5:{text.index('line_link_url') + 1} message.unguarded_link"


@pytest.mark.parametrize(
    "text",
    [
        "{% if line_link_url %}{{ line_link_url }}{% endif %}",
        "{% if today and line_link_url %}{% if shop.url %}{{ line_link_url }}{% endif %}{% endif %}",
        "{{ line_link_url if line_link_url else shop.url }}",
    ],
)
def test_inside_an_if_it_may_stand_in_text_and_as_a_link(tmp_path: Path, text: str) -> None:
    html = '{% if line_link_url %}<a href="{{ line_link_url }}">LINE</a>{% endif %}'
    template = loaded(tmp_path, FRONT + text, thanks_html=html)
    assert naming(template) == []
