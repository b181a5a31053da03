"""`check`: everything that is wrong is told at once, with its place; a sample shop has nothing wrong."""

import json
from pathlib import Path

import pytest

from .conftest import Nurture, rewrite


def told(nurture: Nurture, **environment: str) -> list[dict[str, object]]:
    given = nurture("check", "--format", "json", "--language", "en", environment=environment)
    found: list[dict[str, object]] = json.loads(given.out)
    assert given.status == int(any(each["severity"] == "error" for each in found))
    return found


def codes(nurture: Nurture, **environment: str) -> set[tuple[object, object]]:
    return {(each["severity"], each["code"]) for each in told(nurture, **environment)}


def test_the_sample_shop_is_free_of_mistakes(nurture: Nurture, sample_shop: Path) -> None:
    assert not [each for each in told(nurture) if each["severity"] == "error"]


@pytest.mark.parametrize("kind", ["shop", "salon"])
def test_a_new_folder_is_free_of_mistakes(nurture: Nurture, tmp_path: Path, kind: str) -> None:
    nurture("init", tmp_path / kind, "--kind", kind)
    given = nurture("check", "--folder", tmp_path / kind)
    assert given.status == 0, given.out


def test_mistakes_of_several_files_are_told_together(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "campaigns/birthday.yaml", "priority: 80", "priorty: 80")
    rewrite(empty_shop / "campaigns/newsletter.yaml", "complaint: open", "complain: open")
    rewrite(empty_shop / "templates/birthday.txt.j2", "{{ customer.called }}", "{{ customer.called }")
    given = nurture("check")
    assert given.status == 1
    places = [line.split(":")[0] for line in given.out.splitlines()]
    assert {"campaigns/birthday.yaml", "campaigns/newsletter.yaml", "templates/birthday.txt.j2"} <= set(places)
    assert "「priority」ではありませんか" in given.out


def test_a_line_begins_with_its_place(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "campaigns/birthday.yaml", "template: birthday", "template: birtday")
    (line,) = nurture("check").out.splitlines()
    assert line.startswith("campaigns/birthday.yaml:18:5: 誤り: steps.0.template: ")
    assert "「birthday」ではありませんか" in line


@pytest.mark.parametrize(
    "broken", ["shop: [", "shop:\n  nmae: x\n", "", "- a\n- b\n", "shop: {name: x}\ntimezone: Mars\n"]
)
def test_a_broken_config_is_told_by_every_command(nurture: Nurture, empty_shop: Path, broken: str) -> None:
    (empty_shop / "config.yaml").write_text(broken, "utf-8")
    for command in ("check", "preview", "status", "sample", "run --once"):
        given = nurture(*command.split())
        assert given.status == 1
        assert "config.yaml" in given.out + given.err


def test_a_variable_that_does_not_exist(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "templates/birthday.txt.j2", "{{ customer.called }}", "{{ customer.caled }}")
    found = told(nurture)
    assert ("error", "message.unknown_variable") in {(each["severity"], each["code"]) for each in found}
    assert next(each for each in found if each["severity"] == "error")["suggestion"] == "customer.called"


def test_a_variable_the_trigger_cannot_give(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "campaigns/birthday.yaml", "template: birthday", "template: first-thanks")
    assert ("error", "message.unsupplied") in codes(nurture)


def test_a_mail_without_the_shops_address_breaks_the_law(nurture: Nurture, empty_shop: Path) -> None:
    footer = empty_shop / "templates/_footer.txt.j2"
    rewrite(footer, "{{ shop.address }}", "")
    found = [each for each in told(nurture) if each["severity"] == "error"]
    assert found
    assert all("postal address" in str(each["text"]) or "住所" in str(each["text"]) for each in found)


def test_commercial_mail_needs_a_way_out(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "config.yaml", "opt_out_mailbox: stop@", "# opt_out_mailbox: stop@")
    assert ("error", "check.no_way_out") in codes(nurture)


