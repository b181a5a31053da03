"""config.yaml as people get it wrong: every mistake at once, and what is still known in spite of them."""

from pathlib import Path

import pytest

from nurture.catalogue import say_mistakes
from nurture.config import SettingsRead, in_doubt, read_settings
from nurture.mistake import MistakesFound

GOOD = """shop:
  name: みなと
  email: hello@minato.example
owner: {email: me@minato.example}
caps:
  - {at_most: 2, per: 7 days}
email:
  from_address: hello@minato.example
  reply_to: hello@minato.example
  port: 587
opt_out_mailbox: stop@minato.example
"""


def read(folder: Path, text: str = GOOD, **environment: str) -> SettingsRead:
    (folder / "config.yaml").write_text(text, "utf-8")
    return read_settings(folder, environment)


def told(folder: Path, old: str, new: str) -> list[str]:
    assert old in GOOD
    found = read(folder, GOOD.replace(old, new))
    return say_mistakes("ja", MistakesFound(found.mistakes)).splitlines() if found.mistakes else []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("from_address: hello@minato.example", "from_address: hello", "8:3: email.from_address: 「hello」は"),
        ("email: hello@minato.example", "email: helloatminato.example", "3:3: shop.email: "),
        ("email: me@minato.example", "email: me@", "4:9: owner.email: 「me@」は"),
        ("reply_to: hello@minato.example", "reply_to: a@b.example, c@d.example", "9:3: email.reply_to: "),
        ("stop@minato.example", "stop@minato..example", "11:1: opt_out_mailbox: 「stop@minato..example」は"),
        ("stop@minato.example", "止@minato.example", "11:1: opt_out_mailbox: "),
        ("stop@minato.example", "Stop <stop@minato.example>", "11:1: opt_out_mailbox: "),
        ("stop@minato.example", "stop@minato.example.", "11:1: opt_out_mailbox: "),
        ("stop@minato.example", "stop@minato", "11:1: opt_out_mailbox: "),
        ("stop@minato.example", "stop@localhost", "11:1: opt_out_mailbox: "),
        ("stop@minato.example", "stop@-minato.example", "11:1: opt_out_mailbox: "),
        ("stop@minato.example", f"stop@{'m' * 64}.example", "11:1: opt_out_mailbox: "),
    ],
)
def test_a_mail_address_that_is_none_is_told_where_it_stands(tmp_path: Path, old: str, new: str, place: str) -> None:
    (line,) = told(tmp_path, old, new)
    assert line.startswith("config.yaml:" + place)


def test_a_full_width_address_is_answered_with_the_narrow_one(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "from_address: hello@minato.example", "from_address: hello＠minato.example")
    assert line.endswith("（「hello@minato.example」ではありませんか？）")


@pytest.mark.parametrize(
    "address", ["hello@m.example", "hello@minato--coffee.example", "a..b@docomo.example", "news+x@日本語.example", "''"]
)
def test_an_unusual_mail_address_is_welcome(tmp_path: Path, address: str) -> None:
    assert told(tmp_path, "opt_out_mailbox: stop@minato.example", f"opt_out_mailbox: {address}") == []


def test_every_mistake_of_a_section_and_of_a_rule_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("{at_most: 2, per: 7 days}", "{at_most: 0, per: 7 dys}").replace("587", "abc\n  password: x")
    text += (
        "min_gap: 1 month\nhours: {individual: 06:00-09:00, company: 9-17}\nline: {keep_chats: 2 hours, enabled: 5}\n"
    )
    found = read(tmp_path, text)
    assert sorted((each.key, each.code) for each in found.mistakes) == [
        ("caps.0.at_most", "mistake.cap_zero"),
        ("caps.0.per", "config.cap_period"),
        ("email", "mistake.secret"),
        ("email.port", "expected.integer"),
        ("hours.company", "expected.window"),
        ("hours.individual", "config.private_hours"),
        ("line.enabled", "expected.boolean"),
        ("line.keep_chats", "config.keep_chats"),
        ("min_gap", "config.gap"),
    ]
    assert found.doubtful == {
        "caps.0.at_most",
        "caps.0.per",
        "email",
        "email.port",
        "hours.company",
        "hours.individual",
        "line.enabled",
        "line.keep_chats",
        "min_gap",
    }


def test_what_is_not_wrong_is_known_in_spite_of_the_mistakes(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD.replace("587", "abc").replace("opt_out_mailbox", "opt_out_mailbx"))
    assert found.settings.email.from_address == "hello@minato.example"
    assert found.settings.shop.name == "みなと"
    assert found.doubtful == {"email.port", "opt_out_mailbox"}
    assert [in_doubt(found.doubtful, each) for each in ("email", "email.port", "email.host")] == [True, True, False]


@pytest.mark.parametrize(
    "text", ["shop: [", "- a\n", "", "shop: 5\n", "language: ja\n", "shop: {nmae: x}\n", "shop:\n"]
)
def test_a_shop_of_which_nothing_is_known_has_its_name_in_doubt(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert found.mistakes
    assert in_doubt(found.doubtful, "shop.name")


def test_a_database_named_by_the_environment_is_never_in_doubt(tmp_path: Path) -> None:
    text = GOOD + "database: [a]\n"
    assert "database" in read(tmp_path, text).doubtful
    found = read(tmp_path, text, NURTURE_DATABASE="other.db")
    assert "database" not in found.doubtful
    assert found.settings.database == "other.db"


def test_a_signing_key_that_is_not_there_is_told_beside_the_other_mistakes(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD.replace("587", "abc"), NURTURE_DKIM_KEY_FILE=str(tmp_path / "none.pem"))
    assert {each.code for each in found.mistakes} == {"expected.integer", "config.dkim_file"}
