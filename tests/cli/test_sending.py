"""`send-test`: one's own letter to oneself."""

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from .conftest import Nurture, rewrite

ME = "owner@home.example"


def test_every_step_of_a_campaign_lies_in_the_outbox_marked_as_a_test(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("send-test", "first-thanks", "--to", ME)
    assert given.status == 0
    paths = [Path(line) for line in given.out.splitlines()]
    assert len(paths) == 2
    for path in paths:
        mail = message_from_bytes(path.read_bytes(), policy=default)
        assert mail["To"] == ME
        assert str(mail["Subject"]).startswith("【テスト】")
        assert mail["X-Nurture-Test"] == "yes"
    assert (sample_shop / "outbox" / ".gitignore").read_text() == "*\n"


def test_with_the_values_of_a_customer_who_was_asked_for(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("send-test", "first-thanks", "--to", ME, "--step", "thanks", "--customer", "1203")
    mail = message_from_bytes(Path(given.out.strip()).read_bytes(), policy=default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert "若草" in body.get_content()


def test_before_there_are_customers_somebody_is_invented(nurture: Nurture, empty_shop: Path) -> None:
    given = nurture("send-test", "birthday", "--to", ME)
    assert given.status == 0
    assert "架空のお客様" in given.err
    assert not (empty_shop / "nurture.db").exists()


def test_a_line_user_gets_what_line_would_get(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("send-test", "birthday", "--to", "U" + "0123456789abcdef" * 2)
    told = json.loads(Path(given.out.strip()).read_text("utf-8"))
    assert told["messages"][0]["text"] == "【テスト】"
    assert "メールソフト" not in given.err
    assert "LINE に渡す内容" in given.err


def test_a_link_in_a_test_stops_nobodys_mail(nurture: Nurture, sample_shop: Path) -> None:
    from nurture.config import load_settings
    from nurture.message.link import read_token

    secret = {"NURTURE_SECRET_KEY": "k" * 40}
    given = nurture("send-test", "birthday", "--to", ME, "--customer", "1203", environment=secret)
    mail = message_from_bytes(Path(given.out.strip()).read_bytes(), policy=default)
    token = str(mail["List-Unsubscribe"]).rpartition("%20")[2].rstrip(">").strip()
    meant = read_token(load_settings(sample_shop, secret), token)
    assert meant is None or meant.customer_id == 0


def test_what_is_no_address_is_usage(nurture: Nurture, sample_shop: Path) -> None:
    assert nurture("send-test", "birthday", "--to", "me").status == 2
    assert nurture("send-test", "birthday", "--to", "me@@home.example").status in (1, 2)
    assert nurture("send-test", "birthday", "--to", ME, "--step", "greting").status == 2
    assert "birthday" in nurture("send-test", "birtday", "--to", ME).err


def test_several_people_of_one_name_are_listed(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("send-test", "birthday", "--to", ME, "--customer", "佐藤")
    assert given.status == 2
    assert "佐藤" in given.err


def test_no_address_to_send_from_is_the_configs_fault(nurture: Nurture, sample_shop: Path) -> None:
    rewrite(sample_shop / "config.yaml", "  from_address: hello@minato-coffee.example\n", "")
    rewrite(sample_shop / "config.yaml", "  email: hello@minato-coffee.example", "  email: ''")
    given = nurture("send-test", "birthday", "--to", ME)
    assert given.status == 1
    assert given.err.startswith("config.yaml: email.from_address: ")


def test_an_address_that_is_none_is_the_senders_slip(nurture: Nurture, sample_shop: Path) -> None:
    given = nurture("send-test", "birthday", "--to", "me and you@home.example")
    assert given.status == 2
    assert given.err.startswith("--to: ")