def test_live_mode_needs_an_address_and_a_secret(nurture: Nurture, empty_shop: Path) -> None:
    config = empty_shop / "config.yaml"
    rewrite(config, "mode: preview", "mode: live")
    assert ("error", "check.no_secret") in codes(nurture)
    complete = {"NURTURE_SECRET_KEY": "k" * 40, "NURTURE_LINE_ACCESS_TOKEN": "t"}
    assert not {each for each in codes(nurture, **complete) if each[0] == "error"}
    rewrite(config, "  from_address: hello@minato-coffee.example\n", "")
    rewrite(config, "  email: hello@minato-coffee.example", "  email: ''")
    assert ("error", "check.no_from") in codes(nurture, **complete)


def test_an_offer_to_new_customers_needs_a_reason(nurture: Nurture, empty_shop: Path) -> None:
    path = empty_shop / "campaigns/grinder-for-regulars.yaml"
    rewrite(path, "  - segment: regulars-without-grinder\n  - segment: thanked\n", "")
    assert ("error", "check.cross_sell") in codes(nurture)
    rewrite(path, "kind: cross_sell", "because: ミルは最初の豆と一緒に要るため\nkind: cross_sell")
    assert ("error", "check.cross_sell") not in codes(nurture)


def test_not_having_bought_twice_is_no_proof_of_knowing_us(nurture: Nurture, empty_shop: Path) -> None:
    path = empty_shop / "campaigns/grinder-for-regulars.yaml"
    rewrite(
        path,
        "  - segment: regulars-without-grinder\n  - segment: thanked\n",
        "  - not: {orders: {count: {at_least: 2}}}\n",
    )
    assert ("error", "check.cross_sell") in codes(nurture)


def test_a_window_that_never_opens(nurture: Nurture, empty_shop: Path) -> None:
    path = empty_shop / "campaigns/first-order-anniversary.yaml"
    rewrite(path, "window: 10:00-18:00", "window: 06:00-09:00")
    assert ("error", "check.never_open") in codes(nurture)
    rewrite(path, "window: 06:00-09:00", "window: 18:00-19:00")
    assert ("warning", "check.never_open_company") in codes(nurture)


def test_a_window_on_the_shops_weekly_holiday_never_opens(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "campaigns/first-order-anniversary.yaml", "window: 10:00-18:00", "window: 10:00-18:00 wed")
    assert ("error", "check.never_open") in codes(nurture)


def test_a_segment_nobody_is_in(nurture: Nurture, sample_shop: Path) -> None:
    rewrite(
        sample_shop / "campaigns/segments.yaml",
        "count: {at_least: 3}}\n      - last_order",
        "count: {at_least: 99}}\n      - last_order",
    )
    assert ("warning", "check.empty_segment") in codes(nurture)


def test_words_that_promise_too_much(nurture: Nurture, empty_shop: Path) -> None:
    path = empty_shop / "templates/birthday.txt.j2"
    path.write_text(path.read_text("utf-8") + "\n日本一おいしい、１００％満足の一杯を。\n", "utf-8")
    found = [each for each in told(nurture) if each["code"] == "check.word"]
    assert [each["text"] for each in found]
    assert {each["file"] for each in found} == {"templates/birthday.txt.j2"}
    assert len(found) == 2


def test_a_hundred_percent_of_a_width_is_no_promise(nurture: Nurture, empty_shop: Path) -> None:
    assert 'width="100%"' in (empty_shop / "templates/layout.html.j2").read_text("utf-8")
    assert ("warning", "check.word") not in codes(nurture)


def test_a_transactional_offer_is_advertising(nurture: Nurture, empty_shop: Path) -> None:
    path = empty_shop / "campaigns/grinder-for-regulars.yaml"
    rewrite(path, "kind: cross_sell", "purpose: transactional\nbecause: ご注文の確認\nkind: cross_sell")
    assert ("error", "check.transactional_offer") in codes(nurture)


def test_how_many_lack_what_a_letter_requires(nurture: Nurture, sample_shop: Path) -> None:
    path = sample_shop / "templates/newsletter.txt.j2"
    rewrite(path, "---\nsubject:", "---\nrequires: [customer.company]\nsubject:")
    found = [each for each in told(nurture) if each["code"] == "check.lacking"]
    assert len(found) == 1
    assert found[0]["file"] == "campaigns/newsletter.yaml"


def test_a_template_that_breaks_for_everybody_is_found_before_it_is_sent(nurture: Nurture, sample_shop: Path) -> None:
    path = sample_shop / "templates/birthday.txt.j2"
    path.write_text(path.read_text("utf-8") + "{{ shop.name|money }}\n", "utf-8")
    assert ("error", "check.said") in codes(nurture)


def test_the_schema_is_written_where_editors_look(nurture: Nurture, empty_shop: Path) -> None:
    given = nurture("schema", "--output", "nurture.schema.json")
    assert given.status == 0
    assert json.loads((empty_shop / "nurture.schema.json").read_text("utf-8")) == json.loads(nurture("schema").out)


def test_who_wants_to_be_asked_must_be_reachable(nurture: Nurture, empty_shop: Path) -> None:
    config = empty_shop / "config.yaml"
    rewrite(config, "# approve: true", "approve: true")
    assert ("warning", "check.no_owner") not in codes(nurture)
    rewrite(config, "  host: smtp.minato-coffee.example", "  # host: smtp.minato-coffee.example")
    assert ("warning", "check.no_owner") in codes(nurture)


def test_a_key_that_can_not_sign_is_told_in_live_mode(nurture: Nurture, empty_shop: Path) -> None:
    config = empty_shop / "config.yaml"
    rewrite(config, "  tls: starttls", "  tls: starttls\n  dkim: {selector: spring}")
    rewrite(config, "mode: preview", "mode: live")
    assert ("error", "channels.dkim_key") in codes(nurture)
    assert ("error", "channels.dkim_unusable") in codes(nurture, NURTURE_DKIM_KEY="no key")


def test_a_campaign_that_does_not_load_is_the_only_mistake(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "campaigns/first-thanks.yaml", "priority: 90", "priority: a90")
    for command in ("check", "preview", "explain 山田"):
        given = nurture(*command.split(), "--language", "en")
        (line, *_) = lines = (given.out + given.err).splitlines()
        assert "first-thanks.yaml:9:1: " in line
        assert not [each for each in lines[1:] if each.startswith("campaigns/")]


def test_a_letter_that_does_not_load_is_the_only_mistake(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "templates/birthday.txt.j2", "---\nsubject", "subject")
    assert [(each["file"], each["line"]) for each in told(nurture)] == [("templates/birthday.txt.j2", 1)]


def test_what_stands_in_different_files_is_told_in_one_run(nurture: Nurture, sample_shop: Path) -> None:
    rewrite(sample_shop / "config.yaml", "port: 587", "port: abc")
    rewrite(sample_shop / "config.yaml", "opt_out_mailbox: stop@", "# opt_out_mailbox: stop@")
    rewrite(sample_shop / "config.yaml", "{at_most: 2, per: 7 days}", "{at_most: 0, per: 7 dys}")
    rewrite(sample_shop / "campaigns/first-thanks.yaml", "priority: 90", "priority: abc")
    rewrite(sample_shop / "campaigns/first-thanks.yaml", "template: how-is-it", "template: how-is-at")
    rewrite(sample_shop / "campaigns/birthday.yaml", "template: birthday", "template: birthdy")
    rewrite(sample_shop / "campaigns/long-silence.yaml", "segment: silent", "segment: silnt")
    rewrite(sample_shop / "templates/newsletter.txt.j2", "customer.called", "customer.caled")
    found = {(each["file"], each["code"]) for each in told(nurture) if each["severity"] == "error"}
    assert found == {
        ("config.yaml", "expected.integer"),
        ("config.yaml", "mistake.cap_zero"),
        ("config.yaml", "config.cap_period"),
        ("config.yaml", "check.no_way_out"),
        ("campaigns/first-thanks.yaml", "expected.integer"),
        ("campaigns/first-thanks.yaml", "check.no_template"),
        ("campaigns/birthday.yaml", "check.no_template"),
        ("campaigns/long-silence.yaml", "campaign.unknown_segment"),
        ("templates/newsletter.txt.j2", "message.unknown_variable"),
    }


def test_a_config_that_is_no_yaml_hides_nothing_and_makes_nothing_up(nurture: Nurture, sample_shop: Path) -> None:
    (sample_shop / "config.yaml").write_text("shop: [", "utf-8")
    rewrite(sample_shop / "campaigns/birthday.yaml", "template: birthday", "template: birthdy")
    assert {each["file"] for each in told(nurture)} == {"config.yaml", "campaigns/birthday.yaml"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hours:", "huors:"),
        ("individual: 10:00-19:00", "individual: 25:00-19:00"),
        ("weekdays: [wed]", "weekdays: [wedd]"),
        ("timezone: Asia/Tokyo", "timezone: Asia/Tokio"),
        ("  name: みなと", "  nmae: みなと"),
        ("  address: 〒", "  adress: 〒"),
        ("opt_out_mailbox: stop@", "opt_out_mailbx: stop@"),
        ("  from_address: hello@", "  from_adress: hello@"),
        ("mode: preview", "mode: lvie"),
        ("mode: preview", "campaigns: [campaigns]"),
        ("mode: preview", "campaigns: 5"),
        ("mode: preview", "templates: {}"),
        ("mode: preview", "database: 5"),
    ],
)
def test_a_mistake_in_the_config_makes_none_elsewhere(nurture: Nurture, sample_shop: Path, old: str, new: str) -> None:
    rewrite(sample_shop / "config.yaml", old, new)
    # A misspelt key that is needed is unknown and missing.
    assert {each["file"] for each in told(nurture) if each["severity"] == "error"} == {"config.yaml"}


def test_attributes_with_a_mistake_are_missed_nowhere(nurture: Nurture, sample_shop: Path) -> None:
    path = sample_shop / "config.yaml"
    path.write_text(path.read_text("utf-8") + "attributes: {plan: {type: txt}}\n", "utf-8")
    rewrite(
        sample_shop / "campaigns/birthday.yaml", "audience:\n", "audience:\n  - attribute: {name: plan, equals: a}\n"
    )
    rewrite(sample_shop / "templates/newsletter.txt.j2", "{{ customer.called }}", "{{ attribute.plan }}")
    assert [each["code"] for each in told(nurture) if each["severity"] == "error"] == ["mistake.unknown_word"]


def test_a_mail_address_that_is_none_is_told_with_its_line(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "config.yaml", "from_address: hello@minato-coffee.example", "from_address: hello")
    rewrite(empty_shop / "config.yaml", "email: hello@", "email: helloat")
    assert [(each["file"], each["key"]) for each in told(nurture)] == [
        ("config.yaml", "shop.email"),
        ("config.yaml", "email.from_address"),
    ]
    given = nurture("send-test", "birthday", "--to", "a@b.example")
    assert given.err.startswith("config.yaml:9:3: shop.email: ")


def test_a_value_the_trigger_can_not_give_is_not_to_be_required(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "templates/birthday.txt.j2", "{{ customer.called }}", "{{ order.number }}")
    (found,) = told(nurture)
    assert (found["code"], found["line"], found["column"]) == ("message.unsupplied", 6, 4)


def test_a_duty_of_the_law_is_told_where_it_is_to_be_written(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "templates/_footer.txt.j2", "{{ shop.address }}", "")
    rewrite(empty_shop / "templates/birthday.txt.j2", '{% include "_footer.txt.j2" %}\n', "")
    found = [(each["file"], each["line"]) for each in told(nurture)]
    assert found.count(("templates/_footer.txt.j2", 4)) == 1
    assert found.count(("templates/birthday.txt.j2", 19)) == 4
    assert len(found) == 5
    assert any("{{ unsubscribe_url }}" in str(each["text"]) for each in told(nurture))


def test_an_address_that_is_empty_is_told_in_the_config(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "config.yaml", "  address: 〒", "  # address: 〒")
    found = told(nurture)
    assert {each["file"] for each in found} == {"config.yaml"}


UNKNOWN = (
    "audience:\n  - tag: [常蓮, 常連]\n  - any: [{orders: {category: コーヒー豆豆}}]\n"
    "  - date: {name: birthdy, known: true}\n  - not: {refused: {product: no-such}}\n"
)


def names(nurture: Nurture) -> dict[object, tuple[object, object, object]]:
    found = [each for each in told(nurture) if str(each["code"]).startswith("check.no_")]
    return {each["code"]: (each["file"], each["line"], each["suggestion"]) for each in found}


def test_names_that_nobody_has_are_told_with_what_was_meant(nurture: Nurture, sample_shop: Path) -> None:
    assert names(nurture) == {}
    rewrite(sample_shop / "campaigns/birthday.yaml", "anniversary: birthday", "anniversary: birthdy")
    rewrite(sample_shop / "campaigns/newsletter.yaml", "audience:\n", UNKNOWN)
    rewrite(
        sample_shop / "campaigns/segments.yaml",
        "orders: {category: コーヒー豆, within",
        "orders: {category: 豆コーヒー, within",
    )
    found = [each for each in told(nurture) if str(each["code"]).startswith("check.no_")]
    assert {each["severity"] for each in found} == {"warning"}
    assert ("campaigns/birthday.yaml", "check.no_date", "birthday") in {
        (each["file"], each["code"], each["suggestion"]) for each in found
    }
    newsletter = {(each["code"], each["suggestion"]) for each in found if each["file"] == "campaigns/newsletter.yaml"}
    assert ("check.no_category", "コーヒー豆") in newsletter
    assert ("check.no_date", "birthday") in newsletter
    assert "check.no_tag" in {code for code, _ in newsletter}
    assert "check.no_product" in {code for code, _ in newsletter}
    assert [each["line"] for each in found if each["file"] == "campaigns/segments.yaml"] == [16]


def test_a_shop_without_data_is_told_of_no_names(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "campaigns/birthday.yaml", "anniversary: birthday", "anniversary: birthdy")
    rewrite(empty_shop / "campaigns/newsletter.yaml", "audience:\n", UNKNOWN)
    assert names(nurture) == {}
    (empty_shop / "data" / "one.csv").write_text("氏名,メールアドレス\n山田 花子,hanako@alice.example\n", "utf-8")
    assert nurture("import", "data/one.csv", "--basis", "opt-in").status == 0
    assert names(nurture) == {}


@pytest.mark.parametrize("kind", ["shop", "salon"])
def test_no_sample_is_told_of_names(nurture: Nurture, tmp_path: Path, kind: str) -> None:
    nurture("init", tmp_path / kind, "--kind", kind)
    nurture("sample", "--folder", tmp_path / kind)
    given = nurture("check", "--folder", tmp_path / kind, "--format", "json")
    assert "check.no_" not in given.out


def test_a_mistake_in_one_letter_hides_none_in_the_next_of_its_campaign(nurture: Nurture, empty_shop: Path) -> None:
    rewrite(empty_shop / "templates/first-thanks.txt.j2", "customer.called", "customer.caled")
    rewrite(empty_shop / "templates/how-is-it.txt.j2", '{% include "_footer.txt.j2" %}', "")
    assert {each["file"] for each in told(nurture)} == {
        "templates/first-thanks.txt.j2",
        "templates/how-is-it.txt.j2",
    }
